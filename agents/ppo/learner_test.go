package ppo_test

import (
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/agents"
	"fairlb/agents/policy"
	"fairlb/agents/ppo"
	"fairlb/env"
	"fairlb/replay"
)

func specOf(lbs, servers, features int) env.Spec {
	return env.Spec{Agents: lbs, Servers: servers, StepInterval: 0.5, Steps: 24,
		Features: make([]env.Feature, features), Action: env.ActionSpec{Low: 0.1, High: 10}}
}

// contest is an environment without dynamics: observations are noise around 3,
// and pay gives every LB's reward by server from the centred log-weights and
// the observations of all.
type contest struct {
	spec env.Spec
	pay  func(reward [][]float32, u [][]float64, obs [][]float32)
}

// each returns rows of the given length, one per LB.
func each[T any](spec env.Spec, cols int) [][]T {
	rows := make([][]T, spec.Agents)
	for i := range rows {
		rows[i] = make([]T, cols)
	}
	return rows
}

func (c *contest) observe(rng *rand.Rand) [][]float32 {
	obs := each[float32](c.spec, c.spec.Servers*len(c.spec.Features))
	for _, row := range obs {
		for k := range row {
			row[k] = float32(3 + 2*rng.NormFloat64())
		}
	}
	return obs
}

// play plays an episode of the spec's steps.
func (c *contest) play(t testing.TB, actor agents.Actor, seed uint64) *replay.Episode {
	t.Helper()
	s, rng := c.spec, rand.New(rand.NewPCG(seed, 5))
	ep := replay.NewEpisode(replay.Shape{Agents: s.Agents, Servers: s.Servers, Features: len(s.Features)}, s.Steps)
	weights, u, reward := each[float64](s, s.Servers), each[float64](s, s.Servers), each[float32](s, s.Servers)
	actor.Reset(seed)
	for ; ep.Steps <= s.Steps; ep.Steps++ {
		obs := c.observe(rng)
		ep.Obs = append(ep.Obs, slices.Concat(obs...)...)
		ep.Load = append(ep.Load, make([]float32, s.Agents*s.Servers)...)
		if ep.Steps == s.Steps {
			break
		}
		require.NoError(t, actor.Act(weights, &env.Step{Obs: obs}))
		require.NoError(t, s.CheckActions(weights))
		for i, row := range weights {
			copy(u[i], centred(row))
			for _, w := range row {
				ep.LogWeight = append(ep.LogWeight, float32(math.Log(w)))
			}
		}
		c.pay(reward, u, obs)
		for _, row := range reward {
			sum := float32(0)
			for _, r := range row {
				sum += r
			}
			ep.ServerReward = append(ep.ServerReward, row...)
			ep.Reward = append(ep.Reward, sum)
		}
	}
	return ep
}

// centred returns the logarithms of weights, less their mean.
func centred(weights []float64) []float64 {
	u := make([]float64, len(weights))
	mean := 0.0
	for j, w := range weights {
		u[j] = math.Log(w)
		mean += u[j] / float64(len(u))
	}
	for j := range u {
		u[j] -= mean
	}
	return u
}

// bandit pays each server for how near its log-weight is to a fixed one, which
// differs by LB.
func bandit(spec env.Spec) *contest {
	return &contest{spec: spec, pay: func(reward [][]float32, u [][]float64, _ [][]float32) {
		for i, row := range u {
			for j, v := range row {
				d := v - optimum(i, j)
				reward[i][j] = float32(-d * d)
			}
		}
	}}
}

// optimum is the bandit's best log-weight; over three servers it sums to 0.
func optimum(lb, server int) float64 { return 0.4 * float64((lb+server)%3-1) }

func config(head policy.Head) ppo.Config {
	cfg := ppo.DefaultConfig()
	cfg.Head, cfg.Hidden, cfg.Layers, cfg.Embedding = head, 8, 1, 3
	cfg.Sigma, cfg.Gamma, cfg.Lambda, cfg.Clip, cfg.Batch = 0.4, 0, 0, 0.2, 48
	cfg.Rate, cfg.ValueRate, cfg.Average, cfg.FeatureRounds = 5e-3, 5e-3, 0.95, 1
	return cfg
}

