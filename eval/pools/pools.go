package pools

import (
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/stat"

	"fairlb/eval"
)

// ErrNoBaseline reports evaluations without the baseline.
var ErrNoBaseline = errors.New("pools: the baseline is not among the targets")

// Figures are what one target came to over all pools. A ratio is that of mean
// completion times.
type Figures struct {
	Target string

	// Ratio is the geometric mean of the pools' ratios to the baseline, and Lo and
	// Hi are its 95 % interval over pools, of Student's t for the logarithms; NaN
	// for a single pool.
	Ratio float64
	Lo    float64
	Hi    float64

	ToBest float64 // geometric mean of the ratios to the best target of each pool
	Worst  float64 // the greatest of the ratios to the best
	P99    float64 // geometric mean of the ratios of 99th percentiles to the baseline's
	Failed float64 // part of all requests that failed
}

// Compare sums up the evaluations of the same targets on several pools.
func Compare(evaluations []*eval.Evaluation, baseline string) ([]Figures, error) {
	if len(evaluations) == 0 {
		return nil, errors.New("pools: none was evaluated")
	}
	var out []Figures
	for k, r := range evaluations[0].Results {
		f := Figures{Target: r.Target}
		var ratios, bests, p99 []float64 // their logarithms
		var n, failed uint64
		for _, e := range evaluations {
			base := find(e, baseline)
			if base == nil {
				return nil, fmt.Errorf("%w (%s in %s)", ErrNoBaseline, baseline, e.Scenario)
			}
			if k >= len(e.Results) || e.Results[k].Target != r.Target {
				return nil, fmt.Errorf("pools: %s was not evaluated with the targets of %s", e.Scenario, evaluations[0].Scenario)
			}
			own := e.Results[k].Class(eval.AllClasses)
			if own == nil || !(own.Mean > 0 && base.Mean > 0) {
				return nil, fmt.Errorf("pools: %s has no requests", e.Scenario)
			}
			ratios = append(ratios, math.Log(own.Mean/base.Mean))
			bests = append(bests, math.Log(own.Mean/least(e)))
			p99 = append(p99, math.Log(own.P99/base.P99))
			n, failed = n+own.N, failed+own.Failed
		}
		mean, lo, hi := eval.MeanInterval(ratios)
		f.Ratio, f.Lo, f.Hi = math.Exp(mean), math.Exp(lo), math.Exp(hi)
		f.ToBest, f.P99, f.Failed = math.Exp(stat.Mean(bests, nil)), math.Exp(stat.Mean(p99, nil)), float64(failed)/float64(n)
		for _, x := range bests {
			f.Worst = max(f.Worst, math.Exp(x))
		}
		out = append(out, f)
	}
	return out, nil
}

// find returns the figures of a target of an evaluation; nil if there is none.
func find(e *eval.Evaluation, target string) *eval.Figures {
	for i := range e.Results {
		if e.Results[i].Target == target {
			return e.Results[i].Class(eval.AllClasses)
		}
	}
	return nil
}

// least returns the least mean completion time (s) of an evaluation's targets.
func least(e *eval.Evaluation) float64 {
	x := math.Inf(1)
	for i := range e.Results {
		if f := e.Results[i].Class(eval.AllClasses); f != nil {
			x = min(x, f.Mean)
		}
	}
	return x
}
