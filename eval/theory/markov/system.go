package markov

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"
)

// maxQueues is the number of queues (LBs times servers) whose lengths a state packs,
// a byte each.
const maxQueues = 8

// Server serves all of its tasks at once: each at Speed, or at an equal share of
// Processors times Speed where there are more tasks than processors (processor
// sharing, eq. 42).
type Server struct {
	Processors int
	Speed      float64 // of a processor: the service that it gives in a second
}

// System is servers that LBs share. Tasks arrive as one Poisson process, each at any of
// the LBs with the same chance, need service that is exponential with mean 1, and are
// sent on at once; an LB knows of its own tasks alone.
type System struct {
	Servers  []Server
	LBs      int
	Rate     float64 // tasks/s that arrive
	Dispatch Dispatch

	// Most is the number of tasks in the system at once: one more is lost. The
	// probability of that (Solution.Lost) says how far the cut matters.
	Most int
}

// Solution is what holds of a System in the long run.
type Solution struct {
	States     int
	Tasks      float64   // the mean number of tasks in the system
	Completion float64   // s, the mean time that a task stays (Little's law)
	Lost       float64   // the part of the tasks that find Most tasks there
	Sent       []float64 // by server, the part of the other tasks that are sent there
	Imbalance  float64   // of the distribution found (Chain.Imbalance)
}

const (
	tolerance = 1e-12 // of Chain.Stationary
	maxSweeps = 20_000
)

// state is the length of each queue, that of LB i at server j in byte
// i*servers + j.
type state uint64

func (s state) length(queue int) int    { return int(s >> (8 * queue) & 0xff) }
func (s state) add(queue, by int) state { return s + state(int64(by)<<(8*queue)) }
func (s state) total() (n int) {
	for ; s != 0; s >>= 8 {
		n += int(s & 0xff)
	}
	return n
}

// validate reports every fault of the system.
func (x *System) validate() error {
	var faults []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			faults = append(faults, fmt.Errorf("markov: "+format, args...))
		}
	}
	queues := x.LBs * len(x.Servers)
	check(x.LBs > 0 && len(x.Servers) > 0 && queues <= maxQueues, "%d LBs and %d servers: must be 1 to %d queues", x.LBs, len(x.Servers), maxQueues)
	for j, s := range x.Servers {
		check(s.Processors > 0, "server %d: processors = %d: must be positive", j, s.Processors)
		check(s.Speed > 0 && !math.IsInf(s.Speed, 1), "server %d: speed = %g: must be positive and finite", j, s.Speed)
	}
	check(x.Rate > 0 && !math.IsInf(x.Rate, 1), "rate = %g: must be positive and finite", x.Rate)
	check(x.Dispatch != nil, "no rule of dispatch")
	check(x.Most >= 1 && x.Most <= 255, "most = %d: must be in [1, 255]", x.Most)
	return errors.Join(faults...)
}

// chain returns the chain of the states that the system can be in, in order of the
// number of tasks, and what these states are.
func (x *System) chain() (*Chain, []state, error) {
	if err := x.validate(); err != nil {
		return nil, nil, err
	}
	states := []state{0}
	known := map[state]bool{0: true}
	for k := 0; k < len(states); k++ {
		x.each(states[k], func(to state, _ int, _ float64) {
			if !known[to] {
				known[to] = true
				states = append(states, to)
			}
		})
	}
	slices.SortFunc(states, func(a, b state) int { return cmp.Or(cmp.Compare(a.total(), b.total()), cmp.Compare(a, b)) })
	number := make(map[state]int, len(states))
	for k, s := range states {
		number[s] = k
	}
	var transitions []Transition
	for k, s := range states {
		x.each(s, func(to state, _ int, rate float64) {
			transitions = append(transitions, Transition{k, number[to], rate})
		})
	}
	c, err := NewChain(len(states), transitions)
	return c, states, err
}

// each calls visit for each state that may follow s, with the server whose queues
// change, and the rate (1/s). An arrival that is lost is no change.
func (x *System) each(s state, visit func(to state, server int, rate float64)) {
	n := len(x.Servers)
	var own [maxQueues]int
	var chance [maxQueues]float64
	if s.total() < x.Most {
		for i := range x.LBs {
			for j := range n {
				own[j] = s.length(i*n + j)
			}
			x.Dispatch(i, own[:n], chance[:n])
			for j, p := range chance[:n] {
				if p > 0 {
					visit(s.add(i*n+j, 1), j, p*x.Rate/float64(x.LBs))
				}
			}
		}
	}
	for j, server := range x.Servers {
		tasks := 0
		for i := range x.LBs {
			tasks += s.length(i*n + j)
		}
		for i := range x.LBs {
			if q := s.length(i*n + j); q > 0 {
				visit(s.add(i*n+j, -1), j, server.Speed*float64(min(tasks, server.Processors))*float64(q)/float64(tasks))
			}
		}
	}
}

// Solve returns what holds in the long run.
func (x *System) Solve() (Solution, error) {
	r, _, err := x.SolveMeasured(0, nil)
	return r, err
}

// SolveMeasured returns what holds in the long run, and the means over time of n
// measures, which measure writes to dst for a state: tasks has the number of tasks of
// each LB on each server, that of LB i on server j at i * servers + j.
func (x *System) SolveMeasured(n int, measure func(dst []float64, tasks []int)) (Solution, []float64, error) {
	c, states, err := x.chain()
	if err != nil {
		return Solution{}, nil, err
	}
	p, err := c.Stationary(tolerance, maxSweeps)
	if err != nil {
		return Solution{}, nil, err
	}
	r := Solution{States: len(states), Sent: make([]float64, len(x.Servers)), Imbalance: c.Imbalance(p)}
	means, value, tasks := make([]float64, n), make([]float64, n), make([]int, x.LBs*len(x.Servers))
	for k, s := range states {
		total := s.total()
		r.Tasks += p[k] * float64(total)
		if total == x.Most {
			r.Lost += p[k]
		}
		x.each(s, func(to state, server int, rate float64) {
			if to.total() > total {
				r.Sent[server] += p[k] * rate
			}
		})
		if n > 0 {
			for q := range tasks {
				tasks[q] = s.length(q)
			}
			measure(value, tasks)
			floats.AddScaled(means, p[k], value)
		}
	}
	taken := x.Rate * (1 - r.Lost)
	for j := range r.Sent {
		r.Sent[j] /= taken
	}
	r.Completion = r.Tasks / taken
	return r, means, nil
}
