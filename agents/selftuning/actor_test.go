package selftuning_test

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/agents"
	"fairlb/agents/selftuning"
	"fairlb/env"
	"fairlb/env/dispatch"
	"fairlb/env/scenario"
	"fairlb/env/sim"
	"fairlb/eval/episodes"
	"fairlb/rewards"
)

// wide are bounds that no estimate reaches.
var wide = env.ActionSpec{Low: 1e-6, High: 1e6}

func newActor(t testing.TB, lbs int) *selftuning.Actor {
	t.Helper()
	a, err := selftuning.New(selftuning.Config{LBs: lbs, Interval: 0.25, Bounds: wide, Rule: dispatch.DefaultSelfTuning()})
	require.NoError(t, err)
	return a
}

// mean is the mean completion time of an episode.
type mean struct{ n, sum float64 }

func (m *mean) Record(o env.Outcome) {
	m.n++
	m.sum += o.Completion
}

// TestActsAsTheRule: in the simulator, weights by the counts of intervals are worth what
// the rule is that learns of each request, and both beat SED where its capacities are
// not the true ones.
func TestActsAsTheRule(t *testing.T) {
	t.Parallel()
	s, err := scenario.Load("misweighted/1.0", []string{"duration=120"})
	require.NoError(t, err)
	play := func(heuristic string, actor agents.Actor) float64 {
		cfg, err := s.Config()
		require.NoError(t, err)
		var m mean
		cfg.Recorder, cfg.Heuristic = &m, heuristic
		cfg.Counts, cfg.MaxLogWeight, cfg.Ties = true, math.Log(wide.High), dispatch.OrderedTies
		if cfg.Reward, err = rewards.New("vbf"); err != nil {
			t.Fatal(err)
		}
		e, err := sim.New(cfg)
		require.NoError(t, err)
		require.NoError(t, episodes.Play(context.Background(), e, actor, 1001))
		require.NoError(t, e.Close())
		return m.sum / m.n
	}
	rule, sed := play("self-tuning", nil), play("sed-ordered", nil)
	acted := play("", newActor(t, s.LBs))
	t.Logf("self-tuning %.4f s, by counts %.4f s, sed-ordered %.4f s", rule, acted, sed)
	require.InEpsilon(t, rule, acted, 0.05)
	require.Less(t, acted, sed)
}

// steps makes steps of one LB out of counts, a quarter of a second apart.
type steps struct {
	t     *testing.T
	actor *selftuning.Actor
	time  float64
}

func (s *steps) act(counts ...env.ServerCounts) []float64 {
	s.t.Helper()
	s.time += 0.25
	dst := [][]float64{make([]float64, len(counts))}
	require.NoError(s.t, s.actor.Act(dst, &env.Step{Time: s.time, Counts: [][]env.ServerCounts{counts}}))
	return dst[0]
}

// completed are n completions with q flows under way, of d s each.
func completed(n int, q, d float64) env.ServerCounts {
	return env.ServerCounts{Dispatched: n, Completed: n, OngoingSum: float64(n) * q, Durations: float64(n) * d}
}

// TestServersJoinAndLeave: weights follow capacities to the power of the exponent, a
// server that takes the place of another is not taken for it, and the pool may grow.
func TestServersJoinAndLeave(t *testing.T) {
	t.Parallel()
	s := &steps{t: t, actor: newActor(t, 1)}
	require.Equal(t, []float64{1, 1}, s.act(env.ServerCounts{}, env.ServerCounts{}), "nothing is known")
	var w []float64
	for range 500 {
		w = s.act(completed(4, 2, 0.1), completed(4, 2, 0.4))
	}
	require.InEpsilon(t, math.Pow(4, 0.65), w[0]/w[1], 0.02)
	require.InEpsilon(t, 20, s.actor.Rate(0, 0), 0.02)

	fresh := completed(0, 0, 0)
	fresh.Joined = true
	w = s.act(completed(4, 2, 0.1), fresh, fresh)
	require.Equal(t, w[1], w[2], "what is known of the slot was another server's")
	require.InEpsilon(t, 1, w[1], 0.02, "it is taken for one of the average")
	w = s.act(env.ServerCounts{Absent: true}, completed(4, 2, 0.1), completed(4, 2, 0.4))
	require.Equal(t, 1.0, w[0])
	require.Greater(t, w[1], w[2])
	require.Zero(t, s.actor.Rate(0, 7), "there is no such server")

	s.actor.Reset(0)
	require.Equal(t, []float64{1, 1, 1}, s.act(fresh, fresh, fresh))
}

