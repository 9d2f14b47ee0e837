package fit

import (
	"context"
	"errors"
	"math"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/eval/paper"
)

// TestCells: heuristics alone, with their published values.
func TestCells(t *testing.T) {
	t.Parallel()
	list, err := Cells([]int{11, 12, 14, 15}, func(c Cell) bool { return c.Table == 15 })
	require.NoError(t, err)
	require.Len(t, list, 2*3*8+2*2*9)
	for _, c := range list {
		require.Contains(t, []string{"wcmp", "lsq", "sed"}, c.Simulation.Method)
		require.Equal(t, c.Table == 15, c.Excluded)
	}
	require.Equal(t, Cell{Table: 11, Row: "WCMP", Column: "period-I/wiki", Simulation: Simulation{"web-moderate/period-1", "wcmp"}, Class: "wiki", Metric: paper.Mean, Mean: 0.435, SD: 0.083}, list[0])
	require.Equal(t, paper.P99, list[30].Metric)
	_, err = Cells([]int{10}, nil)
	require.ErrorIs(t, err, paper.ErrUnknownTable)
}

// TestResidual by hand: twice the published value; an sd of a third of the
// mean over ten runs, the model's fifth, and the rounding.
func TestResidual(t *testing.T) {
	t.Parallel()
	c := Cell{Mean: 0.3, SD: 0.1, Metric: paper.P99}
	r := c.residual(Statistics{Mean: 9, P99: 0.6, Failed: 0.1})
	require.Equal(t, 0.6, r.Ours)
	require.InDelta(t, math.Ln2, r.Log, 1e-12)
	sigma := math.Sqrt(1./90 + 0.04 + 0.0005*0.0005/0.09/3)
	require.InDelta(t, math.Ln2/sigma, r.Z, 1e-12)
	require.Equal(t, 0.1, r.Failed)
	rms, n := RMS([]Residual{{Log: 3}, {Log: -4}, {Log: 100, Cell: Cell{Excluded: true}}}, func(r *Residual) bool { return !r.Excluded })
	require.Equal(t, 2, n)
	require.InDelta(t, math.Sqrt(12.5), rms, 1e-12)
	require.InDelta(t, (4+3*(2*5.-3))/2, Objective([]Residual{{Z: -2}, {Z: 5}}), 1e-12)
}

// known is a problem whose cells follow from parameters a = 2 and b = 0.05.
func known() *Problem {
	measure := func(_ context.Context, v []float64, run Simulation, seed uint64) (map[string]Statistics, error) {
		noise := 1 + 0.001*float64(seed)
		switch run.Method {
		case "lsq":
			return map[string]Statistics{"wiki": {Mean: v[0] * noise}}, nil
		case "sed":
			return map[string]Statistics{"wiki": {Mean: v[0] * v[1]}}, nil
		}
		return nil, errors.New("asked for what is left out")
	}
	return &Problem{
		Parameters:  []Parameter{{Name: "a", Start: 1, Low: 0.1, High: 10, Step: 0.3}, {Name: "b", Start: 0.1, Low: 0.06, High: 1, Step: 0.3}},
		Cells:       []Cell{{Simulation: Simulation{Method: "lsq"}, Class: "wiki", Mean: 2}, {Simulation: Simulation{Method: "sed"}, Class: "wiki", Mean: 0.14}, {Simulation: Simulation{Method: "wcmp"}, Class: "wiki", Mean: 9, Excluded: true}},
		Measure:     measure,
		Seeds:       func(Simulation) []uint64 { return []uint64{0, 2} },
		Evaluations: 200,
	}
}

// TestSearch finds known parameters, within bounds, on any number of cores.
func TestSearch(t *testing.T) {
	p := known()
	start, best, err := p.Search(context.Background())
	require.NoError(t, err)
	require.Equal(t, []float64{1, 0.1}, start.Values)
	require.InDelta(t, 2, best.Values[0], 0.02)
	require.InDelta(t, 0.07, best.Values[1], 0.001)
	require.Less(t, best.Objective, 1e-3)
	before := runtime.GOMAXPROCS(1)
	_, again, err := p.Search(context.Background())
	runtime.GOMAXPROCS(before)
	require.NoError(t, err)
	require.Equal(t, best, again)

	p.Cells[1].Mean = 0.08 // would need b = 0.04
	_, best, err = p.Search(context.Background())
	require.NoError(t, err)
	require.GreaterOrEqual(t, best.Values[1], 0.06)

	p.Evaluations = 5
	counted := 0
	p.Progress = func(n int, _ Point) { counted = n }
	_, _, err = p.Search(context.Background())
	require.NoError(t, err)
	require.Equal(t, 5, counted)
}

// TestErrors: what a simulation reports ends the search.
func TestErrors(t *testing.T) {
	t.Parallel()
	p := known()
	p.Cells[2].Excluded = false
	_, _, err := p.Search(context.Background())
	require.ErrorContains(t, err, "asked for what is left out")
	p.Cells[2].Excluded = true
	p.Cells[0].Metric = paper.P99
	_, err = p.Residuals(context.Background(), []float64{1, 1}, p.Seeds, true)
	require.ErrorContains(t, err, "no request completed")
	p.Cells[0].Class = "static"
	_, err = p.Residuals(context.Background(), []float64{1, 1}, p.Seeds, true)
	require.ErrorContains(t, err, `no class "static"`)
}
