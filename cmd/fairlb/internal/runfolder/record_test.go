package runfolder

import (
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/agents"
	"fairlb/results/tfevents"
	"fairlb/train"
)

// TestScalars: the tags are those that TensorBoard groups.
func TestScalars(t *testing.T) {
	got := scalars(train.Round{
		Round: 1, Episodes: 8, Steps: 240, Return: -3, Completion: 1.5, Failed: 2,
		Validation: new(float64),
		Stats:      agents.Stats{"critic_loss/1": 4, "critic_loss/0": 5, "sigma": 6}, PlaySeconds: 1, UpdateSeconds: 2,
	})
	require.Equal(t, []tfevents.Scalar{
		{Tag: "rollout/ep_rew_mean", Value: -3}, {Tag: "rollout/completion_time", Value: 1.5}, {Tag: "rollout/failed", Value: 2},
		{Tag: "time/play_s", Value: 1}, {Tag: "time/update_s", Value: 2}, {Tag: "rollout/validation", Value: 0}, {Tag: "time/fps", Value: 80},
		{Tag: "train/critic_loss_0", Value: 5}, {Tag: "train/critic_loss_1", Value: 4}, {Tag: "train/sigma", Value: 6},
	}, got)
}
