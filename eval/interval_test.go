package eval_test

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/eval"
)

func TestMeanInterval(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name         string
		x            []float64
		mean, lo, hi float64
	}{
		// R: t.test(1:3), with qt(0.975, 2) = 4.302653.
		{"three", []float64{1, 2, 3}, 2, -0.4841377, 4.4841377},
		// R: t.test(extra ~ group, data = sleep, paired = TRUE), Student's own data.
		{"sleep", []float64{-1.2, -2.4, -1.3, -1.3, 0, -1, -1.8, -0.8, -4.6, -1.4}, -1.58, -2.4598858, -0.7001142},
		{"equal", []float64{5, 5}, 5, 5, 5},
		{"one", []float64{5}, 5, math.NaN(), math.NaN()},
		{"none", nil, math.NaN(), math.NaN(), math.NaN()},
	}
	for _, test := range tests {
		mean, lo, hi := eval.MeanInterval(test.x)
		require.InDeltaSlice(t, []float64{test.mean, test.lo, test.hi}, []float64{mean, lo, hi}, 1e-7, test.name)
	}
}

func TestSeriesJSON(t *testing.T) {
	t.Parallel()
	data, err := json.Marshal(eval.Series{1.5, math.NaN(), 0})
	require.NoError(t, err)
	require.Equal(t, "[1.5,null,0]", string(data))
	var back eval.Series
	require.NoError(t, json.Unmarshal(data, &back))
	require.InDeltaSlice(t, []float64{1.5, math.NaN(), 0}, []float64(back), 0)
}

func TestCombine(t *testing.T) {
	t.Parallel()
	result := func(target string, p99 float64, means ...float64) eval.Result {
		f := eval.Figures{Class: "all", N: 100, Failed: 1, MeanP95: p99 / 2, MeanP99: p99, PerSeed: means}
		for _, m := range means {
			f.Mean += m / float64(len(means))
		}
		return eval.Result{Target: target, Classes: eval.Classes{f}}
	}
	runs := []eval.Result{
		result("run 1", 4, 1.0, 3.0),
		result("run 2", 5, 2.0, 4.0),
		result("run 3", 6, 3.0, 5.0),
	}
	sed := result("sed", 9, 4, 8)

	g, err := eval.Combine("distr-lb", runs, &sed)
	require.NoError(t, err)
	require.Equal(t, 3, g.Runs)
	f := g.Class("all")
	require.Equal(t, []float64{2, 3, 4}, f.PerRun)
	require.EqualValues(t, 300, f.N)
	require.EqualValues(t, 3, f.Failed)
	require.Equal(t, []float64{3, 1}, []float64{f.Mean, f.SD})
	require.Equal(t, []float64{5, 1, 2.5, 0.5}, []float64{f.MeanP99, f.SDP99, f.MeanP95, f.SDP95})
	// Half the interval of the runs' means 2, 3, 4 is 2.4841377 (R, above), that of the
	// seeds' 2, 4 qt(0.975, 1) = 12.7062047; of the differences, -4, -3, -2 and -2, -4,
	// they are the same.
	half := math.Hypot(2.4841377, 12.7062047)
	require.InDelta(t, 3-half, f.Interval.Lo, 1e-6)
	require.InDelta(t, 3+half, f.Interval.Hi, 1e-6)
	require.InDelta(t, -3, f.VsSED.Diff, 1e-12)
	require.InDelta(t, -3-half, f.VsSED.Lo, 1e-6)
	require.InDelta(t, -3+half, f.VsSED.Hi, 1e-6)
	require.False(t, f.VsSED.Significant)
	require.Equal(t, 6.0, f.VsSED.Base)
	require.Nil(t, g.Class("wiki"))

	g, err = eval.Combine("distr-lb", runs[:1], &sed)
	require.NoError(t, err)
	require.Nil(t, g.Classes[0].Interval)
	require.Nil(t, g.Classes[0].VsSED)
	require.Equal(t, []float64{2, 0}, []float64{g.Classes[0].Mean, g.Classes[0].SD})

	g, err = eval.Combine("distr-lb", runs, nil)
	require.NoError(t, err)
	require.Nil(t, g.Classes[0].VsSED)

	short := result("sed", 9, 4)
	for _, fault := range []struct {
		runs     []eval.Result
		baseline *eval.Result
		want     string
	}{
		{nil, nil, "distr-lb has no runs"},
		{runs, &short, "class all: 2 seeds of distr-lb, 1 of sed"},
		{[]eval.Result{runs[0], short}, nil, "class all of distr-lb: run 1 differs from the first in its classes or number of seeds"},
		{[]eval.Result{runs[0], {}}, nil, "class all of distr-lb: run 1 differs from the first in its classes or number of seeds"},
	} {
		_, err := eval.Combine("distr-lb", fault.runs, fault.baseline)
		require.ErrorIs(t, err, eval.ErrUnmatched)
		require.ErrorContains(t, err, fault.want)
	}
}
