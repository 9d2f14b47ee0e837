package eval

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// The intervals of trained methods have two sources of chance: which training runs
// there were, and which evaluation seeds. Every run meets the same seeds, so that
// the two are crossed. With x[r][s] the value of run r on seed s, the variance of the
// mean of all is estimated by
//
//	var(means of runs) / R + var(means of seeds) / S
//
// which counts what run and seed have together (their interaction) twice, and so
// errs on the wide side. A source of which there is a single one has no part: the
// interval of a heuristic, which is not trained, is over seeds, and that of runs on
// one workload over runs. Each variance has the quantile of its own Student-t law,
//
//	half^2 = t(R-1)^2 var(means of runs) / R + t(S-1)^2 var(means of seeds) / S
//
// which holds at least at its level (Banerjee 1960, "Approximate confidence interval
// for linear functions of means of k populations when the population variances are
// not equal"), however few runs there are, and is never narrower than the interval of
// either source. With one source alone it is MeanInterval.

// halfWidth returns half that interval of independent means, each of a sample; ok is
// false if no sample has two values.
func halfWidth(samples ...[]float64) (half float64, ok bool) {
	sum := 0.0
	for _, sample := range samples {
		if n := float64(len(sample)); n > 1 {
			ok = true
			t := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: n - 1}.Quantile((1 + Confidence) / 2)
			sum += t * t * stat.Variance(sample, nil) / n
		}
	}
	return math.Sqrt(sum), ok
}

// Interval returns the mean of all values and its interval at level Confidence over
// both training runs and evaluation seeds; its ends are NaN if there is but one of
// each. The runs must be of equally many seeds.
func (r Replicates) Interval() (mean, lo, hi float64) {
	runs, seeds := r.marginalMeans()
	if len(seeds) == 0 {
		return math.NaN(), math.NaN(), math.NaN()
	}
	mean = stat.Mean(runs, nil)
	half, ok := halfWidth(runs, seeds)
	if !ok {
		return mean, math.NaN(), math.NaN()
	}
	return mean, mean - half, mean + half
}

// RatioInterval returns the ratio of the mean of all values to the mean of a baseline
// that is not trained, on the same seeds, and its interval over both training runs
// and evaluation seeds: that of the paired residuals x[r][s] - ratio base[s] over the
// baseline's mean (the delta method). A seed on which either has no value (NaN) is
// left out. The ends are NaN if there is but one run and one seed; all are NaN if the
// seeds do not match.
func (r Replicates) RatioInterval(base []float64) (ratio, lo, hi float64) {
	nan := math.NaN()
	for _, run := range r {
		if len(run) != len(base) {
			return nan, nan, nan
		}
	}
	whole := append(slices.Clone(r), base).complete()
	r, base = whole[:len(r)], whole[len(r)]
	if len(r) == 0 || len(base) == 0 {
		return nan, nan, nan
	}
	mean := stat.Mean(base, nil)
	ratio = 0
	for _, run := range r {
		ratio += stat.Mean(run, nil) / mean / float64(len(r))
	}
	residuals := make(Replicates, len(r))
	for i, run := range r {
		residuals[i] = make([]float64, len(run))
		for s, x := range run {
			residuals[i][s] = (x - ratio*base[s]) / mean
		}
	}
	_, lo, hi = residuals.Interval()
	return ratio, ratio + lo, ratio + hi
}

// Stratum is a method in one scenario: its values, and those of a baseline on the
// same seeds.
type Stratum struct {
	Runs Replicates
	Base []float64
}

// StratifiedIQM is the interquartile mean of the ratios of all training runs of all
// strata to the baseline. In a resample each stratum keeps its numbers of runs and
// of seeds, which are both drawn with replacement, so that the interval says what
// other runs on other episodes of these scenarios would come to (the crossed
// bootstrap of Owen 2007, "The pigeonhole bootstrap"). The interval is NaN unless a
// stratum has two runs or two seeds.
func StratifiedIQM(strata []Stratum) Estimate {
	var sizes []int
	for _, s := range strata {
		sizes = append(sizes, len(s.Runs), len(s.Base))
	}
	var values []float64
	return bootstrap(sizes, func(drawn [][]int) float64 {
		values = values[:0]
		for i, stratum := range strata {
			runs, seeds := drawn[2*i], drawn[2*i+1]
			base := 0.0
			for _, s := range seeds {
				base += stratum.Base[s]
			}
			for _, r := range runs {
				sum := 0.0
				for _, s := range seeds {
					sum += stratum.Runs[r][s]
				}
				values = append(values, sum/base)
			}
		}
		return IQM(values)
	})
}

// crossedEstimate estimates a statistic of the values of training runs on the same
// seeds, of which a resample draws both; a value that is NaN is left out. It is nil
// for fewer than two runs or no values.
func crossedEstimate(table Replicates, statistic func(values []float64) float64) *Estimate {
	if len(table) < 2 || len(table.defined()) == 0 {
		return nil
	}
	var values []float64
	e := bootstrap([]int{len(table), len(table[0])}, func(drawn [][]int) float64 {
		values = values[:0]
		for _, r := range drawn[0] {
			for _, s := range drawn[1] {
				if x := table[r][s]; !math.IsNaN(x) {
					values = append(values, x)
				}
			}
		}
		if len(values) == 0 {
			values = append(values, table.defined()...)
		}
		return statistic(values)
	})
	return &e
}

// defined returns the values that are not missing.
func (r Replicates) defined() []float64 {
	var out []float64
	for _, run := range r {
		out = append(out, Series(run).Defined()...)
	}
	return out
}

// complete returns the values on the seeds on which no run lacks one.
func (r Replicates) complete() Replicates {
	out := make(Replicates, len(r))
	if len(r) == 0 {
		return out
	}
	for s := range r[0] {
		missing := false
		for _, run := range r {
			missing = missing || math.IsNaN(run[s])
		}
		if missing {
			continue
		}
		for i, run := range r {
			out[i] = append(out[i], run[s])
		}
	}
	return out
}

// Replicate returns the values of a result by unit of replication: those of its
// seeds or, if these are one workload, their mean.
func (r *Result) Replicate(values Series) []float64 {
	if !r.OneWorkload {
		return values
	}
	mean, _ := values.MeanSD()
	return []float64{mean}
}
