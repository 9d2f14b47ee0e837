package scenario

import (
	"fmt"
	"math"
	"slices"

	"fairlb/env/settings"
	"fairlb/env/workload"
)

var _ settings.Validator = (*Scenario)(nil)

// Bounds of a scenario: far beyond what a run can mean, so that no number
// overflows on the way to it.
const (
	maxServers = 10000
	maxCPUs    = 10000   // of one server
	maxSteps   = 1000000 // of an episode
)

// Validate reports every value that breaks a rule, by its path in the file.
func (s *Scenario) Validate(report func(path string, value any, rule string)) {
	c := check(report)
	c.that(s.LBs >= 1 && s.LBs <= 1000, "lbs", s.LBs, "must be in [1, 1000]")
	if len(s.Shares) > 0 {
		c.that(len(s.Shares) == s.LBs, "shares", s.Shares, "must have one share per LB")
		c.sumToOne("shares", s.Shares)
	}
	c.that(len(s.Servers) > 0, "servers", "[]", "must name at least one group")
	servers := 0
	for g, group := range s.Servers {
		path := fmt.Sprintf("servers[%d].", g)
		c.that(group.Count >= 1 && group.Count <= maxServers, path+"count", group.Count, fmt.Sprintf("must be in [1, %d]", maxServers))
		c.that(group.CPUs >= 1 && group.CPUs <= maxCPUs, path+"cpus", group.CPUs, fmt.Sprintf("must be in [1, %d]", maxCPUs))
		servers += max(0, min(group.Count, maxServers+1))
		c.positive(path+"speed", group.Speed)
		c.that(s.CPU.Discipline != "processor-sharing" || s.CPU.Workers >= group.CPUs, "cpu.workers", s.CPU.Workers, "must be at least every server's cpus under processor-sharing")
	}
	c.that(servers <= maxServers, "servers", nil, fmt.Sprintf("must be at most %d servers in all", maxServers))
	c.oneOf("cpu.discipline", s.CPU.Discipline, disciplines()...)
	c.that(s.CPU.Backlog >= 0, "cpu.backlog", s.CPU.Backlog, "must not be negative")
	c.that(s.CPU.Workers >= 0, "cpu.workers", s.CPU.Workers, "must not be negative")
	c.that(s.Latency.Low >= 0 && finite(s.Latency.Low), "latency.low", s.Latency.Low, "must be finite and not negative")
	c.that(s.Latency.High >= s.Latency.Low && finite(s.Latency.High), "latency.high", s.Latency.High, "must be finite and at least latency.low")
	c.positive("timeout", s.Timeout)
	c.positive("step_interval", s.StepInterval)
	c.positive("duration", s.Duration)
	if steps := s.Duration / s.StepInterval; s.Duration > 0 && s.StepInterval > 0 {
		c.that(math.Abs(steps-math.Round(steps)) < 1e-9*steps && steps <= maxSteps, "duration", s.Duration, fmt.Sprintf("must be a whole number of step intervals, 1 to %d", maxSteps))
	}
	c.that(s.MaxLogWeight > 0 && s.MaxLogWeight <= 20, "max_log_weight", s.MaxLogWeight, "must be in (0, 20]")
	s.Workload.validate(c)
	s.validateChanges(c)
}

func (w *Workload) validate(c check) {
	c.oneOf("workload.window", w.Window, windows()...)
	c.that(len(w.Classes) >= 1 && len(w.Classes) <= 255, "workload.classes", len(w.Classes), "must be 1 to 255 classes")
	w.validateTrace(c)
	w.Arrivals.validate(c, w.Trace != "")

	shares := make([]float64, len(w.Classes))
	names := map[string]bool{"all": true}
	demand := 0.0
	for k, class := range w.Classes {
		path := fmt.Sprintf("workload.classes[%d].", k)
		shares[k] = class.Share
		c.that(class.Name != "" && !names[class.Name], path+"name", class.Name, "must be unique, not empty and not \"all\"")
		names[class.Name] = true
		c.that(len(class.Stages) >= 1 && len(class.Stages) <= 64, path+"stages", len(class.Stages), "must be 1 to 64 stages")
		for m, x := range class.Stages {
			stage := fmt.Sprintf("%sstages[%d].", path, m)
			x.validate(c, stage, w.SecondsPerN)
			c.that(w.Arrivals.Load == 0 || x.Law != "trace" || x.Mean != 0, stage+"mean", x.Mean, "law trace needs a mean beside arrivals.load")
			demand += class.Share * x.Mean
		}
	}
	if w.Trace == "" || slices.Max(append(shares, 0)) > 0 {
		c.sumToOne("workload.classes", shares)
	}
	c.that(w.Arrivals.Load == 0 || demand > 0, "workload.arrivals.load", w.Arrivals.Load, "needs classes with a demand")
}

// validateTrace reports what the replay of a trace could not do with the
// classes. The trace itself is not looked into: it is the run that reads it.
func (w *Workload) validateTrace(c check) {
	c.that(w.SecondsPerN >= 0 && finite(w.SecondsPerN), "workload.seconds_per_n", w.SecondsPerN, "must be finite and not negative")
	for k, class := range w.Classes {
		path := fmt.Sprintf("workload.classes[%d].paths", k)
		for _, text := range class.Paths {
			if _, err := workload.NewPattern(text); err != nil {
				c(path, nil, err.Error())
			}
		}
		c.that(w.Trace == "" || len(class.Paths) > 0 || k == len(w.Classes)-1, path, nil, "only the last class of a trace may be without")
	}
	single := len(w.Classes) == 1 && len(w.Classes[0].Paths) == 0 && len(w.Classes[0].Stages) == 1 && w.Classes[0].Stages[0].Resource == "cpu"
	c.that(w.Trace == "" || !single || w.SecondsPerN != 0, "workload.seconds_per_n", w.SecondsPerN, "must be positive and finite where the trace gives the demand of the only class")
}

// check reports the values that break a rule.
type check func(path string, value any, rule string)

func (c check) that(ok bool, path string, value any, rule string) {
	if !ok {
		c(path, value, rule)
	}
}

func (c check) positive(path string, x float64) {
	c.that(x > 0 && finite(x), path, x, "must be positive and finite")
}

func (c check) oneOf(path, value string, names ...string) {
	for _, name := range names {
		if value == name {
			return
		}
	}
	c(path, value, fmt.Sprintf("must be one of %q", names))
}

// sumToOne reports shares that are negative or do not sum to 1.
func (c check) sumToOne(path string, shares []float64) {
	sum := 0.0
	for _, x := range shares {
		if !(x >= 0) {
			c(path, x, "shares must not be negative")
			return
		}
		sum += x
	}
	c.that(len(shares) == 0 || math.Abs(sum-1) <= 1e-6, path, sum, "shares must sum to 1")
}

func finite(x float64) bool { return !math.IsInf(x, 0) && !math.IsNaN(x) }
