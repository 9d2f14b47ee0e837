package rewards_test

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	_ "fairlb/env/propertytest"
	"fairlb/rewards"
)

// parts returns what servers have of a reward under a credit, and the whole.
func parts(t require.TestingT, name string, credit rewards.Credit, load []float64) (list []float64, whole float64) {
	list = make([]float64, len(load))
	whole = reward(t, name).WithCredit(credit).ByServer(list, load, load)
	return list, whole
}

// shapley computes Shapley values by their definition: the mean over all orders of
// what each server changes. value is that of the servers that are in.
func shapley(n int, value func(in []bool) float64) []float64 {
	out, in, orders := make([]float64, n), make([]bool, n), 0.0
	var visit func(added []int, changes []float64)
	visit = func(added []int, changes []float64) {
		if len(added) == n {
			orders++
			for k, j := range added {
				out[j] += changes[k]
			}
			return
		}
		before := value(in)
		for j := range n {
			if !in[j] {
				in[j] = true
				visit(append(added, j), append(changes, value(in)-before))
				in[j] = false
			}
		}
	}
	visit(nil, nil)
	for j := range out {
		out[j] /= orders
	}
	return out
}

// TestServerCreditIsShapley: ms and logms give each server its Shapley value and
// an equal part of the reward of no servers.
func TestServerCreditIsShapley(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(1, 6).Draw(rt, "n")
		l := rapid.SliceOfN(rapid.OneOf(rapid.Just(0.), rapid.Just(1.), rapid.Float64Range(0, 5)), n, n).Draw(rt, "l")
		highest := func(in []bool) float64 {
			most := 0.0
			for j, x := range l {
				if in[j] {
					most = max(most, x)
				}
			}
			return most
		}
		for name, value := range map[string]func(in []bool) float64{
			"ms":    func(in []bool) float64 { return -highest(in) },
			"logms": func(in []bool) float64 { return -math.Log(highest(in) + rewards.LoadEpsilon) },
		} {
			want := shapley(n, value)
			none := value(make([]bool, n)) / float64(n)
			got, _ := parts(rt, name, rewards.Server, l)
			for j := range want {
				require.InDelta(rt, want[j]+none, got[j], 1e-9, "%s of %v, server %d", name, l, j)
			}
		}
	})
}

// TestServerCreditIsMarginal: of a reward f of the variance v = sum_j p_j, what a
// server has above the mean server is what its p_j contributes at the margin, by
// central differences of f at a given mean.
func TestServerCreditIsMarginal(t *testing.T) {
	t.Parallel()
	const h = 1e-5 // part of p_j
	logVBF := func(v float64) float64 { return -math.Log(v + rewards.VarEpsilon) }
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(2, 8).Draw(rt, "n")
		l := rapid.SliceOfN(rapid.Float64Range(0.1, 9), n, n).Draw(rt, "l")
		m, v := equalSplit(l)[0], -rewards.VBF(l)
		if v < 1e-3 {
			rt.Skip("differences of a variance of nothing are rounding")
		}
		for name, f := range map[string]func(v float64) float64{
			"vbf":        func(v float64) float64 { return -v },
			"logvbf":     logVBF,
			"vbf+logvbf": func(v float64) float64 { return -v + logVBF(v) },
			"jain":       func(v float64) float64 { return 1 / (1 + v/(m*m)) },
			"cv":         func(v float64) float64 { return -math.Sqrt(v) / m },
		} {
			got, whole := parts(rt, name, rewards.Server, l)
			require.InDelta(rt, f(v), whole, 1e-9, name)
			margins, mean := make([]float64, n), 0.0
			for j, x := range l {
				p := (x - m) * (x - m) / float64(n)
				margins[j] = (f(v+h*p) - f(v-h*p)) / (2 * h)
				mean += margins[j] / float64(n)
			}
			for j := range l {
				require.InDelta(rt, margins[j]-mean, got[j]-whole/float64(n), 1e-5*(1+math.Abs(whole)), "%s of %v, server %d", name, l, j)
			}
		}
	})
}

// TestCreditByHand: l = (1, 2, 3) has mean 2 and variance 2/3, all of it due to the
// first and the last server.
func TestCreditByHand(t *testing.T) {
	t.Parallel()
	l := []float64{1, 2, 3}
	logVBF := -math.Log(2.0/3 + 1e-6)
	slope := (2.0 / 3) / (2.0/3 + 1e-6)
	for name, want := range map[string][]float64{
		"vbf":     {-1. / 3, 0, -1. / 3},
		"logvbf":  {logVBF/3 - slope/6, logVBF/3 + slope/3, logVBF/3 - slope/6},
		"ms":      {-1. / 3, -1./3 - 1./2, -1./3 - 1./2 - 1},
		"pbf":     {2. / 27, 2. / 27, 2. / 27}, // which has no parts
		"ongoing": {-1, -2, -3},
	} {
		got, _ := parts(t, name, rewards.Server, l)
		require.InDeltaSlice(t, want, got, 1e-9, name)
	}
	// The default: exact terms where there are any, else equal parts.
	for name, want := range map[string][]float64{"vbf": {-1. / 3, 0, -1. / 3}, "ms": {-1, -1, -1}, "ongoing": {-1, -2, -3}} {
		for _, credit := range []rewards.Credit{"", rewards.Additive} {
			got, _ := parts(t, name, credit, l)
			require.InDeltaSlice(t, want, got, 1e-15, name)
		}
	}
	for name, want := range map[string][]float64{"vbf": {-2. / 9, -2. / 9, -2. / 9}, "ms": {-1, -1, -1}, "ongoing": {-2, -2, -2}} {
		got, _ := parts(t, name, rewards.Whole, l)
		require.InDeltaSlice(t, want, got, 1e-15, name)
	}
}

// TestServerCreditTellsServersApart: the server that is furthest from the mean, or of
// most load, has least, of every reward but pbf; under the credit whole all have the same.
func TestServerCreditTellsServersApart(t *testing.T) {
	t.Parallel()
	l := []float64{1, 2, 2, 6}
	for _, name := range rewards.Names() {
		got, _ := parts(t, name, rewards.Server, l)
		require.Equal(t, name != "pbf", reward(t, name).Divisible(), name)
		for j := range 3 {
			require.Equal(t, name != "pbf", got[3] < got[j], name)
		}
		got, _ = parts(t, name, rewards.Whole, l)
		require.Equal(t, got[0], got[3], name)
	}
}

// TestServerCreditInPlace: what is written may be what is read.
func TestServerCreditInPlace(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		l := loads(rapid.IntRange(0, 140).Draw(rt, "n")).Draw(rt, "l")
		for _, name := range rewards.Names() {
			want, whole := parts(rt, name, rewards.Server, l)
			got := slices.Clone(l)
			require.Equal(rt, whole, reward(rt, name).WithCredit(rewards.Server).ByServer(got, got, got), name)
			require.Equal(rt, want, got, name)
		}
	})
}