func learnerOf(t testing.TB, cfg ppo.Config, spec env.Spec, central bool, seed uint64) *ppo.Learner {
	t.Helper()
	l, err := ppo.New(cfg, spec, central, seed)
	require.NoError(t, err)
	return l
}

// train runs rounds of eight episodes and a number of updates.
func train(t testing.TB, l *ppo.Learner, c *contest, rounds, updates int) agents.Stats {
	t.Helper()
	var stats agents.Stats
	for r := range rounds {
		collect(t, l, c, uint64(8*r))
		var err error
		stats, err = l.Update(updates, float64(r)/float64(rounds))
		require.NoError(t, err)
	}
	return stats
}

func collect(t testing.TB, l *ppo.Learner, c *contest, seed uint64) {
	t.Helper()
	actor, err := l.Explorer()
	require.NoError(t, err)
	for e := range uint64(8) {
		require.NoError(t, l.Observe(c.play(t, actor, seed+e)))
	}
}

// weights asks the policy for its weights.
func weights(t testing.TB, l *ppo.Learner, spec env.Spec, obs [][]float32) [][]float64 {
	t.Helper()
	policy, err := l.Policy()
	require.NoError(t, err)
	w := each[float64](spec, spec.Servers)
	require.NoError(t, policy.Act(w, &env.Step{Obs: obs}))
	return w
}

func observation(c *contest, seed uint64) [][]float32 {
	return c.observe(rand.New(rand.NewPCG(seed, 6)))
}

func TestLearnsABandit(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*ppo.Config){
		"gaussian":                      func(*ppo.Config) {},
		"discrete":                      func(c *ppo.Config) { c.Head = policy.Discrete },
		"server ratios, clipped values": func(c *ppo.Config) { c.Ratio, c.ValueClip = ppo.Server, 0.5 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			spec := specOf(2, 3, 2)
			cfg := config(policy.Gaussian)
			change(&cfg)
			c := bandit(spec)
			l := learnerOf(t, cfg, spec, false, 5)
			stats := train(t, l, c, 40, 24)
			for seed := range uint64(3) {
				for i, row := range weights(t, l, spec, observation(c, seed)) {
					for j, u := range centred(row) {
						require.InDelta(t, optimum(i, j), u, 0.15, "LB %d, server %d", i, j)
					}
				}
			}
			for _, name := range []string{"actor_loss/0", "critic_loss/1", "entropy/0", "kl/1", "clip_fraction/0",
				"explained_variance/1", "value_mean/0", "action_share/1", "grad_norm_actor/1", "grad_norm_critic/0"} {
				require.Contains(t, stats, name)
				require.False(t, math.IsNaN(stats[name]), name)
			}
		})
	}
}

// team pays both LBs alike: for how near each one's log-weights are to what
// that one alone observes.
func team(spec env.Spec) *contest {
	return &contest{spec: spec, pay: func(reward [][]float32, u [][]float64, obs [][]float32) {
		for j := range spec.Servers {
			sum := 0.0
			for i := range u {
				d := u[i][j] - wanted(obs[i])[j]
				sum -= d * d
			}
			for i := range u {
				reward[i][j] = float32(sum)
			}
		}
	}}
}

// wanted is a fifth of the centred observations of one feature.
func wanted(obs []float32) []float64 {
	mean := 0.0
	for _, v := range obs {
		mean += float64(v) / float64(len(obs))
	}
	u := make([]float64, len(obs))
	for j, v := range obs {
		u[j] = 0.2 * (float64(v) - mean)
	}
	return u
}

