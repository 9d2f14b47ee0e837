package paper

import (
	"fmt"
	"math"
	"slices"

	"fairlb/eval"
)

// Value is a measured value: the column's statistic over runs. A run is one trained
// policy, or a heuristic, on one evaluation seed.
type Value struct {
	Mean float64 // s, mean over runs of the column's metric
	SD   float64 // s, sample standard deviation over runs; not used where N is 1
	N    int     // number of runs; 0: nothing is known

	// Runs are the runs themselves, on the same evaluation seeds in all cells of
	// a column. Without them there is no ratio with an interval.
	Runs eval.Replicates
}

// NewValue sums up the runs of a cell. A run without such requests (NaN) has no part.
func NewValue(runs eval.Replicates) Value {
	all := eval.Series(slices.Concat(runs...))
	v := Value{N: len(all.Defined()), Runs: runs}
	if v.N > 0 {
		v.Mean, v.SD = all.MeanSD()
	}
	return v
}

// Interval returns the mean of a measured cell and its 95 % interval over training
// runs and evaluation seeds (eval.Replicates.Interval).
func (v Value) Interval() (mean, lo, hi float64) {
	return v.Runs.Interval()
}

// check reports a value that is not a finite, non-negative time.
func (v Value) check() error {
	switch {
	case !(v.Mean >= 0) || math.IsInf(v.Mean, 0):
		return fmt.Errorf("mean %g must be finite and at least 0", v.Mean)
	case v.N > 1 && (!(v.SD >= 0) || math.IsInf(v.SD, 0)):
		return fmt.Errorf("sd %g must be finite and at least 0", v.SD)
	}
	return nil
}

// Measurement is what was measured of a cell.
type Measurement struct {
	// Completed is of the requests that did not fail, as the published values are. Its N
	// is 0 where that is not known.
	Completed Value

	All    Value   // of all requests, a failed one counting at its timeout
	Failed float64 // part of the requests that failed
}

// PublishedValue is a printed value, in s.
type PublishedValue struct{ Mean, SD float64 }

// PublishedRuns is the number of runs that a printed mean and standard deviation are
// taken to be of. Appendix E.2.3 says so of Table 16; of the others it is assumed.
const PublishedRuns = 10

// sample is the value as a sample.
func (v PublishedValue) sample() eval.Sample {
	return eval.Sample{Mean: v.Mean, SD: v.SD, N: PublishedRuns}
}

// Ratio is a value over that of the baseline in the same column.
type Ratio struct {
	Value float64

	// Lo and Hi are the ends of the 95 % interval over training runs and evaluation seeds,
	// paired by seed; NaN where there is none, as of a printed value.
	Lo, Hi float64

	// Significant says that the value differs from the baseline's at 5 %: the interval
	// leaves 1 out or, of printed values, Welch's test says so.
	Significant bool
}

// newRatio returns a ratio without an interval.
func newRatio(value float64) *Ratio {
	return &Ratio{Value: value, Lo: math.NaN(), Hi: math.NaN()}
}

// ratioOf returns the ratio of the completed requests' values.
func ratioOf(v, base Measurement) *Ratio {
	if v.Completed.N == 0 || base.Completed.N == 0 || base.Completed.Mean == 0 {
		return nil
	}
	r := newRatio(v.Completed.Mean / base.Completed.Mean)
	if runs := base.Completed.Runs; len(runs) == 1 {
		if value, lo, hi := v.Completed.Runs.RatioInterval(runs[0]); !math.IsNaN(lo) {
			*r = Ratio{value, lo, hi, lo > 1 || hi < 1}
		}
	}
	return r
}

// publishedRatio returns the ratio of two printed values.
func publishedRatio(v, base PublishedValue) *Ratio {
	r := newRatio(v.Mean / base.Mean)
	r.Significant = eval.Differ(v.sample(), base.sample())
	return r
}
