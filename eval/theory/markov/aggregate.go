package markov

import (
	"fmt"
	"math"
	"slices"
)

// StationaryByGroups returns the stationary distribution of a chain whose states are
// in groups, which group gives by state, numbered from 0; the groups that transitions
// lead to should be near in number. It is iterative aggregation and disaggregation
// (Koury, McAllister and Stewart 1984): the chain of the groups, whose rates the
// present distribution gives, is solved directly, and what it says of groups is put
// back into their states, which sweeps as those of Stationary then correct. Where the
// groups hold what mixes slowly, such as all tasks on a server, few sweeps are left
// to do. It begins with start, a positive distribution near the one that is looked for,
// or evenly if that is nil, and ends when the Imbalance is at most tolerance.
func (c *Chain) StationaryByGroups(group []int, start []float64, tolerance float64, sweeps int) ([]float64, error) {
	a, err := newAggregation(c, group)
	if err != nil {
		return nil, err
	}
	p := slices.Clone(start)
	if p == nil {
		p = make([]float64, c.states)
		for s := range p {
			p[s] = 1 / float64(c.states)
		}
	}
	imbalance := math.Inf(1)
	for range sweeps {
		a.correct(p)
		for s := range p {
			p[s] = c.inflow(p, s) / c.out[s]
		}
		for s := c.states - 1; s >= 0; s-- {
			p[s] = c.inflow(p, s) / c.out[s]
		}
		if imbalance = c.Imbalance(p); imbalance <= tolerance {
			a.correct(p)
			return p, nil
		}
	}
	return nil, fmt.Errorf("%w: an imbalance of %g after %d sweeps over groups, tolerance %g", ErrNotConverged, imbalance, sweeps, tolerance)
}

// aggregation is the chain of the groups of another chain's states.
type aggregation struct {
	chain  *Chain
	group  []int // by state
	groups int
	width  int // the greatest difference of two groups' numbers between which there is a transition
}

func newAggregation(c *Chain, group []int) (*aggregation, error) {
	if len(group) != c.states {
		return nil, fmt.Errorf("markov: groups of %d states for a chain of %d", len(group), c.states)
	}
	a := &aggregation{chain: c, group: group}
	for s, g := range group {
		if g < 0 || g >= c.states {
			return nil, fmt.Errorf("markov: state %d is in group %d: must be in [0, %d)", s, g, c.states)
		}
		a.groups = max(a.groups, g+1)
	}
	seen := make([]bool, a.groups)
	for _, g := range group {
		seen[g] = true
	}
	for g, s := range seen {
		if !s {
			return nil, fmt.Errorf("markov: group %d has no states", g)
		}
	}
	c.each(func(from, to int, _ float64) { a.width = max(a.width, group[from]-group[to], group[to]-group[from]) })
	return a, nil
}

// correct gives each group the probability that the chain of the groups says, and
// leaves the proportions of the states in a group as they are.
func (a *aggregation) correct(p []float64) {
	of := make([]float64, a.groups)
	for s, g := range a.group {
		of[g] += p[s]
	}
	b := newBand(a.groups, a.width)
	a.chain.each(func(from, to int, rate float64) {
		if g, h := a.group[from], a.group[to]; g != h {
			*b.at(g, h) += p[from] * rate / of[g]
		}
	})
	q := b.eliminate()
	for s, g := range a.group {
		p[s] *= q[g] / of[g]
	}
}