// TestCooperates: two LBs of one reward learn each its part.
func TestCooperates(t *testing.T) {
	t.Parallel()
	spec := specOf(2, 3, 1)
	c := team(spec)
	cfg := config(policy.Gaussian)
	cfg.Hidden, cfg.Layers = 16, 2
	l := learnerOf(t, cfg, spec, true, 3)
	require.NotContains(t, train(t, l, c, 1, 1), "critic_loss/1", "there is one value function")
	train(t, l, c, 40, 24)
	var before, after float64
	for seed := range uint64(30) {
		obs := observation(c, seed)
		for i, row := range weights(t, l, spec, obs) {
			for j, u := range centred(row) {
				w := wanted(obs[i])[j]
				before += w * w
				after += (u - w) * (u - w)
			}
		}
	}
	require.Less(t, after, 0.25*before, "of the squared distance of equal weights")
}

// TestCentralValues: of a reward that follows from what both LBs observe, a
// value function that sees both explains more than one that sees one. The
// policies hardly move and hardly explore.
func TestCentralValues(t *testing.T) {
	t.Parallel()
	spec := specOf(2, 3, 1)
	cfg := config(policy.Gaussian)
	cfg.Hidden, cfg.Layers, cfg.Sigma, cfg.Rate = 16, 2, 0.02, 1e-9
	central := train(t, learnerOf(t, cfg, spec, true, 3), team(spec), 30, 24)["explained_variance/0"]
	local := train(t, learnerOf(t, cfg, spec, false, 3), team(spec), 30, 24)["explained_variance/0"]
	require.Greater(t, central, 0.7)
	require.Less(t, local, 0.6)
}

// TestRatiosBeginAtOne: the probabilities of a round's actions are those of its
// collection, so that the first minibatch has ratios of 1, up to rounding.
func TestRatiosBeginAtOne(t *testing.T) {
	t.Parallel()
	for _, head := range []policy.Head{policy.Gaussian, policy.Discrete} {
		for _, ratio := range []ppo.Ratio{ppo.Joint, ppo.Server} {
			spec := specOf(2, 3, 2)
			cfg := config(head)
			cfg.Ratio = ratio
			l, c := learnerOf(t, cfg, spec, false, 1), bandit(spec)
			train(t, l, c, 3, 5)
			collect(t, l, c, 100)
			stats, err := l.Update(1, 0.5)
			require.NoError(t, err)
			require.InDelta(t, 0, stats["kl/0"], 1e-10)
			require.Zero(t, stats["clip_fraction/0"])
			collect(t, l, c, 200)
			stats, err = l.Update(9, 0.5)
			require.NoError(t, err)
			require.Greater(t, stats["kl/0"], 1e-6, "the check would pass on a policy that stands still")
		}
	}
}

// TestUpdatesAreDeterministic asks for the same bits on one and two
// processors, and others from another seed. It is not parallel: it sets
// GOMAXPROCS.
func TestUpdatesAreDeterministic(t *testing.T) {
	values := func(central bool, seed uint64) []float32 {
		spec := specOf(2, 3, 2)
		l := learnerOf(t, config(policy.Gaussian), spec, central, seed)
		train(t, l, bandit(spec), 3, 5)
		var all []float32
		for _, p := range l.Parameters() {
			all = append(all, p.Data...)
		}
		return all
	}
	procs := runtime.GOMAXPROCS(0)
	defer runtime.GOMAXPROCS(procs)
	for _, central := range []bool{false, true} {
		runtime.GOMAXPROCS(1)
		want := values(central, 1)
		runtime.GOMAXPROCS(2)
		require.Equal(t, want, values(central, 1))
		require.NotEqual(t, want, values(central, 2))
	}
}

