package guard_test

import (
	"errors"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/agents/guard"
	"fairlb/env"
	"fairlb/env/parallel"
)

var bounds = env.ActionSpec{Low: 0.1, High: 10}

// fixed is an Actor of which a test says what it does.
type fixed struct {
	weights []float64
	err     error
	panics  bool
	acts    int
	resets  int
}

func (f *fixed) Reset(uint64) { f.resets++ }

func (f *fixed) Act(dst [][]float64, _ *env.Step) error {
	f.acts++
	if f.panics {
		panic("out of range")
	}
	for i := range dst {
		n := copy(dst[i], f.weights)
		for j := n; j < len(dst[i]); j++ {
			dst[i][j] = f.weights[0]
		}
	}
	return f.err
}

// rig is a guard of one LB of two servers, stepped once a second.
type rig struct {
	t               *testing.T
	actor, fallback *fixed
	guard           *guard.Guard
	step            env.Step
	dst             [][]float64
}

func newRig(t *testing.T, change func(*guard.Config)) *rig {
	t.Helper()
	cfg := guard.DefaultConfig(2, bounds)
	cfg.Limits, cfg.Compare = guard.LimitsConfig{}, guard.CompareConfig{}
	cfg.MaxAge, cfg.Pause, cfg.MaxPause, cfg.Clean = 3, 10, 35, 4
	if change != nil {
		change(&cfg)
	}
	r := &rig{t: t, actor: &fixed{weights: []float64{2, 1}}, fallback: &fixed{weights: []float64{1, 3}}}
	var err error
	r.guard, err = guard.New(cfg, r.actor, r.fallback)
	require.NoError(t, err)
	r.guard.Reset(1)
	r.step.Stale = []bool{false}
	r.servers(2)
	return r
}

// servers lets the load balancer have n servers.
func (r *rig) servers(n int) {
	r.step.Counts = [][]env.ServerCounts{make([]env.ServerCounts, n)}
	r.dst = [][]float64{make([]float64, n)}
}

// next takes a step and returns the weights and what was decided.
func (r *rig) next() ([]float64, guard.Decision) {
	r.t.Helper()
	r.step.Time++
	require.NoError(r.t, r.guard.Act(r.dst, &r.step))
	return r.dst[0], r.guard.Decision()
}

// until steps until the actor acts, and returns how many steps the fallback acted.
func (r *rig) untilActor() int {
	r.t.Helper()
	for k := 0; ; k++ {
		w, d := r.next()
		if !d.Fallback {
			require.Equal(r.t, r.actor.weights, w)
			return k
		}
		require.Equal(r.t, r.fallback.weights[:2], w[:2])
		require.Less(r.t, k, 1000)
	}
}

// TestFaultsOfTheActor: whatever it does wrong, the fallback's weights stand at the
// same step, with the reason; the pause doubles with each fault up to its bound and
// shrinks with time.
func TestFaultsOfTheActor(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	for _, test := range []struct {
		reason guard.Reason
		spoil  func(*fixed)
		says   string
	}{
		{guard.Failed, func(f *fixed) { f.err = broken }, "broken"},
		{guard.Panicked, func(f *fixed) { f.panics = true }, "out of range"},
		{guard.Invalid, func(f *fixed) { f.weights = []float64{2, math.NaN()} }, "server 1: the actor's weight is NaN: must be in [0.1, 10]"},
		{guard.Invalid, func(f *fixed) { f.weights = []float64{2, math.Inf(1)} }, "+Inf"},
		{guard.Invalid, func(f *fixed) { f.weights = []float64{11, 1} }, "server 0: the actor's weight is 11"},
		{guard.Invalid, func(f *fixed) { f.weights = []float64{1, 0} }, "is 0"},
	} {
		r := newRig(t, nil)
		good := *r.actor
		w, d := r.next()
		require.Equal(t, []float64{2, 1}, w)
		require.Equal(t, guard.Decision{Asked: true}, d)
		fail := func() {
			t.Helper()
			test.spoil(r.actor)
			w, d := r.next()
			require.Equal(t, []float64{1, 3}, w, test.says)
			require.True(t, d.Fallback && d.Changed && !d.Asked)
			require.Equal(t, test.reason, d.Reason)
			require.ErrorContains(t, d.Fault, test.says)
			*r.actor = fixed{weights: good.weights, acts: r.actor.acts, resets: r.actor.resets}
		}
		fail()
		asked := r.actor.acts
		for range 9 {
			_, d := r.next()
			require.Equal(t, test.reason, d.Reason, "the reason stays")
		}
		require.Equal(t, asked, r.actor.acts, "it is not asked while it pauses")
		require.Equal(t, 4, r.untilActor(), "then it is asked, and listened to after 4 s without a fault")
		require.Equal(t, 2, r.actor.resets, "what it remembered was of another time")
		fail()
		require.Equal(t, 23, r.untilActor(), "20 s, and 4")
		fail()
		require.Equal(t, 38, r.untilActor(), "35 s at most, and 4")
		require.Equal(t, 3, r.guard.Decision().Faults)
		for range 60 {
			r.next()
		}
		require.Equal(t, 1, r.guard.Decision().Faults, "35 s each without a fault take one back, then 20")
		require.Equal(t, uint64(3), r.guard.Changes(test.reason))
		require.Equal(t, uint64(3), r.guard.Changes(guard.Healthy))
	}
}

