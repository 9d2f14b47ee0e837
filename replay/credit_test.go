package replay_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/replay"
)

// trial returns an episode of two LBs, two servers and two steps whose rewards begin at
// a value and rise by one.
func trial(from float32) *replay.Episode {
	ep := replay.NewEpisode(replay.Shape{Agents: 2, Servers: 2, Features: 1}, 2)
	ep.Steps = 2
	ep.Obs, ep.LogWeight, ep.Load = make([]float32, 12), make([]float32, 8), make([]float32, 12)
	for k := range 8 {
		ep.ServerReward = append(ep.ServerReward, from+float32(k))
	}
	for k := range 4 {
		ep.Reward = append(ep.Reward, from+float32(10*k))
		ep.TeamServerReward = append(ep.TeamServerReward, from+float32(100*k))
	}
	ep.TeamReward = []float32{from, from + 7}
	return ep
}

func TestEarnTeam(t *testing.T) {
	t.Parallel()
	ep := trial(0)
	ep.EarnTeam()
	require.NoError(t, ep.Validate())
	require.Equal(t, []float32{0, 0, 7, 7}, ep.Reward)
	require.Equal(t, []float32{0, 100, 0, 100, 200, 300, 200, 300}, ep.ServerReward)

	ep = trial(0)
	ep.TeamReward, ep.TeamServerReward = nil, nil // the means of the LBs' own
	ep.EarnTeam()
	require.Equal(t, []float32{5, 5, 25, 25}, ep.Reward)
	require.Equal(t, []float32{1, 2, 1, 2, 5, 6, 5, 6}, ep.ServerReward)
}

func TestContrast(t *testing.T) {
	t.Parallel()
	a, b := trial(3), trial(1)
	b.ServerReward[2], b.TeamReward[1] = 0, 0
	require.NoError(t, replay.Contrast(a, b))
	require.Equal(t, []float32{2, 2, 5, 2, 2, 2, 2, 2}, a.ServerReward)
	require.Equal(t, []float32{-2, -2, -5, -2, -2, -2, -2, -2}, b.ServerReward)
	require.Equal(t, []float32{2, 2, 2, 2}, a.Reward)
	require.Equal(t, []float32{2, 10}, a.TeamReward)
	require.Equal(t, []float32{-2, -10}, b.TeamReward)
	require.Equal(t, []float32{2, 2, 2, 2}, a.TeamServerReward)

	short := trial(1)
	short.Steps = 1
	before := append([]float32(nil), a.Reward...)
	require.ErrorIs(t, replay.Contrast(a, short), replay.ErrTrials)
	require.Equal(t, before, a.Reward)
	short = trial(1)
	short.TeamReward = nil
	require.ErrorIs(t, replay.Contrast(a, short), replay.ErrTrials)
}
