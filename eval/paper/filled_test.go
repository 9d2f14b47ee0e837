package paper

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/eval"
)

func TestBestOfEachColumn(t *testing.T) {
	t.Parallel()
	table := mustGet(t, 15)
	means := [][]float64{{2, 2, -1}, {1, 2, -1}, {3, 3, -1}, {1, -1, -1}} // -1: not measured
	f, err := Fill(table, func(row, col int) (Value, bool) {
		if col >= 3 || means[row][col] < 0 {
			return Value{}, false
		}
		return Value{Mean: means[row][col], N: 2}, true
	})
	require.NoError(t, err)
	for i, want := range [][]bool{{false, true, false}, {true, true, false}, {false, false, false}, {true, false, false}} {
		for j := range want {
			require.Equal(t, want[j], f.Cells[i][j].Best, "row %d, column %d", i, j)
		}
	}
}

// TestFillTies: what ties with the best of its column is marked, the best
// itself and what was not measured are not.
func TestFillTies(t *testing.T) {
	t.Parallel()
	table, err := Get(16)
	require.NoError(t, err)
	f, err := Fill(table, func(row, _ int) (Value, bool) {
		v := Value{Mean: 2.5, N: 4, Runs: eval.Replicates{{1, 2, 3, 4}}}
		switch row {
		case 1:
			v.Mean, v.Runs = 2.525, eval.Replicates{{1.3, 1.8, 3.2, 3.8}}
		case 2:
			v.Mean, v.Runs = 3.5, eval.Replicates{{2, 3, 4, 5}}
		}
		return v, row < 3
	})
	require.NoError(t, err)
	for j := range table.Columns {
		require.Equal(t, []bool{true, false, false}, []bool{f.Cells[0][j].Best, f.Cells[1][j].Best, f.Cells[2][j].Best})
		require.Equal(t, []bool{false, true, false, false}, []bool{f.Cells[0][j].Tied, f.Cells[1][j].Tied, f.Cells[2][j].Tied, f.Cells[3][j].Tied})
	}
}

func TestFillRefusesInvalidValues(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		value   Value
		message string
	}{
		{Value{Mean: 1}, "0 runs, want at least 1"},
		{Value{Mean: math.NaN(), N: 1}, "mean NaN must be finite and at least 0"},
		{Value{Mean: math.Inf(1), N: 1}, "mean +Inf must be finite and at least 0"},
		{Value{Mean: -1, N: 1}, "mean -1 must be finite and at least 0"},
		{Value{Mean: 1, SD: math.NaN(), N: 2}, "sd NaN must be finite and at least 0"},
	} {
		_, err := Fill(mustGet(t, 14), func(row, col int) (Value, bool) { return c.value, row == 3 && col == 1 })
		require.ErrorIs(t, err, ErrValue)
		require.EqualError(t, err,
			`paper: invalid measured value: table 14, distr-lb/vbf+logvbf, column "1097.3": `+c.message)
	}
}

// TestNewValue: the deviation and the interval are over what replicates.
func TestNewValue(t *testing.T) {
	t.Parallel()
	one := NewValue(eval.Replicates{{1}})
	require.Equal(t, []float64{1, 0}, []float64{one.Mean, one.SD})
	seeds := NewValue(eval.Replicates{{1, 3}})
	require.Equal(t, []float64{2, math.Sqrt2}, []float64{seeds.Mean, seeds.SD})
	_, lo, _ := seeds.Interval()
	require.InDelta(t, 2-12.7062, lo, 1e-4, "over seeds")
	runs := NewValue(eval.Replicates{{1, 3}, {2, 2}, {3, 1}})
	mean, lo, hi := runs.Interval()
	require.InDeltaSlice(t, []float64{2, 2, 2, 6}, []float64{mean, lo, hi, float64(runs.N)}, 1e-12, "over training runs and seeds, whose means are all the same")
}
