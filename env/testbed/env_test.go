package testbed_test

import (
	"context"
	"errors"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"fairlb/env"
	"fairlb/env/envtest"
	"fairlb/env/testbed"
	"fairlb/env/testbed/testbedtest"
	"fairlb/rewards"
)

// live returns an environment of two load balancers and three servers under a clock of
// its own.
func live(t *testing.T, change func(*testbed.Config)) (*testbed.Env, *testbedtest.Pool, *testbedtest.Clock) {
	t.Helper()
	clock := testbedtest.NewClock()
	pool := testbedtest.NewPool(testbedtest.PoolConfig{LBs: 2, Speed: []float64{40, 20, 10}, Spare: 1, Rate: 50}, clock)
	e, err := testbed.New(context.Background(), config(t, pool, clock, change))
	require.NoError(t, err)
	return e, pool, clock
}

func config(t *testing.T, pool *testbedtest.Pool, clock testbed.Clock, change func(*testbed.Config)) testbed.Config {
	t.Helper()
	reward, err := rewards.New("vbf")
	require.NoError(t, err)
	cfg := testbed.Config{
		Planes: pool.Planes(), StepInterval: 0.25, Steps: 8, MaxLogWeight: 1.5, Timeout: 40, Reward: reward,
		Patience: 2, Begin: pool.Begin, Clock: clock,
	}
	if change != nil {
		change(&cfg)
	}
	return cfg
}

func TestConformance(t *testing.T) {
	t.Parallel()
	envtest.Conformance(t, func(t *testing.T) env.Env {
		e, _, _ := live(t, nil)
		return e
	})
}

// TestCountsAddUp: over an episode, what steps counted is what the planes' counters say.
func TestCountsAddUp(t *testing.T) {
	t.Parallel()
	e, pool, _ := live(t, nil)
	ctx := context.Background()
	require.Equal(t, []string{"s0", "s1", "s2"}, e.Servers())
	step, err := e.Reset(ctx, 4)
	require.NoError(t, err)
	id := e.Episode()
	require.Equal(t, uint64(4), id.Seed)
	var sum env.Interval
	for k := 1; !step.Truncated; k++ {
		step, err = e.Step(ctx, nil)
		require.NoError(t, err)
		require.Equal(t, k, e.Episode().Step)
		require.Equal(t, []bool{false, false}, step.Stale)
		require.Zero(t, step.Late)
		sum.Arrived += step.Interval.Arrived
		sum.Completed += step.Interval.Completed
		sum.CompletionSum += step.Interval.CompletionSum
	}
	var want env.Interval
	for _, p := range pool.Planes() {
		var r testbed.Reading
		require.NoError(t, p.Read(&r))
		for _, s := range r.Servers {
			want.Arrived += int(s.Dispatched)
			want.Completed += int(s.Completed)
			want.CompletionSum += s.DurationSum
		}
	}
	require.Greater(t, want.Completed, 50)
	require.Equal(t, want.Arrived, sum.Arrived)
	require.Equal(t, want.Completed, sum.Completed)
	require.InDelta(t, want.CompletionSum, sum.CompletionSum, 1e-9)
	var truth env.Truth
	require.ErrorIs(t, e.Truth(&truth), env.ErrUnsupported)
	_, err = e.Reset(ctx, 4)
	require.NoError(t, err)
	require.NotEqual(t, id.ID, e.Episode().ID)
}

// TestLateSteps: a step that is taken late says so, and the moments of those behind it
// do not move.
func TestLateSteps(t *testing.T) {
	t.Parallel()
	e, _, clock := live(t, nil)
	ctx := context.Background()
	_, err := e.Reset(ctx, 1)
	require.NoError(t, err)
	begin := clock.Now()
	for k, want := range []struct{ think, oversleep, late, at time.Duration }{
		{0, 0, 0, 250 * time.Millisecond},
		{100 * time.Millisecond, 0, 0, 500 * time.Millisecond},
		{600 * time.Millisecond, 0, 350 * time.Millisecond, 1100 * time.Millisecond},
		{0, 0, 100 * time.Millisecond, 1100 * time.Millisecond}, // at once
		{0, 30 * time.Millisecond, 30 * time.Millisecond, 1280 * time.Millisecond},
		{0, 0, 0, 1500 * time.Millisecond},
	} {
		clock.Advance(want.think)
		clock.Oversleep(want.oversleep)
		step, err := e.Step(ctx, nil)
		require.NoError(t, err)
		require.InDelta(t, float64(k+1)*0.25, step.Time, 1e-9)
		require.InDelta(t, want.late.Seconds(), step.Late, 1e-9, "step %d", k+1)
		require.Equal(t, want.at, clock.Now().Sub(begin), "step %d", k+1)
	}
}

