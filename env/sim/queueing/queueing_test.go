package queueing

import (
	"context"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/eval/theory/markov"
)

// TestFormulas holds the formulas to values worked out otherwise.
func TestFormulas(t *testing.T) {
	t.Parallel()
	require.InDelta(t, 0.7, erlangC(1, 0.7), 1e-15)
	require.InDelta(t, 2*0.49/1.7, erlangC(2, 1.4), 1e-15, "2 rho^2 / (1 + rho)")
	require.InDelta(t, 1/(1-0.7), mmcMean(1, 0.7), 1e-14)
	require.InDelta(t, math.Exp(-0.3*5), mmcTail(1, 0.7, 5), 1e-15)
	require.InDelta(t, mmcTail(2, 1-1e-9, 2), mmcTail(2, 1, 2), 1e-8, "the limit of equal rates")
	require.InDelta(t, 0.1*math.Pow(0.9, 5)/(1-math.Pow(0.9, 6)), mmckLoss(1, 5, 0.9), 1e-15)
	require.InDelta(t, (27./24*3)/(1+3+4.5+4.5+27./24*3), mmckLoss(4, 4, 3), 1e-12, "Erlang B of 4 at 3")
	require.InDelta(t, math.Exp(-2)*3, erlangTail(2, 2), 1e-14)

	require.InDelta(t, mmcMean(8, 6.8), birthDeathMean(6.8, func(n int) float64 { return float64(min(n, 8)) }), 1e-12, "M/M/8 is a birth-death chain")
	require.InDelta(t, 2, birthDeathMean(0.5, func(int) float64 { return 1 }), 1e-12, "and so is M/M/1")

	// A tail integrates to the mean.
	for name, test := range map[string]struct {
		mean float64
		tail func(t float64) float64
	}{
		"M/M/2":  {mmcMean(2, 1.4), func(t float64) float64 { return mmcTail(2, 1.4, t) }},
		"JSQ(2)": {twoChoicesMean(0.9), func(t float64) float64 { return twoChoicesTail(0.9, t) }},
	} {
		sum := 0.0
		for k := range 40_000 {
			sum += test.tail((float64(k)+0.5)/400) / 400
		}
		require.InDelta(t, test.mean, sum, 1e-5, name)
	}
	// JSQ(2)'s mean is that of M/M/1 at d = 1 and less beyond: at load 0.9 the
	// sum rho^0 + rho^2 + rho^6 + rho^14 + rho^30 + rho^62 + ...
	require.InDelta(t, 1+0.81+math.Pow(0.9, 6)+math.Pow(0.9, 14)+math.Pow(0.9, 30)+math.Pow(0.9, 62)+math.Pow(0.9, 126), twoChoicesMean(0.9), 1e-9)

	// Join the shortest of two lies between M/M/2 and two M/M/1.
	for _, rho := range []float64{0.3, 0.7, 0.9} {
		require.Greater(t, shortestMean(rho), mmcMean(2, 2*rho))
		require.Less(t, shortestMean(rho), mmcMean(1, rho))
	}
	// Its total is that of a birth-death chain but for the states with an idle
	// server: the flow up equals the flow down between n and n + 1 tasks.
	p := shortestOfTwo(1.4, 80)
	for n := range 10 {
		up, down := 0.0, 0.0
		for i := range n + 1 {
			up += 1.4 * p[i][n-i]
		}
		for i := range n + 2 {
			if i > 0 {
				down += p[i][n+1-i]
			}
			if n+1-i > 0 {
				down += p[i][n+1-i]
			}
		}
		require.InDelta(t, up, down, 1e-10)
	}
}

// TestChainOfTwo: two ways to solve join-the-shortest-queue of two servers agree.
func TestChainOfTwo(t *testing.T) {
	t.Parallel()
	chain := &markov.System{Servers: []markov.Server{{Processors: 1, Speed: 1}, {Processors: 1, Speed: 1}}, LBs: 1, Rate: 1.4, Most: 100}
	chain.Dispatch = markov.ShortestDelay([]float64{1, 1}, markov.Fair)
	got, err := chain.Solve()
	require.NoError(t, err)
	require.InDelta(t, shortestMean(0.7), got.Completion, 1e-9)
}

// TestTiesAreToldApart: what is measured under one way to break ties excludes what
// theory says of the others, so that TestSystems would see a wrong one.
func TestTiesAreToldApart(t *testing.T) {
	t.Parallel()
	var means []Measurement
	for _, s := range tieSystems(60_000) {
		if strings.Contains(s.Name, "LSQ") {
			s.Warm = s.Config.Duration / 10
			list, err := s.Measure(context.Background(), 16)
			require.NoError(t, err)
			means = append(means, list...)
		}
	}
	require.Len(t, means, 3)
	for k, m := range means {
		for l, other := range means {
			require.Equal(t, k == l, m.Low < other.Theory && other.Theory < m.High, "%s in [%.5g, %.5g], %s: %.5g", m.System, m.Low, m.High, other.System, other.Theory)
		}
	}
}

// TestSystems holds the simulator to theory.
func TestSystems(t *testing.T) {
	t.Parallel()
	for _, s := range Systems(10_000) {
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			list, err := s.Measure(context.Background(), 16)
			require.NoError(t, err)
			for _, m := range list {
				require.True(t, m.Inside, "%s: theory %.5g, measured %.5g in [%.5g, %.5g]", m.Quantity, m.Theory, m.Mean, m.Low, m.High)
				require.Less(t, m.High-m.Low, 1.5*m.Theory, "an interval that says something")
			}
		})
	}
}
