package inference

import (
	"context"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/env/dispatch"
	"fairlb/env/sim"
	"fairlb/env/station"
	"fairlb/env/workload"
)

// TestFilterUnseen: of a server to which it has sent nothing an LB believes what holds
// for any server with that load: the number in an M/M/2 queue, whose mean is 2 rho / (1 - rho^2).
func TestFilterUnseen(t *testing.T) {
	t.Parallel()
	f := NewFilter(2, 1.5, []float64{1.8}, 4000, rand.New(rand.NewPCG(1, 1)))
	f.Advance(60)
	const rho = 1.8 / 3
	require.InDelta(t, 2*rho/(1-rho*rho), f.Others(), 0.12)
}

// TestFilterRegulated: others that send less where they have more, 1/(n+1)/s
// against a server that completes one a second, are a Poisson number of mean 1.
func TestFilterRegulated(t *testing.T) {
	t.Parallel()
	var rates []float64
	for n := range 12 {
		rates = append(rates, 1/float64(n+1))
	}
	f := NewFilter(1, 1, rates, 4000, rand.New(rand.NewPCG(1, 2)))
	f.Advance(40)
	require.InDelta(t, 1, f.Others(), 0.06)
}

// TestFilterReturned: in an M/M/1 queue of load rho those before a request that
// is still away are as many as on its arrival, rho/(1-rho) on average, however
// long it has been away, for the time that it still will be is exponential
// again; behind it are those that the others have sent since. When it comes
// back, only these are there.
func TestFilterReturned(t *testing.T) {
	t.Parallel()
	for _, away := range []float64{0.2, 1, 4} {
		f := NewFilter(1, 1, []float64{0.6}, 20_000, rand.New(rand.NewPCG(1, 3)))
		f.Advance(60)
		f.Sent()
		f.Advance(60 + away)
		require.InDelta(t, 0.6/0.4+0.6*away, f.Others(), 0.12, "away for %g s", away)
		f.Returned(0)
		require.InDelta(t, 0.6*away, f.Others(), 0.12, "back after %g s", away)
	}
}

// TestFilterImpossible: a return that no queue allows does not end the belief.
func TestFilterImpossible(t *testing.T) {
	t.Parallel()
	f := NewFilter(1, 1, []float64{0}, 10, rand.New(rand.NewPCG(1, 4)))
	f.Sent()
	f.Sent()
	f.Returned(1) // the second before the first
	f.Returned(0)
	require.Zero(t, f.Others())
	for k := range f.particles {
		f.particles[k].owners = []bool{false, false, true}
	}
	f.Returned(0)
	require.Zero(t, f.Others(), "what stood before it is gone")
}

// pool is two LBs and three servers in order of arrival.
func pool(t *testing.T) sim.Config {
	law, err := workload.NewLaw("exponential", 1, 0)
	require.NoError(t, err)
	classes := []workload.Class{{Name: "task", Share: 1, Stages: []workload.Stage{{Resource: workload.CPU, Law: law}}}}
	return sim.Config{
		Config: station.Config{Servers: []station.Server{{CPUs: 1, Speed: 1}, {CPUs: 1, Speed: 1}, {CPUs: 2, Speed: 1}}, Backlog: 1000},
		LBs:    2, Timeout: 1000,
		Classes: classes, Duration: 400, StepInterval: 400, MaxLogWeight: 1,
		Workload: func(seed uint64) (workload.Source, error) {
			return workload.NewSynthetic(workload.Arrivals{Rate: 3.2}, classes, []float64{0.5, 0.5}, seed), nil
		},
	}
}

// TestInfers: the filter explains more of the others' requests than the LB's own
// number does, and what it is told of their rates is what they do.
func TestInfers(t *testing.T) {
	t.Parallel()
	cfg := pool(t)
	ctx := context.Background()
	plain := Config{Servers: cfg.Servers, Demand: 1, Order: 1e-9, Particles: 100}
	calibration := NewCalibration(2, 3)
	require.NoError(t, Run(ctx, cfg, []uint64{1, 2, 3, 4, 5, 6}, []Config{plain, plain}, calibration, nil))
	for j, rates := range calibration.Rates(0) {
		require.Greater(t, len(rates), 1)
		require.Greater(t, rates[0], rates[len(rates)-1], "server %d gets less the more it has", j)
	}
	rules := []Config{plain, plain}
	for lb := range rules {
		rules[lb].Arrivals = calibration.Rates(1 - lb)
	}
	tally := NewTally(3)
	require.NoError(t, Run(ctx, cfg, []uint64{7, 8, 9}, rules, nil, tally))
	inferred, own := tally.Explained()
	require.Greater(t, inferred, own+0.03)
	require.Less(t, inferred, 0.5)

	again := NewTally(3)
	require.NoError(t, Run(ctx, cfg, []uint64{7, 8, 9}, rules, nil, again))
	require.Equal(t, tally, again, "the same seeds, the same bits")
}

// TestRuleIsSED: without inference it is SED, and SED with ordered ties.
func TestRuleIsSED(t *testing.T) {
	t.Parallel()
	for name, order := range map[string]float64{"sed": 0, "sed-ordered": 1e-9} {
		sums := [2]float64{}
		for k := range sums {
			cfg := pool(t)
			if k == 0 {
				cfg.Heuristic = name
			} else {
				cfg.Rule = func(lb int) (dispatch.Rule, error) {
					return NewRule(Config{Servers: cfg.Servers, Order: order}, lb, nil, nil)
				}
			}
			e, err := sim.New(cfg)
			require.NoError(t, err)
			_, err = e.Reset(context.Background(), 5)
			require.NoError(t, err)
			step, err := e.Step(context.Background(), nil)
			require.NoError(t, err)
			sums[k] = step.Interval.CompletionSum / float64(step.Interval.Completed)
			require.NoError(t, e.Close())
		}
		if order > 0 {
			require.Equal(t, sums[0], sums[1], name)
		} else {
			require.InDelta(t, sums[0], sums[1], 0.15*sums[0], "%s draws lots otherwise", name)
		}
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	cfg := pool(t)
	require.NoError(t, Check(&cfg))
	for rule, spoil := range map[string]func(*sim.Config){
		"two LBs":          func(c *sim.Config) { c.LBs = 3 },
		"order of arrival": func(c *sim.Config) { c.CPU = station.ProcessorSharing },
		"what is refused":  func(c *sim.Config) { c.SYNRetries = []float64{1} },
		"nor contend":      func(c *sim.Config) { c.Processors.ThreadsPerCore = 2 },
		"not change":       func(c *sim.Config) { c.Random = []sim.RandomChanges{{}} },
		"one class":        func(c *sim.Config) { c.Classes = append(c.Classes, c.Classes...) },
	} {
		cfg := pool(t)
		spoil(&cfg)
		err := Check(&cfg)
		require.ErrorIs(t, err, ErrScenario)
		require.ErrorContains(t, err, rule)
	}
	_, err := NewRule(Config{Servers: cfg.Servers, Arrivals: [][]float64{{1}}}, 0, nil, nil)
	require.ErrorContains(t, err, "rates for 1 of 3 servers")
}
