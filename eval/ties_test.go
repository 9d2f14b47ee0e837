package eval_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/eval"
)

// TestTied: seeds are paired, training runs count by their spread.
func TestTied(t *testing.T) {
	t.Parallel()
	heuristic := func(seeds ...float64) eval.Replicates { return eval.Replicates{seeds} }
	base := heuristic(1, 2, 3, 4)
	for name, test := range map[string]struct {
		a    eval.Replicates
		want bool
	}{
		"itself":                    {base, true},
		"always a little more":      {heuristic(1.1, 2.1, 3.1, 4.1), false},
		"now more, now less":        {heuristic(1.3, 1.8, 3.2, 3.8), true},
		"as much more, hardly ever": {heuristic(1, 2, 3, 4.4), true},
		"runs that agree":           {eval.Replicates{{1.1, 2.11, 3.1, 4.1}, {1.1, 2.1, 3.11, 4.1}, {1.11, 2.1, 3.1, 4.1}}, false},
		"runs that do not":          {eval.Replicates{{1.3, 2.3, 3.3, 4.3}, {0.9, 1.9, 2.9, 3.9}, {1.1, 2.1, 3.1, 4.1}}, true},
		"runs far above":            {eval.Replicates{{3.3, 4.3, 5.3, 6.3}, {2.9, 3.9, 4.9, 5.9}, {3.1, 4.1, 5.1, 6.1}}, false},
		"other seeds":               {heuristic(1, 2, 3), false},
		"ragged":                    {eval.Replicates{{1, 2, 3, 4}, {1, 2}}, false},
		"none":                      {nil, false},
	} {
		require.Equal(t, test.want, eval.Tied(test.a, base), name)
		require.Equal(t, test.want, eval.Tied(base, test.a), name)
	}
}

// TestPairedRatio: seeds of any size count alike.
func TestPairedRatio(t *testing.T) {
	t.Parallel()
	base := eval.Replicates{{1, 1, 1, 100}}
	ratio, significant, ok := eval.PairedRatio(eval.Replicates{{0.5, 0.51, 0.49, 50}, {0.5, 0.5, 0.5, 51}}, base)
	require.True(t, ok)
	require.True(t, significant)
	require.InDelta(t, 0.501, ratio, 0.001)
	ratio, significant, ok = eval.PairedRatio(eval.Replicates{{2, 0.5, 2, 50}}, base)
	require.True(t, ok)
	require.False(t, significant)
	require.InDelta(t, 1, ratio, 1e-12)
	_, _, ok = eval.PairedRatio(eval.Replicates{{0, 1, 1, 1}}, base)
	require.False(t, ok)
}