// TestStaleGoneAndBack: a plane without news, or one that is gone for less than the
// patience, is marked, keeps what it was observed as, and counts nothing; one that is
// gone for longer ends the episode.
func TestStaleGoneAndBack(t *testing.T) {
	t.Parallel()
	e, pool, _ := live(t, func(c *testbed.Config) { c.Steps = 40 })
	ctx := context.Background()
	act := e.Spec()
	weights := act.NewActions()
	for i := range weights {
		for j := range weights[i] {
			weights[i][j] = 1
		}
	}
	take := func() env.Step {
		t.Helper()
		step, err := e.Step(ctx, weights)
		require.NoError(t, err)
		return step
	}
	_, err := e.Reset(ctx, 1)
	require.NoError(t, err)
	obs := append([]float32(nil), take().Obs[1]...)
	for _, change := range []func(bool){pool.Plane(1).Freeze, pool.Plane(1).SetGone} {
		change(true)
		step := take()
		require.Equal(t, []bool{false, true}, step.Stale)
		require.Equal(t, obs, step.Obs[1])
		require.Zero(t, step.Counts[1][0].Dispatched)
		require.NotZero(t, step.Counts[0][0].Dispatched)
		change(false)
		step = take()
		require.Equal(t, []bool{false, false}, step.Stale)
		require.NotEqual(t, obs, step.Obs[1])
		obs = append(obs[:0], step.Obs[1]...)
	}
	pool.Plane(1).SetGone(true)
	steps := 0
	for err == nil {
		_, err = e.Step(ctx, weights)
		steps++
	}
	require.ErrorIs(t, err, testbed.ErrPlaneGone)
	require.ErrorContains(t, err, "plane 1")
	require.Equal(t, 9, steps, "the ninth ends 2.25 s after the plane was found gone, and the patience is 2 s")
	_, err = e.Step(ctx, nil)
	require.ErrorIs(t, err, env.ErrNotReset, "the episode cannot go on")
}

// TestServersLeaveAndJoin: a server that leaves is absent, one that nobody named is not
// seen and gets the mean weight, and one that comes back into another slot is found.
func TestServersLeaveAndJoin(t *testing.T) {
	t.Parallel()
	e, pool, _ := live(t, nil)
	ctx := context.Background()
	_, err := e.Reset(ctx, 1)
	require.NoError(t, err)
	weights := [][]float64{{2, 1, 0.5}, {1, 1, 1}}
	pool.Leave(2)
	pool.Join(3, "new", 30)
	step, err := e.Step(ctx, weights)
	require.NoError(t, err)
	require.Equal(t, env.ServerCounts{Absent: true}, step.Counts[0][2])
	require.Zero(t, step.Load[0][2])
	step, err = e.Step(ctx, weights)
	require.NoError(t, err)
	writes := pool.Plane(0).Writes()
	require.InDeltaSlice(t, []float64{2, 1, 3.5 / 3, 3.5 / 3}, writes[len(writes)-1], 1e-12)
	pool.Leave(3)
	pool.Join(3, "s2", 10)
	step, err = e.Step(ctx, weights)
	require.NoError(t, err)
	require.True(t, step.Counts[0][2].Joined)
	_, err = e.Step(ctx, weights)
	require.NoError(t, err)
	writes = pool.Plane(0).Writes()
	require.Equal(t, 0.5, writes[len(writes)-1][3])
}

