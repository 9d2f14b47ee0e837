package paper

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/eval"
)

// measured is a measurement without failures.
func measured(v Value) Measurement { return Measurement{Completed: v, All: v} }

// TestFillRatios: ours are over SED's at the same seeds, of the completed requests alone;
// the paper's are over its SED's. SED itself has none, nor has a row that nobody printed.
func TestFillRatios(t *testing.T) {
	t.Parallel()
	table := mustGet(t, 14)
	runs := map[string]eval.Replicates{
		"lsq":                 {{3, 6, 9}},
		"sed":                 {{2, 4, 6}},
		"sed-ordered":         {{1, 5, 6}},
		"distr-lb/vbf":        {{1, 2, 3}, {1, 2, 3}},
		"distr-lb/vbf+logvbf": {{2, 4, 6}},
	}
	f, err := Fill(table, func(row, col int) (Measurement, bool) {
		v, ok := runs[table.Rows[row].TargetName()]
		m := Measurement{Completed: NewValue(v), All: NewValue(eval.Replicates{{40, 40, 40}}), Failed: 0.5}
		if table.Rows[row].TargetName() == "distr-lb/vbf+logvbf" {
			m.Completed = Value{} // of an older build
		}
		return m, ok && col == 0
	})
	require.NoError(t, err)
	cells := map[string]FilledCell{}
	for i, r := range f.Rows {
		cells[r.TargetName()] = f.Cells[i][0]
		require.Nil(t, f.Cells[i][1].Ratio, "nothing of ours is in this column")
	}
	require.Equal(t, &Ratio{1.5, 1.5, 1.5, true}, cells["lsq"].Ratio)
	require.InDelta(t, 1, cells["sed-ordered"].Ratio.Value, 1e-12)
	require.False(t, cells["sed-ordered"].Ratio.Significant)
	require.Less(t, cells["sed-ordered"].Ratio.Lo, 0.9)
	require.Equal(t, &Ratio{0.5, 0.5, 0.5, true}, cells["distr-lb/vbf"].Ratio)
	for _, none := range []*Ratio{
		cells["sed"].Ratio, cells["sed"].PublishedRatio, cells["sed-ordered"].PublishedRatio, cells["distr-lb/vbf+logvbf"].Ratio, cells["self-tuning"].Ratio,
	} {
		require.Nil(t, none)
	}
	require.InDelta(t, 0.048/0.054, cells["lsq"].PublishedRatio.Value, 1e-12)
	require.Equal(t, 1, f.WithoutCompleted())
	least, most := f.RunsPerCell()
	require.Equal(t, []int{3, 3}, []int{least, most})
}

// TestPublishedSignificance: with ten runs each, Welch's test finds no difference to SED
// in any of the sixteen cells of Table 11 of Distr-LB with VBF or VBF+logVBF; it
// finds one of VBF+logVBF at all rates of Table 14 but one.
func TestPublishedSignificance(t *testing.T) {
	t.Parallel()
	count := func(number int, targets ...string) (significant []string, cells int) {
		f, err := Fill(mustGet(t, number), func(int, int) (Measurement, bool) { return Measurement{}, false })
		require.NoError(t, err)
		for i, r := range f.Rows {
			if !slices.Contains(targets, r.TargetName()) {
				continue
			}
			for j, c := range f.Columns {
				cells++
				if f.Cells[i][j].PublishedRatio.Significant {
					significant = append(significant, r.TargetName()+" "+c.Key)
				}
			}
		}
		return significant, cells
	}
	significant, cells := count(11, "distr-lb/vbf", "distr-lb/vbf+logvbf")
	require.Empty(t, significant)
	require.Equal(t, 16, cells)
	significant, cells = count(14, "distr-lb/vbf+logvbf")
	require.Len(t, significant, cells-1)
	require.NotContains(t, significant, "distr-lb/vbf+logvbf 2377.484")
}

func TestFillRefusesInvalidValues(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		value   Measurement
		message string
	}{
		{measured(Value{Mean: 1}), "0 runs, want at least 1"},
		{measured(Value{Mean: math.NaN(), N: 1}), "mean NaN must be finite and at least 0"},
		{measured(Value{Mean: math.Inf(1), N: 1}), "mean +Inf must be finite and at least 0"},
		{measured(Value{Mean: -1, N: 1}), "mean -1 must be finite and at least 0"},
		{measured(Value{Mean: 1, SD: math.NaN(), N: 2}), "sd NaN must be finite and at least 0"},
		{Measurement{All: Value{Mean: 1, N: 1}, Completed: Value{Mean: -1, N: 1}}, "of the completed requests: mean -1 must be finite and at least 0"},
	} {
		table := mustGet(t, 14)
		_, err := Fill(table, func(row, col int) (Measurement, bool) { return c.value, row == len(table.Rows)-1 && col == 1 })
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

	nan := math.NaN()
	gaps := NewValue(eval.Replicates{{1, nan, 3}, {nan, 2, nan}})
	require.Equal(t, []float64{2, 1, 3}, []float64{gaps.Mean, gaps.SD, float64(gaps.N)}, "of the runs that have a value")
	require.Zero(t, NewValue(eval.Replicates{{nan}}).N)
}
