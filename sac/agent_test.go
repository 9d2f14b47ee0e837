package sac

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/env"
	"fairlb/env/parallel"
	"fairlb/replay"
)

// TestOneUpdate follows the parts of a single update of both networks.
func TestOneUpdate(t *testing.T) {
	t.Parallel()
	for progress, rate := range map[float64]float64{0: 2e-3, 0.5: 1.1e-3, 1: 2e-4} {
		cfg := DefaultConfig()
		cfg.Batch, cfg.CriticRounds = 4, 0
		l, err := New(cfg, env.Spec{Agents: 2, Servers: 2, Features: make([]env.Feature, 2),
			Action: env.ActionSpec{Low: 0.1, High: 10}}, 1)
		require.NoError(t, err)
		buffer := twoSteps(t)
		require.NoError(t, l.Observe(buffer.Episode(0)))
		a := l.agents[1]
		actor, critic := slices.Clone(a.params.actor.Values()), slices.Clone(a.params.critic.Values())
		require.Equal(t, critic, a.params.target.Values())
		require.Equal(t, actor, a.params.average.Values())
		_, err = l.Update(1, progress)
		require.NoError(t, err)

		// Adam's first step moves each parameter by the rate, where it moves it.
		require.InEpsilon(t, rate, furthest(critic, a.params.critic.Values()), 0.01)
		require.InEpsilon(t, rate, furthest(actor, a.params.actor.Values()), 0.01)
		require.InEpsilon(t, 0.03*rate, furthest(critic, a.params.target.Values()), 0.02)
		require.InEpsilon(t, 0.01*rate, furthest(actor, a.params.average.Values()), 0.02)
		require.InDelta(t, cfg.AlphaRate, math.Abs(a.alpha.logAlpha-math.Log(cfg.Alpha)), 1e-5)
	}
}

// TestPanicOfAnAgent: what one agent's goroutine does wrong is the round's error.
func TestPanicOfAnAgent(t *testing.T) {
	t.Parallel()
	l, err := New(DefaultConfig(), env.Spec{Agents: 2, Servers: 2, Features: make([]env.Feature, 2),
		Action: env.ActionSpec{Low: 0.1, High: 10}}, 1)
	require.NoError(t, err)
	require.NoError(t, l.Observe(twoSteps(t).Episode(0)))
	l.agents[1] = nil
	_, err = l.Update(1, 0)
	var fault *parallel.PanicError
	require.ErrorAs(t, err, &fault)
	require.Contains(t, fault.Stack, "sac.(*agent).train")
}

// furthest is the largest distance between values of two slices.
func furthest(x, y []float32) float64 {
	d := 0.0
	for i := range x {
		d = max(d, math.Abs(float64(x[i])-float64(y[i])))
	}
	return d
}

// twoSteps is an episode of two steps, two agents, two servers and two
// features, of which agent 1 alone has values other than 99.
func twoSteps(t *testing.T) *replay.Buffer {
	t.Helper()
	shape := replay.Shape{Agents: 2, Servers: 2, Features: 2}
	ep := replay.NewEpisode(shape, 2)
	ep.Steps = 2
	obs := [][]float32{{0, 7, 0, 7}, {0, 7, 0, 7}, {0, 7, 6, 7}}
	server := [][]float32{{1, 10}, {3, 10}}
	for step := range 3 {
		ep.Obs = append(append(ep.Obs, 99, 99, 99, 99), obs[step]...)
		ep.Load = append(ep.Load, 0, 0, 0, 0)
		if step < 2 {
			ep.LogWeight = append(ep.LogWeight, 0, 0, 0, 0)
			ep.ServerReward = append(append(ep.ServerReward, 99, 99), server[step]...)
			ep.Reward = append(ep.Reward, 198, server[step][0]+10)
		}
	}
	b, err := replay.NewBuffer(shape, 1)
	require.NoError(t, err)
	require.NoError(t, b.Add(ep))
	return b
}

// agentOf returns an agent that steers so many LBs of an environment.
func agentOf(t *testing.T, cfg *Config, lbs, servers, features int) *agent {
	t.Helper()
	shape := replay.Shape{Agents: 1, Servers: servers, Features: lbs * features, Actions: lbs}
	buffer, err := replay.NewBuffer(shape, 1)
	require.NoError(t, err)
	all := make([]int, lbs)
	for i := range all {
		all[i] = i
	}
	a, err := newAgent(cfg, 0, all, buffer, 1, 1)
	require.NoError(t, err)
	return a
}