// TestPolicyIsPermutationEquivariant: permuting servers, with their embeddings,
// permutes the weights.
func TestPolicyIsPermutationEquivariant(t *testing.T) {
	t.Parallel()
	spec := specOf(1, 3, 2)
	c := bandit(spec)
	l := learnerOf(t, config(policy.Gaussian), spec, false, 1)
	train(t, l, c, 3, 20)
	turned := func(x []float32) []float32 { // server 2 comes first
		cols := len(x) / 3
		return slices.Concat(x[2*cols:], x[:2*cols])
	}
	obs := observation(c, 7)
	before := weights(t, l, spec, obs)[0]
	for _, p := range l.Parameters() {
		if p.Name == "lb0.actor.embedding" {
			copy(p.Data, turned(p.Data))
		}
	}
	after := weights(t, l, spec, [][]float32{turned(obs[0])})[0]
	require.InDeltaSlice(t, []float64{before[2], before[0], before[1]}, after, 1e-6)
	require.Greater(t, math.Abs(before[0]-before[1]), 1e-2, "the check would pass on equal weights")
}

// TestParametersRestoreThePolicy, which does not explore.
func TestParametersRestoreThePolicy(t *testing.T) {
	t.Parallel()
	spec := specOf(2, 3, 2)
	for _, head := range []policy.Head{policy.Gaussian, policy.Discrete} {
		c := bandit(spec)
		l, other := learnerOf(t, config(head), spec, true, 1), learnerOf(t, config(head), spec, true, 2)
		obs := observation(c, 7)
		for _, row := range weights(t, l, spec, obs) {
			require.InDeltaSlice(t, []float64{1, 1, 1}, row, 0.1, "untrained, servers are alike")
		}
		greedy, err := l.Policy()
		require.NoError(t, err)
		old := weights(t, l, spec, obs)
		train(t, l, c, 2, 8)
		require.NoError(t, agents.CopyParameters(other.Parameters(), l.Parameters()))
		want := weights(t, l, spec, obs)
		require.Equal(t, want, weights(t, other, spec, obs))
		require.Equal(t, want, weights(t, l, spec, obs), "a policy does not explore")

		// An actor keeps the parameters of the moment it was made.
		got := each[float64](spec, 3)
		require.NoError(t, greedy.Act(got, &env.Step{Obs: obs}))
		require.Equal(t, old, got)
		if head == policy.Gaussian {
			require.NotEqual(t, want, old)
		}
	}
}

// TestUpdateAllocates hardly anything: what it does is no matter of how many
// minibatches there are. It is not parallel: it counts allocations.
func TestUpdateAllocates(t *testing.T) {
	spec := specOf(2, 3, 2)
	c := bandit(spec)
	l := learnerOf(t, config(policy.Gaussian), spec, true, 1)
	train(t, l, c, 2, 2)
	actor, err := l.Explorer()
	require.NoError(t, err)
	ep := c.play(t, actor, 1)
	count := func(n int) float64 {
		return testing.AllocsPerRun(5, func() {
			require.NoError(t, l.Observe(ep))
			_, err := l.Update(n, 0.5)
			require.NoError(t, err)
		})
	}
	few := count(1)
	require.InDelta(t, few, count(40), 20, "an allocation an update would be 39 more; goroutines vary by a few")
	require.Less(t, few, 150., "goroutines and the names of figures")
}

// TestRoundsAreDropped: an update learns from new episodes alone.
func TestRoundsAreDropped(t *testing.T) {
	t.Parallel()
	spec := specOf(1, 3, 2)
	l := learnerOf(t, config(policy.Gaussian), spec, false, 1)
	_, err := l.Update(1, 0)
	require.ErrorIs(t, err, replay.ErrEmpty)
	train(t, l, bandit(spec), 1, 2)
	_, err = l.Update(1, 0)
	require.ErrorIs(t, err, replay.ErrEmpty)
	_, err = l.Update(0, 0)
	require.ErrorContains(t, err, "n = 0")
	_, err = l.Update(1, math.NaN())
	require.ErrorContains(t, err, "progress = NaN")
	require.ErrorContains(t, l.Observe(replay.NewEpisode(replay.Shape{Agents: 2, Servers: 3, Features: 2}, 0)), "want {Agents:1")
	require.ErrorContains(t, l.Observe(replay.NewEpisode(replay.Shape{Agents: 1, Servers: 3, Features: 2}, 0)), "0 observations")
}
