package twoservers

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// Rule is how the LB sends the tasks that it sees.
type Rule string

// The rules.
const (
	WCMP Rule = "wcmp" // at random, by the weights
	LSQ  Rule = "lsq"  // the lesser queue that it sees
	SED  Rule = "sed"  // the lesser (queue that it sees + 1) / weight
)

// View is what the LB sees of a queue, of whose tasks only a part is its own.
type View string

// The views. Where the LB sees all traffic, all are the same.
const (
	OwnTasks    View = "own"     // the tasks that it sent there: what a real LB counts
	ThinnedView View = "thinned" // each task with the chance Seen, drawn anew at each decision
	ScaledView  View = "scaled"  // Seen times the number of all tasks
	WholeView   View = "whole"   // all tasks; only their sending is not the LB's
)

// Rest is how the traffic is split that the LB does not see.
type Rest string

// The splits.
const (
	UniformRest  Rest = "uniform"  // evenly: gamma_1 = gamma_2 (appendix A)
	WeightedRest Rest = "weighted" // by the servers' speeds
	SameRest     Rest = "same"     // by one other LB of the same rule, weights and ties, which sees its own
)

// Full is what becomes of a task that is sent to a full queue.
type Full string

// The corners.
const (
	Refused  Full = "refused"  // it is lost
	Diverted Full = "diverted" // it goes to the other server, and is lost only if that is full, too
)

// Queues is how the two queues are taken together.
type Queues string

// The ways.
const (
	Joint       Queues = "joint"       // as pairs, which is exact
	Conditional Queues = "conditional" // as if they were independent, each with an arrival rate by its own length
	Independent Queues = "independent" // as if they were independent, each with one arrival rate: the equation of appendix A as it is printed
)

// MaxQueue is the greatest Queue that Solve takes.
const MaxQueue = 100

// Model is the two servers with their traffic. Index 0 is the fast server.
type Model struct {
	Queue   int        // tasks that a server holds at most, the one in service included
	Speeds  [2]float64 // tasks/s that a busy server completes
	Load    float64    // tasks/s that arrive, over the sum of the speeds; 1 is nominal
	Seen    float64    // the part of the traffic that the LB sees, in (0, 1]
	Rule    Rule
	Weights [2]float64 // of WCMP and SED
	View    View
	Rest    Rest
	Full    Full
	Queues  Queues

	// TiesToFast is the chance that the fast server gets a task for which both servers
	// have the same score: 0.5 is fair, and what the published testbed does (package
	// eval/theory/markov says why).
	TiesToFast float64

	// Slot, if positive, makes time discrete: in each slot of that length (s) every
	// arrival and departure happens or not, independently, so that several may happen
	// at once; departures come first, and the LBs see what was there at the beginning.
	// 0: one event at a time, which is the same for continuous time and for slots so
	// short that at most one event happens in them.
	Slot float64
}

// Plain is the plain reading of appendix A, under SED with accurate weights and all
// traffic seen. The time unit is the mean service time on the slow server.
func Plain(queue int) Model {
	return Model{
		Queue: queue, Speeds: [2]float64{2, 1}, Load: 1, Seen: 1, Rule: SED, Weights: [2]float64{2, 1},
		View: OwnTasks, Rest: UniformRest, Full: Refused, Queues: Joint, TiesToFast: 0.5,
	}
}

