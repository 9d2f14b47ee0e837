package twoservers

import (
	"fmt"

	"fairlb/eval/theory/markov"
)

// Solution is what holds of a Model in the long run.
type Solution struct {
	States int

	// Duration is the weighted service duration of appendix A (s), the mean of
	// sum_j l_j / (l_1 + l_2) * l_j / v_j, where it is 0 while both queues are empty;
	// DurationBusy leaves these times out.
	Duration, DurationBusy float64

	Completion float64    // s, the mean time that a task which is not refused stays (Little's law)
	Refused    float64    // the part of the tasks that is lost
	Tasks      [2]float64 // the mean length of each queue
	Imbalance  float64    // of the distribution found (markov.Chain.Imbalance)

	// Own is the mean number of the LB's own tasks on each server, and OwnSquares the
	// sum over its completions there of its count, this task included, by the second:
	// what self-tuning SED estimates capacities by. Both are 0 where own tasks are not
	// told apart from others.
	Own, OwnSquares [2]float64
}

const (
	tolerance = 1e-11 // of the imbalance, by sweeps
	maxSweeps = 5000
)

// solved is a chain with its stationary distribution.
type solved struct {
	Solution
	space *space
	chain *markov.Chain
	p     []float64
}

// Solve returns what holds in the long run.
func (m *Model) Solve() (Solution, error) {
	if m.Queues != Joint {
		return m.solveMarginals()
	}
	s, err := m.solve(nil)
	if err != nil {
		return Solution{}, err
	}
	return s.Solution, nil
}

// solve solves the chain, by sweeps that begin with a distribution, or evenly if it is nil.
func (m *Model) solve(start []float64) (*solved, error) {
	if err := m.Validate(); err != nil {
		return nil, err
	}
	s := &solved{space: m.newSpace()}
	var err error
	if s.chain, err = m.chain(s.space); err != nil {
		return nil, err
	}
	if s.space.apart {
		if s.p, err = s.chain.StationaryByGroups(s.space.group, start, tolerance, maxSweeps); err != nil {
			return nil, fmt.Errorf("two servers of %d tasks, %s, %g of the traffic seen: %w", m.Queue, m.Rule, m.Seen, err)
		}
	} else {
		s.p = s.chain.StationaryDirect()
	}
	s.Imbalance = s.chain.Imbalance(s.p)
	m.measure(s)
	return s, nil
}

// measure computes the figures of the solution from the distribution.
func (m *Model) measure(s *solved) {
	refused := 0.0
	for k, q := range s.space.states {
		p := s.p[k]
		s.Duration += p * m.DurationAt(q.length(0), q.length(1))
		for j, v := range m.Speeds {
			n := q.length(j)
			s.Tasks[j] += p * float64(n)
			if own := float64(q.own[j]); n > 0 && (s.space.apart || m.Seen == 1) {
				s.Own[j] += p * own
				s.OwnSquares[j] += p * v * own * own / float64(n)
			}
		}
		for _, e := range m.events(q) {
			refused += p * e.rate * float64(e.refused)
		}
	}
	s.States = len(s.p)
	s.DurationBusy = s.Duration / (1 - s.p[0])
	s.Refused = refused / m.rate()
	s.Completion = (s.Tasks[0] + s.Tasks[1]) / (m.rate() * (1 - s.Refused))
}

// DurationAt is the weighted service duration at queue lengths.
func (m *Model) DurationAt(fast, slow int) float64 {
	if fast+slow == 0 {
		return 0
	}
	a, b := float64(fast), float64(slow)
	return (a*a/m.Speeds[0] + b*b/m.Speeds[1]) / (a + b)
}

// mixing says how the solved system comes near its long run from empty queues. Slots
// are so short that the chance of any event in one is at most one half.
func (m *Model) mixing(s *solved) (markov.Mixing, error) {
	measure := make([]float64, len(s.p))
	for k, q := range s.space.states {
		measure[k] = m.DurationAt(q.length(0), q.length(1))
	}
	return s.chain.Mixing(0, s.p, measure, 0.5/(m.rate()+m.Speeds[0]+m.Speeds[1]), 1_000_000)
}
