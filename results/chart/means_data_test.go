package chart

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/eval"
	"fairlb/eval/paper"
	"fairlb/eval/study"
)

// TestTableMeans: a bar is the cell's mean, with an interval over training runs and
// seeds, and what is published.
func TestTableMeans(t *testing.T) {
	t.Parallel()
	table, err := paper.Get(11)
	require.NoError(t, err)
	runs := map[int]eval.Replicates{1: {{1, 3}}, 3: {{1, 3}, {5, 7}}} // LSQ, RLB-SAC Jain
	filled, err := paper.Fill(table, func(row, col int) (paper.Value, bool) {
		if col > 0 || runs[row] == nil {
			return paper.Value{}, false
		}
		return paper.NewValue(runs[row]), true
	})
	require.NoError(t, err)
	m := TableMeans(filled)
	require.Len(t, m.Panels, 1, "the other columns have nothing")
	require.Equal(t, "Period I (796.315 queries/s), Wiki", m.Panels[0].Name)
	bars := m.Panels[0].Bars
	require.Len(t, bars, 2)
	half := 12.706204736 // qt(0.975, 1), of two values 2 apart; 4 apart it is twice this
	require.Equal(t, []string{"LSQ", "RLB-SAC Jain"}, []string{bars[0].Name, bars[1].Name})
	require.Equal(t, []bool{false, true}, []bool{bars[0].Trained, bars[1].Trained})
	require.InDeltaSlice(t, []float64{2, 2 - half, 2 + half, 0.141}, []float64{bars[0].Mean, bars[0].Low, bars[0].High, bars[0].Published}, 1e-6)
	both := half * math.Sqrt(5)
	require.InDeltaSlice(t, []float64{4, 4 - both, 4 + both, 0.137}, []float64{bars[1].Mean, bars[1].Low, bars[1].High, bars[1].Published}, 1e-6)
}

// TestStudyMeans: every bar has the interval of its outcome, if there is one.
func TestStudyMeans(t *testing.T) {
	t.Parallel()
	m := StudyMeans(&study.Report{Name: "s", EvaluationSeeds: []uint64{1, 2, 3}, Scenarios: []study.ScenarioOutcome{{Name: "empty"}, {Name: "cpu", Targets: []study.TargetOutcome{
		{Target: "sed", Mean: 2, SD: 1, Interval: &eval.Interval{Lo: 1.5, Hi: 2.5}},
		{Target: "es", Family: "es", Mean: 2, SD: 9, PerRun: []float64{1, 3}, Interval: &eval.Interval{Lo: 0, Hi: 4}},
		{Target: "one", Family: "es", Mean: 2, PerRun: []float64{2}},
	}}}})
	require.Len(t, m.Panels, 1)
	bars := m.Panels[0].Bars
	require.Equal(t, []float64{1.5, 2.5, 0, 4}, []float64{bars[0].Low, bars[0].High, bars[1].Low, bars[1].High})
	require.True(t, math.IsNaN(bars[2].Low))
	require.Equal(t, []bool{false, true, true}, []bool{bars[0].Trained, bars[1].Trained, bars[2].Trained})
}
