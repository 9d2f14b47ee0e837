package pools

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"

	"fairlb/eval"
)

// ErrNoBaseline reports evaluations without the baseline.
var ErrNoBaseline = errors.New("pools: the baseline is not among the targets")

// Figures are what one target came to over all pools. A ratio is that of mean
// completion times.
type Figures struct {
	Target    string
	Trainings int // that the figures are the mean of; 0 of what is no training

	// Ratio is the geometric mean of the pools' ratios to the baseline, and Lo and
	// Hi are its 95 % interval over pools, of Student's t for the logarithms; NaN
	// for a single pool. Of several trainings the interval is over pools and trainings.
	Ratio float64
	Lo    float64
	Hi    float64

	// ToBest is the geometric mean of the ratios to the best target of each pool that does not
	// know more than the others, with its interval.
	ToBest float64
	BestLo float64
	BestHi float64
	Worst  float64 // the greatest of the ratios to the best
	P99    float64 // geometric mean of the ratios of 99th percentiles to the baseline's
	Failed float64 // part of all requests that failed
}

// Compare sums up the evaluations of the same targets on several pools. knowsMore says of
// which targets it is not asked whether they are the best of a pool: those that were
// learned, or are told more. Trainings of one recipe have a row each and, behind the last
// of them, one of all.
func Compare(evaluations []*eval.Evaluation, baseline string, knowsMore func(r *eval.Result) bool) ([]Figures, error) {
	if len(evaluations) == 0 {
		return nil, errors.New("pools: none was evaluated")
	}
	var out []Figures
	recipes := map[string][]logarithms{} // of the trainings so far
	results := evaluations[0].Results
	for k := range results {
		r := &results[k]
		x, err := ratiosOf(evaluations, k, baseline, knowsMore)
		if err != nil {
			return nil, err
		}
		out = append(out, figuresOf(r.Target, x))
		if r.Recipe == "" || r.RepeatsTraining != "" {
			continue
		}
		out[len(out)-1].Trainings = 1
		recipes[r.Recipe] = append(recipes[r.Recipe], x)
		last := !slices.ContainsFunc(results[k+1:], func(s eval.Result) bool { return s.Recipe == r.Recipe })
		if all := recipes[r.Recipe]; last && len(all) > 1 {
			f := figuresOf(fmt.Sprintf("%d trainings", len(all)), all...)
			f.Trainings = len(all)
			out = append(out, f)
		}
	}
	return out, nil
}

// logarithms are those of one target's ratios, by pool.
type logarithms struct {
	ratios, bests, p99 []float64
	n, failed          uint64
}

// ratiosOf returns those of the k-th target.
func ratiosOf(evaluations []*eval.Evaluation, k int, baseline string, knowsMore func(r *eval.Result) bool) (x logarithms, err error) {
	target := evaluations[0].Results[k].Target
	for _, e := range evaluations {
		base := find(e, baseline)
		if base == nil {
			return x, fmt.Errorf("%w (%s in %s)", ErrNoBaseline, baseline, e.Scenario)
		}
		if k >= len(e.Results) || e.Results[k].Target != target {
			return x, fmt.Errorf("pools: %s was not evaluated with the targets of %s", e.Scenario, evaluations[0].Scenario)
		}
		own := e.Results[k].Class(eval.AllClasses)
		if own == nil || !(own.Mean > 0 && base.Mean > 0) {
			return x, fmt.Errorf("pools: %s has no requests", e.Scenario)
		}
		x.ratios = append(x.ratios, math.Log(own.Mean/base.Mean))
		x.bests = append(x.bests, math.Log(own.Mean/least(e, knowsMore)))
		x.p99 = append(x.p99, math.Log(own.P99/base.P99))
		x.n, x.failed = x.n+own.N, x.failed+own.Failed
	}
	return x, nil
}

// figuresOf sums up the ratios of one target, or of the trainings of one recipe.
func figuresOf(target string, trainings ...logarithms) Figures {
	f := Figures{Target: target, Worst: math.Inf(-1)}
	column := func(of func(x *logarithms) []float64) (mean, lo, hi float64) {
		var means []float64 // by training
		pools := make([]float64, len(of(&trainings[0])))
		for k := range trainings {
			list := of(&trainings[k])
			means = append(means, stat.Mean(list, nil))
			for p, y := range list {
				pools[p] += y / float64(len(trainings))
			}
		}
		mean, lo, hi = eval.MeanInterval(pools)
		if len(trainings) > 1 {
			_, trainingsLo, _ := eval.MeanInterval(means)
			half := math.Hypot(mean-lo, mean-trainingsLo)
			lo, hi = mean-half, mean+half
		}
		return math.Exp(mean), math.Exp(lo), math.Exp(hi)
	}
	f.Ratio, f.Lo, f.Hi = column(func(x *logarithms) []float64 { return x.ratios })
	f.ToBest, f.BestLo, f.BestHi = column(func(x *logarithms) []float64 { return x.bests })
	f.P99, _, _ = column(func(x *logarithms) []float64 { return x.p99 })
	var n, failed uint64
	for _, x := range trainings {
		n, failed = n+x.n, failed+x.failed
		f.Worst = max(f.Worst, math.Exp(slices.Max(x.bests)))
	}
	f.Failed = float64(failed) / float64(n)
	return f
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

// least returns the least mean completion time (s) of an evaluation's targets that know no
// more than others.
func least(e *eval.Evaluation, knowsMore func(r *eval.Result) bool) float64 {
	x := math.Inf(1)
	for i := range e.Results {
		if knowsMore(&e.Results[i]) {
			continue
		}
		if f := e.Results[i].Class(eval.AllClasses); f != nil {
			x = min(x, f.Mean)
		}
	}
	return x
}
