package rewards_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"fairlb/rewards"
)

func reward(t require.TestingT, name string) rewards.Reward {
	r, err := rewards.New(name)
	require.NoError(t, err)
	return r
}

// loads draws a load vector of n servers in seconds.
func loads(n int) *rapid.Generator[[]float64] {
	return rapid.SliceOfN(rapid.Float64Range(0, 100), n, n)
}

func TestValues(t *testing.T) {
	t.Parallel()
	// l = (1, 2, 3): mean 2, variance 2/3, max 3, product 6.
	l := []float64{1, 2, 3}
	zeros := []float64{0, 0, 0}
	logVar, logLoad := -math.Log(rewards.VarEpsilon), -math.Log(rewards.LoadEpsilon)
	tests := []struct {
		name          string
		load, ongoing []float64
		want          float64
	}{
		{"vbf", l, nil, -2.0 / 3},
		{"logvbf", l, nil, -math.Log(2.0/3 + 1e-6)},
		{"vbf+logvbf", l, nil, -2.0/3 - math.Log(2.0/3+1e-6)},
		{"pbf", l, nil, 6.0 / 27},
		{"g", l, nil, 6.0 / 27},
		{"jain", l, nil, 36.0 / 42},
		{"cv", l, nil, -math.Sqrt(2.0/3) / 2},
		{"ms", l, nil, -3},
		{"logms", l, nil, -math.Log(3.001)},
		{"ongoing", nil, []float64{4, 0, 2}, -6},
		{"ongoing", l, []float64{4, 0, 2}, -6},

		{"vbf", zeros, nil, 0},
		{"logvbf", zeros, nil, logVar},
		{"vbf+logvbf", zeros, nil, logVar},
		{"pbf", zeros, nil, 1},
		{"jain", zeros, nil, 1},
		{"cv", zeros, nil, 0},
		{"ms", zeros, nil, 0},
		{"logms", zeros, nil, logLoad},
		{"ongoing", zeros, zeros, 0},

		{"vbf", []float64{7}, nil, 0},
		{"pbf", []float64{7}, nil, 1},
		{"jain", []float64{7}, nil, 1},
		{"cv", []float64{7}, nil, 0},
		{"ms", []float64{7}, nil, -7},

		{"vbf", nil, nil, 0},
		{"pbf", nil, nil, 1},
		{"jain", nil, nil, 1},
		{"cv", nil, nil, 0},
		{"logms", nil, nil, logLoad},
		{"ongoing", nil, nil, 0},

		// One server holds all: Jain and CV at their minima.
		{"pbf", []float64{5, 0, 0, 0}, nil, 0},
		{"jain", []float64{5, 0, 0, 0}, nil, 0.25},
		{"cv", []float64{5, 0, 0, 0}, nil, -math.Sqrt(3)},

		// What is no load counts as none, what is too large as MaxLoad.
		{"ms", []float64{-3, math.NaN(), 2}, nil, -2},
		{"ms", []float64{math.Inf(1), 1}, nil, -rewards.MaxLoad},
		{"ongoing", nil, []float64{-3, math.NaN(), 2}, -2},
		{"cv", []float64{0, 5e-324}, nil, -1},
		{"jain", []float64{0, 5e-324}, nil, 0.5},
	}
	for _, test := range tests {
		got := reward(t, test.name).Of(test.load, test.ongoing)
		require.InDeltaf(t, test.want, got, 1e-12, "%s of %v, %v", test.name, test.load, test.ongoing)
	}
}

func TestByServer(t *testing.T) {
	t.Parallel()
	l, q := []float64{1, 2, 3}, []float64{4, 0, 2}
	dst := make([]float64, 3)

	require.InDelta(t, -2.0/3, reward(t, "vbf").ByServer(dst, l, q), 1e-15)
	require.InDeltaSlice(t, []float64{-1.0 / 3, 0, -1.0 / 3}, dst, 1e-15)
	require.Equal(t, -6.0, reward(t, "ongoing").ByServer(dst, l, q))
	require.Equal(t, []float64{-4, 0, -2}, dst)
	require.Equal(t, -3.0, reward(t, "ms").ByServer(dst, l, q))
	require.Equal(t, []float64{-1, -1, -1}, dst)
}

func TestByServerSumsToOf(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r := reward(t, rapid.SampledFrom(rewards.Names()).Draw(t, "reward")).
			WithCredit(rapid.SampledFrom(rewards.Credits()).Draw(t, "credit"))
		n := rapid.IntRange(1, 150).Draw(t, "n")
		l, q := loads(n).Draw(t, "l"), loads(n).Draw(t, "q")
		dst := make([]float64, n)
		whole := r.ByServer(dst, l, q)
		require.Equal(t, r.Of(l, q), whole)
		sum := 0.0
		for _, part := range dst {
			sum += part
		}
		require.InDelta(t, whole, sum, 1e-9*(1+math.Abs(whole)))
	})
}

func TestNames(t *testing.T) {
	t.Parallel()
	want := []string{"vbf", "logvbf", "vbf+logvbf", "pbf", "jain", "cv", "ms", "logms", "ongoing"}
	require.Equal(t, want, rewards.Names())
	for _, name := range want {
		require.Equal(t, name, reward(t, name).Name())
		require.Equal(t, name == "vbf" || name == "ongoing", reward(t, name).Additive(), name)
	}
	require.Equal(t, "vbf+logvbf", reward(t, "VBF+logVBF").Name())
	require.Equal(t, "pbf", reward(t, "G").Name())

	_, err := rewards.New("fair")
	require.ErrorIs(t, err, rewards.ErrUnknown)
	require.EqualError(t, err, `rewards: unknown reward "fair" (want one of `+
		`vbf, logvbf, vbf+logvbf, pbf, jain, cv, ms, logms, ongoing, or g for pbf)`)
}

func TestPanicsOnProgrammersFaults(t *testing.T) {
	t.Parallel()
	require.Panics(t, func() { rewards.Reward{}.Of([]float64{1}, nil) })
	require.Panics(t, func() { rewards.Reward{}.Name() })
	require.Panics(t, func() { rewards.Reward{}.Additive() })
	require.Panics(t, func() { reward(t, "vbf").ByServer(make([]float64, 2), []float64{1}, []float64{1}) })
	require.Panics(t, func() { reward(t, "ongoing").ByServer(make([]float64, 2), make([]float64, 2), nil) })
}

func TestNoAllocation(t *testing.T) {
	l, q := []float64{3, 1, 2, 0}, []float64{1, 0, 2, 5}
	dst := make([]float64, len(l))
	for _, name := range rewards.Names() {
		r := reward(t, name)
		for _, credit := range rewards.Credits() {
			r := r.WithCredit(credit)
			require.Zero(t, testing.AllocsPerRun(100, func() { r.ByServer(dst, l, q) }), "%s, %s", name, credit)
		}
	}
}
