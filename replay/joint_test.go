package replay_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/replay"
)

// Two LBs, three servers, two features, one step, by hand.
func TestJoint(t *testing.T) {
	t.Parallel()
	ep := replay.NewEpisode(replay.Shape{Agents: 2, Servers: 3, Features: 2}, 1)
	ep.Steps, ep.Terminated = 1, true
	for v := range 24 { // [t, LB, server, feature]
		ep.Obs = append(ep.Obs, float32(v))
	}
	for v := range 6 {
		ep.LogWeight = append(ep.LogWeight, float32(v))
		ep.ServerReward = append(ep.ServerReward, float32(10*v))
	}
	ep.Reward = []float32{2, 4}
	ep.Load = make([]float32, 12)
	ep.Load[6], ep.Load[9] = 1, 3 // server 0 of both LBs at the end
	got := replay.JointEpisode(ep)
	require.NoError(t, got.Validate())
	require.Equal(t, replay.Shape{Agents: 1, Servers: 3, Features: 4, Actions: 2}, got.Shape)
	require.Equal(t, []float32{0, 1, 6, 7, 2, 3, 8, 9, 4, 5, 10, 11}, got.Obs[:12])
	require.Equal(t, []float32{0, 3, 1, 4, 2, 5}, got.LogWeight)
	require.Equal(t, []float32{15, 25, 35}, got.ServerReward)
	require.Equal(t, []float32{3}, got.Reward)
	require.Equal(t, []float32{0, 0, 0, 2, 0, 0}, got.Load)
	require.True(t, got.Terminated)
	require.Equal(t, float32(23), ep.Obs[23], "the episode itself is as it was")

	ep.TeamReward, ep.TeamServerReward = []float32{60}, []float32{10, 20, 30}
	joint := replay.JointEpisode(ep)
	require.Equal(t, []float32{10, 20, 30}, joint.ServerReward)
	require.Equal(t, []float32{60}, joint.Reward)
	joint.ServerReward[0] = 1
	require.Equal(t, float32(10), ep.TeamServerReward[0], "the episode itself is as it was")
	ep.TeamServerReward = nil
	require.Equal(t, got, replay.JointEpisode(ep), "without parts, the means")
}