// TestProbation: a server that fails gets next to nothing, for twice as long each time
// that it fails when it is tried, and its weight comes back in steps once it works.
func TestProbation(t *testing.T) {
	t.Parallel()
	s := &steps{t: t, actor: newActor(t, 1)}
	good, bad := completed(4, 2, 0.1), env.ServerCounts{Dispatched: 3, Failed: 3}
	for range 100 {
		s.act(good, good)
	}
	s.act(good, bad)
	require.True(t, s.actor.OnProbation(0, 1))
	require.False(t, s.actor.OnProbation(0, 0))
	var waits []int
	for range 4 { // it fails as soon as it is tried
		n := 0
		for w := s.act(good, env.ServerCounts{}); w[1] < 1e-3; w = s.act(good, env.ServerCounts{}) {
			n++
		}
		waits = append(waits, n)
		s.act(good, bad)
	}
	require.Equal(t, []int{0, 1, 3, 7}, waits, "intervals between a strike and the next trial")
	for range 16 {
		s.act(good, bad) // it waits: these flows were sent before
	}
	var rise []float64
	for s.actor.OnProbation(0, 1) {
		rise = append(rise, s.act(good, completed(1, 1, 0.1))[1])
	}
	require.Len(t, rise, 4)
	for k := 1; k < len(rise); k++ {
		require.InEpsilon(t, 2, rise[k]/rise[k-1], 0.05, "%v", rise)
	}

	mixed := completed(4, 2, 0.1)
	mixed.Failed = 1
	s.act(good, mixed)
	require.False(t, s.actor.OnProbation(0, 1), "one failure among completions is no strike")
	s.act(good, bad)
	require.True(t, s.actor.OnProbation(0, 1))
	out := env.ServerCounts{Out: true}
	s.act(good, out)
	require.False(t, s.actor.OnProbation(0, 1), "whoever takes a server out and in knows that it works")
}

// TestRefuses: steps that hold no counts, or of another shape, are refused.
func TestRefuses(t *testing.T) {
	t.Parallel()
	a := newActor(t, 1)
	one := [][]float64{{0}}
	require.NoError(t, a.Act(one, &env.Step{}), "the first step of an episode has none")
	require.ErrorIs(t, a.Act(one, &env.Step{Time: 1}), selftuning.ErrNoCounts)
	require.ErrorContains(t, a.Act([][]float64{{0}, {0}}, &env.Step{}), "weights of 2 LBs")
	require.ErrorContains(t, a.Act(one, &env.Step{Counts: [][]env.ServerCounts{make([]env.ServerCounts, 2)}}), "1 weights from counts of 2 servers")
	for _, bad := range []selftuning.Config{
		{Interval: 1, Bounds: wide, Rule: dispatch.DefaultSelfTuning()},
		{LBs: 1, Bounds: wide, Rule: dispatch.DefaultSelfTuning()},
		{LBs: 1, Interval: 1, Bounds: env.ActionSpec{Low: 1, High: 2}, Rule: dispatch.DefaultSelfTuning()},
		{LBs: 1, Interval: 1, Bounds: wide},
	} {
		_, err := selftuning.New(bad)
		require.Error(t, err)
	}
}

func BenchmarkAct(b *testing.B) {
	a := newActor(b, 1)
	counts := make([]env.ServerCounts, 20)
	for j := range counts {
		counts[j] = completed(j+1, 2, 0.1)
	}
	step := &env.Step{Time: 1, Counts: [][]env.ServerCounts{counts}}
	dst := [][]float64{make([]float64, 20)}
	b.ReportAllocs()
	for b.Loop() {
		step.Time += 0.25
		if err := a.Act(dst, step); err != nil {
			b.Fatal(err)
		}
	}
}