// TestFaultInRehearsal: a fault while the fallback acts is a fault.
func TestFaultInRehearsal(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	r.actor.panics = true
	r.next()
	for range 12 {
		r.next()
	}
	require.Equal(t, 2, r.guard.Decision().Faults)
	var panicked *parallel.PanicError
	require.NotErrorAs(t, r.guard.Decision().Fault, &panicked, "the fault is told once")
	r.actor.panics = false
	require.Equal(t, 22, r.untilActor())
}

// TestStaleAndStrangers: without news for longer than MaxAge, or with a server that the
// actor does not know, the fallback acts; that is no fault of the actor's, which is back
// as soon as all has been well for a while.
func TestStaleAndStrangers(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	r.next()
	r.step.Stale[0] = true
	for range 3 {
		_, d := r.next()
		require.False(t, d.Fallback, "3 s are allowed")
	}
	_, d := r.next()
	require.Equal(t, guard.Decision{Fallback: true, Reason: guard.Stale, Changed: true}, d)
	r.step.Stale[0] = false
	require.Equal(t, 3, r.untilActor(), "it is back 4 s after it was last so")

	r.servers(3)
	w, d := r.next()
	require.Equal(t, guard.Decision{Fallback: true, Reason: guard.Servers, Changed: true}, d)
	require.Equal(t, []float64{1, 3, 1}, w)
	r.step.Counts[0][2] = env.ServerCounts{Absent: true}
	for range 3 {
		r.next()
	}
	w, d = r.next()
	require.False(t, d.Fallback)
	require.Equal(t, []float64{2, 1, 1}, w, "the weight of a server that is absent is the fallback's")
	r.servers(1)
	_, d = r.next()
	require.Equal(t, guard.Servers, d.Reason)
	require.Zero(t, d.Faults)
	require.Equal(t, uint64(2), r.guard.Changes(guard.Servers))
	require.Equal(t, uint64(1), r.guard.Changes(guard.Stale))
}

// TestFallbackFails: there is nothing behind it.
func TestFallbackFails(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	r.fallback.err = errors.New("no counts")
	require.ErrorContains(t, r.guard.Act(r.dst, &r.step), "the fallback failed: no counts")
}

// TestConfig: what is wrong is said, all at once.
func TestConfig(t *testing.T) {
	t.Parallel()
	_, err := guard.New(guard.Config{Compare: guard.CompareConfig{Window: 1, Margin: -1}, Limits: guard.LimitsConfig{Floor: 1, MaxRate: -1}, Clean: math.NaN()}, &fixed{}, &fixed{})
	require.ErrorIs(t, err, guard.ErrConfig)
	for _, want := range []string{"Servers = 0", "Bounds.Low = 0", "Floor = 1: must be in [0, 1)", "MaxRate = -1", "MaxAge = 0", "Pause = 0", "MaxPause = 0", "Clean = NaN",
		"Windows = 0: must be at least 2", "MinFlows = 0", "FailedAs = 0", "Margin = -1", "Evidence = 0"} {
		require.ErrorContains(t, err, want)
	}
	for _, r := range guard.Reasons() {
		require.NotEqual(t, "unknown", r.String())
	}
	require.Equal(t, "unknown", guard.Reason(200).String())
}

