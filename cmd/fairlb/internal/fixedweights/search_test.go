package fixedweights

import (
	"bytes"
	"context"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/env/scenario"
	"fairlb/eval/tune"
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

// FuzzRead: whatever a file says that a search has found, what is taken of it is
// a weight above nothing for every server.
func FuzzRead(f *testing.F) {
	s, err := scenario.Load("sim-moderate/50-50", nil)
	require.NoError(f, err)
	search, err := Settings{Episodes: 2, Tolerance: 0.01}.Resolved(context.Background(), s)
	require.NoError(f, err)
	point := tune.Point{Weights: []float64{1, 2}, Mean: 1}
	var written bytes.Buffer
	require.NoError(f, (&Found{Result: tune.Result{Best: point, Starts: []tune.Point{point, point}, Ranges: []tune.Range{{Low: 1, High: 1}, {Low: 1, High: 3}}}}).Write(&written))
	_, err = Read(written.Bytes(), s, search)
	require.NoError(f, err)
	f.Add(written.Bytes())
	f.Add([]byte(`{"best":{"weights":[1,1e309]}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		found, err := Read(data, s, search)
		if err != nil {
			return
		}
		weights := found.ByServer()
		require.Len(t, weights, 8)
		require.Positive(t, slices.Min(weights))
		require.NotContains(t, found.Note(), "NaN")
	})
}
