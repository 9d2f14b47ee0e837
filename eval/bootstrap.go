package eval

import (
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/stat"

	"fairlb/env"
)

// Estimate is a figure and its 95 % bootstrap interval.
type Estimate struct {
	Value float64 `json:"value"`
	Lo    float64 `json:"lo"`
	Hi    float64 `json:"hi"`
}

// resamples is the number of bootstrap resamples. The ends of a 95 % interval are the
// 51st least and the 51st greatest of them.
const resamples = 2000

// trimmed is the part of the values that IQM leaves out at each end.
const trimmed = 0.25

// IQM is the interquartile mean: the mean of what remains of the values after
// the floor(n/4) least and the floor(n/4) greatest are left out (Agarwal et al.
// 2021, "Deep Reinforcement Learning at the Edge of the Statistical Precipice").
// It is NaN of no values.
func IQM(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	cut := int(trimmed * float64(len(sorted)))
	return stat.Mean(sorted[cut:len(sorted)-cut], nil)
}

// improvement is the probability of improvement: the part of the pairs (x, y), given
// by their differences x - y, in which x is less than y, equals counting half.
func improvement(diffs []float64) float64 {
	sum := 0.0
	for _, d := range diffs {
		switch {
		case d < 0:
			sum++
		case d == 0:
			sum += 0.5
		}
	}
	return sum / float64(len(diffs))
}

// clusterEstimate estimates a statistic of values that come in clusters: a resample
// draws whole clusters. It is nil for fewer than two clusters or no values.
func clusterEstimate(clusters [][]float64, statistic func(values []float64) float64) *Estimate {
	if len(clusters) < 2 || len(slices.Concat(clusters...)) == 0 {
		return nil
	}
	var values []float64
	e := bootstrap([]int{len(clusters)}, func(drawn [][]int) float64 {
		values = values[:0]
		for _, k := range drawn[0] {
			values = append(values, clusters[k]...)
		}
		return statistic(values)
	})
	return &e
}

// bootstrap estimates a statistic of units that are in strata of the given sizes. It
// calls statistic with the indices, by stratum, of the units that are drawn: all of
// them for the value, and for each resample as many with replacement. The draws
// depend on the sizes alone, not on the values.
func bootstrap(sizes []int, statistic func(drawn [][]int) float64) Estimate {
	drawn := make([][]int, len(sizes))
	varied := false
	for i, n := range sizes {
		drawn[i] = make([]int, n)
		for k := range drawn[i] {
			drawn[i][k] = k
		}
		varied = varied || n > 1
	}
	e := Estimate{Value: statistic(drawn), Lo: math.NaN(), Hi: math.NaN()}
	if !varied {
		return e
	}
	rng := rand.New(env.Stream(0, "bootstrap"))
	found := make([]float64, resamples)
	for r := range found {
		for i, n := range sizes {
			if n == 1 {
				continue // there is nothing to draw, and no number is spent on it
			}
			for k := range drawn[i] {
				drawn[i][k] = rng.IntN(n)
			}
		}
		found[r] = statistic(drawn)
	}
	slices.Sort(found)
	tail := int((1 - Confidence) / 2 * resamples)
	e.Lo, e.Hi = found[tail], found[resamples-1-tail]
	return e
}

// singletons makes every value a cluster of its own.
func singletons(values []float64) [][]float64 {
	out := make([][]float64, len(values))
	for i := range values {
		out[i] = values[i : i+1]
	}
	return out
}
