package twoservers

import (
	"errors"
	"fmt"
	"math"
)

// ErrNoFixedPoint reports weights of self-tuning SED that were not found.
var ErrNoFixedPoint = errors.New("twoservers: self-tuning SED has no weights in the range that is searched")

// Tuned is self-tuning SED in its fixed form: SED by weights that its traffic gives
// back.
type Tuned struct {
	Model    Model // SED with these weights; where they lie on a tie, TiesToFast is the part of the time that they are beyond it
	Solution Solution
}

// Ratio is the weight of the fast server over that of the slow one.
func (t *Tuned) Ratio() float64 { return t.Model.Weights[0] / t.Model.Weights[1] }

// SelfTuned returns the fixed form of self-tuning SED in a model: weights a_j^exponent,
// where a_j is the sum of the LB's counts at completions over the sum of completion
// times. By Little's law that is OwnSquares / Own of the solution under these weights.
// All weights between two neighbouring quotients of counts send alike; where the
// weights that come back are beyond such a quotient whichever side of it they are on,
// they stay at it, now on one side, now on the other.
func SelfTuned(m Model, exponent float64) (Tuned, error) {
	m.Rule, m.View, m.Queues = SED, OwnTasks, Joint
	var last *solved
	// excess is how far the weights that come back are above those that are there.
	excess := func() (float64, error) {
		var start []float64
		if last != nil && m.apart() {
			start = last.p
		}
		s, err := m.solve(start)
		if err != nil {
			return 0, err
		}
		last = s
		back := exponent * math.Log(s.OwnSquares[0]/s.Own[0]/(s.OwnSquares[1]/s.Own[1]))
		return back - math.Log(m.Weights[0]/m.Weights[1]), nil
	}
	low, high := -math.Log(float64(m.Queue+1)), math.Log(float64(m.Queue+1))
	found := 0.0
	for high-low > 1e-5 {
		middle := (low + high) / 2
		m.Weights = [2]float64{math.Exp(middle), 1}
		x, err := excess()
		if err != nil {
			return Tuned{}, err
		}
		found = x
		if math.Abs(x) < 1e-6 {
			return Tuned{m, last.Solution}, nil
		}
		if x > 0 {
			low = middle
		} else {
			high = middle
		}
	}
	if math.Abs(found) < 1e-4 {
		return Tuned{m, last.Solution}, nil
	}
	weights, ok := quotient(low-1e-9, high+1e-9, m.Queue+1)
	if !ok {
		return Tuned{}, fmt.Errorf("%w: between %g and %g", ErrNoFixedPoint, math.Exp(low), math.Exp(high))
	}
	m.Weights = weights
	least, most := 0.0, 1.0
	for most-least > 1e-3 {
		m.TiesToFast = (least + most) / 2
		x, err := excess()
		if err != nil {
			return Tuned{}, err
		}
		if x > 0 {
			least = m.TiesToFast
		} else {
			most = m.TiesToFast
		}
	}
	return Tuned{m, last.Solution}, nil
}

// quotient returns two counts, from 1 to most, the logarithm of whose quotient is
// between low and high; those with the least second one.
func quotient(low, high float64, most int) ([2]float64, bool) {
	for b := range most {
		for a := range most {
			if x := math.Log(float64(a+1) / float64(b+1)); x >= low && x <= high {
				return [2]float64{float64(a + 1), float64(b + 1)}, true
			}
		}
	}
	return [2]float64{}, false
}