// TestLimits: no weight is below the floor, none changes faster than it may against
// the mean, and servers that have joined are free.
func TestLimits(t *testing.T) {
	t.Parallel()
	l := guard.NewLimits(guard.LimitsConfig{Floor: 0.1, MaxRate: 1})
	apply := func(now float64, counts []env.ServerCounts, weights ...float64) []float64 {
		l.Apply(weights, counts, now)
		return weights
	}
	require.InDeltaSlice(t, []float64{0.2, 4, 1.999}, apply(0, nil, 0.001, 4, 1.999), 1e-3, "a tenth of the mean of 2")

	l = guard.NewLimits(guard.LimitsConfig{MaxRate: 1})
	apply(0, nil, 1, 1)
	w := apply(0.5, nil, math.E*math.E, math.Exp(-2))
	require.InDelta(t, 1, math.Log(w[0]/w[1]), 1e-9, "half in each direction")
	w = apply(10, nil, math.E*math.E, math.Exp(-2))
	require.InDelta(t, 4, math.Log(w[0]/w[1]), 1e-9)
	w = apply(10, nil, 100*math.E*math.E, 100*math.Exp(-2))
	require.InDelta(t, 4, math.Log(w[0]/w[1]), 1e-9, "only ratios count")
	w = apply(10, []env.ServerCounts{{}, {}, {Joined: true}}, math.E*math.E, math.Exp(-2), 50)
	require.InDeltaSlice(t, []float64{math.E * math.E, math.Exp(-2), 50}, w, 1e-9)
	w = apply(10, []env.ServerCounts{{}, {}, {}}, math.E*math.E, math.Exp(-2), 5000)
	require.InDelta(t, math.Log(50)-2, math.Log(w[2]/w[0]), 1e-9, "no time has passed")

	r := newRig(t, func(c *guard.Config) { c.Limits.Floor = 0.9 })
	got, d := r.next()
	require.True(t, d.Limited)
	require.Equal(t, []float64{2, 1.35}, got)
	require.Equal(t, []float64{2, 1}, r.guard.Proposed()[0])
}

// TestTraffic: for a queue that theory knows the estimate is exact, and moving flows to
// where they wait longer shows.
func TestTraffic(t *testing.T) {
	t.Parallel()
	var traffic guard.Traffic
	counts := []env.ServerCounts{{Dispatched: 8, Completed: 8, Durations: 8 * 0.5}, {Dispatched: 2, Completed: 2, Durations: 2 * 0.5}}
	require.Equal(t, guard.Estimate{}, traffic.Under([]float64{1, 1}, counts, func(int) float64 { return 10 }), "nothing is known")
	for k := range 1000 {
		traffic.Learn(counts, float64(k+1))
	}
	require.InEpsilon(t, 10, traffic.Rate(), 1e-6)
	require.InEpsilon(t, 0.5, traffic.Duration(), 1e-9)
	rates := []float64{16, 4}
	rate := func(j int) float64 { return rates[j] }
	one := []env.ServerCounts{{}, {Out: true}}
	require.InEpsilon(t, 1/(16-10.0), traffic.Under([]float64{1, 1}, one, rate).Duration, 1e-6, "M/M/1")
	even := traffic.Under([]float64{1, 1}, counts, rate)
	require.InDelta(t, 0, even.Moved, 1e-6, "two queues half full each take their part")
	require.InEpsilon(t, 2.0/10, even.Duration, 1e-6)
	wrong := traffic.Under([]float64{1, 8}, counts, rate)
	require.Greater(t, wrong.Duration, even.Duration)
	require.Greater(t, wrong.Moved, 0.05)
	over := traffic.Under([]float64{1, 1}, counts, func(int) float64 { return 1 })
	require.True(t, over.Duration > 5 && over.Duration < 100, "%g s: more flows than the servers get through", over.Duration)
}
