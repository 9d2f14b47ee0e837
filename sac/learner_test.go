package sac_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/agents"
	"fairlb/agents/policy"
	"fairlb/env"
	"fairlb/replay"
	"fairlb/sac"
)

func specOf(lbs, servers, features int) env.Spec {
	s := env.Spec{Agents: lbs, Servers: servers, StepInterval: 0.5, Steps: 20,
		Action: env.ActionSpec{Low: 0.1, High: 10}}
	for range features {
		s.Features = append(s.Features, env.Feature{Name: "ongoing", Unit: "requests"})
	}
	return s
}

// bandit is an environment without dynamics: the observation is noise, and
// server j pays LB i -(u_j - nn.Mean(u) - best[i][j])^2.
type bandit struct {
	spec env.Spec
	best [][]float64
	rng  *rand.Rand
}

func newBandit(spec env.Spec, seed uint64) *bandit {
	b := &bandit{spec: spec, rng: rand.New(rand.NewPCG(seed, 99))}
	for i := range spec.Agents {
		row := make([]float64, spec.Servers)
		for j := range row { // 0.4, 0, -0.4, ... turned by LB; they sum to zero for three
			row[j] = 0.4 * float64(1-(i+j)%3)
		}
		b.best = append(b.best, row)
	}
	return b
}

func (b *bandit) observe(obs [][]float32) {
	for i := range obs {
		for k := range obs[i] {
			obs[i][k] = float32(3 + 2*b.rng.NormFloat64())
		}
	}
}

// episode plays one of the given steps.
func (b *bandit) episode(t testing.TB, actor agents.Actor, seed uint64, steps int) *replay.Episode {
	s := b.spec
	ep := replay.NewEpisode(replay.Shape{Agents: s.Agents, Servers: s.Servers, Features: len(s.Features)}, steps)
	ep.Steps = steps
	step, weights := grid[float32](s.Agents, s.Servers*len(s.Features)), grid[float64](s.Agents, s.Servers)
	actor.Reset(seed)
	for range steps {
		b.observe(step)
		require.NoError(t, actor.Act(weights, &env.Step{Obs: step}))
		require.NoError(t, s.CheckActions(weights))
		for i, row := range weights {
			ep.Obs = append(ep.Obs, step[i]...)
			centre := 0.0
			for _, w := range row {
				centre += math.Log(w) / float64(s.Servers)
			}
			sum := float32(0)
			for j, w := range row {
				ep.LogWeight = append(ep.LogWeight, float32(math.Log(w)))
				ep.Load = append(ep.Load, 0)
				d := math.Log(w) - centre - b.best[i][j]
				ep.ServerReward = append(ep.ServerReward, float32(-d*d))
				sum -= float32(d * d)
			}
			ep.Reward = append(ep.Reward, sum)
		}
	}
	b.observe(step)
	for i := range step {
		ep.Obs = append(ep.Obs, step[i]...)
		ep.Load = append(ep.Load, make([]float32, s.Servers)...)
	}
	return ep
}

func grid[T any](rows, cols int) [][]T {
	g := make([][]T, rows)
	for i := range g {
		g[i] = make([]T, cols)
	}
	return g
}

func config(head policy.Head) sac.Config {
	cfg := sac.DefaultConfig()
	cfg.Head, cfg.Batch = head, 64
	return cfg
}

func newLearner(t testing.TB, cfg sac.Config, spec env.Spec, seed uint64) *sac.Learner {
	t.Helper()
	l, err := sac.New(cfg, spec, seed)
	require.NoError(t, err)
	return l
}

// train runs rounds of four episodes and a number of updates.
func train(t testing.TB, l *sac.Learner, b *bandit, rounds, updates int) agents.Stats {
	t.Helper()
	var stats agents.Stats
	for r := range rounds {
		for e := range 4 {
			actor, err := l.Explorer()
			require.NoError(t, err)
			require.NoError(t, l.Observe(b.episode(t, actor, uint64(4*r+e), 20)))
		}
		var err error
		stats, err = l.Update(updates, float64(r)/float64(rounds))
		require.NoError(t, err)
	}
	return stats
}

// weights asks the policy for its weights in a state.
func weights(t testing.TB, l *sac.Learner, spec env.Spec, obs [][]float32) [][]float64 {
	t.Helper()
	policy, err := l.Policy()
	require.NoError(t, err)
	policy.Reset(1)
	w := grid[float64](spec.Agents, spec.Servers)
	require.NoError(t, policy.Act(w, &env.Step{Obs: obs}))
	return w
}

func observation(spec env.Spec, seed uint64) [][]float32 {
	b, obs := newBandit(spec, seed), grid[float32](spec.Agents, spec.Servers*len(spec.Features))
	b.observe(obs)
	return obs
}

