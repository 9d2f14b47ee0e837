package results

import (
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/eval/paper"
)

// TestTied: seeds are paired, training runs count by their spread.
func TestTied(t *testing.T) {
	t.Parallel()
	heuristic := func(seeds ...float64) Value { return Value{Runs: [][]float64{seeds}} }
	base := heuristic(1, 2, 3, 4)
	for name, test := range map[string]struct {
		a    Value
		want bool
	}{
		"itself":                    {base, true},
		"always a little more":      {heuristic(1.1, 2.1, 3.1, 4.1), false},
		"now more, now less":        {heuristic(1.3, 1.8, 3.2, 3.8), true},
		"as much more, hardly ever": {heuristic(1, 2, 3, 4.4), true},
		"runs that agree":           {Value{Runs: [][]float64{{1.1, 2.11, 3.1, 4.1}, {1.1, 2.1, 3.11, 4.1}, {1.11, 2.1, 3.1, 4.1}}}, false},
		"runs that do not":          {Value{Runs: [][]float64{{1.3, 2.3, 3.3, 4.3}, {0.9, 1.9, 2.9, 3.9}, {1.1, 2.1, 3.1, 4.1}}}, true},
		"runs far above":            {Value{Runs: [][]float64{{3.3, 4.3, 5.3, 6.3}, {2.9, 3.9, 4.9, 5.9}, {3.1, 4.1, 5.1, 6.1}}}, false},
		"other seeds":               {heuristic(1, 2, 3), false},
		"ragged":                    {Value{Runs: [][]float64{{1, 2, 3, 4}, {1, 2}}}, false},
		"none":                      {Value{}, false},
	} {
		require.Equal(t, test.want, tied(test.a, base), name)
		require.Equal(t, test.want, tied(base, test.a), name)
	}
}

// TestPairedRatio: seeds of any size count alike.
func TestPairedRatio(t *testing.T) {
	t.Parallel()
	base := Value{Runs: [][]float64{{1, 1, 1, 100}}}
	ratio, significant, ok := pairedRatio(Value{Runs: [][]float64{{0.5, 0.51, 0.49, 50}, {0.5, 0.5, 0.5, 51}}}, base)
	require.True(t, ok)
	require.True(t, significant)
	require.InDelta(t, 0.501, ratio, 0.001)
	ratio, significant, ok = pairedRatio(Value{Runs: [][]float64{{2, 0.5, 2, 50}}}, base)
	require.True(t, ok)
	require.False(t, significant)
	require.InDelta(t, 1, ratio, 1e-12)
	_, _, ok = pairedRatio(Value{Runs: [][]float64{{0, 1, 1, 1}}}, base)
	require.False(t, ok)
}

// TestCollectTies: what ties with the best of its column is marked, the best
// itself and what was not measured are not.
func TestCollectTies(t *testing.T) {
	t.Parallel()
	table, err := paper.Get(16)
	require.NoError(t, err)
	g, err := collect(table, func(row, _ int) (Value, bool) {
		v := Value{Mean: 2.5, N: 4, Runs: [][]float64{{1, 2, 3, 4}}}
		switch row {
		case 1:
			v.Mean, v.Runs = 2.525, [][]float64{{1.3, 1.8, 3.2, 3.8}}
		case 2:
			v.Mean, v.Runs = 3.5, [][]float64{{2, 3, 4, 5}}
		}
		return v, row < 3
	})
	require.NoError(t, err)
	for j := range table.Columns {
		require.Equal(t, []bool{true, false, false}, []bool{g[0][j].best, g[1][j].best, g[2][j].best})
		require.Equal(t, []bool{false, true, false, false}, []bool{g[0][j].tied, g[1][j].tied, g[2][j].tied, g[3][j].tied})
	}
}
