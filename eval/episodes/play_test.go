package episodes_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/env"
	"fairlb/eval/episodes"
)

// outcomes keeps what is recorded.
type outcomes []env.Outcome

func (o *outcomes) Record(x env.Outcome) { *o = append(*o, x) }

// TestPlay: one episode to its end, drained, under a policy or none.
func TestPlay(t *testing.T) {
	t.Parallel()
	var seen outcomes
	f := &fake{rec: &seen, slow: 1}
	require.NoError(t, episodes.Play(t.Context(), f, nil, 7))
	require.Len(t, seen, 4*25+10, "four steps, and the rest in the drain")
	require.Equal(t, uint64(7), f.seed)
	require.Nil(t, f.acted)

	policy := &fixed{}
	require.NoError(t, episodes.Play(t.Context(), f, policy, 8))
	require.Equal(t, []uint64{8}, policy.resets)
	require.Equal(t, [][]float64{{1, 2, 3}, {2, 3, 4}}, f.acted)

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, episodes.Play(ctx, f, nil, 7), context.Canceled)
}
