package replay

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestFlows: a flow counts in the step that it was dispatched in, however much
// later it ends, and finds its way into batches; an episode without flows has
// no figures of them.
func TestFlows(t *testing.T) {
	t.Parallel()
	shape := Shape{Agents: 2, Servers: 3, Features: 1}
	build := func(flows bool) *Episode {
		ep := NewEpisode(shape, 4)
		ep.Obs, ep.Load = make([]float32, 5*6), make([]float32, 5*6)
		for step := range 4 {
			ep.Steps++
			ep.LogWeight = append(ep.LogWeight, make([]float32, 6)...)
			ep.ServerReward = append(ep.ServerReward, make([]float32, 6)...)
			ep.Reward = append(ep.Reward, 0, 0)
			if flows && step == 2 {
				ep.AddFlow(0, 1, 2, 3, 8)
				ep.AddFlow(0, 1, 2, 0, 1)
				ep.AddFlow(2, 0, 1, 1, 3)
			}
		}
		ep.End()
		require.NoError(t, ep.Validate())
		return ep
	}
	require.Nil(t, build(false).Flows)
	ep := build(true)
	count, delay := make([]float32, 24), make([]float32, 24)
	count[5], delay[5] = 2, 3           // 8/4 + 1/1
	count[2*6+1], delay[2*6+1] = 1, 1.5 // 3/2
	require.Equal(t, count, ep.Flows)
	require.Equal(t, delay, ep.FlowDelay)

	batch := NewBatch(shape, 1)
	batch.set(0, ep, 0, 1)
	require.Equal(t, []float32{0, 0, 2}, batch.Flows)
	require.Equal(t, []float32{0, 0, 3}, batch.FlowDelay)
	batch.set(0, build(false), 0, 1)
	require.Equal(t, make([]float32, 3), batch.Flows, "those of the row before")
	require.Equal(t, make([]float32, 3), batch.FlowDelay)

	ep.FlowDelay = ep.FlowDelay[:23]
	require.ErrorContains(t, ep.Validate(), "24 and 23 figures of flows")
	ep.Flows = ep.Flows[:23]
	require.ErrorContains(t, ep.Validate(), "23 and 23 figures of flows, want 24")
}