func TestLearnsABandit(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		head     policy.Head
		discrete sac.DiscreteLoss
		priority float64
		steps    int
		baseline sac.Baseline
	}{
		{policy.Gaussian, sac.Exact, 0, 1, sac.NoBaseline}, {policy.Discrete, sac.Exact, 0, 1, sac.NoBaseline},
		{policy.Gaussian, sac.Exact, 0.6, 1, sac.NoBaseline}, {policy.Gaussian, sac.Exact, 0, 3, sac.NoBaseline},
		{policy.Discrete, sac.Exact, 0, 3, sac.NoBaseline}, {policy.Discrete, sac.StraightThrough, 0, 1, sac.NoBaseline},
		{policy.Gaussian, sac.Exact, 0, 1, sac.Advantage}, {policy.Discrete, sac.StraightThrough, 0, 1, sac.Advantage},
		{policy.Gaussian, sac.Exact, 0, 1, sac.Difference}, {policy.Discrete, sac.Exact, 0, 1, sac.Difference},
	} {
		t.Run(fmt.Sprint(test), func(t *testing.T) {
			t.Parallel()
			spec := specOf(2, 3, 2)
			b := newBandit(spec, 1)
			cfg := config(test.head)
			cfg.Batch, cfg.CriticRounds, cfg.Average, cfg.Priority = 32, 2, 0.98, test.priority
			cfg.NStep, cfg.Discrete, cfg.Baseline = test.steps, test.discrete, test.baseline
			l := newLearner(t, cfg, spec, 5)
			stats := train(t, l, b, 18, 40)
			for seed := range uint64(3) {
				for i, row := range weights(t, l, spec, observation(spec, seed)) {
					centre := 0.0
					for _, w := range row {
						centre += math.Log(w) / 3
					}
					for j, w := range row {
						require.InDelta(t, b.best[i][j], math.Log(w)-centre, 0.15*float64(test.steps), "LB %d, server %d", i, j)
					}
				}
			}
			for _, name := range []string{"critic_loss/0", "actor_loss/1", "entropy/0", "alpha/1", "q_mean/0",
				"grad_norm_actor/0", "grad_norm_critic/1", "smoothness/0", "q_sd/0", "q_twins/1", "action_share/0"} {
				require.Contains(t, stats, name)
				require.False(t, math.IsNaN(stats[name]), name)
			}
		})
	}
}

func TestFirstRoundsTrainCriticsAlone(t *testing.T) {
	t.Parallel()
	spec := specOf(1, 3, 2)
	cfg := config(policy.Gaussian)
	cfg.CriticRounds, cfg.FeatureRounds = 2, 1
	l := newLearner(t, cfg, spec, 1)
	b := newBandit(spec, 1)
	actor := func() []float32 { return slices.Clone(l.Parameters()[1].Data) }
	initial := actor()
	stats := train(t, l, b, 2, 3)
	require.Equal(t, initial, actor())
	require.Contains(t, stats, "critic_loss/0")
	require.NotContains(t, stats, "actor_loss/0")
	features := slices.Clone(parameter(t, l, "lb0.features.mean").Data)
	require.InDelta(t, 3, features[0], 0.5)
	train(t, l, b, 1, 3)
	require.NotEqual(t, initial, actor())
	require.Equal(t, features, parameter(t, l, "lb0.features.mean").Data, "frozen after the first round")
}

func parameter(t testing.TB, l *sac.Learner, name string) agents.Parameter {
	t.Helper()
	for _, p := range l.Parameters() {
		if p.Name == name {
			return p
		}
	}
	t.Fatalf("no parameter %q", name)
	return agents.Parameter{}
}

func TestUntrainedPolicyTreatsServersAlike(t *testing.T) {
	t.Parallel()
	for _, head := range []policy.Head{policy.Gaussian, policy.Discrete} {
		spec := specOf(2, 5, 4)
		for _, row := range weights(t, newLearner(t, config(head), spec, 1), spec, observation(spec, 1)) {
			for _, w := range row {
				require.InDelta(t, 1, w, 0.2, head)
			}
		}
	}
}

// TestUpdatesAreDeterministic asks for the same bits on one and two
// processors, and others from another seed. It is not parallel: it sets
// GOMAXPROCS.
func TestUpdatesAreDeterministic(t *testing.T) {
	run := func(head policy.Head, seed uint64) []float32 {
		cfg := config(head)
		cfg.CriticRounds = 1
		spec := specOf(2, 3, 2)
		l := newLearner(t, cfg, spec, seed)
		train(t, l, newBandit(spec, 1), 3, 5)
		var values []float32
		for _, p := range l.Parameters() {
			values = append(values, p.Data...)
		}
		return values
	}
	procs := runtime.GOMAXPROCS(0)
	defer runtime.GOMAXPROCS(procs)
	for _, head := range []policy.Head{policy.Gaussian, policy.Discrete} {
		runtime.GOMAXPROCS(1)
		want := run(head, 1)
		runtime.GOMAXPROCS(2)
		require.Equal(t, want, run(head, 1))
		require.NotEqual(t, want, run(head, 2))
	}
}

