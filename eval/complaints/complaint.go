package complaints

import (
	"math"

	"fairlb/env/dispatch"
)

// Complaint is something that people complain of.
type Complaint struct {
	Name   string   // complaint/NAME is its scenario
	Issues []string // where it was filed
	Says   string   // what of, in a sentence
	// Offender is the rule that is complained of.
	Offender Offender
	// Reference, if any, is what the same requests are simulated under for comparison.
	Reference *Reference

	judge func(r *Run) []Figure
}

// Offender is a rule that is complained of, for reference: nobody should use it.
type Offender struct {
	Name string
	New  func(o dispatch.Options) (dispatch.Rule, error)
}

// Reference is a rule that knows what no LB does.
type Reference struct {
	Name string
	// New makes the rule of one LB, which is told the servers' true capacities.
	New func(o dispatch.Options) (dispatch.Rule, error)
}

// Figure is one figure of a criterion.
type Figure struct {
	What    string  // in a few words
	Unit    string  // "s", or none
	Value   float64 // NaN where the run does not say; +Inf: never
	Limit   float64
	AtLeast bool // the value is to be no less than the limit; else no more
}

// Holds says whether the value is within its limit.
func (f Figure) Holds() bool {
	if math.IsNaN(f.Value) {
		return false
	}
	if f.AtLeast {
		return f.Value >= f.Limit
	}
	return f.Value <= f.Limit
}

// Worse says whether the figure is nearer to its limit, or further beyond it, than another
// one of the same kind.
func (f Figure) Worse(other Figure) bool {
	switch {
	case math.IsNaN(f.Value) || math.IsNaN(other.Value):
		return math.IsNaN(f.Value)
	case f.AtLeast:
		return f.Value < other.Value
	}
	return f.Value > other.Value
}

// Judge makes the figures of an episode of the complaint's scenario.
func (c *Complaint) Judge(r *Run) []Figure { return c.judge(r) }

// All lists the complaints that an episode shows.
func All() []Complaint {
	return []Complaint{
		{
			Name: "many-lbs", Issues: []string{"haproxy#178", "envoy#35935"},
			Says:      "with many load balancers, each of which has fewer requests under way than servers, small servers get nothing and requests take longer than with one",
			Offender:  Offender{"least connections over weight", leastConnections},
			Reference: &Reference{"one load balancer that has all requests", allConnections},
			judge:     manyBalancers,
		},
		{
			Name: "starved", Issues: []string{"traefik#12306"},
			Says:     "one of five equal servers, slow at first, is hardly used again",
			Offender: Offender{"least mean time times requests", leastTime},
			judge:    starved,
		},
		{
			Name: "flooded", Issues: []string{"caddy#7879", "ingress-nginx#4023"},
			Says:      "the server that answers soonest gets so much that it no longer does",
			Offender:  Offender{"least latency", leastLatency},
			Reference: &Reference{"at random by true capacities", trueWeights},
			judge:     flooded,
		},
		{
			Name: "fails-fast", Issues: []string{"linkerd2-proxy#4537"},
			Says:     "a server that fails requests at once looks fast, and gets more of them",
			Offender: Offender{"peak EWMA, to which failures are responses", blindPeakEWMA},
			judge:    failsFast,
		},
		{
			Name: "forgotten", Issues: []string{"servicecomb-java-chassis#2176"},
			Says:     "a server that was slow for a while gets its part of the traffic back after minutes",
			Offender: Offender{"at random by mean times since the beginning", weightedResponse},
			judge:    forgotten,
		},
	}
}
