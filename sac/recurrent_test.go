package sac_test

import (
	"math"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/agents"
	"fairlb/agents/policy"
	"fairlb/env"
	"fairlb/replay"
	"fairlb/sac"
)

// recall is a task of memory: at the first step one of two servers is marked,
// then nothing is seen any more. The last step pays how near the difference of
// the log-weights comes to 1 in favour of that server: 0 at best, and -1 for
// who knows no better than to treat servers alike.
type recall struct{ spec env.Spec }

func newRecall(steps int) recall {
	spec := specOf(1, 2, 1)
	spec.Steps = steps
	return recall{spec}
}

// play returns an episode, whose seed tells the server, and its reward.
func (r recall) play(t testing.TB, actor agents.Actor, seed uint64) (*replay.Episode, float64) {
	t.Helper()
	ep := replay.NewEpisode(replay.Shape{Agents: 1, Servers: 2, Features: 1}, r.spec.Steps)
	ep.Steps, ep.Terminated = r.spec.Steps, true
	marked := int(seed % 2)
	actor.Reset(seed)
	weights, paid := grid[float64](1, 2), 0.0
	for step := range ep.Steps + 1 {
		obs := make([]float32, 2)
		if step == 0 {
			obs[marked] = 1
		}
		ep.Obs, ep.Load = append(ep.Obs, obs...), append(ep.Load, 0, 0)
		if step == ep.Steps {
			break
		}
		require.NoError(t, actor.Act(weights, &env.Step{Obs: [][]float32{obs}}))
		if step == ep.Steps-1 {
			miss := math.Log(weights[0][marked]/weights[0][1-marked]) - 1
			paid = -miss * miss
		}
		for _, w := range weights[0] {
			ep.LogWeight = append(ep.LogWeight, float32(math.Log(w)))
			ep.ServerReward = append(ep.ServerReward, float32(paid/2))
		}
		ep.Reward = append(ep.Reward, float32(paid))
	}
	return ep, paid
}

// evaluate trains a learner for some rounds and returns the mean reward of its
// policy.
func (r recall) evaluate(t testing.TB, cfg sac.Config, rounds, updates int) float64 {
	t.Helper()
	l := newLearner(t, cfg, r.spec, 1)
	seed := uint64(0)
	for round := range rounds {
		explorer, err := l.Explorer()
		require.NoError(t, err)
		for range 8 {
			ep, _ := r.play(t, explorer, seed)
			require.NoError(t, l.Observe(ep))
			seed++
		}
		_, err = l.Update(updates, float64(round)/float64(rounds))
		require.NoError(t, err)
	}
	policy, err := l.Policy()
	require.NoError(t, err)
	_, first := r.play(t, policy, 0)
	_, second := r.play(t, policy, 1)
	return (first + second) / 2
}

// recurrentConfig is that of a small recurrent learner.
func recurrentConfig() sac.Config {
	cfg := sac.DefaultConfig()
	cfg.Network, cfg.Batch, cfg.Hidden = sac.Recurrent, 16, 16
	cfg.CriticRounds, cfg.FeatureRounds, cfg.Smoothness, cfg.Average = 2, 1, 0, 0.9
	return cfg
}

// TestRecurrentRemembers: what the recurrent learner saw at the start decides
// what it does at the end, also where a window and its burn-in hold the end
// alone and the stored state must tell; a
// feed-forward learner cannot know.
func TestRecurrentRemembers(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(c *sac.Config)
		check  func(t *testing.T, reward float64)
	}{
		"whole episodes": {func(*sac.Config) {}, func(t *testing.T, r float64) { require.Greater(t, r, -0.1) }},
		"windows": {func(c *sac.Config) { c.Window, c.BurnIn = 4, 1 },
			func(t *testing.T, r float64) { require.Greater(t, r, -0.4) }},
		"feed-forward": {func(c *sac.Config) { c.Network = sac.Equivariant },
			func(t *testing.T, r float64) { require.InDelta(t, -1, r, 0.1) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := recurrentConfig()
			test.change(&cfg)
			r := newRecall(6).evaluate(t, cfg, 30, 30)
			t.Logf("reward %.3f", r)
			test.check(t, r)
		})
	}
}

// TestRecurrentIsDeterministic asks for the same bits on one and two
// processors, and others from another seed. It is not parallel: it sets
// GOMAXPROCS.
func TestRecurrentIsDeterministic(t *testing.T) {
	spec := specOf(2, 3, 2)
	run := func(seed uint64) []float32 {
		cfg := recurrentConfig()
		cfg.CriticRounds, cfg.Window, cfg.BurnIn = 0, 7, 3
		l := newLearner(t, cfg, spec, seed)
		train(t, l, newBandit(spec, 1), 3, 3)
		var values []float32
		for _, p := range l.Parameters() {
			values = append(values, p.Data...)
		}
		return values
	}
	procs := runtime.GOMAXPROCS(1)
	defer runtime.GOMAXPROCS(procs)
	want := run(1)
	runtime.GOMAXPROCS(2)
	require.Equal(t, want, run(1))
	require.NotEqual(t, want, run(2))
}

