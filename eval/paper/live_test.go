package paper

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/eval"
)

// TestAddLive: beside each live cell stands the simulator's, and the gap of the seeds that
// both have; runs that are no measurement are counted once for the columns that share them.
func TestAddLive(t *testing.T) {
	t.Parallel()
	table := mustGet(t, 11)
	nan := math.NaN()
	f, err := Fill(table, func(row, col int) (Measurement, bool) {
		return measured(NewValue(eval.Replicates{{2, nan, 4}})), row == 2 && col < 2
	})
	require.NoError(t, err)
	f.AddLive(func(row, col int) LiveCell {
		if row != 2 {
			return LiveCell{NotLive: "for a reason"}
		}
		return LiveCell{Simulated: measured(NewValue(eval.Replicates{{1, 70, 2}})), LeftOut: 1}
	})
	require.True(t, f.Live)
	sed := f.Cells[2][0]
	require.Equal(t, 2, sed.Ours.Completed.N)
	require.Equal(t, &Ratio{2, 2, 2, true}, sed.Live.Gap, "the seed without a live run is left out of both")
	require.Nil(t, f.Cells[2][2].Live.Gap, "not measured")
	require.Equal(t, "for a reason", f.Cells[0][0].Live.NotLive)
	require.Equal(t, 4, f.LeftOut(), "a period's two classes are of the same run")
	var notes []string
	for _, n := range f.Notes {
		notes = append(notes, n.Text)
	}
	require.Contains(t, notes, noteLive)
	require.NotContains(t, notes, noteTestbed)
	require.Contains(t, table.Notes, Note{Text: noteTestbed}, "the table itself stays as it is")

	one := measured(NewValue(eval.Replicates{{3}}))
	require.False(t, gapOf(one, measured(NewValue(eval.Replicates{{2}}))).Significant, "one run says nothing of chance")
	require.InDelta(t, 1.5, gapOf(one, measured(NewValue(eval.Replicates{{2}}))).Value, 0)
	require.Nil(t, gapOf(one, Measurement{}))
}
