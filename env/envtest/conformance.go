package envtest

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"fairlb/env"
)

// Conformance checks what env.Env promises. make must return a new environment of the
// kind under test, with episodes of at least four steps.
func Conformance(t *testing.T, make func(t *testing.T) env.Env) {
	open := func(t *testing.T) env.Env {
		e := make(t)
		t.Cleanup(func() { require.NoError(t, e.Close()); require.NoError(t, e.Close(), "a second Close") })
		return e
	}
	t.Run("Spec", func(t *testing.T) { conformSpec(t, open(t)) })
	t.Run("Order", func(t *testing.T) { conformOrder(t, open(t)) })
	t.Run("Actions", func(t *testing.T) { conformActions(t, open(t)) })
	t.Run("Episode", func(t *testing.T) { conformEpisode(t, open(t)) })
	t.Run("SameSeed", func(t *testing.T) { conformSeed(t, open(t), open(t)) })
	t.Run("Cancel", func(t *testing.T) { conformCancel(t, open(t)) })
	t.Run("Optional", func(t *testing.T) { conformOptional(t, open(t)) })
}

func conformSpec(t *testing.T, e env.Env) {
	s := e.Spec()
	require.Positive(t, s.Agents)
	require.Positive(t, s.Servers)
	require.NotEmpty(t, s.Features)
	require.Greater(t, s.StepInterval, 0.0)
	require.GreaterOrEqual(t, s.Steps, 4)
	require.Greater(t, s.Action.Low, 0.0)
	require.Less(t, s.Action.Low, s.Action.High)
	names := map[string]bool{}
	for _, f := range s.Features {
		require.NotEmpty(t, f.Unit, "the unit of %s", f.Name)
		require.False(t, names[f.Name], "feature %q twice", f.Name)
		names[f.Name] = true
	}
}

func conformOrder(t *testing.T, e env.Env) {
	ctx, s := context.Background(), e.Spec()
	_, err := e.Step(ctx, nil)
	require.ErrorIs(t, err, env.ErrNotReset)
	for range 2 { // an environment can be used for several episodes
		_, err = e.Reset(ctx, 3)
		require.NoError(t, err)
		for k := range s.Steps {
			step, err := e.Step(ctx, nil)
			require.NoError(t, err)
			require.Equal(t, k == s.Steps-1, step.Truncated || step.Terminated)
		}
		_, err = e.Step(ctx, nil)
		require.ErrorIs(t, err, env.ErrEpisodeOver)
	}
}

func conformActions(t *testing.T, e env.Env) {
	ctx, s := context.Background(), e.Spec()
	_, err := e.Reset(ctx, 3)
	require.NoError(t, err)
	for _, bad := range []struct {
		name  string
		spoil func(a [][]float64) [][]float64
	}{
		{"no rows", func(a [][]float64) [][]float64 { return a[:0] }},
		{"short row", func(a [][]float64) [][]float64 { a[0] = a[0][:s.Servers-1]; return a }},
		{"NaN", func(a [][]float64) [][]float64 { a[0][0] = math.NaN(); return a }},
		{"infinite", func(a [][]float64) [][]float64 { a[0][0] = math.Inf(1); return a }},
		{"zero", func(a [][]float64) [][]float64 { a[0][0] = 0; return a }},
		{"negative", func(a [][]float64) [][]float64 { a[0][0] = -1; return a }},
		{"below Low", func(a [][]float64) [][]float64 { a[0][0] = s.Action.Low / 2; return a }},
		{"above High", func(a [][]float64) [][]float64 { a[0][0] = s.Action.High * 2; return a }},
	} {
		_, err := e.Step(ctx, bad.spoil(actions(s, nil)))
		require.ErrorIs(t, err, env.ErrAction, bad.name)
	}
	for range s.Steps { // none of them used up a step
		_, err := e.Step(ctx, actions(s, nil))
		require.NoError(t, err)
	}
}

// actions returns random weights within bounds, equal ones without a source.
func actions(s env.Spec, rng *rand.Rand) [][]float64 {
	a := s.NewActions()
	for i := range a {
		for j := range a[i] {
			a[i][j] = math.Sqrt(s.Action.Low * s.Action.High)
			if rng != nil {
				a[i][j] = s.Action.Low + rng.Float64()*(s.Action.High-s.Action.Low)
			}
		}
	}
	return a
}

func conformEpisode(t *testing.T, e env.Env) {
	ctx, s := context.Background(), e.Spec()
	rng := rand.New(env.Stream(1, "envtest/actions"))
	step, err := e.Reset(ctx, 9)
	require.NoError(t, err)
	conformStep(t, s, step)
	require.Equal(t, make([]float64, s.Agents), step.Reward)
	for k := range s.Steps {
		step, err = e.Step(ctx, actions(s, rng))
		require.NoError(t, err)
		conformStep(t, s, step)
		require.InDelta(t, float64(k+1)*s.StepInterval, step.Time, 1e-6)
	}
	require.True(t, step.Truncated)
}

