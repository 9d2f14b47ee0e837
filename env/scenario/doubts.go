package scenario

import (
	"fmt"

	"fairlb/env/workload"
)

// SameArrivals says whether the episodes of all seeds replay the same arrivals, so
// that they are one workload and not many.
func (s *Scenario) SameArrivals() bool {
	return s.Workload.Trace != "" && s.Workload.window() == workload.FromBeginning
}

// EvaluationDoubts says what is doubtful of an evaluation on so many seeds because
// the scenario's arrivals are those of a trace file, or because its servers may not
// recover from an overload: one sentence each, with the figures. A trace that cannot
// be read is no doubt: the episodes fail by it.
func (s *Scenario) EvaluationDoubts(seeds int) []string {
	return append(s.traceDoubts(seeds, true), s.contentionDoubts()...)
}

// TrainingDoubts is EvaluationDoubts of so many training episodes, which may well
// share arrivals.
func (s *Scenario) TrainingDoubts(episodes int) []string {
	return append(s.traceDoubts(episodes, false), s.contentionDoubts()...)
}

// contentionDoubts says whether contention leaves the servers less than what arrives
// once all their workers are busy.
func (s *Scenario) contentionDoubts() []string {
	if s.Workload.Trace != "" {
		return nil
	}
	crowded := s.crowdedCapacity()
	offered := max(s.Rate(), s.Workload.Arrivals.RateMax) * s.meanDemand()[0]
	if best := s.capacity()[0]; offered >= best || offered < crowded {
		return nil
	}
	return []string{fmt.Sprintf("cpu.contention: with all workers busy the servers do %.3g s of CPU a second, and %.3g s arrive: an overload, once begun, need not end", crowded, offered)}
}

func (s *Scenario) traceDoubts(episodes int, replicates bool) []string {
	w := &s.Workload
	if w.Trace == "" {
		return nil
	}
	var doubts []string
	doubt := func(format string, args ...any) { doubts = append(doubts, fmt.Sprintf(format, args...)) }
	if s.SameArrivals() && episodes > 1 {
		doubt("workload.window begin: all %d episodes replay the same arrivals and are one workload, not %d (random and blocks draw others)", episodes, episodes)
	}
	trace, err := workload.IndexTrace(w.Trace)
	if err != nil || trace.Requests == 0 {
		return doubts
	}
	speed := w.SpeedUp
	if speed == 0 {
		speed = 1
	}
	length := trace.Length() / speed
	// What is missing at the end of a trace is no doubt where it may as well be
	// the time until the next request would have come.
	const gaps, part = 10, 0.01
	missing := s.Duration - length
	if endless := w.Repeat || w.window() == workload.InBlocks; !endless && missing > max(part*s.Duration, gaps*length/float64(trace.Requests)) {
		which := "no requests come in the last"
		if w.window() == workload.FromAnywhere {
			which = "in some no requests come in the last"
		}
		doubt("the trace %s is %.4g s long (%d requests), an episode %g s: %s %.4g s (workload.repeat=true begins the trace again)", w.Trace, length, trace.Requests, s.Duration, which, missing)
	}
	if played := float64(episodes) * s.Duration; replicates && !s.SameArrivals() && episodes > 1 && length > 0 && played > length {
		doubt("%d episodes of %g s are taken from a trace of %.4g s, %.3g times as long together: they share arrivals, and intervals over them are for this trace, narrower than for others like it", episodes, s.Duration, length, played/length)
	}
	return doubts
}