// Validate reports every fault of the model.
func (m *Model) Validate() error {
	var faults []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			faults = append(faults, fmt.Errorf("twoservers: "+format, args...))
		}
	}
	positive := func(x float64) bool { return x > 0 && !math.IsInf(x, 1) }
	check(m.Queue >= 1 && m.Queue <= MaxQueue, "queue = %d: must be in [1, %d]", m.Queue, MaxQueue)
	for j := range 2 {
		check(positive(m.Speeds[j]), "speed %d = %g: must be positive and finite", j, m.Speeds[j])
		check(positive(m.Weights[j]), "weight %d = %g: must be positive and finite", j, m.Weights[j])
	}
	check(positive(m.Load), "load = %g: must be positive and finite", m.Load)
	check(m.Seen > 0 && m.Seen <= 1, "seen = %g: must be in (0, 1]", m.Seen)
	check(slices.Contains([]Rule{WCMP, LSQ, SED}, m.Rule), "rule = %q: must be wcmp, lsq or sed", m.Rule)
	check(slices.Contains([]View{OwnTasks, ThinnedView, ScaledView, WholeView}, m.View), "view = %q: must be own, thinned, scaled or whole", m.View)
	check(slices.Contains([]Rest{UniformRest, WeightedRest, SameRest}, m.Rest), "rest = %q: must be uniform, weighted or same", m.Rest)
	check(slices.Contains([]Full{Refused, Diverted}, m.Full), "full = %q: must be refused or diverted", m.Full)
	check(slices.Contains([]Queues{Joint, Conditional, Independent}, m.Queues), "queues = %q: must be joint, conditional or independent", m.Queues)
	plain := m.Full == Refused && m.Slot == 0 && (m.View != OwnTasks || m.Seen == 1 || m.Rule == WCMP)
	check(m.Queues == Joint || plain, "queues = %q: full queues must refuse, time must be continuous, and what is seen must not be own tasks", m.Queues)
	check(m.TiesToFast >= 0 && m.TiesToFast <= 1, "ties to the fast server = %g: must be in [0, 1]", m.TiesToFast)
	most := max(m.Seen*m.rate(), (1-m.Seen)*m.rate(), m.Speeds[0], m.Speeds[1])
	check(m.Slot >= 0 && m.Slot*most < 1, "slot = %g: must not be negative, and the chance of an event in it, at most %g a second, less than 1", m.Slot, most)
	return errors.Join(faults...)
}

// rate is the tasks/s that arrive.
func (m *Model) rate() float64 { return m.Load * (m.Speeds[0] + m.Speeds[1]) }

// queues is what is at the servers: of each the LB's own tasks, and those of the rest.
// Where the two need not be told apart, all are own.
type queues struct{ own, rest [2]int }

func (q queues) length(server int) int { return q.own[server] + q.rest[server] }

// apart says whether own tasks and those of the rest must be told apart: what is seen
// of the queues depends on it, and something decides by what is seen.
func (m *Model) apart() bool { return m.Seen < 1 && m.View == OwnTasks && m.Rule != WCMP }

// chance returns the chance that a task goes to the fast server: one that the LB sees
// or, if own is false, one of the rest.
func (m *Model) chance(q queues, own bool) float64 {
	if !own {
		switch m.Rest {
		case UniformRest:
			return 0.5
		case WeightedRest:
			return m.Speeds[0] / (m.Speeds[0] + m.Speeds[1])
		}
	}
	if m.Rule == WCMP {
		return m.Weights[0] / (m.Weights[0] + m.Weights[1])
	}
	counts, part := q.own, m.Seen
	if !own {
		counts, part = q.rest, 1-m.Seen
	}
	all := [2]int{q.length(0), q.length(1)}
	switch {
	case m.Seen == 1 || m.View == WholeView:
		return m.prefers(float64(all[0]), float64(all[1]))
	case m.View == ScaledView:
		return m.prefers(part*float64(all[0]), part*float64(all[1]))
	case m.View == ThinnedView:
		chance, fast, slow := 0.0, binomial(all[0], part), binomial(all[1], part)
		for a, pa := range fast {
			for b, pb := range slow {
				chance += pa * pb * m.prefers(float64(a), float64(b))
			}
		}
		return chance
	}
	return m.prefers(float64(counts[0]), float64(counts[1]))
}

// prefers returns the chance that LSQ or SED takes the fast server where it sees so
// many tasks on the fast one and on the slow one.
func (m *Model) prefers(fast, slow float64) float64 {
	w := m.Weights
	if m.Rule == LSQ {
		w = [2]float64{1, 1}
	}
	switch a, b := (fast+1)*w[1], (slow+1)*w[0]; {
	case a < b:
		return 1
	case a > b:
		return 0
	}
	return m.TiesToFast
}

// binomial returns the chances of 0 to n of n tasks, each with chance p.
func binomial(n int, p float64) []float64 {
	list := []float64{1}
	for range n {
		next := make([]float64, len(list)+1)
		for k, x := range list {
			next[k] += x * (1 - p)
			next[k+1] += x * p
		}
		list = next
	}
	return list
}
