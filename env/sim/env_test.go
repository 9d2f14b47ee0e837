package sim

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/env"
	"fairlb/env/dispatch"
	"fairlb/env/envtest"
	"fairlb/env/station"
	"fairlb/env/workload"
	"fairlb/rewards"
)

// moderate is sim-moderate's pure CPU scenario under agents.
func moderate(t testing.TB) Config {
	t.Helper()
	classes := []workload.Class{{Name: "task", Share: 1, Stages: []workload.Stage{
		{Resource: workload.CPU, Law: law(t, "exponential", 0.75, 0)},
		{Resource: workload.IO, Law: law(t, "exponential", 0.25, 0)},
	}}}
	reward, err := rewards.New("vbf")
	require.NoError(t, err)
	return Config{
		Config: station.Config{Servers: []station.Server{{CPUs: 1, Speed: 1}, {CPUs: 1, Speed: 1}, {CPUs: 1, Speed: 1}, {CPUs: 1, Speed: 1}, {CPUs: 2, Speed: 1}, {CPUs: 2, Speed: 1}, {CPUs: 2, Speed: 1}, {CPUs: 2, Speed: 1}}, Backlog: 64},
		LBs:    2, Timeout: 40, LatencyLow: 1e-4, LatencyHigh: 1e-3,
		Duration: 20, StepInterval: 0.5, MaxLogWeight: 1.5, Observe: true, Reward: reward,
		Classes: classes,
		Workload: func(seed uint64) (workload.Source, error) {
			return workload.NewSynthetic(workload.Arrivals{Rate: 13.5}, classes, []float64{0.5, 0.5}, seed), nil
		},
	}
}

func TestConformance(t *testing.T) {
	for name, flows := range map[string]bool{"plain": false, "flows": true} {
		t.Run(name, func(t *testing.T) {
			envtest.Conformance(t, func(t *testing.T) env.Env {
				cfg := moderate(t)
				cfg.Flows, cfg.Counts = flows, flows
				e, err := New(cfg)
				require.NoError(t, err)
				return e
			})
		})
	}
}

// TestFlows: the flows of an episode are the outcomes that the recorder is
// told, failures at their timeout, in the steps that their arrivals fall in;
// their counts are those of the LB's own flows on the server, which the
// outcomes alone give as well. Keeping them changes nothing else.
func TestFlows(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	var kept []env.Flow
	var want, plain outcomes
	for _, flows := range []bool{true, false} {
		cfg := moderate(t)
		cfg.Flows, cfg.Recorder, cfg.Backlog = flows, &plain, 1
		if flows {
			cfg.Recorder = &want
		}
		e, err := New(cfg)
		require.NoError(t, err)
		step, err := e.Reset(ctx, 4)
		require.NoError(t, err)
		require.Nil(t, step.Flows)
		for !step.Truncated {
			step, err = e.Step(ctx, nil)
			require.NoError(t, err)
			require.True(t, flows || step.Flows == nil)
			kept = append(kept, step.Flows...)
		}
	}
	require.Equal(t, want, plain)
	require.Len(t, kept, len(want))
	failed := 0
	for k, o := range want {
		f := kept[k]
		require.Equal(t, o, env.Outcome{Arrival: o.Arrival, Completion: f.Completion, Class: o.Class, LB: f.LB, Server: f.Server, Failed: f.Failed})
		require.Equal(t, int(o.Arrival/0.5), f.Step)
		if f.Failed {
			failed++
			require.Equal(t, 40.0, f.Completion)
		}
	}
	require.Positive(t, failed)

	// Without failures a flow's end is its arrival and its completion time.
	for k, o := range want[:len(want)-200] { // the last flows' companions may not have ended
		if o.Arrival > 12 {
			continue
		}
		n, sure := 0, true
		for _, x := range want {
			if x.LB == o.LB && x.Server == o.Server && x.Arrival < o.Arrival {
				sure = sure && !x.Failed
				if x.Arrival+x.Completion > o.Arrival {
					n++
				}
			}
		}
		if sure {
			require.Equal(t, n, kept[k].Ongoing, "request %d", k)
		}
	}
}

