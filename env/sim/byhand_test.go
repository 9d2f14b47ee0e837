package sim

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/env/station"
	"fairlb/env/workload"
)

// completionsByHand returns the completion times (s, NaN: failed), by arrival, of
// requests that arrive at the given times at one server, each of deterministic
// stages.
func completionsByHand(t *testing.T, cfg Config, times []float64, stages ...workload.Stage) []float64 {
	t.Helper()
	cfg.LBs, cfg.Timeout, cfg.Duration, cfg.StepInterval, cfg.MaxLogWeight, cfg.Heuristic = 1, 40, 40, 40, 1, "lsq"
	cfg.Classes = []workload.Class{{Name: "task", Share: 1, Stages: stages}}
	cfg.Workload = func(uint64) (workload.Source, error) {
		var list scripted
		for _, at := range times {
			r := workload.Request{Time: at}
			for _, stage := range stages {
				r.Demand = append(r.Demand, stage.Law.Mean())
			}
			list = append(list, r)
		}
		return &list, nil
	}
	var rec outcomes
	cfg.Recorder = &rec
	e, err := New(cfg)
	require.NoError(t, err)
	_, err = e.Reset(context.Background(), 1)
	require.NoError(t, err)
	_, err = e.Step(context.Background(), nil)
	require.NoError(t, err)
	require.NoError(t, e.Drain(context.Background()))
	require.Len(t, rec, len(times))
	list := make([]float64, len(times))
	for _, o := range rec {
		for k, at := range times {
			if o.Arrival == at {
				list[k] = o.Completion
				if o.Failed {
					list[k] = math.NaN()
				}
			}
		}
	}
	return list
}

// TestThreadsByHand: on two threads of one core a task alone takes its 4 s, two get
// 0.65 each, since a second busy thread adds 0.3 of a core, and three get 1.3 / 1.1
// together, since contention takes a tenth for each task beyond the threads.
func TestThreadsByHand(t *testing.T) {
	t.Parallel()
	run := func(times ...float64) []float64 {
		cfg := Config{
			Config: station.Config{Servers: []station.Server{{CPUs: 2, Speed: 1}}, CPU: station.ProcessorSharing, Workers: 9, Backlog: 9, Processors: station.Processors{ThreadsPerCore: 2, ThreadGain: 0.3, Contention: 0.1}},
		}
		return completionsByHand(t, cfg, times, workload.Stage{Resource: workload.CPU, Law: law(t, "deterministic", 4, 0)})
	}
	require.InDeltaSlice(t, []float64{4}, run(1), 1e-12)
	require.InDeltaSlice(t, []float64{4 / 0.65, 4 / 0.65}, run(1, 1), 1e-12)
	require.InDeltaSlice(t, []float64{2 + 2/0.65, 2 + 2/0.65}, run(1, 3), 1e-12)
	require.InDeltaSlice(t, []float64{12 * 1.1 / 1.3, 12 * 1.1 / 1.3, 12 * 1.1 / 1.3}, run(1, 1, 1), 1e-12)
}

// TestPreforkByHand: one worker is held through 1 s of CPU and 3 s of IO, one request
// waits for it, and one more is refused; without prefork the second's CPU and the
// first's IO overlap.
func TestPreforkByHand(t *testing.T) {
	t.Parallel()
	run := func(prefork bool, workers int, times ...float64) []float64 {
		cfg := Config{Config: station.Config{Servers: []station.Server{{CPUs: 1, Speed: 1}}, CPU: station.ProcessorSharing, Workers: workers, Backlog: 1, Prefork: prefork}}
		return completionsByHand(t, cfg, times,
			workload.Stage{Resource: workload.CPU, Law: law(t, "deterministic", 1, 0)}, workload.Stage{Resource: workload.IO, Law: law(t, "deterministic", 3, 0)})
	}
	lost := math.NaN()
	for _, test := range []struct {
		name string
		got  []float64
		want []float64
	}{
		{"one worker", run(true, 1, 0, 0.5, 1.5, 4.5), []float64{4, 7.5, lost, 7.5}},
		{"two workers", run(true, 2, 0, 2, 3, 3.5), []float64{5, 6, 7, lost}},
		{"held for the CPU alone", run(false, 1, 0, 2), []float64{5, 5}},
	} {
		require.Len(t, test.got, len(test.want))
		for k, want := range test.want {
			require.True(t, math.Abs(test.got[k]-want) < 1e-12 || math.IsNaN(test.got[k]) && math.IsNaN(want), "%s: got %v, want %v", test.name, test.got, test.want)
		}
	}
}
