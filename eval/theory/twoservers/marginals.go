package twoservers

import (
	"fmt"
	"math"

	"fairlb/eval/theory/markov"
)

// marginals are the distributions of the two queues, each by itself.
type marginals [2][]float64

// birthDeath returns the distribution of a queue to which tasks come at a rate by its
// length, and which completes them at speed.
func birthDeath(arrivals []float64, speed float64) []float64 {
	p, sum := []float64{1}, 1.0
	for n := range len(arrivals) - 1 {
		p = append(p, p[n]*arrivals[n]/speed)
		sum += p[n+1]
	}
	for n := range p {
		p[n] /= sum
	}
	return p
}

// solveMarginals solves the two queues as if they were independent: to each, tasks come
// at the rate that the distribution of the other one gives.
func (m *Model) solveMarginals() (Solution, error) {
	if err := m.Validate(); err != nil {
		return Solution{}, err
	}
	var q marginals
	even := make([]float64, m.Queue+1)
	for n := range even {
		even[n] = 1 / float64(len(even))
	}
	q[0], q[1] = even, even
	const step, most, enough = 0.2, 20_000, 1e-12
	for range most {
		next := m.next(q)
		change := 0.0
		for j := range 2 {
			moved := make([]float64, len(next[j]))
			for n := range moved {
				change += math.Abs(next[j][n] - q[j][n])
				moved[n] = q[j][n] + step*(next[j][n]-q[j][n])
			}
			q[j] = moved
		}
		if change < enough {
			return m.measureMarginals(q), nil
		}
	}
	return Solution{}, fmt.Errorf("two servers of %d tasks, %s, %s queues: %w", m.Queue, m.Rule, m.Queues, markov.ErrNotConverged)
}

// next returns the distributions under the rates that distributions give.
func (m *Model) next(q marginals) marginals {
	var arrivals [2][]float64 // by server and its length
	for j := range 2 {
		arrivals[j] = make([]float64, m.Queue+1)
	}
	mean := 0.0 // what goes to the fast server
	for a, pa := range q[0] {
		for b, pb := range q[1] {
			state := queues{own: [2]int{a, b}}
			fast := m.Seen * m.rate() * m.chance(state, true)
			if m.Seen < 1 {
				fast += (1 - m.Seen) * m.rate() * m.chance(state, false)
			}
			arrivals[0][a] += pb * fast
			arrivals[1][b] += pa * (m.rate() - fast)
			mean += pa * pb * fast
		}
	}
	if m.Queues == Independent {
		for n := range m.Queue + 1 {
			arrivals[0][n], arrivals[1][n] = mean, m.rate()-mean
		}
	}
	return marginals{birthDeath(arrivals[0], m.Speeds[0]), birthDeath(arrivals[1], m.Speeds[1])}
}

// measureMarginals computes the figures of independent queues.
func (m *Model) measureMarginals(q marginals) Solution {
	s := Solution{States: 2 * (m.Queue + 1)}
	served := 0.0
	for j := range 2 {
		for n, p := range q[j] {
			s.Tasks[j] += p * float64(n)
		}
		served += m.Speeds[j] * (1 - q[j][0])
	}
	for a, pa := range q[0] {
		for b, pb := range q[1] {
			s.Duration += pa * pb * m.DurationAt(a, b)
		}
	}
	s.DurationBusy = s.Duration / (1 - q[0][0]*q[1][0])
	s.Refused = 1 - served/m.rate()
	s.Completion = (s.Tasks[0] + s.Tasks[1]) / served
	return s
}
