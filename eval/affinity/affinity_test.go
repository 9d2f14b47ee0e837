package affinity_test

import (
	"context"
	"errors"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/env"
	"fairlb/eval/affinity"
	"fairlb/eval/episodes"
)

// TestMeasure: two LBs that share nothing, two that share all, and one pair between.
func TestMeasure(t *testing.T) {
	t.Parallel()
	apart := [][]float64{{10, 10, 0, 0}, {0, 0, 10, 10}}
	f := affinity.Measure(affinity.Counts{apart, apart})
	require.Equal(t, affinity.Figures{Used: 0.5, Main: 1, Overlap: 0, Lasting: []float64{1}}, f)

	alike := [][]float64{{10, 5, 5, 0}, {20, 10, 10, 0}}
	f = affinity.Measure(affinity.Counts{alike})
	require.InDelta(t, 400./(4*150), f.Used, 1e-12)
	require.InDelta(t, 2./3, f.Main, 1e-12)
	require.InDelta(t, 1, f.Overlap, 1e-12)
	require.Empty(t, f.Lasting)

	swapped := [][]float64{{0, 0, 10, 10}, {10, 10, 0, 0}}
	f = affinity.Measure(affinity.Counts{apart, swapped, apart, {{15, 15, 5, 5}, {5, 5, 15, 15}}})
	require.InDelta(t, -1./3, f.Lasting[0], 1e-12, "-1, -1 and 1")
	require.InDelta(t, 0, f.Lasting[1], 1e-12, "1 and -1")
	require.InDelta(t, 1, f.Lasting[2], 1e-12)
	require.InDelta(t, 0.75, f.Main, 1e-12)
	require.InDelta(t, 0.5, f.Overlap, 1e-12, "a quarter of each half")

	one := affinity.Measure(affinity.Counts{{{1, 1}}})
	require.True(t, math.IsNaN(one.Overlap), "of one LB")

	mean := affinity.Mean([]affinity.Figures{{Used: 1, Main: 0.2, Lasting: []float64{1, 0}}, {Used: 0.5, Main: 0.4, Overlap: 1, Lasting: []float64{0, -1}}})
	require.InDelta(t, 0.3, mean.Main, 1e-12)
	require.Equal(t, affinity.Figures{Used: 0.75, Main: mean.Main, Overlap: 0.5, Lasting: []float64{0.5, -0.5}}, mean)
}

// scripted is an Env whose episode has one request in each second, of LB 0 to server
// second % 2, and one that no server took.
type scripted struct {
	rec     env.Recorder
	drained *int
}

func (e *scripted) Spec() env.Spec { return env.Spec{Agents: 1, Servers: 2} }
func (e *scripted) Close() error   { return nil }
func (e *scripted) Reset(context.Context, uint64) (env.Step, error) {
	return env.Step{}, nil
}
func (e *scripted) Step(context.Context, [][]float64) (env.Step, error) {
	for k := range 10 {
		e.rec.Record(env.Outcome{Arrival: float64(k), Completion: 1, Server: k % 2})
	}
	e.rec.Record(env.Outcome{Arrival: 9, Completion: 1, Server: -1})
	return env.Step{Truncated: true}, nil
}
func (e *scripted) Drain(context.Context) error { *e.drained++; return nil }

// TestWatch: a watched target is evaluated as it is otherwise.
func TestWatch(t *testing.T) {
	t.Parallel()
	drained := 0
	target := episodes.Target{Name: "sed", Env: func(rec env.Recorder) (env.Env, error) { return &scripted{rec, &drained}, nil }}
	watched, w := affinity.Watch(target, 2, 10)
	results, err := episodes.Run(t.Context(), episodes.Config{Seeds: []uint64{3, 4}, Workers: 1}, []episodes.Target{watched})
	require.NoError(t, err)
	require.EqualValues(t, 22, results[0].Classes[0].N)
	require.Equal(t, 2, drained)
	for _, seed := range []uint64{3, 4} {
		f, err := w.Of(seed)
		require.NoError(t, err)
		require.InDelta(t, 25./26, f.Used, 1e-12, "two and three of five")
		require.Equal(t, 1.0, f.Main)
	}
	_, err = w.Of(5)
	require.ErrorContains(t, err, "no episode of seed 5")

	late, w := affinity.Watch(target, 2, 30)
	_, err = episodes.Run(t.Context(), episodes.Config{Seeds: []uint64{3}}, []episodes.Target{late})
	require.NoError(t, err)
	_, err = w.Of(3)
	require.ErrorContains(t, err, "the last window of seed 3 has no requests")

	broken := errors.New("broken")
	target.Env = func(env.Recorder) (env.Env, error) { return nil, broken }
	failing, _ := affinity.Watch(target, 2, 10)
	_, err = failing.Env(nil)
	require.ErrorIs(t, err, broken)
}
