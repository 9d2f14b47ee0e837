package chart

import (
	"io"
	"math"
	"slices"
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
	row := func(name string) int {
		return slices.IndexFunc(table.Rows, func(r paper.Row) bool { return r.TargetName() == name })
	}
	learned, ordered := row("rlb-sac/jain"), row("sed-ordered")
	runs := map[int]eval.Replicates{1: {{1, 3}}, ordered: {{2, 2}}, learned: {{1, 3}, {5, 7}}}
	filled, err := paper.Fill(table, func(row, col int) (paper.Measurement, bool) {
		if col > 0 || runs[row] == nil {
			return paper.Measurement{}, false
		}
		m := paper.Measurement{Completed: paper.NewValue(runs[row]), All: paper.NewValue(runs[row])}
		switch row {
		case 1:
			m.All, m.Failed = paper.NewValue(eval.Replicates{{11, 13}}), 0.1
		case ordered:
			m.Completed, m.Failed = paper.Value{}, 0.1
		}
		return m, true
	})
	require.NoError(t, err)
	m := TableMeans(filled)
	require.Len(t, m.Panels, 1, "the other columns have nothing")
	require.Equal(t, "Period I (796.315 queries/s), Wiki", m.Panels[0].Name)
	bars := m.Panels[0].Bars
	require.Len(t, bars, 3)
	half := 12.706204736 // qt(0.975, 1), of two values 2 apart; 4 apart it is twice this
	require.Equal(t, []string{"LSQ", "sed-ordered", "RLB-SAC Jain"}, []string{bars[0].Name, bars[1].Name, bars[2].Name})
	require.Equal(t, []bool{false, false, true}, []bool{bars[0].Trained, bars[1].Trained, bars[2].Trained})
	require.Equal(t, []bool{false, true, false}, []bool{bars[0].Added, bars[1].Added, bars[2].Added})
	require.InDeltaSlice(t, []float64{2, 2 - half, 2 + half, 12, 0.141}, []float64{bars[0].Mean, bars[0].Low, bars[0].High, bars[0].All, bars[0].Beside}, 1e-6)
	require.Equal(t, 2.0, bars[1].Mean, "of all, as it is not known what completed")
	require.True(t, math.IsNaN(bars[1].All))
	require.True(t, math.IsNaN(bars[1].Beside))
	both := half * math.Sqrt(5)
	require.InDeltaSlice(t, []float64{4, 4 - both, 4 + both, 0.137}, []float64{bars[2].Mean, bars[2].Low, bars[2].High, bars[2].Beside}, 1e-6)
	require.True(t, math.IsNaN(bars[2].All), "none failed")
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

// TestEvaluationMeans: what was simulated is a mark beside what was live, and a target of
// that kind alone has a bar.
func TestEvaluationMeans(t *testing.T) {
	result := func(name string, mean, sd float64) eval.Result {
		return eval.Result{Target: name, Classes: eval.Classes{{Class: eval.AllClasses, Mean: mean, SD: sd}, {Class: "wiki", Mean: 2 * mean}}}
	}
	e := &eval.Evaluation{Scenario: "s", Seeds: []uint64{1, 2, 3, 4}, DurationS: 60, Results: []eval.Result{
		result("sed", 1, 0.2), result("sed sim", 0.9, 0), result("lonely sim", 3, 0),
	}}
	m := EvaluationMeans(e, " sim", "simulated")
	require.Equal(t, "s, 4 episodes of 60 s. Means of all requests; 95 % intervals over seeds", m.Title)
	require.Len(t, m.Panels, 2)
	bars := m.Panels[0].Bars
	require.Len(t, bars, 2)
	require.Equal(t, "sed", bars[0].Name)
	require.InDelta(t, 0.9, bars[0].Beside, 1e-12)
	require.InDelta(t, 1-3.182446*0.1, bars[0].Low, 1e-5)
	require.Equal(t, "lonely sim", bars[1].Name)
	require.True(t, math.IsNaN(bars[1].Beside))
	require.InDelta(t, 1.8, m.Panels[1].Bars[0].Beside, 1e-12)
	require.NoError(t, DrawMeans(io.Discard, m, "svg"))
}
