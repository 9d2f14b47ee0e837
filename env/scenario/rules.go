package scenario

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"fairlb/env/settings"
	"fairlb/env/workload"
)

var _ settings.Ruled = (*Scenario)(nil)

// Bounds of a scenario. They are far above what anybody would simulate; they
// keep the numbers of servers, steps and classes from overflowing.
const (
	maxServers = 10000
	maxCPUs    = 10000   // of one server
	maxThreads = 64      // of one core
	maxRetries = 20      // of a request
	maxSteps   = 1000000 // of an episode
	maxClasses = 255
	maxStages  = 64 // of a class

	minReportInterval = 1e-4 // s
)

// Rules implements settings.Ruled.
func (s *Scenario) Rules(r *settings.Rules) {
	r.Check("lbs", s.LBs, settings.Closed(1, 1000))
	if len(s.Shares) > 0 {
		r.Require(len(s.Shares) == s.LBs, "shares", s.Shares, "must have one share per LB")
		requireShares(r, "shares", s.Shares)
	}
	r.Check("servers", s.Servers, settings.Elements(0).Saying("must name at least one group").Showing("[]"))
	servers := 0
	settings.Each(r, "servers", s.Servers, func(r *settings.Rules, _ int, group *ServerGroup) {
		r.Check("count", group.Count, settings.Closed(1, maxServers))
		r.Check("cpus", group.CPUs, settings.Closed(1, maxCPUs))
		servers += max(0, min(group.Count, maxServers+1))
		r.Check("speed", group.Speed, settings.Positive())
	})
	for _, group := range s.Servers {
		r.Require(s.CPU.Discipline != "processor-sharing" || s.CPU.Workers >= group.CPUs, "cpu.workers", s.CPU.Workers, "must be at least every server's cpus under processor-sharing")
	}
	r.Require(servers <= maxServers, "servers", nil, fmt.Sprintf("must be at most %d servers in all", maxServers))
	s.CPU.rules(r.Under("cpu"))
	r.Check("latency.low", s.Latency.Low, settings.NotNegative())
	r.Require(s.Latency.High >= s.Latency.Low && finite(s.Latency.High), "latency.high", s.Latency.High, "must be finite and at least latency.low")
	r.Check("timeout", s.Timeout, settings.Positive())
	r.Check("step_interval", s.StepInterval, settings.Positive())
	r.Check("duration", s.Duration, settings.Positive())
	if steps := s.Duration / s.StepInterval; s.Duration > 0 && s.StepInterval > 0 {
		r.Require(math.Abs(steps-math.Round(steps)) < 1e-9*steps && steps <= maxSteps, "duration", s.Duration, fmt.Sprintf("must be a whole number of step intervals, 1 to %d", maxSteps))
	}
	r.Check("max_log_weight", s.MaxLogWeight, settings.OpenClosed(0, 20))
	r.Check("ties", s.Ties, oneOf(tieRules()))
	r.Require(s.Reports.Every == 0 || s.Reports.Every >= minReportInterval && finite(s.Reports.Every), "reports.every", s.Reports.Every,
		fmt.Sprintf("must be finite and at least %g s, or 0 for never", minReportInterval))
	s.connectionRules(r)
	s.Workload.rules(r.Under("workload"))
	s.changeRules(r)
}

// connectionRules states the rules of when a request counts, and of what follows if its
// server does not take it.
func (s *Scenario) connectionRules(r *settings.Rules) {
	r.Check("counting", s.Counting, oneOf(countings()))
	r.Check("refusals", s.Refusals, oneOf(refusals()))
	r.Require(len(s.SYNRetries) <= maxRetries, "syn_retries", len(s.SYNRetries), fmt.Sprintf("must be at most %d", maxRetries))
	for k, gap := range s.SYNRetries {
		r.Require(gap > 0 && finite(gap), fmt.Sprintf("syn_retries[%d]", k), gap, "must be positive and finite")
	}
}

// rules states the rules of how processors are shared, but for that of workers and
// servers.
func (c *CPU) rules(r *settings.Rules) {
	r.Check("discipline", c.Discipline, oneOf(disciplines()))
	r.Check("backlog", c.Backlog, settings.NotNegative())
	r.Check("workers", c.Workers, settings.NotNegative())
	r.Require(!c.Prefork || c.Discipline == "processor-sharing", "prefork", c.Prefork, "needs discipline processor-sharing, which has workers")
	r.Check("threads_per_core", c.ThreadsPerCore, settings.Closed(0, maxThreads))
	r.Check("thread_gain", c.ThreadGain, settings.Closed(0, 1))
	r.Require(c.ThreadGain == 0 || c.ThreadsPerCore > 1, "thread_gain", c.ThreadGain, "needs threads_per_core of 2 or more")
	r.Check("contention", c.Contention, settings.Closed(0, 100))
}

