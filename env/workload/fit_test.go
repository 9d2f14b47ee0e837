package workload

import (
	"bufio"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// generated writes a trace of a synthetic workload, n in us of demand.
func generated(t *testing.T, a Arrivals, classes []Class, requests int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "t.tsv")
	f, err := os.Create(path)
	require.NoError(t, err)
	w := bufio.NewWriter(f)
	fmt.Fprintln(w, traceHeader)
	s := NewSynthetic(a, classes, []float64{1}, 1)
	r := Request{Demand: make([]float64, 1)}
	for range requests {
		require.NoError(t, s.Next(&r))
		fmt.Fprintf(w, "%.6f\t/%s/x?n=%.0f\n", r.Time, classes[r.Class].Name, r.Demand[0]*1e6)
	}
	require.NoError(t, w.Flush())
	require.NoError(t, f.Close())
	return path
}

func oneStage(name string, share float64, l Law) Class {
	return Class{Name: name, Share: share, Stages: []Stage{{CPU, l}}}
}

// everything is one class that takes every path.
func everything(t *testing.T) *Paths {
	t.Helper()
	p, err := NewPaths([][]string{nil})
	require.NoError(t, err)
	return p
}

// TestFitFindsArrivals: the parameters that a trace was made from come back:
// its rate to 3 %, dispersions to 15 % and those of the bursts to 25 %.
func TestFitFindsArrivals(t *testing.T) {
	t.Parallel()
	for name, a := range map[string]Arrivals{
		"poisson":  {Rate: 100},
		"web mix":  {Rate: 300, BurstFactor: 2, BurstMean: 1, CalmMean: 4},
		"spikes":   {Rate: 200, BurstFactor: 8, BurstMean: 0.3, CalmMean: 6},
		"mostly":   {Rate: 200, BurstFactor: 1.3, BurstMean: 3, CalmMean: 1},
		"no calms": {Rate: 100, BurstFactor: 4, BurstMean: 0.5, CalmMean: 1.5},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := generated(t, a, []Class{oneStage("a", 1, law(t, "deterministic", 0.001, 0))}, 250_000)
			f, err := FitTrace(path, everything(t))
			require.NoError(t, err)
			require.InEpsilon(t, a.Rate, f.Arrivals.Rate, 0.03)
			if a.BurstFactor == 0 {
				require.Zero(t, f.Arrivals.BurstFactor)
				return
			}
			require.InEpsilon(t, a.BurstFactor, f.Arrivals.BurstFactor, 0.25, "%+v", f.Arrivals)
			require.InEpsilon(t, a.BurstMean, f.Arrivals.BurstMean, 0.25, "%+v", f.Arrivals)
			require.InEpsilon(t, a.CalmMean, f.Arrivals.CalmMean, 0.25, "%+v", f.Arrivals)
			for _, s := range f.Scales {
				require.InEpsilon(t, a.dispersion(s.Window), s.Fit, 0.15, "at %g s", s.Window)
				require.InEpsilon(t, s.Trace, s.Fit, 0.05+4*math.Sqrt(2/float64(s.Windows)), "at %g s", s.Window)
			}
		})
	}
}

// TestFitFindsLaws: the law that a class's demands were drawn from comes back,
// its parameters to 6 % (those of a tail to 15 %), beside a small distance.
func TestFitFindsLaws(t *testing.T) {
	t.Parallel()
	pareto, err := NewPareto(0.02, 1.3, 300)
	require.NoError(t, err)
	classes := []Class{
		oneStage("exp", 0.2, law(t, "exponential", 0.03, 0)),
		oneStage("det", 0.1, law(t, "deterministic", 0.002, 0)),
		oneStage("log", 0.3, law(t, "log-normal", 0.05, 1.2)),
		oneStage("hyp", 0.25, law(t, "hyperexponential", 0.04, 2.5)),
		oneStage("par", 0.15, pareto),
	}
	path := generated(t, Arrivals{Rate: 500}, classes, 100_000)
	var patterns [][]string
	for _, c := range classes {
		patterns = append(patterns, []string{"/" + c.Name + "/*"})
	}
	paths, err := NewPaths(patterns)
	require.NoError(t, err)
	f, err := FitTrace(path, paths)
	require.NoError(t, err)
	require.Len(t, f.Laws, 6)
	require.Zero(t, f.Laws[5].Values, "nothing matched no class")
	for k, want := range []LawFit{
		{Name: "exponential", Mean: 30_000}, {Name: "deterministic", Mean: 2000}, {Name: "log-normal", Mean: 50_000, CV: 1.2},
		{Name: "hyperexponential", Mean: 40_000, CV: 2.5}, {Name: "pareto", Mean: 20_000, Shape: 1.3, Max: 300},
	} {
		got := f.Laws[k]
		require.Equal(t, want.Name, got.Name)
		require.InDelta(t, classes[k].Share, float64(f.Summary.Classes[k].Requests)/100_000, 0.01)
		require.InDelta(t, want.Mean, got.Mean, 0.06*want.Mean, want.Name)
		require.InDelta(t, want.CV, got.CV, 0.06*want.CV, want.Name)
		require.InDelta(t, want.Shape, got.Shape, 0.15*want.Shape, want.Name)
		require.LessOrEqual(t, got.Max, 1.1*want.Max, "%s: the trace's own largest", want.Name)
		require.Less(t, got.KS, 0.03, want.Name)
	}
}

