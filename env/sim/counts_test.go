package sim

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/env"
	"fairlb/env/station"
)

// TestCounts: what LBs count at servers adds up to the flows and to the interval of
// each step, and says who is out.
func TestCounts(t *testing.T) {
	t.Parallel()
	cfg := moderate(t)
	cfg.Counts, cfg.Flows = true, true
	cfg.Changes = []station.Change{{At: cfg.StepInterval, Kind: station.Drain, Index: 1}}
	e, err := New(cfg)
	require.NoError(t, err)
	ctx := context.Background()
	step, err := e.Reset(ctx, 7)
	require.NoError(t, err)
	require.Nil(t, step.Counts)
	under := make([][]int, cfg.LBs)
	for i := range under {
		under[i] = make([]int, len(cfg.Servers))
	}
	ended := 0
	for k := 0; !step.Truncated; k++ {
		step, err = e.Step(ctx, nil)
		require.NoError(t, err)
		want := make([][]env.ServerCounts, cfg.LBs)
		for i := range want {
			want[i] = make([]env.ServerCounts, len(cfg.Servers))
		}
		for _, f := range step.Flows {
			c := &want[f.LB][f.Server]
			if f.Failed {
				c.Failed++
			} else {
				c.Completed++
				c.Durations += f.Completion
			}
		}
		for i, row := range step.Counts {
			for j, c := range row {
				require.Equal(t, want[i][j].Completed, c.Completed)
				require.Equal(t, want[i][j].Failed, c.Failed)
				require.InDelta(t, want[i][j].Durations, c.Durations, 1e-9)
				require.GreaterOrEqual(t, c.OngoingSum, float64(c.Completed), "each counts itself")
				under[i][j] += c.Dispatched - c.Completed - c.Failed
				require.Equal(t, under[i][j], c.Ongoing)
				require.Equal(t, k >= 0 && j == 1, c.Out, "server %d in step %d", j, k)
				ended += c.Completed
			}
		}
	}
	require.Greater(t, ended, 100)
}
