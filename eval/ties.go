package eval

import (
	"math"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// TieLevel is the level of the tests of Tied and PairedRatio.
const TieLevel = 0.05

// Replicates are the values of one method under one statistic, such as the mean
// completion time: by training run, of which a heuristic has one, and by
// evaluation seed. Methods are compared on the same evaluation seeds.
type Replicates [][]float64

// Tied reports whether the means of two methods do not differ significantly. It
// answers false unless both have values of the same two or more evaluation seeds.
func Tied(a, b Replicates) bool {
	mean, half, ok := difference(a, b, func(x float64) float64 { return x })
	return ok && math.Abs(mean) <= half
}

// PairedRatio returns the geometric mean over evaluation seeds of a over b, and
// whether it is significantly not 1. Unlike the ratio of the means it does not
// follow the few seeds in which the servers were overloaded. ok is false unless
// both have positive values of the same two or more evaluation seeds.
func PairedRatio(a, b Replicates) (ratio float64, significant, ok bool) {
	mean, half, ok := difference(a, b, math.Log)
	return math.Exp(mean), math.Abs(mean) > half, ok && !math.IsNaN(mean) && !math.IsInf(mean, 0)
}

// difference returns the mean difference of two methods on some scale and half
// its Welch interval. The variance is that of the differences on the evaluation
// seeds, which both methods share, and of the means of each one's training runs,
// which they do not.
func difference(a, b Replicates, scale func(float64) float64) (mean, half float64, ok bool) {
	runsA, seedsA := a.marginalMeans(scale)
	runsB, seedsB := b.marginalMeans(scale)
	if len(seedsA) < 2 || len(seedsA) != len(seedsB) {
		return 0, 0, false
	}
	differences := make([]float64, len(seedsA))
	for s := range differences {
		differences[s] = seedsA[s] - seedsB[s]
	}
	var variance, denominator float64 // denominator: of Welch's and Satterthwaite's degrees of freedom
	for _, sample := range [][]float64{differences, runsA, runsB} {
		if n := float64(len(sample)); n > 1 {
			v := stat.Variance(sample, nil) / n
			variance += v
			denominator += v * v / (n - 1)
		}
	}
	mean = stat.Mean(differences, nil)
	if variance == 0 {
		return mean, 0, true
	}
	t := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: variance * variance / denominator}
	return mean, t.Quantile(1-TieLevel/2) * math.Sqrt(variance), true
}

// marginalMeans returns, on a scale, the mean of each training run over
// evaluation seeds, and of each evaluation seed over training runs; nothing if
// the runs are not of equally many seeds.
func (r Replicates) marginalMeans(scale func(float64) float64) (runs, seeds []float64) {
	for _, run := range r {
		if seeds == nil {
			seeds = make([]float64, len(run))
		}
		if len(run) != len(seeds) {
			return nil, nil
		}
		sum := 0.0
		for s, value := range run {
			seeds[s] += scale(value) / float64(len(r))
			sum += scale(value)
		}
		runs = append(runs, sum/float64(len(run)))
	}
	return runs, seeds
}