// TestNew: what is wrong with a configuration, or with the planes, is said.
func TestNew(t *testing.T) {
	t.Parallel()
	for want, change := range map[string]func(*testbed.Config){
		"no planes":      func(c *testbed.Config) { c.Planes = nil },
		"plane 1 is nil": func(c *testbed.Config) { c.Planes[1] = nil },
		`server "a": names must not be empty and differ`: func(c *testbed.Config) { c.Servers = []string{"a", "a"} },
		"StepInterval = 0: must be positive":             func(c *testbed.Config) { c.StepInterval = 0 },
		"MaxLogWeight = NaN: must be positive":           func(c *testbed.Config) { c.MaxLogWeight = math.NaN() },
		"MaxLogWeight = 21: must be at most 20":          func(c *testbed.Config) { c.MaxLogWeight = 21 },
		"Timeout = -1":                                   func(c *testbed.Config) { c.Timeout = -1 },
		"Patience = +Inf":                                func(c *testbed.Config) { c.Patience = math.Inf(1) },
		"Steps = -1":                                     func(c *testbed.Config) { c.Steps = -1 },
		"no reward":                                      func(c *testbed.Config) { c.Reward = rewards.Reward{} },
		"plane 0 lacks the servers s9":                   func(c *testbed.Config) { c.Servers = []string{"s0", "s1", "s2", "s9"} },
		"plane 1 has servers that are not wanted: s1":    func(c *testbed.Config) { c.Servers = []string{"s0", "s2"} },
	} {
		clock := testbedtest.NewClock()
		pool := testbedtest.NewPool(testbedtest.PoolConfig{LBs: 2, Speed: []float64{4, 2, 1}, Rate: 5}, clock)
		_, err := testbed.New(context.Background(), config(t, pool, clock, change))
		require.ErrorIs(t, err, testbed.ErrConfig, want)
		require.ErrorContains(t, err, want)
	}
	for want, bad := range map[error]func(*testbedtest.Plane){
		testbed.ErrPlaneGone: func(p *testbedtest.Plane) { p.SetGone(true) },
		testbed.ErrNoReading: func(p *testbedtest.Plane) { p.SetSilent(true) },
	} {
		clock := testbedtest.NewClock()
		pool := testbedtest.NewPool(testbedtest.PoolConfig{LBs: 2, Speed: []float64{4, 2, 1}, Rate: 5}, clock)
		bad(pool.Plane(1))
		begin := clock.Now()
		_, err := testbed.New(context.Background(), config(t, pool, clock, nil))
		require.ErrorIs(t, err, want)
		require.InDelta(t, 2, clock.Now().Sub(begin).Seconds(), 1.1, "it was waited for")
	}
}

// TestCorruptReading: a reading that cannot be true ends the episode.
func TestCorruptReading(t *testing.T) {
	t.Parallel()
	for _, spoil := range []func(*testbed.Reading){
		func(r *testbed.Reading) { r.Obs[3] = float32(math.NaN()) },
		func(r *testbed.Reading) { r.Obs = r.Obs[:4] },
		func(r *testbed.Reading) { r.Load = nil },
	} {
		e, pool, _ := live(t, nil)
		_, err := e.Reset(context.Background(), 1)
		require.NoError(t, err)
		pool.Plane(0).Spoil(spoil)
		_, err = e.Step(context.Background(), nil)
		require.ErrorIs(t, err, testbed.ErrReading)
	}
	e, pool, _ := live(t, nil)
	_, err := e.Reset(context.Background(), 1)
	require.NoError(t, err)
	broken := errors.New("broken")
	pool.Plane(0).FailWrites(broken)
	_, err = e.Step(context.Background(), [][]float64{{1, 1, 1}, {1, 1, 1}})
	require.ErrorIs(t, err, broken)
}

// TestSystemClock: it waits until the moment, not at all for one that has passed, and no
// longer than its context lives.
func TestSystemClock(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var clock testbed.SystemClock
		begin := clock.Now()
		require.NoError(t, clock.WaitUntil(t.Context(), begin.Add(time.Second)))
		require.Equal(t, time.Second, clock.Now().Sub(begin))
		require.NoError(t, clock.WaitUntil(t.Context(), begin))
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		require.ErrorIs(t, clock.WaitUntil(ctx, begin.Add(time.Hour)), context.DeadlineExceeded)
		require.Equal(t, 61*time.Second, clock.Now().Sub(begin))
		require.ErrorIs(t, clock.WaitUntil(ctx, begin), context.DeadlineExceeded)
	})
}
