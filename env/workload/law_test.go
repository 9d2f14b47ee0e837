package workload

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/stat"
)

// TestLawMoments samples each law's mean and coefficient of variation. The
// margins are four standard errors, that of the variance by the law's fourth
// moment from the sample.
func TestLawMoments(t *testing.T) {
	t.Parallel()
	const draws = 100_000
	for _, test := range []struct {
		name         string
		mean, cv, is float64 // is: the coefficient of variation that comes out
	}{
		{"exponential", 2.5, 0, 1},
		{"deterministic", 2.5, 0, 0},
		{"log-normal", 0.055, 1, 1},
		{"log-normal", 3, 0.2, 0.2},
		{"hyperexponential", 1, 1, 1},
		{"hyperexponential", 0.4, 2.5, 2.5},
		{"exponential", 0, 0, 0},
		{"log-normal", 0, 2, 0},
	} {
		law, err := NewLaw(test.name, test.mean, test.cv)
		require.NoError(t, err)
		require.Equal(t, test.mean, law.Mean())
		rng := rand.New(rand.NewPCG(1, 7))
		xs, squares := make([]float64, draws), make([]float64, draws)
		for i := range xs {
			xs[i] = law.Draw(rng)
			if xs[i] < 0 {
				t.Fatalf("%+v draws %g", test, xs[i])
			}
			squares[i] = (xs[i] - test.mean) * (xs[i] - test.mean)
		}
		mean, sd := stat.MeanStdDev(xs, nil)
		require.InDelta(t, test.mean, mean, 4*sd/math.Sqrt(draws)+1e-12, "mean of %+v", test)
		variance, spread := stat.MeanStdDev(squares, nil)
		want := test.is * test.is * test.mean * test.mean
		require.InDelta(t, want, variance, 4*spread/math.Sqrt(draws)+1e-12, "variance of %+v", test)
	}
}

// TestLawMedians tells the laws apart where their first two moments do not:
// the median of the exponential is mean log 2, of the log-normal mean /
// sqrt(1 + cv^2), and of the hyperexponential what solves its mixture.
func TestLawMedians(t *testing.T) {
	t.Parallel()
	const draws, cv = 100_000, 2.0
	p := (1 + math.Sqrt((cv*cv-1)/(cv*cv+1))) / 2
	below := func(x float64) float64 { return 1 - p*math.Exp(-2*p*x) - (1-p)*math.Exp(-2*(1-p)*x) }
	for _, test := range []struct {
		name   string
		cv     float64
		median func() float64
	}{
		{"exponential", 0, func() float64 { return math.Ln2 }},
		{"log-normal", cv, func() float64 { return 1 / math.Sqrt(1+cv*cv) }},
		{"hyperexponential", cv, func() float64 {
			low, high := 0.0, 5.0
			for range 60 {
				if mid := (low + high) / 2; below(mid) < 0.5 {
					low = mid
				} else {
					high = mid
				}
			}
			return low
		}},
	} {
		law, err := NewLaw(test.name, 1, test.cv)
		require.NoError(t, err)
		median := test.median()
		rng := rand.New(rand.NewPCG(2, 7))
		count := 0.0
		for range draws {
			if law.Draw(rng) < median {
				count++
			}
		}
		require.InDelta(t, 0.5, count/draws, 4*0.5/math.Sqrt(draws), test.name)
	}
}

func TestNewLawRefuses(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name     string
		mean, cv float64
		want     string
	}{
		{"weibull", 1, 0, `unknown law "weibull" (known: exponential, deterministic, log-normal, hyperexponential, pareto, mixture, trace)`},
		{"pareto", 1, 0, "law pareto is not made from a mean and a cv"},
		{"exponential", -1, 0, "mean -1: must be in [0, 1e+06]"},
		{"exponential", math.NaN(), 0, "mean NaN"},
		{"deterministic", math.Inf(1), 0, "mean +Inf"},
		{"exponential", 1, 0.5, "cv 0.5: a demand of law exponential has none to set"},
		{"log-normal", 1, 0, "cv 0: must be in (0, 100] for law log-normal"},
		{"log-normal", 1, math.NaN(), "cv NaN"},
		{"hyperexponential", 1, 0.9, "cv 0.9: must be in [1, 100] for law hyperexponential"},
	} {
		_, err := NewLaw(test.name, test.mean, test.cv)
		require.ErrorContains(t, err, test.want)
	}
	for _, name := range LawNames() {
		_, err := NewLaw(name, 1, math.NaN())
		require.Error(t, err, name)
	}
}
