package scenario

import (
	"fmt"
	"math"

	"fairlb/env"
	"fairlb/env/estimate"
	"fairlb/env/observe"
	"fairlb/env/sim"
	"fairlb/env/workload"
)

// Spec returns the Spec of the scenario's environments, for which none need be
// made.
func (s *Scenario) Spec() env.Spec {
	return env.Spec{
		Agents: s.LBs, Servers: s.countServers(nil), StepInterval: s.StepInterval,
		Features: observe.Features(),
		Steps:    int(math.Round(s.Duration / s.StepInterval)),
		Action:   env.ActionSpec{Low: math.Exp(-s.MaxLogWeight), High: math.Exp(s.MaxLogWeight)},
	}
}

// Estimate returns what an environment of the scenario holds, and what one of
// its episodes takes; observe says whether agents act in it, for which more is
// kept. The scenario must have been checked. The requests of a trace are
// estimated from its first lines; those of one that cannot be read are not
// counted, which the episode itself reports.
func (s *Scenario) Estimate(observe bool) estimate.Estimate {
	size := sim.Size{
		Servers: float64(s.countServers(nil)), LBs: float64(s.LBs), Steps: s.Duration / s.StepInterval, Duration: s.Duration, Observe: observe,
	}
	size.Changes = s.expectedChanges()
	size.Messages = s.messageRate() * s.Duration
	size.Stages, size.MaxStages = s.stages()
	demand := s.meanDemand()
	if s.Workload.Trace == "" {
		size.Requests = math.Max(s.Rate(), s.Workload.Arrivals.RateMax) * s.Duration
		size.RequestFields = []string{"workload.arrivals"}
	} else {
		size.Requests, demand = s.traced()
		size.RequestFields = s.Workload.traceFields()
	}
	size.InFlight = s.expectedInFlight(size.Requests, demand)
	e := size.Estimate()
	if drain := s.drainTime(size.InFlight / size.Servers); drain > 10*s.Duration {
		// In a shorter time samples cost little beside what is sampled; what is
		// in flight is estimated high.
		e.Add(estimate.Events, "samples of servers until the last request ends", []string{"servers", "workload.classes"}, size.Servers, drain/SampleInterval)
	}
	for _, x := range s.RandomChanges {
		if x.Kind == "fail" && x.Count == 0 {
			// What follows each failure is searched until the server returns.
			n := x.PerMinute / 60 * s.Duration
			e.Add(estimate.Events, "failures", []string{"random_changes", "duration"}, n, math.Min(n, 1+x.PerMinute/60*x.DownMean))
		}
	}
	return e
}

// messageRate is how many messages a second servers push to load balancers.
func (s *Scenario) messageRate() float64 {
	if s.Reports.Every == 0 {
		return 0
	}
	return float64(s.countServers(nil)) * float64(s.LBs) / s.Reports.Every
}

// ReportNotes says what it takes that servers tell load balancers how many requests they
// have, if they do.
func (s *Scenario) ReportNotes() []string {
	var notes []string
	if s.Reports.Carried {
		notes = append(notes, "reports.carried: each response carries its server's number of requests; no message is added")
	}
	if s.Reports.Every > 0 {
		notes = append(notes, fmt.Sprintf("reports.every: each of %d servers tells each of %d load balancers its number of requests every %g s: %.4g messages a second",
			s.countServers(nil), s.LBs, s.Reports.Every, s.messageRate()))
	}
	return notes
}

// SampleInterval is the time (s) between two samples of the servers' true state, which
// an evaluation takes: the step of the testbed's agents.
const SampleInterval = 0.25

// drainTime is about how long (s) a server takes for the given number of tasks, what it
// has when the arrivals end, at the least speed that any ever has.
func (s *Scenario) drainTime(tasks float64) float64 {
	speed := math.Inf(1)
	for _, g := range s.Servers {
		speed = math.Min(speed, g.Speed)
	}
	for _, x := range s.Changes {
		if x.Kind == "speed" {
			speed = math.Min(speed, x.Value)
		}
	}
	factor := 1.0 // random changes are of the first speed
	for _, x := range s.RandomChanges {
		if x.Kind == "speed" {
			factor = math.Min(factor, x.Low)
		}
	}
	speed *= factor
	longest := 0.0
	for _, c := range s.Workload.Classes {
		demand := 0.0
		for _, stage := range c.Stages {
			demand += stage.Mean
		}
		longest = math.Max(longest, demand)
	}
	return longest * math.Max(tasks, 1) / speed
}

// stages returns the mean and the largest number of stages of a request.
func (s *Scenario) stages() (mean, largest float64) {
	for _, c := range s.Workload.Classes {
		mean += c.Share * float64(len(c.Stages))
		largest = math.Max(largest, float64(len(c.Stages)))
	}
	if s.Workload.Trace != "" { // which class a request is of, the trace says
		mean = largest
	}
	return mean, largest
}