// TestWeightsSteer: weights proportional to SED's capacities are SED, request
// by request, and another choice is not.
func TestWeightsSteer(t *testing.T) {
	cfg := moderate(t)
	cfg.Observe = false
	run := func(weights []float64) outcomes {
		var rec outcomes
		cfg := cfg
		cfg.Recorder = &rec
		e, err := New(cfg)
		require.NoError(t, err)
		_, err = e.Reset(context.Background(), 4)
		require.NoError(t, err)
		for range e.Spec().Steps {
			_, err = e.Step(context.Background(), [][]float64{weights, weights})
			require.NoError(t, err)
		}
		require.NoError(t, e.Drain(context.Background()))
		return rec
	}
	sed := cfg
	sed.Heuristic = "sed"
	want, _ := episode(t, sed, 4)
	require.Equal(t, want, run([]float64{1, 1, 1, 1, 2, 2, 2, 2}))
	require.NotEqual(t, want, run([]float64{1, 1, 1, 1, 1, 1, 1, 1}))
	cfg.Weights = []float64{1, 1, 1, 1, 2, 2, 2, 2}
	got, _ := episode(t, cfg, 4)
	require.Equal(t, want, got, "weights from the beginning")
}

// TestInvariants follows an observed run step by step: requests are conserved,
// the LBs' counts are what is in flight, work never grows by itself, and the
// observed counts are the true ones.
func TestInvariants(t *testing.T) {
	cfg := moderate(t)
	cfg.Backlog = 3 // so that some are refused
	cfg.Changes = []station.Change{{At: 3.2, Index: 5, Value: 0.25}, {At: 9, Index: 5, Value: 1.5}}
	var rec outcomes
	cfg.Recorder = &rec
	e, err := New(cfg)
	require.NoError(t, err)
	_, err = e.Reset(context.Background(), 8)
	require.NoError(t, err)
	arrived, ended, failed := 0, 0, 0
	var truth env.Truth
	for range e.Spec().Steps {
		step, err := e.Step(context.Background(), nil)
		require.NoError(t, err)
		arrived += step.Interval.Arrived
		ended += step.Interval.Completed + step.Interval.Failed
		failed += step.Interval.Failed
		require.Len(t, rec, ended)
		counted := 0
		for i, obs := range step.Obs {
			for j := range cfg.Servers {
				require.Equal(t, float32(e.engine.balancers[i].Ongoing()[j]), obs[j*len(e.spec.Features)])
				counted += int(obs[j*len(e.spec.Features)])
			}
		}
		require.Equal(t, arrived-ended, counted)
	}
	require.Positive(t, failed, "the backlog must have refused some")
	require.NoError(t, e.Drain(context.Background()))
	require.Len(t, rec, arrived)
	require.NoError(t, e.Truth(&truth))
	for j := range cfg.Servers {
		require.InDelta(t, 0, truth.CPUWork[j], 1e-6)
		require.InDelta(t, 0, truth.IOWork[j], 1e-6)
	}
}

// TestSpeedChange: work that halves its speed midway takes twice as long from
// there, in service and in virtual time.
func TestSpeedChange(t *testing.T) {
	for _, discipline := range []station.Discipline{station.FIFO, station.ProcessorSharing} {
		classes := []workload.Class{{Name: "task", Share: 1, Stages: []workload.Stage{{Resource: workload.CPU, Law: law(t, "deterministic", 4, 0)}}}}
		cfg := Config{
			Config: station.Config{Servers: []station.Server{{CPUs: 1, Speed: 1}}, CPU: discipline, Workers: 4, Backlog: 4},
			LBs:    1, Timeout: 40, Duration: 20, StepInterval: 20, MaxLogWeight: 1,
			Heuristic: "lsq", Classes: classes, Changes: []station.Change{{At: 3, Value: 0.5}},
			Workload: func(uint64) (workload.Source, error) { return &fixedArrivals{times: []float64{1}, demand: 4}, nil },
		}
		rec, _ := episode(t, cfg, 1)
		require.Len(t, rec, 1)
		require.InDelta(t, 2+2/0.5, rec[0].Completion, 1e-12)
	}
}

// TestProcessorSharing is eq. 42 by hand: one processor, two workers. Tasks of
// 2 s come at 0, 1 and 1.5: the first two share from 1 on, each at 1/2; the
// third waits for a worker until the first is done at 3, then shares with the
// second until that is done at 5, and ends alone at 6.
func TestProcessorSharing(t *testing.T) {
	classes := []workload.Class{{Name: "task", Share: 1, Stages: []workload.Stage{{Resource: workload.CPU, Law: law(t, "deterministic", 2, 0)}}}}
	cfg := Config{
		Config: station.Config{Servers: []station.Server{{CPUs: 1, Speed: 1}}, CPU: station.ProcessorSharing, Workers: 2, Backlog: 4},
		LBs:    1, Timeout: 40, Duration: 20, StepInterval: 20, MaxLogWeight: 1,
		Heuristic: "lsq", Classes: classes,
		Workload: func(uint64) (workload.Source, error) {
			return &fixedArrivals{times: []float64{0, 1, 1.5}, demand: 2}, nil
		},
	}
	rec, _ := episode(t, cfg, 1)
	var ends []float64
	for _, o := range rec {
		ends = append(ends, o.Arrival+o.Completion)
	}
	require.InDeltaSlice(t, []float64{3, 5, 6}, ends, 1e-12)
}

