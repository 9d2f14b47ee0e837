package webfit

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/env"
	"fairlb/env/scenario"
	"fairlb/env/settings"
	"fairlb/eval/fit"
)

// TestByClass by hand: failures are counted and left out of the times.
func TestByClass(t *testing.T) {
	t.Parallel()
	r := &byClass{completed: make([][]float64, 2), failed: make([]int, 2)}
	for k := range 100 {
		r.Record(env.Outcome{Class: 1, Completion: float64(100 - k)})
	}
	r.Record(env.Outcome{Class: 1, Completion: 40, Failed: true})
	require.Equal(t, fit.Statistics{Mean: 50.5, P95: 95, P99: 99, Failed: 1. / 101}, r.figures(1))
	require.Equal(t, 1., r.figures(0).Failed)
}

// TestSetWebMix: every parameter has its place in the scenario, which stays
// one that can be simulated, at the bounds too.
func TestSetWebMix(t *testing.T) {
	t.Parallel()
	for _, value := range []func(fit.Parameter) float64{
		func(x fit.Parameter) float64 { return x.Low },
		func(x fit.Parameter) float64 { return x.Start },
		func(x fit.Parameter) float64 { return x.High },
	} {
		var values []float64
		for _, x := range webMixParameters() {
			values = append(values, value(x))
		}
		s, err := scenario.Load("web-moderate/period-2", []string{"duration=1"})
		require.NoError(t, err)
		setWebMix(&s, values)
		wiki, static := s.Workload.Classes[0], s.Workload.Classes[1]
		require.Equal(t, values[:4], []float64{wiki.Stages[0].Mean, wiki.Stages[0].CV, wiki.Stages[1].Mean, static.Stages[0].Mean})
		require.Equal(t, 7*values[6], s.RandomChanges[0].PerMinute)
		require.NoError(t, settings.Faults(errors.New("scenario"), &s))
	}
	s, err := scenario.Load("web-moderate/period-2", []string{"duration=5"})
	require.NoError(t, err)
	figures, err := measureClasses(context.Background(), s, "sed", fitSeed(0))
	require.NoError(t, err)
	require.Greater(t, figures["wiki"].Mean, figures["static"].Mean)
	require.Greater(t, figures["static"].Mean, 0.001)
}

// TestFitRecovers: from cells that the simulator made with other values, the
// search finds these values.
func TestFitRecovers(t *testing.T) {
	t.Parallel()
	measure := func(ctx context.Context, v []float64, run fit.Simulation, seed uint64) (map[string]fit.Statistics, error) {
		s, err := scenario.Load(run.Scenario, []string{"duration=10"})
		if err != nil {
			return nil, err
		}
		s.Workload.Classes[0].Stages[0].Mean, s.Workload.Classes[1].Stages[0].Mean = v[0], v[1]
		return measureClasses(ctx, s, run.Method, seed)
	}
	p := fit.Problem{
		Parameters:  []fit.Parameter{{Name: "wiki", Start: 0.04, Low: 0.01, High: 0.1, Step: 0.1}, {Name: "static", Start: 0.005, Low: 0.001, High: 0.01, Step: 0.2}},
		Measure:     measure,
		Seeds:       func(fit.Simulation) []uint64 { return []uint64{fitSeed(0)} },
		Evaluations: 60,
	}
	run := fit.Simulation{Scenario: "web-moderate/period-2", Method: "sed"}
	figures, err := measure(context.Background(), []float64{0.05, 0.003}, run, fitSeed(0))
	require.NoError(t, err)
	for _, class := range []string{"wiki", "static"} {
		p.Cells = append(p.Cells, fit.Cell{Simulation: run, Class: class, Mean: figures[class].Mean})
	}
	_, best, err := p.Search(context.Background())
	require.NoError(t, err)
	require.InDelta(t, 0.05, best.Values[0], 0.001)
	require.InDelta(t, 0.003, best.Values[1], 0.0002)
}

// TestOverloaded: the three rates beyond what 60 processors can do.
func TestOverloaded(t *testing.T) {
	t.Parallel()
	cells, err := fit.Cells([]int{11, 14}, overloaded)
	require.NoError(t, err)
	left := map[string]bool{}
	for _, c := range cells {
		if c.Excluded {
			left[c.Column] = true
		}
	}
	require.Equal(t, map[string]bool{"2560.368": true, "2743.251": true, "2926.135": true}, left)
}