// rules states the rules of a workload.
func (w *Workload) rules(r *settings.Rules) {
	r.Check("window", w.Window, oneOf(windows()))
	r.Check("classes", w.Classes, settings.Elements(maxClasses).Saying("must be 1 to 255 classes"))
	w.traceRules(r)
	if w.Trace != "" {
		w.Arrivals.besideTrace(r.Under("arrivals"))
	} else {
		w.Arrivals.rules(r.Under("arrivals"))
	}

	shares := make([]float64, len(w.Classes))
	names := map[string]bool{"all": true}
	demand := 0.0
	settings.Each(r, "classes", w.Classes, func(r *settings.Rules, k int, class *Class) {
		const unique = "must be unique, not empty and not \"all\""
		r.Check("name", class.Name, settings.NotEmpty().Saying(unique))
		r.Require(!names[class.Name], "name", class.Name, unique)
		if k < len(shares) {
			shares[k], names[class.Name] = class.Share, class.Name != ""
		}
		r.Check("stages", class.Stages, settings.Elements(maxStages).Saying("must be 1 to 64 stages"))
		settings.Each(r, "stages", class.Stages, func(r *settings.Rules, _ int, x *Stage) {
			x.rules(r, w.SecondsPerN)
			r.Require(w.Arrivals.Load == 0 || x.Law != "trace" || x.Mean != 0, "mean", x.Mean, "law trace needs a mean beside arrivals.load")
			demand += class.Share * x.Mean
		})
	})
	if w.Trace == "" || slices.Max(append(shares, 0)) > 0 {
		requireShares(r, "classes", shares)
	}
	r.Require(w.Arrivals.Load == 0 || demand > 0, "arrivals.load", w.Arrivals.Load, "needs classes with a demand")
}

// traceRules states the rules of the replay of a trace. The trace itself is not
// looked into: it is the run that reads it.
func (w *Workload) traceRules(r *settings.Rules) {
	r.Check("seconds_per_n", w.SecondsPerN, settings.NotNegative())
	w.replayRules(r)
	for k, class := range w.Classes {
		path := fmt.Sprintf("classes[%d].paths", k)
		for _, text := range class.Paths {
			if _, err := workload.NewPattern(text); err != nil {
				r.Report(path, nil, err.Error())
			}
		}
		r.Require(w.Trace == "" || len(class.Paths) > 0 || k == len(w.Classes)-1, path, nil, "only the last class of a trace may be without")
	}
	single := len(w.Classes) == 1 && len(w.Classes[0].Paths) == 0 && len(w.Classes[0].Stages) == 1 && w.Classes[0].Stages[0].Resource == "cpu"
	r.Require(w.Trace == "" || !single || w.SecondsPerN != 0, "seconds_per_n", w.SecondsPerN, "must be positive and finite where the trace gives the demand of the only class")
}

// replayRules states the rules of which part of a trace is replayed, and how fast.
func (w *Workload) replayRules(r *settings.Rules) {
	const trace = "needs a trace"
	r.Require(w.Window != "blocks" || w.Trace != "", "window", w.Window, trace)
	r.Require(w.window() == workload.FromBeginning || !strings.HasSuffix(w.Trace, ".gz"), "window", w.Window,
		fmt.Sprintf("must be begin with %s: a gzip file can be read from its beginning alone, unpack it for another window", w.Trace))
	r.Require(w.Block == 0 || w.Window == "blocks", "block", w.Block, "must be left out unless window is blocks")
	r.Require(w.Window != "blocks" || w.Block > 0 && finite(w.Block), "block", w.Block, "must be positive and finite where window is blocks")
	r.Require(!w.Repeat || w.Trace != "", "repeat", w.Repeat, trace)
	r.Require(!w.Repeat || w.Window != "blocks", "repeat", w.Repeat, "must be left out where window is blocks, which never end")
	r.Check("speed_up", w.SpeedUp, settings.Closed(0, 1e6))
	r.Check("rate_factor", w.RateFactor, settings.Closed(0, 1000))
	r.Require(!(w.SpeedUp > 0 && w.SpeedUp < 1e-6), "speed_up", w.SpeedUp, "must be at least 1e-6")
	r.Require(!(w.RateFactor > 0 && w.RateFactor < 1e-6), "rate_factor", w.RateFactor, "must be at least 1e-6")
	r.Require(w.SpeedUp == 0 || w.Trace != "", "speed_up", w.SpeedUp, trace)
	r.Require(w.RateFactor == 0 || w.Trace != "", "rate_factor", w.RateFactor, trace)
}

// oneOf is the rule of a field that has one of the given names.
func oneOf(names []string) settings.Rule {
	return settings.OneOf(names...).Saying(fmt.Sprintf("must be one of %q", names))
}

// requireShares reports shares that are negative or do not sum to 1.
func requireShares(r *settings.Rules, field string, shares []float64) {
	sum := 0.0
	for _, x := range shares {
		if !(x >= 0) {
			r.Report(field, x, "shares must not be negative")
			return
		}
		sum += x
	}
	r.Require(len(shares) == 0 || math.Abs(sum-1) <= 1e-6, field, sum, "shares must sum to 1")
}

func finite(x float64) bool { return !math.IsInf(x, 0) && !math.IsNaN(x) }
