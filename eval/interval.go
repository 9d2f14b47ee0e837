package eval

import (
	"math"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// Confidence is the level of every interval of this package.
const Confidence = 0.95

// MeanInterval returns the mean of x and the ends of its two-sided Student-t
// interval at level Confidence:
//
//	mean -+ t(n-1) s / sqrt(n),  s the sample standard deviation
//
// The ends are NaN for fewer than two values, and the mean is NaN for none.
func MeanInterval(x []float64) (mean, lo, hi float64) {
	if len(x) == 0 {
		return math.NaN(), math.NaN(), math.NaN()
	}
	mean = stat.Mean(x, nil)
	if len(x) < 2 {
		return mean, math.NaN(), math.NaN()
	}
	lo, hi = IntervalOf(mean, stat.StdDev(x, nil), len(x))
	return mean, lo, hi
}

// IntervalOf returns the ends of MeanInterval for n values of which the mean
// and the sample standard deviation are known; NaN for fewer than two.
func IntervalOf(mean, sd float64, n int) (lo, hi float64) {
	if n < 2 {
		return math.NaN(), math.NaN()
	}
	t := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: float64(n) - 1}.Quantile((1 + Confidence) / 2)
	half := t * sd / math.Sqrt(float64(n))
	return mean - half, mean + half
}

// Difference is a mean paired difference to a baseline, in s, and its
// interval at level Confidence.
type Difference struct {
	Baseline string  `json:"baseline"` // the baseline's name
	Base     float64 `json:"base"`     // the baseline's mean over the pairs, s
	Diff     float64 `json:"diff"`     // s; negative: faster than the baseline
	Lo       float64 `json:"lo"`
	Hi       float64 `json:"hi"`

	// Significant says that the interval excludes 0.
	Significant bool `json:"significant"`
}

// newDifference sums up the paired differences to a baseline, whose values are base;
// nil for fewer than two pairs, which have no interval.
func newDifference(baseline string, base, diffs []float64) *Difference {
	if len(diffs) < 2 {
		return nil
	}
	d := &Difference{Baseline: baseline, Base: stat.Mean(base, nil)}
	d.Diff, d.Lo, d.Hi = MeanInterval(diffs)
	d.Significant = d.Lo > 0 || d.Hi < 0
	return d
}

// setHalf gives the difference the interval that reaches so far to each side.
func (d *Difference) setHalf(half float64) {
	d.Lo, d.Hi = d.Diff-half, d.Diff+half
	d.Significant = d.Lo > 0 || d.Hi < 0
}

// pairs returns x - base, and base itself, at the seeds where both have a value.
func pairs(x, base Series) (diffs, bases []float64) {
	for i := range x {
		if d := x[i] - base[i]; !math.IsNaN(d) {
			diffs = append(diffs, d)
			bases = append(bases, base[i])
		}
	}
	return diffs, bases
}
