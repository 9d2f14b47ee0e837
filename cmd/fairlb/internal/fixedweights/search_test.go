package fixedweights

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/env/scenario"
)

// TestSearchEpisodes: many short episodes, few long ones, and as many as are
// asked for.
func TestSearchEpisodes(t *testing.T) {
	for _, test := range []struct {
		name, set string
		given     int
		want      int
	}{
		{"sim-moderate/pure-cpu", "duration=60", 0, 246},
		{"sim-moderate/pure-cpu", "duration=0.5", 0, 256},
		{"web-large/train", "duration=60", 0, 64},
		{"web-large/train", "duration=60", 3, 3},
	} {
		s, err := scenario.Load(test.name, []string{test.set})
		require.NoError(t, err)
		search, err := Settings{Episodes: test.given}.Resolved(context.Background(), s)
		require.NoError(t, err)
		require.InDelta(t, test.want, search.Episodes, 10, "%s %s", test.name, test.set)
	}
	s, err := scenario.Load("for-loop", []string{"workload.trace=none.tsv"})
	require.NoError(t, err)
	_, err = Settings{}.Resolved(context.Background(), s)
	require.True(t, invalid.Is(err), "%v", err)
}