// traced returns about how many requests of the trace an episode has, and their
// mean demand for CPU and IO (s at nominal speed), at most.
func (s *Scenario) traced() (requests float64, demand [2]float64) {
	w := &s.Workload
	factor := func(x float64) float64 {
		if x == 0 {
			return 1
		}
		return x
	}
	span := s.Duration * factor(w.SpeedUp) // s of the trace's clock
	begins := w.window() == workload.FromBeginning
	x, err := workload.MeasureTrace(w.Trace, span)
	if err != nil {
		return 0, demand
	}
	rounds := math.Inf(1)
	if x.Length > 0 {
		rounds = span / x.Length
	}
	switch endless := w.Repeat || w.window() == workload.InBlocks; {
	case begins && rounds <= 1:
		requests = x.Head
	case endless && !math.IsInf(rounds, 1): // without a length it does not begin again
		requests = 1 + (x.Requests-1)*rounds // the last is the first of the next round
	case begins:
		requests = x.Requests
	default: // it goes on once with its beginning
		requests = x.Requests * math.Min(rounds, 2)
	}
	for _, c := range w.Classes {
		var of [2]float64
		for _, stage := range c.Stages {
			mean := stage.Mean
			if w.SecondsPerN > 0 {
				mean = w.SecondsPerN * x.MeanN / float64(len(c.Stages))
			}
			if stage.Resource == "io" {
				of[1] += mean
			} else {
				of[0] += mean
			}
		}
		demand = [2]float64{math.Max(demand[0], of[0]), math.Max(demand[1], of[1])}
	}
	return requests * factor(w.RateFactor), demand
}

// traceFields are the fields that say how many requests come from a trace.
func (w *Workload) traceFields() []string {
	var fields []string
	for _, f := range []struct {
		name string
		set  bool
	}{{"rate_factor", w.RateFactor != 0}, {"repeat", w.Repeat}, {"speed_up", w.SpeedUp != 0}} {
		if f.set {
			fields = append(fields, "workload."+f.name)
		}
	}
	return append(fields, "workload.trace")
}

// expectedChanges is about how many changes an episode has.
func (s *Scenario) expectedChanges() float64 {
	n := 0.0
	for _, x := range s.Changes {
		switch {
		case x.ChangesLB():
			n++
		case len(x.Servers) > 0:
			n += float64(len(x.Servers))
		default:
			n += float64(s.Servers[x.Group].Count)
		}
	}
	for _, x := range s.RandomChanges {
		servers := float64(s.countServers(x.Groups))
		if x.Initial {
			n += servers
		}
		n += 2 * (float64(x.Count) + x.PerMinute/60*s.Duration)
	}
	return n
}

// expectedInFlight is about how many of an episode's requests are in flight at
// a time, at most: packets, and what waits and is served at the processors,
// where the backlog bounds it, and at the IO, where nothing does. demand is that of
// a request for CPU and IO, in s.
func (s *Scenario) expectedInFlight(requests float64, demand [2]float64) float64 {
	rate := requests / s.Duration
	capacity := s.capacity() // s of service a second
	capacity[0] = s.crowdedCapacity()
	slots := 0.0 // tasks that CPUs or, under prefork, servers hold at most
	for _, g := range s.Servers {
		slots += float64(g.Count) * (math.Max(float64(g.CPUs), float64(s.CPU.Workers)) + float64(s.CPU.Backlog))
	}
	cpu, io := waiting(requests, rate*demand[0], capacity[0]), waiting(requests, rate*demand[1], capacity[1])
	packets := rate*2*s.Latency.High + rate*s.refusedFor(rate, demand, capacity)
	if s.CPU.Prefork {
		return math.Min(packets+math.Min(slots, cpu+io), requests)
	}
	return math.Min(packets+math.Min(slots, cpu)+io, requests)
}

// refusedFor is the mean time (s) for which a request is in flight because it was
// refused: what the servers cannot do of the offered work is refused, and then waits to
// be tried again, or for its timeout where the LB does not see the refusal.
func (s *Scenario) refusedFor(rate float64, demand, capacity [2]float64) float64 {
	wait := 0.0
	for _, gap := range s.SYNRetries {
		wait += gap
	}
	if s.Refusals == "unseen" {
		wait = s.Timeout
	}
	load := math.Max(rate*demand[0]/capacity[0], rate*demand[1]/capacity[1])
	return math.Max(0, 1-1/load) * math.Min(wait, s.Timeout)
}

// waiting is about how many of so many requests are at a resource at a time at
// most, given the service (s) that they ask for and that there is, each second.
func waiting(requests, offered, capacity float64) float64 {
	load := offered / capacity
	if load < 1 {
		return math.Min(requests, 10*(1+offered)/(1-load))
	}
	return math.Min(requests, requests*(1-1/load)+10*math.Sqrt(requests))
}
