package fit

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/eval/paper"
)

// TestCells: heuristics alone, with their published values.
func TestCells(t *testing.T) {
	t.Parallel()
	list, err := Cells([]int{11, 12, 14, 15}, func(c *Cell) {
		if c.Table == 15 {
			c.Role = HeldOut
		}
	})
	require.NoError(t, err)
	require.Len(t, list, 2*3*8+2*2*9)
	for _, c := range list {
		require.Contains(t, []string{"wcmp", "lsq", "sed"}, c.Simulation.Method)
		require.Equal(t, c.Table == 15, c.Role == HeldOut)
	}
	require.Equal(t, Cell{Table: 11, Row: "WCMP", Column: "period-I/wiki", Simulation: Simulation{"web-moderate/period-1", "wcmp"}, Class: "wiki", Metric: paper.Mean, Mean: 0.435, SD: 0.083}, list[0])
	require.Equal(t, paper.P99, list[30].Metric)
	_, err = Cells([]int{10}, nil)
	require.ErrorIs(t, err, paper.ErrUnknownTable)
}

// TestResidual by hand: twice the published value; an sd of a third of the
// mean over ten runs, what the model is allowed, and the rounding.
func TestResidual(t *testing.T) {
	t.Parallel()
	c := Cell{Mean: 0.3, SD: 0.1, Metric: paper.P99, ModelError: 0.05}
	r := c.residual(Statistics{Mean: 9, P99: 0.6, Failed: 0.1}, 0.2)
	require.Equal(t, 0.6, r.Ours)
	require.InDelta(t, math.Ln2, r.Log, 1e-12)
	sigma := math.Sqrt(1./90 + 0.05*0.05 + 0.0005*0.0005/0.09/3)
	require.InDelta(t, math.Ln2/sigma, r.Z, 1e-12)
	c.Even = true
	require.InDelta(t, math.Sqrt(0.05*0.05+0.0005*0.0005/0.09/3), c.sigma(), 1e-12, "without the spread over runs")
	require.Equal(t, 0.1, r.Failed)
	require.Equal(t, 0.2, r.OursSD)
	require.Equal(t, 1.0, spreadOf([]map[string]Statistics{{"wiki": {Mean: 1}}, {"wiki": {Mean: 2}}, {"wiki": {Mean: 3}}}, &Cell{Class: "wiki"}))
	rms, n := RMS([]Residual{{Log: 3}, {Log: -4}, {Log: 100, Cell: Cell{Role: Overload}}}, func(r *Residual) bool { return r.Role == Fitted })
	require.Equal(t, 2, n)
	require.InDelta(t, math.Sqrt(12.5), rms, 1e-12)
	require.InDelta(t, (4+3*(2*5.-3))/2, Objective([]Residual{{Z: -2}, {Z: 5}}), 1e-12)
}

// TestParameter: the ends of a range, its middle, and back.
func TestParameter(t *testing.T) {
	t.Parallel()
	linear, logarithmic := Parameter{Low: 1, High: 100}, Parameter{Low: 1, High: 100, Logarithmic: true}
	require.Equal(t, 50.5, linear.value(0.5))
	require.InDelta(t, 10, logarithmic.value(0.5), 1e-12)
	for _, p := range []Parameter{linear, logarithmic} {
		require.InDelta(t, 100, p.value(1), 1e-12)
		require.InDelta(t, 0.3, p.place(p.value(0.3)), 1e-12)
	}
}

// with gives every simulation the same seeds.
func with(seeds ...uint64) func(Simulation) []uint64 {
	return func(Simulation) []uint64 { return seeds }
}

