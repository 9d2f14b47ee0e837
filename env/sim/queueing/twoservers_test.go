package queueing

import (
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/eval/theory/twoservers"
)

// TestTwoServers holds the simulator to the chain of appendix A: each rule, all and a
// part of the traffic seen, accurate and inverted weights. In order of arrival the chain
// holds where all traffic is seen.
func TestTwoServers(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		rule    twoservers.Rule
		seen    float64
		weights [2]float64
		inOrder bool
	}{
		{twoservers.WCMP, 1, [2]float64{2, 1}, false},
		{twoservers.LSQ, 1, [2]float64{2, 1}, true},
		{twoservers.SED, 1, [2]float64{2, 1}, true},
		{twoservers.SED, 1, [2]float64{1, 2}, false},
		{twoservers.LSQ, 0.5, [2]float64{2, 1}, false},
		{twoservers.SED, 1. / 3, [2]float64{2, 1}, false},
		{twoservers.SED, 0.5, [2]float64{1, 2}, false},
	} {
		m := twoservers.Plain(5)
		m.Rule, m.Seen, m.Weights = test.rule, test.seen, test.weights
		x := TwoServers{Model: m, InOrder: test.inOrder, Seconds: 4000, Seeds: 8}
		got, err := x.Measure(t.Context())
		require.NoError(t, err)
		require.True(t, got.Inside, "%+v: theory %.5g, measured %.5g in [%.5g, %.5g]", test, got.Theory, got.Mean, got.Low, got.High)
		require.Less(t, got.High-got.Low, 0.12*got.Theory, "an interval that says something")
	}
}

func TestTwoServersRefuses(t *testing.T) {
	t.Parallel()
	x := TwoServers{Model: twoservers.Plain(5), Seconds: 10, Seeds: 1}
	_, err := x.Measure(t.Context())
	require.ErrorIs(t, err, ErrNotSimulated)
	require.ErrorContains(t, err, "1 runs of 10 s")
	x.Seeds, x.Model.TiesToFast = 2, 1
	_, err = x.Measure(t.Context())
	require.ErrorContains(t, err, "fair ties")
	x.Model = twoservers.Plain(5)
	x.Model.Seen, x.Model.View = 0.5, twoservers.WholeView
	_, err = x.Measure(t.Context())
	require.ErrorContains(t, err, "its own tasks")
	x.Model.Queue = 0
	_, err = x.Measure(t.Context())
	require.ErrorContains(t, err, "queue = 0: must be in")
}
