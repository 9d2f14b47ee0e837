package scenario_test

import (
	"context"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/env/estimate"
	"fairlb/env/scenario"
	"fairlb/env/sim"
	"fairlb/rewards"
)

// open returns an environment of a scenario, observed or under sed.
func open(t *testing.T, s scenario.Scenario, observe bool) *sim.Env {
	t.Helper()
	cfg, err := s.Config()
	require.NoError(t, err)
	if observe {
		cfg.Observe = true
		cfg.Reward, err = rewards.New("vbf")
		require.NoError(t, err)
	} else {
		cfg.Heuristic = "sed"
	}
	e, err := sim.New(cfg)
	require.NoError(t, err)
	return e
}

// TestEstimateOfEvents: the events of an episode are about those that it has, and Spec is that of the environment.
func TestEstimateOfEvents(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"sim-moderate/pure-cpu", "sim-moderate/50-50", "web-moderate/train", "for-loop"} {
		s, err := scenario.Load(name, []string{"duration=60"})
		require.NoError(t, err)
		e := open(t, s, false)
		require.Equal(t, e.Spec(), s.Spec(), name)
		step, err := e.Reset(context.Background(), 1)
		require.NoError(t, err)
		for !step.Truncated {
			step, err = e.Step(context.Background(), nil)
			require.NoError(t, err)
		}
		require.NoError(t, e.Drain(context.Background()))
		of := s.Estimate(false)
		ratio := of.Total(estimate.Events) / float64(e.Events())
		require.Greater(t, ratio, 0.85, name)
		require.Less(t, ratio, 1.4, name) // a range of rates counts at its end
		require.NoError(t, e.Close())
	}
}

// TestEstimateOfMemory: what many servers and load balancers take is what an
// environment of them allocates, within a factor of two.
func TestEstimateOfMemory(t *testing.T) {
	for _, observe := range []bool{false, true} {
		s, err := scenario.Load("sim-moderate/pure-cpu", []string{"lbs=40", "servers=[{count: 500, cpus: 2, speed: 1}]", "duration=1", "workload.arrivals.load=0.01"})
		require.NoError(t, err)
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		e := open(t, s, observe)
		_, err = e.Reset(context.Background(), 1)
		require.NoError(t, err)
		runtime.GC()
		runtime.ReadMemStats(&after)
		of := s.Estimate(observe)
		ratio := of.Total(estimate.Memory) / float64(after.HeapAlloc-before.HeapAlloc)
		require.Greater(t, ratio, 0.7, "observed: %t", observe)
		t.Log(ratio)
		require.Less(t, ratio, 2.0, "observed: %t", observe)
		require.NoError(t, e.Close())
	}
}

// TestEstimateOfTheOutrageous: products of what single fields may be are far
// above every limit, and what is built in is far below.
func TestEstimateOfTheOutrageous(t *testing.T) {
	t.Parallel()
	limits := estimate.DefaultLimits()
	for _, entry := range scenario.List() {
		s, err := scenario.Load(entry.Name, nil)
		require.NoError(t, err)
		of := s.Estimate(true)
		require.NoError(t, limits.Check(of), entry.Name)
		require.Less(t, of.Total(estimate.Memory), limits[estimate.Memory]/20, entry.Name)
		require.Less(t, of.Total(estimate.Events), limits[estimate.Events]/1e4, entry.Name)
	}
	for _, test := range []struct{ set []string }{
		{[]string{"workload.classes=[{name: a, share: 1, stages: [{resource: cpu, law: exponential, mean: 1e-300}]}]"}},
		{[]string{"lbs=1000", "servers=[{count: 10000, cpus: 1, speed: 1}]"}},
		{[]string{"duration=1000000", "step_interval=100", "workload.arrivals.load=0", "workload.arrivals.rate=10000000"}},
		{[]string{"lbs=1000", "servers=[{count: 1000, cpus: 1, speed: 1}]", "duration=1000000", "step_interval=1", "workload.arrivals.load=1e-6"}},
		{[]string{"duration=500000", "step_interval=0.5", "random_changes=[{kind: fail, per_minute: 100000, down_mean: 100000}]"}},
		{[]string{"duration=1e6", "step_interval=1", "workload.arrivals.load=99", "cpu.backlog=1000000000", "workload.classes=[{name: a, share: 1, stages: [{resource: cpu, law: exponential, mean: 0.001}]}]"}},
	} {
		s, err := scenario.Load("sim-moderate/pure-cpu", test.set)
		require.NoError(t, err, "%v", test.set)
		require.Error(t, limits.Check(s.Estimate(true)), "%v", test.set)
	}
}
