package complexity

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// Confidence is the level of the intervals of exponents, at least, where there are
// rounds enough.
const Confidence = 0.95

// tolerance is how far a measured exponent may be from the claimed one: a processor's
// caches make constant times rise a little and linear ones a little faster than
// linearly; a quarter of an order is far from the next order.
const tolerance = 0.25

// Growth is a measured exponent of growth: the slope of the logarithm of the time over
// the logarithm of a parameter in the upper half of its range, by least squares. 0 is
// constant, 1 linear.
type Growth struct {
	Exponent  float64 // the median of the rounds'
	Low, High float64 // its interval, free of assumptions on the distribution
}

// Half is how far the interval reaches, on the side on which it reaches further.
func (g Growth) Half() float64 { return math.Max(g.High-g.Exponent, g.Exponent-g.Low) }

// TimeGrowth returns how the time of an operation grows in a parameter.
func (m *Measurement) TimeGrowth(operation string, p Parameter) Growth {
	list := upper(m.Series(operation, p), p)
	var slopes []float64
	for round := range m.Rounds() {
		var x, y []float64
		for _, t := range list {
			x, y = append(x, math.Log(float64(t.Of(p)))), append(y, math.Log(t.Nanoseconds[round]))
		}
		slopes = append(slopes, slope(x, y))
	}
	g := Growth{Exponent: median(slopes)}
	g.Low, g.High = medianInterval(slopes)
	return g
}

// MemoryGrowth returns the exponent with which the memory that an operation is about
// grows in a parameter. Memory is counted exactly, so that constant parts can be taken
// out: it is the slope of the logarithms of the increments from one value of the
// parameter to the next, which double; 0 where there are none.
func (m *Measurement) MemoryGrowth(operation string, p Parameter) float64 {
	list := upper(m.Series(operation, p), p)
	var x, y []float64
	for k := 1; k < len(list); k++ {
		if more := list[k].Bytes - list[k-1].Bytes; more > 0 {
			x, y = append(x, math.Log(float64(list[k].Of(p)))), append(y, math.Log(float64(more)))
		}
	}
	if len(x) < 2 {
		return 0
	}
	return slope(x, y)
}

func slope(x, y []float64) float64 {
	_, beta := stat.LinearRegression(x, y, nil, false)
	return beta
}

// upper returns the timings in the upper half of a parameter's range, by its logarithm.
func upper(list []Timing, p Parameter) []Timing {
	if len(list) == 0 {
		return nil
	}
	middle := math.Sqrt(float64(list[0].Of(p)) * float64(list[len(list)-1].Of(p)))
	from := slices.IndexFunc(list, func(t Timing) bool { return float64(t.Of(p)) >= middle*(1-1e-9) })
	return list[from:]
}

// medianInterval returns order statistics of x between which its distribution's median
// lies with probability Confidence or more: the i-th least and the i-th greatest, for the
// largest i at which the chance of fewer than i values below the median is half of what
// Confidence leaves. Without values enough it is the least and the greatest.
func medianInterval(x []float64) (low, high float64) {
	sorted := slices.Sorted(slices.Values(x))
	b := distuv.Binomial{N: float64(len(sorted)), P: 0.5}
	i := 0
	for i+1 < (len(sorted)+1)/2 && 2*b.CDF(float64(i+1)) <= 1-Confidence {
		i++
	}
	return sorted[i], sorted[len(sorted)-1-i]
}

// Verdict says in which parameters something grows more, or less, than is claimed, and
// in which its interval leaves open whether it grows more.
type Verdict struct{ More, Unsure, Less []Parameter }

// Holds says whether the claim holds: it is an upper bound, so that growing less is no
// fault.
func (v Verdict) Holds() bool { return len(v.More)+len(v.Unsure) == 0 }

// add adds what is known of a parameter.
func (v *Verdict) add(p Parameter, claimed, low, high float64) {
	switch {
	case low > claimed+tolerance:
		v.More = append(v.More, p)
	case high > claimed+tolerance:
		v.Unsure = append(v.Unsure, p)
	case high < claimed-tolerance:
		v.Less = append(v.Less, p)
	}
}

// TimeVerdict holds the time of an operation to a claim.
func (m *Measurement) TimeVerdict(operation string, claim Bound) Verdict {
	var v Verdict
	for _, p := range Parameters() {
		g := m.TimeGrowth(operation, p)
		v.add(p, claim.Order(p), g.Low, g.High)
	}
	return v
}

// MemoryVerdict holds the memory of an operation to a claim.
func (m *Measurement) MemoryVerdict(operation string, claim Bound) Verdict {
	var v Verdict
	for _, p := range Parameters() {
		x := m.MemoryGrowth(operation, p)
		v.add(p, claim.Order(p), x, x)
	}
	return v
}
