package sac_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/agents"
	"fairlb/agents/policy"
	"fairlb/env"
	"fairlb/replay"
	"fairlb/sac"
)

// messenger is a task for two LBs and two servers: the second LB observes a
// sign, and both are paid by how near the difference of the first one's
// log-weights comes to half of it. Without the second's observation the best is
// no difference, which pays -1/4.
type messenger struct {
	spec env.Spec
	rng  *rand.Rand
}

// play returns an episode and its mean reward.
func (m *messenger) play(t testing.TB, actor agents.Actor, seed uint64, steps int) (*replay.Episode, float64) {
	t.Helper()
	ep := replay.NewEpisode(replay.Shape{Agents: 2, Servers: 2, Features: 1}, steps)
	ep.Steps = steps
	obs, weights := grid[float32](2, 2), grid[float64](2, 2)
	actor.Reset(seed)
	mean := 0.0
	for step := range steps + 1 {
		sign := float64(1 - 2*m.rng.IntN(2))
		obs[1][0], obs[1][1] = float32(sign), float32(-sign)
		for i := range obs {
			ep.Obs = append(ep.Obs, obs[i]...)
			ep.Load = append(ep.Load, 0, 0)
		}
		if step == steps {
			break
		}
		require.NoError(t, actor.Act(weights, &env.Step{Obs: obs}))
		miss := math.Log(weights[0][0]/weights[0][1]) - sign/2
		for i := range weights {
			for _, w := range weights[i] {
				ep.LogWeight = append(ep.LogWeight, float32(math.Log(w)))
				ep.ServerReward = append(ep.ServerReward, float32(-miss*miss/2))
			}
			ep.Reward = append(ep.Reward, float32(-miss*miss))
		}
		mean -= miss * miss / float64(steps)
	}
	return ep, mean
}

// evaluate trains a learner for some rounds and returns the mean reward of its
// policy.
func (m *messenger) evaluate(t testing.TB, l *sac.Learner, rounds int) float64 {
	t.Helper()
	for r := range rounds {
		for e := range 4 {
			actor, err := l.Explorer()
			require.NoError(t, err)
			ep, _ := m.play(t, actor, uint64(4*r+e), 40)
			require.NoError(t, l.Observe(ep))
		}
		_, err := l.Update(30, float64(r)/float64(rounds))
		require.NoError(t, err)
	}
	policy, err := l.Policy()
	require.NoError(t, err)
	_, mean := m.play(t, policy, 0, 400)
	return mean
}

// Centr-LB steers one LB by what another sees; independent learners cannot.
func TestCentralisedSeesAllObservations(t *testing.T) {
	t.Parallel()
	cfg := config(policy.Gaussian)
	cfg.Gamma, cfg.Smoothness = 0, 0 // a bandit
	spec := specOf(2, 2, 1)
	central, err := sac.NewCentralised(cfg, spec, 1)
	require.NoError(t, err)
	task := func() *messenger { return &messenger{spec, rand.New(rand.NewPCG(1, 1))} }
	require.Greater(t, task().evaluate(t, central, 25), -0.05)
	require.Less(t, task().evaluate(t, newLearner(t, cfg, spec, 1), 25), -0.2)
}

// Centr-LB of a discrete head does as well: each LB has its categorical.
func TestCentralisedStraightThrough(t *testing.T) {
	t.Parallel()
	cfg := config(policy.Discrete)
	cfg.Discrete, cfg.Levels = sac.StraightThrough, []float64{-0.25, 0, 0.25}
	cfg.Gamma, cfg.Smoothness = 0, 0 // a bandit
	spec := specOf(2, 2, 1)
	central, err := sac.NewCentralised(cfg, spec, 1)
	require.NoError(t, err)
	task := &messenger{spec, rand.New(rand.NewPCG(1, 1))}
	require.Greater(t, task.evaluate(t, central, 25), -0.07, "a level off costs 1/16")
}

// Equal seeds give equal bits, and what is trained goes through a checkpoint.
func TestCentralisedIsReproducible(t *testing.T) {
	t.Parallel()
	cfg := config(policy.Gaussian)
	train := func() *sac.Learner {
		l, err := sac.NewCentralised(cfg, specOf(2, 2, 1), 3)
		require.NoError(t, err)
		(&messenger{specOf(2, 2, 1), rand.New(rand.NewPCG(1, 1))}).evaluate(t, l, 6)
		return l
	}
	a, b := train(), train()
	require.Equal(t, a.Parameters(), b.Parameters())
	fresh, err := sac.NewCentralised(cfg, specOf(2, 2, 1), 4)
	require.NoError(t, err)
	require.NoError(t, agents.CopyParameters(fresh.Parameters(), a.Parameters()))
	want, err := a.Policy()
	require.NoError(t, err)
	got, err := fresh.Policy()
	require.NoError(t, err)
	obs := [][]float32{{0, 1}, {2, -1}}
	w1, w2 := grid[float64](2, 2), grid[float64](2, 2)
	require.NoError(t, want.Act(w1, &env.Step{Obs: obs}))
	require.NoError(t, got.Act(w2, &env.Step{Obs: obs}))
	require.Equal(t, w1, w2)
	require.NotEqual(t, w1[0], w1[1], "each LB has weights of its own")
}

func TestCentralisedRefusesDiscrete(t *testing.T) {
	t.Parallel()
	_, err := sac.NewCentralised(config(policy.Discrete), specOf(2, 2, 1), 1)
	require.ErrorIs(t, err, sac.ErrConfig)
	require.ErrorContains(t, err, `discrete = "exact": must be straight-through for Centr-LB`)
}