// known is a problem whose cells follow from parameters a = 2 and b = 0.07.
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
		Parameters: []Parameter{{Name: "a", Start: 1, Low: 0.1, High: 10, Logarithmic: true}, {Name: "b", Start: 0.1, Low: 0.06, High: 1, Logarithmic: true}},
		Cells:      []Cell{{Simulation: Simulation{Method: "lsq"}, Class: "wiki", Mean: 2, ModelError: 0.05}, {Simulation: Simulation{Method: "sed"}, Class: "wiki", Mean: 0.14, ModelError: 0.05}, {Simulation: Simulation{Method: "wcmp"}, Class: "wiki", Mean: 9, Role: HeldOut}},
		Measure:    measure,
		Seeds:      with(0, 2),
	}
}

// TestMinimise finds known parameters from every start, within bounds, on any
// number of cores.
func TestMinimise(t *testing.T) {
	p := known()
	var first Point
	search := Search{Design: 40, Starts: 3, Iterations: 12, Progress: func(n int, x Point) {
		if n == 1 {
			first = x
		}
	}}
	found, err := p.Minimise(context.Background(), search)
	require.NoError(t, err)
	require.Len(t, found, 3)
	require.NotZero(t, first.Objective)
	for k, x := range found {
		require.InDelta(t, 2, x.Values[0], 0.02)
		require.InDelta(t, 0.07, x.Values[1], 0.001)
		require.Less(t, x.Objective, 0.01)
		require.True(t, k == 0 || x.Objective >= found[k-1].Objective)
	}
	before := runtime.GOMAXPROCS(1)
	again, err := p.Minimise(context.Background(), search)
	runtime.GOMAXPROCS(before)
	require.NoError(t, err)
	require.Equal(t, found, again)

	given := search
	given.From = [][]float64{{1.5, 0.2}}
	ends, err := p.Minimise(context.Background(), given)
	require.NoError(t, err)
	require.Len(t, ends, 1)
	require.InDelta(t, 2, ends[0].Values[0], 0.02)

	p.Cells[1].Mean = 0.08 // would need b = 0.04
	found, err = p.Minimise(context.Background(), search)
	require.NoError(t, err)
	require.GreaterOrEqual(t, found[0].Values[1], 0.06)

	counted := 0
	search = Search{Design: 10, Starts: 2, Iterations: 1, Progress: func(n int, _ Point) { counted = n }}
	_, err = p.Minimise(context.Background(), search)
	require.NoError(t, err)
	require.LessOrEqual(t, counted, search.Evaluations(2))
	require.Equal(t, 10+1+2*(1+4+4), counted)
}

// TestMinimiseLeavesAValley: of a function with a valley beside the start and a
// deeper one far from it, some search finds the deeper one.
func TestMinimiseLeavesAValley(t *testing.T) {
	t.Parallel()
	p := &Problem{
		Parameters: []Parameter{{Name: "a", Start: 0.2, Low: 0, High: 1}},
		Cells:      []Cell{{Class: "wiki", Mean: 1, ModelError: 0.05}},
		Seeds:      with(0),
		Measure: func(_ context.Context, v []float64, _ Simulation, _ uint64) (map[string]Statistics, error) {
			distance := min(0.1+3*(v[0]-0.2)*(v[0]-0.2), 8*(v[0]-0.9)*(v[0]-0.9))
			return map[string]Statistics{"wiki": {Mean: math.Exp(distance)}}, nil
		},
	}
	found, err := p.Minimise(context.Background(), Search{Design: 20, Starts: 3, Iterations: 12})
	require.NoError(t, err)
	require.InDelta(t, 0.9, found[0].Values[0], 0.03)
	require.InDelta(t, 0.2, found[len(found)-1].Values[0], 0.1, "another search ended in the other valley")
}

