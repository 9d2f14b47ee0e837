package sac

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/replay"
)

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

func TestRewardStatistics(t *testing.T) {
	t.Parallel()
	w := rewards{mean: make([]float64, 2)}
	w.fit(twoSteps(t), 1, 0.9)
	require.InDeltaSlice(t, []float64{2, 10}, w.mean, 1e-9)
	// Deviations -1, 1, 0, 0: one common sd of sqrt(1/2).
	got := make([]float32, 2)
	w.apply(got, []float32{3, 9})
	require.InDeltaSlice(t, []float32{0.1414214, -0.1414214}, got, 1e-6)
}

func TestRewardSums(t *testing.T) {
	t.Parallel()
	w := rewards{mean: []float64{2, 10}, scale: 0.5}
	got := make([]float32, 4)
	w.applySums(got, []float32{3, 9, 5, 20}, []float32{1, 1.5})
	require.Equal(t, []float32{0.5, -0.5, 1, 2.5}, got, "each reward of a sum is centred")
}

// TestActionShare: critics whose share is known.
func TestActionShare(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 1))
	of := func(state, action float64) float64 {
		var q [2][]float64
		for range 4000 {
			s := state * rng.NormFloat64()
			for k := range q {
				q[k] = append(q[k], s+action*rng.NormFloat64())
			}
		}
		return actionShare(q)
	}
	require.Zero(t, of(3, 0))
	require.InDelta(t, 1, of(0, 2), 0.05)
	require.InDelta(t, 0.2, of(2, 1), 0.02, "1 / (4 + 1)")
	require.Zero(t, of(0, 0))
	require.Equal(t, []float64{3, 11}, sumServers([]float32{1, 2, 3, 4}, []float32{1, 2, 5, 10}, 2))
}
