package eval

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/stat"
)

// TestIntervalOfOneSource: with a single run, or a single seed, it is Student's.
func TestIntervalOfOneSource(t *testing.T) {
	t.Parallel()
	values := []float64{3, 1, 4, 1.5, 9}
	mean, lo, hi := MeanInterval(values)
	var byRun Replicates
	for _, x := range values {
		byRun = append(byRun, []float64{x})
	}
	for _, r := range []Replicates{{values}, byRun} {
		gotMean, gotLo, gotHi := r.Interval()
		require.InDeltaSlice(t, []float64{mean, lo, hi}, []float64{gotMean, gotLo, gotHi}, 1e-12)
	}
	_, lo, hi = Replicates{{2}}.Interval()
	require.True(t, math.IsNaN(lo) && math.IsNaN(hi))
	mean, _, _ = Replicates{{1, 2}, {3}}.Interval()
	require.True(t, math.IsNaN(mean), "ragged")
}

// crossed draws values of runs and seeds that both have an effect.
func crossed(rng *rand.Rand, runs, seeds int, run, seed, rest float64) (Replicates, []float64) {
	bySeed := make([]float64, seeds)
	for s := range bySeed {
		bySeed[s] = seed * rng.NormFloat64()
	}
	table := make(Replicates, runs)
	for r := range table {
		table[r] = make([]float64, seeds)
		byRun := run * rng.NormFloat64()
		for s := range table[r] {
			table[r][s] = 10 + byRun + bySeed[s] + rest*rng.NormFloat64()
		}
	}
	return table, bySeed
}

// TestIntervalHolds: the interval holds the mean of all runs and seeds in about 95 %
// of cases or somewhat more, whichever source is the larger; one over a single source
// does not.
func TestIntervalHolds(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 2))
	const trials = 2000
	for _, sd := range []struct {
		runs            int
		run, seed, rest float64
	}{{5, 1, 0.1, 0.3}, {5, 0.1, 1, 0.3}, {5, 0.5, 1, 0.5}, {5, 0.3, 0.3, 1}, {2, 1, 1, 0.5}, {2, 0.3, 1, 0.3}} {
		held, ofRuns := 0, 0
		for range trials {
			table, _ := crossed(rng, sd.runs, 20, sd.run, sd.seed, sd.rest)
			if _, lo, hi := table.Interval(); lo <= 10 && 10 <= hi {
				held++
			}
			var means []float64
			for _, run := range table {
				means = append(means, stat.Mean(run, nil))
			}
			if _, lo, hi := MeanInterval(means); lo <= 10 && 10 <= hi {
				ofRuns++
			}
		}
		require.GreaterOrEqual(t, float64(held)/trials, 0.94, sd)
		if sd.seed > 5*sd.run {
			require.Less(t, float64(ofRuns)/trials, 0.85, sd)
		}
	}
}

// TestRatioIntervalHolds: of a ratio to a baseline on the same seeds, whose effect
// both share.
func TestRatioIntervalHolds(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(3, 4))
	const trials = 2000
	held, width := 0, 0.0
	for range trials {
		table, bySeed := crossed(rng, 5, 20, 0.2, 1, 0.3)
		base := make([]float64, len(bySeed))
		for s := range base {
			base[s] = 10 + bySeed[s] + 0.3*rng.NormFloat64()
		}
		for _, run := range table {
			for s := range run {
				run[s] *= 0.8
			}
		}
		ratio, lo, hi := table.RatioInterval(base)
		require.InDelta(t, 0.8, ratio, 0.1)
		width += hi - lo
		if lo <= 0.8 && 0.8 <= hi {
			held++
		}
	}
	require.InDelta(t, 0.965, float64(held)/trials, 0.02)
	require.Less(t, width/trials, 0.05, "paired: the seeds' effect on both is out")
	ratio, _, _ := Replicates{{1, 2}}.RatioInterval([]float64{1})
	require.True(t, math.IsNaN(ratio))

	nan := math.NaN()
	ratio, lo, hi := Replicates{{1, nan, 4, 9}, {3, 7, 4, 9}}.RatioInterval([]float64{1, 1, 3, nan})
	require.Equal(t, 1.5, ratio, "of the seeds on which all have a value")
	want, wantLo, wantHi := Replicates{{1, 4}, {3, 4}}.RatioInterval([]float64{1, 3})
	require.Equal(t, []float64{want, wantLo, wantHi}, []float64{ratio, lo, hi})
}

// TestStratifiedIQMDrawsSeeds: the interval has the seeds' chance too.
func TestStratifiedIQMDrawsSeeds(t *testing.T) {
	t.Parallel()
	e := StratifiedIQM([]Stratum{{Replicates{{1, 3}, {1, 3}}, []float64{1, 1}}})
	require.Equal(t, Estimate{2, 1, 3}, e)
	e = StratifiedIQM([]Stratum{{Replicates{{2, 6}, {2, 6}}, []float64{1, 3}}})
	require.Equal(t, Estimate{2, 2, 2}, e, "paired with the baseline's")
}

// TestGroupHasBothSources: the interval of a group is wider than that over its runs
// where seeds differ; of one workload it is that over runs.
func TestGroupHasBothSources(t *testing.T) {
	t.Parallel()
	made := func(values ...float64) Result {
		mean, sd := Series(values).MeanSD()
		return Result{Recipe: "r", Classes: Classes{{Class: AllClasses, N: 1, Mean: mean, SD: sd, PerSeed: values}}}
	}
	runs := []Result{made(1, 2, 6), made(1.2, 2.2, 6.2), made(0.8, 1.8, 5.8)}
	base := made(2, 3, 7)
	base.Target = DefaultBaseline
	g, err := Combine("r", runs, &base)
	require.NoError(t, err)
	_, lo, hi := Replicates{{1, 2, 6}, {1.2, 2.2, 6.2}, {0.8, 1.8, 5.8}}.Interval()
	f := g.Class(AllClasses)
	require.InDelta(t, lo, f.Interval.Lo, 1e-12)
	require.InDelta(t, hi, f.Interval.Hi, 1e-12)
	require.Less(t, f.IQM.Lo, 1.5)
	require.InDelta(t, -1, f.VsSED.Diff, 1e-12)
	require.True(t, f.VsSED.Significant, "all seeds differ alike")

	for i := range runs {
		runs[i].SetOneWorkload()
	}
	g, err = Combine("r", runs, &base)
	require.NoError(t, err)
	_, lo, hi = MeanInterval([]float64{3, 3.2, 2.8})
	f = g.Class(AllClasses)
	require.InDelta(t, lo, f.Interval.Lo, 1e-12)
	require.InDelta(t, hi, f.Interval.Hi, 1e-12)

	missing := []Result{made(1, math.NaN(), 5), made(2, 3, 6)}
	g, err = Combine("r", missing, &base)
	require.NoError(t, err)
	require.False(t, math.IsNaN(g.Classes[0].Interval.Lo))
	require.False(t, math.IsNaN(g.Classes[0].IQM.Lo))
	require.False(t, math.IsNaN(g.Classes[0].VsSED.Lo))
}
