package paper

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestCountPublishedDifferences: every printed cell but SED's is counted once, and what the
// counts say is what the marks of the cells say.
func TestCountPublishedDifferences(t *testing.T) {
	t.Parallel()
	for _, number := range Numbers() {
		table := mustGet(t, number)
		want := 0
		for i, r := range table.Rows {
			for j := range table.Columns {
				if _, _, ok := table.Published(i, j); ok && r.MethodID != Baseline {
					want++
				}
			}
		}
		list, err := CountPublishedDifferences(number)
		require.NoError(t, err)
		got := 0
		for _, d := range list {
			got += d.Cells()
		}
		require.Equal(t, want, got, number)
	}
	list, err := CountPublishedDifferences(14)
	require.NoError(t, err)
	require.Equal(t, []PublishedDifferences{
		{14, "below overload", "LSQ", false, 4, 0, 1}, // without capacities, the tie rule
		{14, "below overload", "Distr-LB", true, 9, 0, 1},
		{14, "in overload", "LSQ", false, 0, 0, 4},
		{14, "in overload", "Distr-LB", true, 6, 0, 2},
	}, list)
	// Table 16: all that learned rows have below SED's is in the 99th percentiles, where
	// SED's own is not to be trusted (noteTail).
	f, err := Fill(mustGet(t, 16), func(int, int) (Measurement, bool) { return Measurement{}, false })
	require.NoError(t, err)
	for i, r := range f.Rows {
		for j, c := range f.Columns {
			if ratio := f.Cells[i][j].PublishedRatio; r.Learned() && ratio != nil && ratio.Significant && ratio.Value < 1 {
				require.Equal(t, P99, c.Metric, "%s %s", r.TargetName(), c.Key)
			}
		}
	}
	_, err = CountPublishedDifferences(10)
	require.ErrorIs(t, err, ErrUnknownTable)
}