func conformStep(t *testing.T, s env.Spec, step env.Step) {
	t.Helper()
	require.Len(t, step.Obs, s.Agents)
	require.Len(t, step.Load, s.Agents)
	require.Len(t, step.Reward, s.Agents)
	require.Len(t, step.ServerReward, s.Agents)
	for i := range s.Agents {
		require.Len(t, step.Obs[i], s.Servers*len(s.Features))
		require.Len(t, step.Load[i], s.Servers)
		require.Len(t, step.ServerReward[i], s.Servers)
		for _, x := range step.Obs[i] {
			require.True(t, finite(float64(x)), "observation %g", x)
		}
		sum := 0.0
		for j, l := range step.Load[i] {
			require.True(t, finite(l) && l >= 0, "load %g", l)
			sum += step.ServerReward[i][j]
		}
		require.True(t, finite(step.Reward[i]), "reward %g", step.Reward[i])
		require.InDelta(t, step.Reward[i], sum, 1e-9*(1+math.Abs(sum)), "server rewards do not sum to the reward")
	}
	require.LessOrEqual(t, len(step.Flows), step.Interval.Completed+step.Interval.Failed, "flows that did not end")
	now := int(math.Round(step.Time / s.StepInterval))
	for _, f := range step.Flows {
		require.True(t, f.LB >= 0 && f.LB < s.Agents && f.Server >= 0 && f.Server < s.Servers, "flow of LB %d, server %d", f.LB, f.Server)
		require.True(t, f.Step >= 0 && f.Step < now, "a flow of step %d ended before step %d", f.Step, now)
		require.GreaterOrEqual(t, f.Ongoing, 0)
		require.True(t, finite(f.Completion) && f.Completion > 0, "completion time %g", f.Completion)
	}
	conformCounts(t, s, step)
	n := step.Interval
	require.True(t, n.Arrived >= 0 && n.Completed >= 0 && n.Failed >= 0 && n.CompletionSum >= 0)
}

// conformCounts checks what an environment need not keep.
func conformCounts(t *testing.T, s env.Spec, step env.Step) {
	t.Helper()
	require.True(t, finite(step.Late) && step.Late >= 0, "%g s late", step.Late)
	if step.Stale != nil {
		require.Len(t, step.Stale, s.Agents)
	}
	if step.Counts == nil {
		return
	}
	require.Len(t, step.Counts, s.Agents)
	for _, row := range step.Counts {
		require.Len(t, row, s.Servers)
		for _, c := range row {
			require.True(t, c.Ongoing >= 0 && c.Dispatched >= 0 && c.Completed >= 0 && c.Failed >= 0, "%+v", c)
			require.True(t, finite(c.Durations) && c.Durations >= 0 && finite(c.OngoingSum), "%+v", c)
			require.GreaterOrEqual(t, c.OngoingSum, float64(c.Completed), "a flow that ends counts itself")
			require.False(t, c.Absent && c != env.ServerCounts{Absent: true}, "%+v", c)
		}
	}
}

func conformSeed(t *testing.T, a, b env.Env) {
	ctx, s := context.Background(), a.Spec()
	run := func(e env.Env, seed uint64) []env.Step {
		rng := rand.New(env.Stream(1, "envtest/actions"))
		step, err := e.Reset(ctx, seed)
		require.NoError(t, err)
		trail := []env.Step{cloneStep(step)}
		for range s.Steps {
			step, err = e.Step(ctx, actions(s, rng))
			require.NoError(t, err)
			trail = append(trail, cloneStep(step))
		}
		return trail
	}
	first := run(a, 5)
	require.Empty(t, cmp.Diff(first, run(b, 5)), "two environments, one seed")
	require.NotEmpty(t, cmp.Diff(first, run(b, 6)), "another seed must give another episode")
	require.Empty(t, cmp.Diff(first, run(b, 5)), "an episode depends on the one before")
}

// cloneStep copies a step whose slices the environment may use again.
func cloneStep(s env.Step) env.Step {
	s.Reward = append([]float64(nil), s.Reward...)
	s.Obs, s.Load, s.ServerReward = cloneRows(s.Obs), cloneRows(s.Load), cloneRows(s.ServerReward)
	s.Flows = append([]env.Flow(nil), s.Flows...)
	s.Counts, s.Stale = cloneRows(s.Counts), append([]bool(nil), s.Stale...)
	return s
}

func cloneRows[T any](a [][]T) [][]T {
	var b [][]T
	for _, row := range a {
		b = append(b, append([]T(nil), row...))
	}
	return b
}

func conformCancel(t *testing.T, e env.Env) {
	_, err := e.Reset(context.Background(), 1)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = e.Step(ctx, nil)
	require.ErrorIs(t, err, context.Canceled)
	_, err = e.Reset(ctx, 1)
	require.ErrorIs(t, err, context.Canceled)
}

func conformOptional(t *testing.T, e env.Env) {
	ctx, s := context.Background(), e.Spec()
	_, err := e.Reset(ctx, 2)
	require.NoError(t, err)
	_, err = e.Step(ctx, nil)
	require.NoError(t, err)
	if g, ok := e.(env.GroundTruth); ok {
		var truth env.Truth
		if err := g.Truth(&truth); !errors.Is(err, env.ErrUnsupported) {
			require.NoError(t, err)
			require.Len(t, truth.CPUWork, s.Servers)
			require.Len(t, truth.Speed, s.Servers)
		}
	}
	if d, ok := e.(env.Drainer); ok {
		require.NoError(t, d.Drain(ctx))
		_, err = e.Step(ctx, nil)
		require.ErrorIs(t, err, env.ErrEpisodeOver, "a drained episode is over")
	}
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
