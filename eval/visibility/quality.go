package visibility

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"
)

// Quality says how well something that is believed of servers agrees with the truth. A
// value that does not exist is NaN, as the correlation with what never changes.
type Quality struct {
	RMSE     float64 // over all servers and moments, in the unit of the load
	Relative float64 // RMSE over the standard deviation of the load of a server; 1: as good as to know each server's mean
	Spearman float64 // over time, the mean of the servers: is the server more loaded than at other times?
	Across   float64 // over the servers, the mean of the moments: which server is more loaded than others now?
}

// Compare compares what is believed with the truth, both by server and moment. Moments at
// which something is not known of a server (NaN) are left out for all of them.
func Compare(truth, believed [][]float64) Quality {
	truth, believed = bothKnown(truth, believed)
	q := Quality{RMSE: math.NaN(), Relative: math.NaN(), Spearman: math.NaN(), Across: math.NaN()}
	if len(truth) == 0 || len(truth[0]) == 0 {
		return q
	}
	squares, spread, moments := 0.0, 0.0, float64(len(truth[0]))
	var overTime, across []float64
	for j := range truth {
		for k, x := range truth[j] {
			d := believed[j][k] - x
			squares += d * d
		}
		_, variance := stat.PopMeanVariance(truth[j], nil)
		spread += variance * moments
		overTime = appendKnown(overTime, Spearman(truth[j], believed[j]))
	}
	q.RMSE = math.Sqrt(squares / (moments * float64(len(truth))))
	if spread > 0 {
		q.Relative = math.Sqrt(squares / spread)
	}
	x, y := make([]float64, len(truth)), make([]float64, len(truth))
	for k := range truth[0] {
		for j := range truth {
			x[j], y[j] = truth[j][k], believed[j][k]
		}
		across = appendKnown(across, Spearman(x, y))
	}
	q.Spearman, q.Across = mean(overTime), mean(across)
	return q
}

// bothKnown returns the moments at which both are known of all servers.
func bothKnown(a, b [][]float64) (x, y [][]float64) {
	x, y = make([][]float64, len(a)), make([][]float64, len(a))
	if len(a) == 0 {
		return x, y
	}
	for k := range a[0] {
		known := true
		for j := range a {
			known = known && !math.IsNaN(a[j][k]) && !math.IsNaN(b[j][k])
		}
		if !known {
			continue
		}
		for j := range a {
			x[j], y[j] = append(x[j], a[j][k]), append(y[j], b[j][k])
		}
	}
	return x, y
}

func appendKnown(list []float64, x float64) []float64 {
	if math.IsNaN(x) {
		return list
	}
	return append(list, x)
}

// mean is NaN of none.
func mean(x []float64) float64 {
	if len(x) == 0 {
		return math.NaN()
	}
	return stat.Mean(x, nil)
}

// Spearman returns Spearman's rank correlation of pairs of numbers: Pearson's of their
// ranks, equal numbers having the mean of the ranks that they take together. It is NaN
// where all numbers of a side are equal.
func Spearman(x, y []float64) float64 {
	if len(x) < 2 {
		return math.NaN()
	}
	if slices.Min(x) == slices.Max(x) || slices.Min(y) == slices.Max(y) {
		return math.NaN()
	}
	return stat.Correlation(Ranks(x), Ranks(y), nil)
}

// Ranks returns the rank of each number among all, from 1; equal numbers have the mean of
// the ranks that they take together.
func Ranks(x []float64) []float64 {
	order := make([]int, len(x))
	for k := range order {
		order[k] = k
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(x[a], x[b]) })
	ranks := make([]float64, len(x))
	for begin := 0; begin < len(order); {
		end := begin + 1
		for end < len(order) && x[order[end]] == x[order[begin]] {
			end++
		}
		for _, k := range order[begin:end] {
			ranks[k] = float64(begin+1+end) / 2
		}
		begin = end
	}
	return ranks
}