// fixedArrivals is a source of requests at given times, all of one demand.
type fixedArrivals struct {
	times  []float64
	lbs    []int // of the first requests, those of the others are LB 0's
	demand float64
}

func (f *fixedArrivals) Next(r *workload.Request) error {
	r.Time = math.Inf(1)
	if len(f.times) > 0 {
		r.Time, f.times = f.times[0], f.times[1:]
	}
	r.Class, r.LB = 0, 0
	if len(f.lbs) > 0 {
		r.LB, f.lbs = f.lbs[0], f.lbs[1:]
	}
	r.Demand = append(r.Demand[:0], f.demand)
	return nil
}

func (f *fixedArrivals) Close() error { return nil }

// onlyState is a GlobalState that is no OutstandingLog.
type onlyState struct{ dispatch.GlobalState }

// withoutLog hides the OutstandingLog from a rule.
type withoutLog struct{ dispatch.Rule }

func (r withoutLog) Pick(v *dispatch.View) int {
	w := *v
	w.Global = onlyState{v.Global}
	return r.Rule.Pick(&w)
}

// TestOutstandingLog: global rules that read the log of changed counts pick as those
// that read all counts, also where servers fail.
func TestOutstandingLog(t *testing.T) {
	t.Parallel()
	cfg := moderate(t)
	cfg.Observe, cfg.Heuristic, cfg.Backlog, cfg.Duration = false, "sed-global", 2, 100
	cfg.Random = []RandomChanges{{Kind: station.Fail, PerMinute: 20, Servers: []int{0, 3, 6}, DownMean: 2}, {Kind: station.Drain, PerMinute: 20, Servers: []int{1, 7}, DownMean: 2}}
	run := func(hide bool) outcomes {
		var rec outcomes
		cfg := cfg
		cfg.Recorder = &rec
		if hide {
			cfg.Heuristic = ""
			cfg.Rule = func(lb int) (dispatch.Rule, error) {
				rule, err := dispatch.New("sed-global", cfg.options(lb))
				return withoutLog{rule}, err
			}
		}
		e, err := New(cfg)
		require.NoError(t, err)
		for seed := range uint64(2) { // a rule is used again
			_, err = e.Reset(context.Background(), seed)
			require.NoError(t, err)
			for range e.Spec().Steps {
				_, err = e.Step(context.Background(), nil)
				require.NoError(t, err)
			}
			require.NoError(t, e.Drain(context.Background()))
		}
		return rec
	}
	require.Equal(t, run(true), run(false))
}

// TestTies: heuristics and weights obey the setting alike, and each of the three is
// different. Under ordered ties SED is sed-ordered.
func TestTies(t *testing.T) {
	t.Parallel()
	cfg := moderate(t)
	cfg.Observe, cfg.Duration = false, 50
	run := func(ties dispatch.Ties, heuristic string, weights []float64) outcomes {
		cfg := cfg
		cfg.Ties, cfg.Heuristic, cfg.Weights = ties, heuristic, weights
		rec, _ := episode(t, cfg, 5)
		return rec
	}
	var sed []outcomes
	for _, ties := range []dispatch.Ties{dispatch.FairTies, dispatch.PluginTies, dispatch.OrderedTies} {
		sed = append(sed, run(ties, "sed", nil))
		require.Equal(t, sed[ties], run(ties, "", cfg.capacities()), "%v", ties)
		require.Equal(t, run(ties, "lsq", nil), run(ties, "", nil), "%v", ties)
	}
	require.NotEqual(t, sed[0], sed[1])
	require.NotEqual(t, sed[0], sed[2])
	require.NotEqual(t, sed[1], sed[2])
	require.Equal(t, sed[dispatch.OrderedTies], run(dispatch.FairTies, "sed-ordered", nil))
	cfg.Ties = 7
	_, err := New(cfg)
	require.ErrorContains(t, err, "unknown tie rule Ties(7)")
}
