package scenario_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
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

// eventsRatio returns the estimated events of an episode over those that it has. Spec
// must be that of the environment.
func eventsRatio(t *testing.T, s scenario.Scenario) float64 {
	t.Helper()
	e := open(t, s, false)
	require.Equal(t, e.Spec(), s.Spec())
	step, err := e.Reset(context.Background(), 1)
	require.NoError(t, err)
	for !step.Truncated {
		step, err = e.Step(context.Background(), nil)
		require.NoError(t, err)
	}
	require.NoError(t, e.Drain(context.Background()))
	of := s.Estimate(false)
	require.NoError(t, e.Close())
	return of.Total(estimate.Events) / float64(e.Events())
}

// TestEstimateOfEvents: the events of an episode are about those that it has.
func TestEstimateOfEvents(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"sim-moderate/pure-cpu", "sim-moderate/50-50", "web-moderate/train", "for-loop"} {
		s, err := scenario.Load(name, []string{"duration=60"})
		require.NoError(t, err)
		ratio := eventsRatio(t, s)
		require.Greater(t, ratio, 0.85, name)
		require.Less(t, ratio, 1.4, name) // a range of rates counts at its end
	}
}

// TestEstimateOfATrace: the events of an episode whose requests a trace gives are
// about those that it has, however it is replayed.
func TestEstimateOfATrace(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	text.WriteString("time\tquery\n")
	for k := range 4000 { // 40 s, twice as dense in the first half
		fmt.Fprintf(&text, "%.4f\t/?n=%d\n", 100+0.0075*float64(k)+0.015*max(0, float64(k)-2666), 1+k%9)
	}
	path := filepath.Join(t.TempDir(), "t.tsv")
	require.NoError(t, os.WriteFile(path, []byte(text.String()), 0o666))
	for _, set := range [][]string{
		{"window=begin", "-duration=10"},
		{"window=begin"},
		{"window=begin", "speed_up=4"},
		{"window=begin", "repeat=true"},
		{"window=begin", "repeat=true", "speed_up=20", "rate_factor=0.5"},
		{"window=begin", "rate_factor=5", "-duration=20"},
		{"window=random"},
		{"window=random", "repeat=true", "speed_up=3"},
		{"window=random", "speed_up=40"},
		{"window=blocks", "block=5", "rate_factor=2"},
	} {
		overrides := []string{"duration=100", "workload.seconds_per_n=1e-5", "workload.trace=" + path}
		for _, o := range set {
			if rest, ok := strings.CutPrefix(o, "-"); ok {
				overrides = append(overrides, rest)
			} else {
				overrides = append(overrides, "workload."+o)
			}
		}
		s, err := scenario.Load("for-loop", overrides)
		require.NoError(t, err)
		ratio := eventsRatio(t, s)
		require.Greater(t, ratio, 0.6, "%v", set)
		require.Less(t, ratio, 1.7, "%v", set)
	}

	s, err := scenario.Load("for-loop", []string{"duration=1e5", "workload.seconds_per_n=1e-5", "workload.window=begin", "workload.trace=" + path,
		"workload.repeat=true", "workload.speed_up=1e4", "workload.rate_factor=1000"})
	require.NoError(t, err)
	require.ErrorContains(t, estimate.DefaultLimits().Check(s.Estimate(false)), "for requests (workload.rate_factor, workload.repeat, workload.speed_up, workload.trace, ")
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

// TestEstimateOfRefusals: in an overload, requests that were refused are in flight for
// as long as they are tried again, or until their timeout where load balancers do not
// see it.
func TestEstimateOfRefusals(t *testing.T) {
	t.Parallel()
	memory := func(set ...string) float64 {
		s, err := scenario.Load("sim-moderate/pure-cpu", append(set, "workload.arrivals.load=2", "timeout=40", "duration=600"))
		require.NoError(t, err)
		of := s.Estimate(false)
		return of.Total(estimate.Memory)
	}
	none, retried, unseen := memory(), memory("syn_retries=[1, 2, 4]"), memory("syn_retries=[1, 2, 4]", "refusals=unseen")
	require.InEpsilon(t, 40.0/7, (unseen-none)/(retried-none), 1e-6, "12 requests/s are refused")
}

// TestEstimateOfDraining: servers that take years for what they have are sampled
// until the last request ends.
func TestEstimateOfDraining(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		override string
		refused  bool
	}{
		{"servers[0].speed=0.01", false},
		{"servers[0].speed=1e-12", true},
		{"random_changes=[{kind: speed, per_minute: 1, low: 1e-12, high: 1}]", true},
		{"changes=[{at: 1, kind: speed, group: 0, value: 1e-12}]", true},
	} {
		s, err := scenario.Load("sim-moderate/pure-cpu", []string{test.override, "workload.arrivals.load=0", "workload.arrivals.rate=1"})
		require.NoError(t, err)
		err = estimate.DefaultLimits().Check(s.Estimate(false))
		require.Equal(t, test.refused, err != nil, "%s: %v", test.override, err)
	}
}