// TestRecurrentPolicy: it is deterministic, goes by all that it has seen since
// its Reset, and comes back from a checkpoint.
func TestRecurrentPolicy(t *testing.T) {
	t.Parallel()
	spec := specOf(2, 3, 2)
	cfg := recurrentConfig()
	cfg.CriticRounds = 0
	l := newLearner(t, cfg, spec, 1)
	for _, row := range weights(t, l, spec, observation(spec, 1)) {
		for _, w := range row {
			require.InDelta(t, 1, w, 0.2, "an untrained policy treats servers alike")
		}
	}
	train(t, l, newBandit(spec, 1), 2, 5)
	act := func(l *sac.Learner) (first, second [][]float64) {
		p, err := l.Policy()
		require.NoError(t, err)
		obs := &env.Step{Obs: observation(spec, 1)}
		for range 2 {
			first, second = grid[float64](2, 3), grid[float64](2, 3)
			p.Reset(7)
			require.NoError(t, p.Act(first, obs))
			require.NoError(t, p.Act(second, obs))
		}
		again := grid[float64](2, 3)
		p.Reset(8)
		require.NoError(t, p.Act(again, obs))
		require.Equal(t, first, again, "what was before Reset is forgotten, and no seed matters")
		return first, second
	}
	first, second := act(l)
	require.NotEqual(t, first, second, "the same observation, after another")

	fresh := newLearner(t, cfg, spec, 2)
	require.NoError(t, agents.CopyParameters(fresh.Parameters(), l.Parameters()))
	first2, second2 := act(fresh)
	require.Equal(t, first, first2)
	require.Equal(t, second, second2)

	explorer, err := l.Explorer()
	require.NoError(t, err)
	noisy := grid[float64](2, 3)
	explorer.Reset(1)
	require.NoError(t, explorer.Act(noisy, &env.Step{Obs: observation(spec, 1)}))
	require.NotEqual(t, first, noisy)
}

// TestRecurrentStatistics: those of a feed-forward learner, by their names.
func TestRecurrentStatistics(t *testing.T) {
	t.Parallel()
	spec := specOf(2, 3, 2)
	for _, network := range []sac.Network{sac.Recurrent, sac.Equivariant} {
		cfg := recurrentConfig()
		cfg.Network, cfg.CriticRounds = network, 1
		l := newLearner(t, cfg, spec, 1)
		first := train(t, l, newBandit(spec, 1), 1, 2)
		require.NotContains(t, first, "actor_loss/0", "%s: the critics' and the temperature", network)
		require.Len(t, train(t, l, newBandit(spec, 1), 1, 2), 2*11, network)
	}
}

// TestRecurrentCentralised: one recurrent learner steers an LB by what another
// one sees.
func TestRecurrentCentralised(t *testing.T) {
	t.Parallel()
	cfg := recurrentConfig()
	cfg.Gamma, cfg.Batch, cfg.Window, cfg.Rate = 0, 8, 10, 5e-3
	spec := specOf(2, 2, 1)
	spec.Steps = 40
	l, err := sac.NewCentralised(cfg, spec, 1)
	require.NoError(t, err)
	require.Greater(t, (&messenger{spec, rand.New(rand.NewPCG(1, 1))}).evaluate(t, l, 25), -0.1)
}

func TestRecurrentErrors(t *testing.T) {
	t.Parallel()
	for want, change := range map[string]func(c *sac.Config, s *env.Spec){
		`network = "lstm": must be equivariant or recurrent`:               func(c *sac.Config, _ *env.Spec) { c.Network = "lstm" },
		`head = "discrete": must be gaussian where network is recurrent`:   func(c *sac.Config, _ *env.Spec) { c.Head = policy.Discrete },
		`priority = 0.6: must be 0 where network is recurrent`:             func(c *sac.Config, _ *env.Spec) { c.Priority = 0.6 },
		"window = -1: must be in [0, 100000]":                              func(c *sac.Config, _ *env.Spec) { c.Window = -1 },
		"burn_in = -1: must be in [0, 100000]":                             func(c *sac.Config, _ *env.Spec) { c.Window, c.BurnIn = 1, -1 },
		"burn_in = 5: must be 0 where window is 0":                         func(c *sac.Config, _ *env.Spec) { c.BurnIn = 5 },
		"window = 0: whole episodes need an environment whose episodes ha": func(_ *sac.Config, s *env.Spec) { s.Steps = 0 },
	} {
		cfg, spec := recurrentConfig(), specOf(1, 2, 1)
		change(&cfg, &spec)
		_, err := sac.New(cfg, spec, 1)
		require.ErrorIs(t, err, sac.ErrConfig, want)
		require.ErrorContains(t, err, want)
	}
	spec := specOf(1, 3, 2)
	l := newLearner(t, recurrentConfig(), spec, 1)
	_, err := l.Update(1, 0)
	require.ErrorIs(t, err, replay.ErrEmpty)
	explorer, err := l.Explorer()
	require.NoError(t, err)
	require.ErrorContains(t, l.Observe(newBandit(spec, 1).episode(t, explorer, 1, 21)), "episode of 21 steps, want at most the environment's 20")
	require.Error(t, l.Observe(replay.NewEpisode(replay.Shape{Agents: 1, Servers: 1, Features: 1}, 0)))
}
