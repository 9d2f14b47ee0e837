package sim

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/env/dispatch"
	"fairlb/env/station"
	"fairlb/env/workload"
)

// TestRetriesByHand: one server serves one request of 4 s at a time and lets none
// wait; a client tries again 1, 3 and 7 s after its first attempt, but not from the
// timeout, 40 s, on.
func TestRetriesByHand(t *testing.T) {
	t.Parallel()
	lost := math.NaN()
	for _, test := range []struct {
		name    string
		gaps    []float64
		changes []station.Change
		times   []float64
		want    []float64 // s from the first attempt to the completion
	}{
		{"no retries", nil, nil, []float64{0, 2}, []float64{4, lost}},
		{"the second finds it idle", []float64{1, 2, 4}, nil, []float64{0, 2}, []float64{4, 3 + 4}},
		{"the third does", []float64{1, 2, 4}, nil, []float64{0, 0.5}, []float64{4, 7 + 4}},
		{"two clients, one after the other", []float64{1, 2, 4}, nil, []float64{0, 2, 2.5}, []float64{4, 3 + 4, 7 + 4}},
		{"all are refused", []float64{1, 1}, nil, []float64{0, 1}, []float64{4, lost}},
		{"none after the timeout", []float64{1, 39}, nil, []float64{0, 1}, []float64{4, lost}},
		{"a failed server is tried again", []float64{1, 2, 4}, []station.Change{{At: 1, Kind: station.Fail, Index: 0}, {At: 8, Kind: station.Return, Index: 0}}, []float64{2}, []float64{7 + 4}},
		{"not what a server has lost", []float64{1, 2, 4}, []station.Change{{At: 1, Kind: station.Fail, Index: 0}, {At: 2, Kind: station.Return, Index: 0}}, []float64{0.5}, []float64{lost}},
		{"nor one that was answered with a failure", []float64{1, 2, 4}, []station.Change{{At: 1, Kind: station.FailFast, Index: 0}, {At: 2.5, Kind: station.Return, Index: 0}}, []float64{2}, []float64{lost}},
		{"nor a flow whose LB has failed", []float64{1, 2, 4}, []station.Change{{At: 2.5, Kind: station.FailLB, Index: 0}}, []float64{0, 2}, []float64{lost, lost}},
	} {
		cfg := Config{Config: station.Config{Servers: []station.Server{{CPUs: 1, Speed: 1}}}, SYNRetries: test.gaps, Changes: test.changes, Detection: 30}
		got := completionsByHand(t, cfg, test.times, workload.Stage{Resource: workload.CPU, Law: law(t, "deterministic", 4, 0)})
		for k, want := range test.want {
			require.True(t, math.Abs(got[k]-want) < 1e-12 || math.IsNaN(got[k]) && math.IsNaN(want), "%s: got %v, want %v", test.name, got, test.want)
		}
	}
}

// told is a rule for one server, which keeps what it is told.
type told []dispatch.Completion

func (*told) Pick(*dispatch.View) int           { return 0 }
func (r *told) Completed(x dispatch.Completion) { *r = append(*r, x) }

// connecting returns an environment of one server of one processor without backlog,
// whose packets take 0.1 s and whose requests, which arrive at the given times, 1 s.
// It steps every 0.1 s, 0.05 s after the packets.
func connecting(t *testing.T, change func(*Config), times ...float64) (*Env, *told, *outcomes) {
	t.Helper()
	rule, rec := &told{}, &outcomes{}
	cfg := Config{
		Config: station.Config{Servers: []station.Server{{CPUs: 1, Speed: 1}}},
		LBs:    1, Timeout: 2, Duration: 4, StepInterval: 0.1, MaxLogWeight: 1,
		LatencyLow: 0.1, LatencyHigh: 0.1, Recorder: rec,
		Classes:  []workload.Class{{Name: "task", Share: 1, Stages: []workload.Stage{{Resource: workload.CPU, Law: law(t, "deterministic", 1, 0)}}}},
		Workload: func(uint64) (workload.Source, error) { return &fixedArrivals{times: times, demand: 1}, nil },
		Rule:     func(int) (dispatch.Rule, error) { return rule, nil },
	}
	change(&cfg)
	e, err := New(cfg)
	require.NoError(t, err)
	_, err = e.Reset(context.Background(), 1)
	require.NoError(t, err)
	return e, rule, rec
}

// TestCountingByHand follows the LB's count of a request that is chosen for at 0.05 s,
// reaches its server at 0.15, is established at 0.25, completes at 1.15, and is over for
// the LB at 1.25; and of one that comes at 0.45, is refused at 0.55, of which the LB
// learns at 0.65 or, if nothing tells it, at 2.45.
func TestCountingByHand(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		change  func(*Config)
		changes map[int]int32 // by step, the count from its end on
		refusal float64       // s, when the rule is told of it
		step    int           // in which the client's failure counts
	}{
		{"chosen, seen", func(*Config) {}, map[int]int32{1: 1, 5: 2, 7: 1, 13: 0}, 0.65, 7},
		{"established, seen", func(c *Config) { c.CountEstablished = true }, map[int]int32{3: 1, 13: 0}, 0.65, 7},
		{"chosen, unseen", func(c *Config) { c.UnseenRefusals = true }, map[int]int32{1: 1, 5: 2, 13: 1, 25: 0}, 2.45, 6},
		{"established, unseen", func(c *Config) { c.CountEstablished, c.UnseenRefusals = true, true }, map[int]int32{3: 1, 13: 0}, 2.45, 6},
	} {
		e, rule, rec := connecting(t, test.change, 0.05, 0.45)
		want := int32(0)
		for k := 1; k <= 40; k++ {
			step, err := e.Step(context.Background(), nil)
			require.NoError(t, err)
			if n, ok := test.changes[k]; ok {
				want = n
			}
			require.Equal(t, want, e.engine.balancers[0].Ongoing()[0], "%s: step %d", test.name, k)
			require.Equal(t, k == test.step, step.Interval.Failed == 1, "%s: step %d", test.name, k)
		}
		require.Len(t, *rec, 2, test.name)
		require.Len(t, *rule, 2, test.name)
		for _, x := range *rule {
			if x.Failed {
				require.InDelta(t, test.refusal, x.Now, 1e-12, test.name)
				require.InDelta(t, test.refusal-0.45, x.Duration, 1e-12, test.name)
			} else {
				require.InDelta(t, 1.25, x.Now, 1e-12, test.name)
			}
			require.Positive(t, x.Ongoing, "the flow itself is in the count that the rule is told")
		}
	}
}

// TestCountingWithoutLatency: counts that wait for the connection are those of the
// choice where packets take no time.
func TestCountingWithoutLatency(t *testing.T) {
	t.Parallel()
	for _, heuristic := range []string{"sed", "wlr", "prequal", "sed-ordered", "jsq", "p2c"} {
		cfg := web(t, heuristic)
		cfg.Duration, cfg.LatencyLow, cfg.LatencyHigh = 5, 0, 0
		want, _ := episode(t, cfg, 3)
		cfg.CountEstablished = true
		got, _ := episode(t, cfg, 3)
		require.Equal(t, want, got, heuristic)
	}
}
