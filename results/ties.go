package results

import (
	"math"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// tieLevel is the level of the tests between cells.
const tieLevel = 0.05

// tied reports whether the means of two cells do not differ significantly. It
// answers false where Runs do not say.
func tied(a, b Value) bool {
	mean, half, ok := difference(a, b, func(x float64) float64 { return x })
	return ok && math.Abs(mean) <= half
}

// pairedRatio returns the geometric mean over evaluation seeds of a over b, and
// whether it is significantly not 1. Unlike the ratio of the means it is not
// that of the few seeds in which the servers were overloaded. ok is false where
// Runs do not say.
func pairedRatio(a, b Value) (ratio float64, significant, ok bool) {
	mean, half, ok := difference(a, b, math.Log)
	return math.Exp(mean), math.Abs(mean) > half, ok && !math.IsNaN(mean) && !math.IsInf(mean, 0)
}

// difference returns the mean difference of two cells on some scale and half
// its Welch interval. The variance is that of the differences on the evaluation
// seeds, which both cells share, and of the means of each one's training runs,
// which they do not.
func difference(a, b Value, scale func(float64) float64) (mean, half float64, ok bool) {
	runsA, seedsA := a.bySeed(scale)
	runsB, seedsB := b.bySeed(scale)
	if len(seedsA) < 2 || len(seedsA) != len(seedsB) {
		return 0, 0, false
	}
	differences := make([]float64, len(seedsA))
	for s := range differences {
		differences[s] = seedsA[s] - seedsB[s]
	}
	var variance, spread float64 // spread: of Welch and Satterthwaite
	for _, sample := range [][]float64{differences, runsA, runsB} {
		if n := float64(len(sample)); n > 1 {
			v := stat.Variance(sample, nil) / n
			variance += v
			spread += v * v / (n - 1)
		}
	}
	mean = stat.Mean(differences, nil)
	if variance == 0 {
		return mean, 0, true
	}
	t := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: variance * variance / spread}
	return mean, t.Quantile(1-tieLevel/2) * math.Sqrt(variance), true
}

// bySeed returns, on a scale, the mean of each training run over evaluation
// seeds, and of each evaluation seed over training runs.
func (v Value) bySeed(scale func(float64) float64) (runs, seeds []float64) {
	for _, run := range v.Runs {
		if seeds == nil {
			seeds = make([]float64, len(run))
		}
		if len(run) != len(seeds) {
			return nil, nil
		}
		sum := 0.0
		for s, value := range run {
			seeds[s] += scale(value) / float64(len(v.Runs))
			sum += scale(value)
		}
		runs = append(runs, sum/float64(len(run)))
	}
	return runs, seeds
}