func TestParametersRestoreThePolicy(t *testing.T) {
	t.Parallel()
	for _, head := range []policy.Head{policy.Gaussian, policy.Discrete} {
		cfg := config(head)
		cfg.CriticRounds = 0
		spec := specOf(2, 3, 2)
		l := newLearner(t, cfg, spec, 1)
		train(t, l, newBandit(spec, 1), 2, 5)
		var saved []agents.Parameter
		for _, p := range l.Parameters() {
			saved = append(saved, agents.Parameter{Name: p.Name, Shape: slices.Clone(p.Shape), Data: slices.Clone(p.Data)})
		}
		other := newLearner(t, cfg, spec, 2)
		obs := observation(spec, 7)
		require.NoError(t, agents.CopyParameters(other.Parameters(), saved))
		require.Equal(t, weights(t, l, spec, obs), weights(t, other, spec, obs))
	}
}

// Permuting the servers together with their embeddings permutes the weights.
func TestPolicyIsPermutationEquivariant(t *testing.T) {
	t.Parallel()
	spec := specOf(1, 3, 2)
	l := newLearner(t, config(policy.Gaussian), spec, 1)
	output := parameter(t, l, "lb0.actor.out.weights").Data
	for i := range output {
		output[i] *= 300 // untrained outputs are near zero
	}
	permutation := []int{2, 0, 1}
	permute := func(x []float32) []float32 {
		cols := len(x) / 3
		var out []float32
		for _, j := range permutation {
			out = append(out, x[j*cols:(j+1)*cols]...)
		}
		return out
	}
	obs := observation(spec, 7)
	before := weights(t, l, spec, obs)[0]
	embedding := parameter(t, l, "lb0.actor.embedding").Data
	copy(embedding, permute(embedding))
	after := weights(t, l, spec, [][]float32{permute(obs[0])})[0]
	for k, j := range permutation {
		require.InDelta(t, before[j], after[k], 1e-5)
	}
	require.Greater(t, math.Abs(before[0]-before[1]), 1e-2, "the check would pass on equal weights")
}

func TestPolicyIsDeterministicAndExplorersAreNot(t *testing.T) {
	t.Parallel()
	for _, head := range []policy.Head{policy.Gaussian, policy.Discrete} {
		spec := specOf(2, 3, 2)
		l := newLearner(t, config(head), spec, 1)
		obs := &env.Step{Obs: observation(spec, 1)}
		policy, err := l.Policy()
		require.NoError(t, err)
		act := func(a agents.Actor, seed uint64) [][]float64 {
			out := grid[float64](2, 3)
			a.Reset(seed)
			require.NoError(t, a.Act(out, obs))
			first := grid[float64](2, 3)
			require.NoError(t, a.Act(first, obs))
			return append(out, first...)
		}
		p := act(policy, 1)
		require.Equal(t, p[:2], p[2:])
		require.Equal(t, p, act(policy, 2))

		explorers := make([]agents.Actor, 4)
		got := make([][][]float64, 4)
		var wg sync.WaitGroup
		for i := range explorers { // several at once
			explorers[i], err = l.Explorer()
			require.NoError(t, err)
			wg.Go(func() { got[i] = act(explorers[i], uint64(i%2)) })
		}
		wg.Wait()
		require.NotEqual(t, got[0][:2], got[0][2:], "noise is drawn at every step")
		require.NotEqual(t, got[0], got[1], "another seed")
		require.Equal(t, got[0], got[2], "the same seed")
		require.NotEqual(t, got[0][0], got[0][1], "LBs draw apart")
	}
}

// An actor keeps the parameters of the moment it was made.
func TestActorsAreSnapshots(t *testing.T) {
	t.Parallel()
	cfg := config(policy.Gaussian)
	cfg.CriticRounds = 0
	spec := specOf(1, 3, 2)
	l := newLearner(t, cfg, spec, 1)
	policy, err := l.Policy()
	require.NoError(t, err)
	obs := &env.Step{Obs: observation(spec, 1)}
	before, after := grid[float64](1, 3), grid[float64](1, 3)
	require.NoError(t, policy.Act(before, obs))
	train(t, l, newBandit(spec, 1), 1, 5)
	require.NoError(t, policy.Act(after, obs))
	require.Equal(t, before, after)
	require.NotEqual(t, before, weights(t, l, spec, obs.Obs))
}