// TestFitSaysWhenItIsBad: two sizes far apart are like no law.
func TestFitSaysWhenItIsBad(t *testing.T) {
	t.Parallel()
	rng, values := rand.New(rand.NewPCG(1, 1)), make([]float64, 4000)
	for i := range values {
		values[i] = float64(1000 * (1 + 9*rng.IntN(2)))
	}
	two := fitLaw(values, 5500)
	require.Greater(t, two.KS, 0.15)
	require.NotNil(t, two.Mixture)
	require.Less(t, two.Mixture.KS, 0.08)
	equal := []float64{0, 0, 2000, 5000}
	require.Equal(t, 1000.0, fitLaw(equal, 1750).Unit)
	require.Equal(t, []float64{125, 375, 2000, 5000}, equal)
	// An exponential in whole milliseconds, a third of a mean, is one still.
	for i := range values {
		values[i] = 1000 * math.Round(3*rng.ExpFloat64())
	}
	rounded := fitLaw(values, 3000)
	require.Equal(t, "exponential", rounded.Name)
	require.Less(t, rounded.KS, 0.03)
	require.Equal(t, LawFit{Name: "exponential", Mean: 7}, fitLaw(nil, 7))
}

// TestFitMixture: of two log-normals the parameters come back to 3 %; values that a
// single law is near to have no mixture.
func TestFitMixture(t *testing.T) {
	t.Parallel()
	parts := []Part{{Share: 0.3, Mean: 2000, CV: 0.3}, {Share: 0.7, Mean: 60_000, CV: 0.8}}
	law, err := NewMixture(42_600, parts)
	require.NoError(t, err)
	rng := rand.New(rand.NewPCG(1, 1))
	values := make([]float64, maxFitted)
	sum := 0.0
	for i := range values {
		values[i] = math.Round(law.Draw(rng))
		sum += values[i]
	}
	f := fitLaw(values, sum/float64(len(values)))
	require.Greater(t, f.KS, 0.05)
	require.NotNil(t, f.Mixture)
	require.Less(t, f.Mixture.KS, 0.01)
	for k, want := range parts {
		got := f.Mixture.Parts[k]
		require.InEpsilon(t, want.Share, got.Share, 0.03)
		require.InEpsilon(t, want.Mean, got.Mean, 0.03)
		require.InEpsilon(t, want.CV, got.CV, 0.03)
	}
	for i := range values {
		values[i] = rng.ExpFloat64() * 1e6
	}
	require.Nil(t, fitLaw(values, 1e6).Mixture)
}

// TestMixture: shares, means and deviations of the parts, and the mean of all.
func TestMixture(t *testing.T) {
	t.Parallel()
	law, err := NewMixture(0.05, []Part{{Share: 0.25, Mean: 1}, {Share: 0.75, Mean: 100, CV: 0.5}})
	require.NoError(t, err)
	rng := rand.New(rand.NewPCG(1, 2))
	var all, large moments
	short := 0.05 / 75.25
	for range 200_000 {
		x := law.Draw(rng)
		all.add(x)
		if math.Abs(x-short) > 1e-12 {
			large.add(x)
		}
	}
	require.InEpsilon(t, 0.05, all.mean, 0.01)
	require.InDelta(t, 0.75, large.n/all.n, 0.005)
	require.InEpsilon(t, 100*short, large.mean, 0.01)
	require.InEpsilon(t, 0.5, large.cv(), 0.01)
	require.Equal(t, 0.05, law.Mean())
}

func TestFitRefuses(t *testing.T) {
	t.Parallel()
	path := textFile(t, "0\t/", "1\t/")
	_, err := FitTrace(path, everything(t))
	require.EqualError(t, err, path+": a fit needs at least 100 requests, not all at once")
	require.ErrorAs(t, err, new(*TraceError))
}

// TestPeakRateOfTheLastSecond: the busiest second may be the one that the trace
// ends in.
func TestPeakRateOfTheLastSecond(t *testing.T) {
	t.Parallel()
	for _, lines := range [][]string{{"0\t/", "1.1\t/", "1.2\t/", "1.3\t/"}, {"0\t/", "0.1\t/", "0.2\t/"}, {"0\t/", "0.1\t/", "0.2\t/", "1\t/", "1.5\t/"}} {
		s, err := SummariseTrace(textFile(t, lines...), nil)
		require.NoError(t, err)
		require.Equal(t, 3.0, s.PeakRate)
	}
}

// TestSummariseTrace: by hand; a long silence costs nothing.
func TestSummariseTrace(t *testing.T) {
	t.Parallel()
	path := textFile(t, "0\t/a?n=1", "0.5\t/b", "1e9\t/a?n=3", "1e9\t/c?n=5")
	paths, err := NewPaths([][]string{{"/a"}, {"/b"}})
	require.NoError(t, err)
	s, err := SummariseTrace(path, paths)
	require.NoError(t, err)
	require.Equal(t, 3, s.WithN)
	require.Equal(t, 3.0, s.MeanN)
	require.Equal(t, 2.0, s.PeakRate)
	require.Equal(t, []ClassSummary{
		{Requests: 2, Rate: 2e-9, WithN: 2, MeanN: 2, CVN: math.Sqrt2 / 2, MaxN: 3},
		{Requests: 1, Rate: 1e-9},
		{Requests: 1, Rate: 1e-9, WithN: 1, MeanN: 5, MaxN: 5},
	}, s.Classes)
}