// TestBootstrap: where cells are the parameters themselves, intervals are those of
// the normal law of the published means.
func TestBootstrap(t *testing.T) {
	t.Parallel()
	p := known()
	p.Cells[0].SD, p.Cells[1].SD = 0.4, 0.014
	intervals, err := p.Bootstrap(context.Background(), []float64{2, 0.07}, with(0, 0), 4000)
	require.NoError(t, err)
	a, ab := p.Cells[0].sigma(), p.Cells[1].sigma()
	for k, sd := range []float64{a, math.Hypot(a, ab)} {
		fitted := []float64{2, 0.07}[k]
		require.InDelta(t, 1.96*sd, math.Log(intervals[k].High/fitted), 0.15*sd)
		if k == 0 { // b's interval ends at its bound
			require.InDelta(t, 1.96*sd, math.Log(fitted/intervals[k].Low), 0.15*sd)
		}
	}
	require.GreaterOrEqual(t, intervals[1].Low, 0.06-1e-12)

	// Seeds that differ widen the interval.
	p.known = nil
	p.Measure = func(_ context.Context, v []float64, run Simulation, seed uint64) (map[string]Statistics, error) {
		mean := v[0] * math.Exp(rand.New(rand.NewPCG(seed, 1)).NormFloat64())
		if run.Method == "sed" {
			mean *= v[1]
		}
		return map[string]Statistics{"wiki": {Mean: mean}}, nil
	}
	wide, err := p.Bootstrap(context.Background(), []float64{2, 0.07}, with(1, 2, 3, 4), 1000)
	require.NoError(t, err)
	require.Greater(t, wide[0].High/wide[0].Low, 1.5*intervals[0].High/intervals[0].Low)

	p.Cells = p.Cells[:1]
	_, err = p.Bootstrap(context.Background(), []float64{2, 0.07}, with(1), 10)
	require.ErrorContains(t, err, "1 cells for 2 parameters")
}

// TestErrors: what a simulation reports ends the search.
func TestErrors(t *testing.T) {
	t.Parallel()
	p := known()
	p.Cells[2].Role = Fitted
	_, err := p.Minimise(context.Background(), Search{Starts: 1, Iterations: 2})
	require.ErrorContains(t, err, "asked for what is left out")
	p.Cells[2].Role = HeldOut
	p.Cells[0].Metric = paper.P99
	_, err = p.Residuals(context.Background(), []float64{1, 1}, p.Seeds, Fitted)
	require.ErrorContains(t, err, "no request completed")
	p.Cells[0].Class = "static"
	_, err = p.Residuals(context.Background(), []float64{1, 1}, p.Seeds, Fitted)
	require.ErrorContains(t, err, `no class "static"`)
}

// TestNothingIsMeasuredTwice: a parameter of one scenario makes that scenario's
// simulations run again, and no other's.
func TestNothingIsMeasuredTwice(t *testing.T) {
	t.Parallel()
	var mutex sync.Mutex
	counts := map[Simulation]int{}
	a, b := Simulation{"a", "sed"}, Simulation{"b", "sed"}
	p := &Problem{
		Parameters: []Parameter{{Name: "all", High: 1}, {Name: "of b", Scenario: "b", High: 1}},
		Cells:      []Cell{{Simulation: a, Class: "wiki", Mean: 1}, {Simulation: b, Class: "wiki", Mean: 1}, {Simulation: b, Class: "static", Mean: 1}},
		Measure: func(_ context.Context, v []float64, run Simulation, seed uint64) (map[string]Statistics, error) {
			mutex.Lock()
			defer mutex.Unlock()
			counts[run]++
			return map[string]Statistics{"wiki": {Mean: 1 + v[0]}, "static": {Mean: 1 + v[1]}}, nil
		},
	}
	for _, values := range [][]float64{{0, 0}, {0, 0}, {0, 1}, {0.5, 1}, {0, 0}} {
		list, err := p.Residuals(context.Background(), values, with(1, 2), Fitted)
		require.NoError(t, err)
		require.InDelta(t, 1+values[0], list[1].Ours, 1e-15)
		require.InDelta(t, 1+values[1], list[2].Ours, 1e-15)
	}
	require.Equal(t, map[Simulation]int{a: 2 * 2, b: 2 * 3}, counts)
}
