package sim

import (
	"errors"
	"fmt"
	"math"

	"fairlb/env"
	"fairlb/env/dispatch"
	"fairlb/env/station"
	"fairlb/env/workload"
	"fairlb/rewards"
)

// Config describes a simulated environment.
type Config struct {
	station.Config // the servers
	LBs            int

	LatencyLow  float64 // s; the latency of a packet is uniform in [Low, High]
	LatencyHigh float64 // s; 0: packets take no time
	Timeout     float64 // s; the completion time of a failed request

	// CountEstablished says that an LB counts a flow as ongoing only from the
	// client's first ACK on, one round trip of packets after it chose the
	// server; else from the choice on. A flow that is refused never counts then.
	CountEstablished bool
	// UnseenRefusals says that nothing tells an LB of a flow that its server
	// refused, or lost as it failed: it ends for the LB at its Timeout.
	UnseenRefusals bool
	// SYNRetries are the times (s) between a client's attempts to reach a server
	// that does not take its request, at most 255: after the first attempt, after
	// the second, and so on. Attempts go to the same server and end before the
	// Timeout. None: there is one attempt. Linux doubles from 1 s on: 1, 2, 4, 8.
	SYNRetries []float64

	// CarryCounts says that each response carries the number of requests, of all LBs,
	// that its server had left as it answered, and when that was. A refusal carries nothing.
	CarryCounts bool
	// TellEvery is the time (s) after which a server tells every LB anew, in a packet to
	// each, how many requests it has; 0: never. The servers take turns, evenly.
	TellEvery float64

	// ClassesSeen says that an LB sees of which of Classes a request is.
	ClassesSeen bool

	Changes   []station.Change // of every episode, in order of time
	Random    []RandomChanges  // drawn for each episode
	Detection float64          // s from a server's failure until LBs send it nothing more
	// Shares are the LBs' parts of the traffic, by which that of an LB that
	// has failed is given to the others; none: equal.
	Shares []float64

	// Workload yields the requests of the episode with the given seed;
	// Classes are those its requests refer to.
	Workload func(seed uint64) (workload.Source, error)
	Classes  []workload.Class

	Duration     float64 // s of arrivals in an episode, a multiple of StepInterval
	StepInterval float64 // s between two actions

	// Heuristic names the dispatch rule (package dispatch). If it is empty,
	// agents set the weights of SED's rule. Until the first action these are
	// Weights, one for each server, or equal (LSQ) if there are none.
	Heuristic string
	Weights   []float64
	// Policy has the coefficients of the heuristic universal or universal-carried; nil: the shipped ones.
	Policy *dispatch.Policy
	// Ties is how LSQ, SED and weighted dispatch break ties; 0: fairly.
	Ties dispatch.Ties
	// Rule, if not nil, makes the dispatch rule of each LB, in place of
	// Heuristic, Weights and Ties.
	Rule func(lb int) (dispatch.Rule, error)
	// MaxLogWeight bounds the agents' weights to exp(+-MaxLogWeight).
	MaxLogWeight float64

	// Observe says whether observations, load estimates and rewards are
	// computed. Without them an episode runs faster.
	Observe bool
	Reward  rewards.Reward
	// Flows says whether steps carry the flows that ended.
	Flows bool
	// Counts says whether steps carry what each LB counted at each server.
	Counts bool

	Recorder env.Recorder // receives every request's outcome; may be nil

	// Sampler, if any, receives the servers' true state at the beginning and
	// then every SampleInterval (s); an env.ScheduledSampler when it says.
	Sampler        env.Sampler
	SampleInterval float64
}

