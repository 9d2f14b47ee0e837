package train

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/replay"
)

// TestCollect gives the episodes that a run begins with, in order, and stops at
// the first that is not taken.
func TestCollect(t *testing.T) {
	t.Parallel()
	cfg, rows := small(t, 1)
	require.NoError(t, Run(t.Context(), cfg))
	var got []*replay.Episode
	keep := func(ep *replay.Episode) error {
		got = append(got, ep)
		return nil
	}
	require.NoError(t, Collect(t.Context(), &cfg.Hyperparameters, cfg.Env, 3, keep))
	require.Len(t, got, 3)
	mean := 0.0
	for k, ep := range got {
		require.NoError(t, ep.Validate())
		require.Equal(t, EpisodeSeed(cfg.Hyperparameters.Seed, k), ep.Seed)
		for _, r := range ep.Reward {
			mean += float64(r) / 3 / float64(ep.Agents)
		}
	}
	require.InDelta(t, (*rows)[0].Return, mean, 1e-5)

	full := errors.New("full")
	got = nil
	require.ErrorIs(t, Collect(t.Context(), &cfg.Hyperparameters, cfg.Env, 3, func(ep *replay.Episode) error {
		if len(got) == 1 {
			return full
		}
		return keep(ep)
	}), full)
	require.Len(t, got, 1)
	cfg.Hyperparameters.Reward = "none"
	require.Error(t, Collect(t.Context(), &cfg.Hyperparameters, cfg.Env, 1, keep))
}
