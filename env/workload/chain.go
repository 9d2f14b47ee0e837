package workload

import (
	"errors"
	"fmt"
	"math"
)

// MinStay is the shortest mean stay in a state (s). With shorter ones there could
// be any number of state changes between two arrivals.
const MinStay = 0.001

// maxStates is the largest number of states of a chain. minVisits is the smallest
// share of the visits that a state may have, so that every state is met within a
// bounded time.
const (
	maxStates = 100
	minVisits = 1e-6
)

// Chain is the modulating chain of a Markov-modulated Poisson process (Fischer
// & Meier-Hellstern 1993): in each state arrivals are Poisson, and stays are
// exponential. With a few states whose stays differ much it has bursts on several
// scales of time, as web traffic does.
type Chain struct {
	factors    []float64   // rate over the mean rate, by state
	stays      []float64   // s, by state, the mean length of a stay
	next       [][]float64 // by state, the chances of the next one; nil: the states follow each other in a circle
	timeShares []float64   // by state, the part of the time that is spent in it
}

// NewChain returns the chain whose states have the given rates, relative to
// each other, and mean stays (s). Rates are scaled so that the process's mean
// rate is Arrivals.Rate. next[i][j] is the chance that j follows i; its rows
// sum to 1, a state does not follow itself, and every state leads to every
// other, by way of others perhaps. Without next the states follow each other
// in a circle.
func NewChain(factors, stays []float64, next [][]float64) (*Chain, error) {
	n := len(factors)
	if n < 2 || n > maxStates {
		return nil, fmt.Errorf("%d factors: must be 2 to %d", n, maxStates)
	}
	if len(stays) != n {
		return nil, fmt.Errorf("%d stays: must be as many as factors, %d", len(stays), n)
	}
	for i := range n {
		if !(factors[i] >= 0 && factors[i] <= 1e9) {
			return nil, fmt.Errorf("factor %g: must be in [0, 1e9]", factors[i])
		}
		if !(stays[i] >= MinStay && stays[i] <= 1e9) {
			return nil, fmt.Errorf("stay %g: must be in [%g, 1e9] s", stays[i], MinStay)
		}
	}
	visits, err := visitShares(next, n)
	if err != nil {
		return nil, err
	}
	c := &Chain{stays: append([]float64(nil), stays...), next: cloneRows(next), timeShares: visits}
	total, mean := 0.0, 0.0
	for i := range c.timeShares {
		c.timeShares[i] *= stays[i]
		total += c.timeShares[i]
	}
	for i := range c.timeShares {
		c.timeShares[i] /= total
		mean += c.timeShares[i] * factors[i]
	}
	if !(mean > 0) {
		return nil, errors.New("factors must not all be 0 in the states where time is spent")
	}
	for _, f := range factors {
		c.factors = append(c.factors, f/mean)
	}
	return c, nil
}

// visitShares checks the chances of the next states and returns each state's share
// of the visits. That is the stationary distribution of the embedded chain, by the
// elimination of Grassmann, Taksar & Heyman (1985), which has no subtractions that
// could cancel.
func visitShares(next [][]float64, n int) ([]float64, error) {
	visits := make([]float64, n)
	if next == nil {
		for i := range visits {
			visits[i] = 1 / float64(n)
		}
		return visits, nil
	}
	if len(next) != n {
		return nil, fmt.Errorf("%d rows of next: must be as many as factors, %d", len(next), n)
	}
	for i, row := range next {
		if len(row) != n {
			return nil, fmt.Errorf("row %d of next has %d chances: must be as many as factors, %d", i, len(row), n)
		}
		sum := 0.0
		for _, x := range row {
			if !(x >= 0) {
				return nil, fmt.Errorf("chance %g in row %d of next: must not be negative", x, i)
			}
			sum += x
		}
		if math.Abs(sum-1) > 1e-6 || row[i] != 0 {
			return nil, fmt.Errorf("row %d of next %v: must sum to 1, and be 0 for state %d itself", i, row, i)
		}
	}
	if !irreducible(next) {
		return nil, errors.New("next must lead from every state to every other")
	}
	p := cloneRows(next)
	out := make([]float64, n)
	for k := n - 1; k > 0; k-- {
		for _, x := range p[k][:k] {
			out[k] += x
		}
		for i := range k {
			for j := range k {
				p[i][j] += p[i][k] * p[k][j] / out[k]
			}
		}
	}
	visits[0] = 1
	sum := 1.0
	for k := 1; k < n; k++ {
		for i := range k {
			visits[k] += visits[i] * p[i][k]
		}
		visits[k] /= out[k]
		sum += visits[k]
	}
	for i := range visits {
		if visits[i] /= sum; !(visits[i] >= minVisits) {
			return nil, fmt.Errorf("next leads to state %d in %.3g of the visits: must be at least %g", i, visits[i], minVisits)
		}
	}
	return visits, nil
}

// irreducible says whether state 0 leads to every state and every state to it.
func irreducible(next [][]float64) bool {
	for _, backward := range []bool{false, true} {
		seen, todo := make([]bool, len(next)), []int{0}
		seen[0] = true
		for len(todo) > 0 {
			i := todo[0]
			todo = todo[1:]
			for j := range next {
				x := next[i][j]
				if backward {
					x = next[j][i]
				}
				if x > 0 && !seen[j] {
					seen[j] = true
					todo = append(todo, j)
				}
			}
		}
		for _, found := range seen {
			if !found {
				return false
			}
		}
	}
	return true
}

// cloneRows returns a copy of the rows.
func cloneRows(rows [][]float64) [][]float64 {
	var list [][]float64
	for _, row := range rows {
		list = append(list, append([]float64(nil), row...))
	}
	return list
}