// validate reports every fault of the configuration that would make a run
// meaningless. Scenario files are checked more finely before (env/scenario).
func (c *Config) validate() error {
	var faults []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			faults = append(faults, fmt.Errorf("sim: "+format, args...))
		}
	}
	if err := c.Config.Validate(); err != nil {
		faults = append(faults, fmt.Errorf("sim: %w", err))
	}
	check(c.LBs > 0 && c.LBs <= math.MaxUint16, "LBs = %d: must be in [1, 65535]", c.LBs)
	check(c.LatencyLow >= 0 && c.LatencyHigh >= c.LatencyLow && !math.IsInf(c.LatencyHigh, 0), "latency [%g, %g]: must be 0 <= low <= high", c.LatencyLow, c.LatencyHigh)
	check(len(c.SYNRetries) <= math.MaxUint8, "%d SYN retries: at most 255", len(c.SYNRetries))
	for k, gap := range c.SYNRetries {
		check(gap > 0 && !math.IsInf(gap, 0), "SYN retry %d after %g s: must be positive and finite", k, gap)
	}
	check(c.Timeout > 0, "timeout = %g: must be positive", c.Timeout)
	check(c.Workload != nil && len(c.Classes) > 0 && len(c.Classes) <= math.MaxUint8, "a workload needs a source and 1 to 255 classes")
	for k, class := range c.Classes {
		check(len(class.Stages) > 0 && len(class.Stages) <= math.MaxUint8, "class %d: %d stages: must be 1 to 255", k, len(class.Stages))
	}
	check(!c.Observe || c.Reward != (rewards.Reward{}), "observed without a reward")
	check(c.StepInterval > 0 && c.Duration >= c.StepInterval && !math.IsInf(c.Duration, 0), "duration %g s and step interval %g s: must be positive, at least one step", c.Duration, c.StepInterval)
	check(len(c.Weights) == 0 || len(c.Weights) == len(c.Servers) && c.Heuristic == "", "%d weights: must be one a server, and none beside a heuristic", len(c.Weights))
	check(c.Rule == nil || c.Heuristic == "" && len(c.Weights) == 0, "a rule beside a heuristic or weights")
	check(c.MaxLogWeight > 0 && c.MaxLogWeight <= 20, "max log-weight = %g: must be in (0, 20]", c.MaxLogWeight)
	check(c.Sampler == nil || c.SampleInterval > 0 && !math.IsInf(c.SampleInterval, 0), "sample interval = %g: must be positive and finite", c.SampleInterval)
	check(c.Detection >= 0 && !math.IsInf(c.Detection, 0), "detection = %g: must be finite and not negative", c.Detection)
	check(len(c.Shares) == 0 || len(c.Shares) == c.LBs, "%d shares for %d LBs", len(c.Shares), c.LBs)
	check(c.TellEvery >= 0 && !math.IsInf(c.TellEvery, 0), "told every %g s: must be finite and not negative", c.TellEvery)
	for k, x := range c.Changes {
		if err := x.Validate(len(c.Servers), c.LBs); err != nil {
			faults = append(faults, fmt.Errorf("sim: change %d: %w", k, err))
		}
		check(x.At >= 0 && (k == 0 || x.At >= c.Changes[k-1].At), "change %d at %g s: times must not be negative or decrease", k, x.At)
	}
	for k, x := range c.Random {
		if err := x.validate(c); err != nil {
			faults = append(faults, fmt.Errorf("sim: random changes %d: %w", k, err))
		}
	}
	return errors.Join(faults...)
}

// capacities returns the configured capacity of each server, its number of
// processors: all that SED and WCMP know.
func (c *Config) capacities() []float64 {
	w := make([]float64, len(c.Servers))
	for j, s := range c.Servers {
		w[j] = float64(s.CPUs)
	}
	return w
}

// options returns what the dispatch rule of one LB is told.
func (c *Config) options(lb int) dispatch.Options {
	return dispatch.Options{Capacity: c.capacities(), LB: lb, LBs: c.LBs, Ties: c.Ties, Policy: c.Policy, Told: c.told(), Classes: c.classesSeen()}
}

// told says whether servers tell LBs how many requests they have.
func (c *Config) told() bool { return c.CarryCounts || c.TellEvery > 0 }

// classesSeen returns the number of classes that an LB tells apart; 0: it sees none.
func (c *Config) classesSeen() int {
	if c.ClassesSeen {
		return len(c.Classes)
	}
	return 0
}

// initialWeights returns the weights at the beginning of an episode.
func (c *Config) initialWeights() []float64 {
	if len(c.Weights) > 0 {
		return c.Weights
	}
	equal := make([]float64, len(c.Servers))
	for j := range equal {
		equal[j] = 1
	}
	return equal
}

// weighted says whether agents set the weights of the dispatch rules.
func (c *Config) weighted() bool { return c.Rule == nil && c.Heuristic == "" }

// rule returns the dispatch rule of one LB.
func (c *Config) rule(lb int) (dispatch.Rule, error) {
	switch {
	case c.Rule != nil:
		return c.Rule(lb)
	case c.Heuristic != "":
		return dispatch.New(c.Heuristic, c.options(lb))
	}
	return dispatch.NewShortestDelay(c.initialWeights(), c.options(lb))
}
