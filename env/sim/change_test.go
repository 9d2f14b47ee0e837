package sim

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/env/station"
	"fairlb/env/workload"
)

// TestDetection: LBs detect a failure that lasts longer than the detection.
func TestDetection(t *testing.T) {
	t.Parallel()
	cfg := Config{Detection: 5, Changes: []station.Change{
		{At: 1, Kind: station.Fail, Index: 0}, {At: 4, Kind: station.Return, Index: 0}, {At: 5, Kind: station.Fail, Index: 0}, {At: 6, Kind: station.Fail, Index: 1}, {At: 12, Kind: station.Return, Index: 0},
	}}
	var detected []station.Change
	for _, x := range cfg.ChangesOf(1) {
		if x.Kind == station.Detect {
			detected = append(detected, x)
		}
	}
	require.Equal(t, []station.Change{{At: 10, Kind: station.Detect, Index: 0}, {At: 11, Kind: station.Detect, Index: 1}}, detected)
}

// TestRandomChanges: as many as their rate says, on the servers and within the
// bounds that they name, the same for the same seed; what goes out comes back
// and is never everything.
func TestRandomChanges(t *testing.T) {
	t.Parallel()
	cfg := Config{
		Config:   station.Config{Servers: []station.Server{{CPUs: 1, Speed: 1}, {CPUs: 2, Speed: 2}, {CPUs: 4, Speed: 1}}},
		Duration: 6000, Random: []RandomChanges{
			{Kind: station.SetSpeed, PerMinute: 10, Servers: []int{1, 2}, Low: 0.5, High: 1.5},
			{Kind: station.SetCPUs, PerMinute: 10, Servers: []int{0, 2}, Low: 0.1, High: 1},
			{Kind: station.SetBackground, PerMinute: 10, Servers: []int{0}, Low: 1, High: 3, Initial: true},
			{Kind: station.Fail, PerMinute: 60, Servers: []int{0, 1, 2}, DownMean: 2},
		}}
	list := cfg.ChangesOf(7)
	require.Equal(t, list, cfg.ChangesOf(7))
	require.NotEqual(t, list, cfg.ChangesOf(8))
	counts := map[station.ChangeKind]float64{}
	backgrounds := map[float64]bool{}
	out := map[int]bool{}
	last := 0.0
	require.Equal(t, station.Change{Kind: station.SetBackground, Value: list[0].Value}, list[0], "one is drawn at the beginning")
	for _, x := range list {
		require.GreaterOrEqual(t, x.At, last)
		last = x.At
		counts[x.Kind]++
		switch x.Kind {
		case station.SetSpeed:
			require.Contains(t, []int{1, 2}, x.Index)
			base := cfg.Servers[x.Index].Speed
			require.True(t, x.Value >= 0.5*base && x.Value <= 1.5*base)
		case station.SetCPUs:
			require.Contains(t, []int{0, 2}, x.Index)
			require.True(t, x.Value >= 1 && x.Value <= 4)
		case station.SetBackground:
			backgrounds[x.Value] = true
		case station.Fail:
			require.False(t, out[x.Index])
			out[x.Index] = true
			require.Less(t, len(out), 3)
		case station.Return:
			require.True(t, out[x.Index])
			delete(out, x.Index)
		}
	}
	require.Equal(t, map[float64]bool{1: true, 2: true, 3: true}, backgrounds)
	for _, kind := range []station.ChangeKind{station.SetSpeed, station.SetCPUs, station.SetBackground} {
		require.InDelta(t, 1000, counts[kind], 3.3*math.Sqrt(1000))
	}
	require.Equal(t, counts[station.Fail], counts[station.Return], "what fails returns")
	require.Equal(t, counts[station.Fail], counts[station.Detect])
	require.Greater(t, counts[station.Fail], 1000.)
}

// requestEnds runs requests of 4 s of CPU at the given times on two servers under
// LSQ, without latency, and returns when each ends, NaN if it fails.
func requestEnds(t *testing.T, lbs int, times []float64, changes ...station.Change) []float64 {
	t.Helper()
	classes := []workload.Class{{Name: "task", Share: 1, Stages: []workload.Stage{{Resource: workload.CPU, Law: law(t, "deterministic", 4, 0)}}}}
	cfg := Config{
		Config: station.Config{Servers: []station.Server{{CPUs: 1, Speed: 1}, {CPUs: 1, Speed: 1}}, Backlog: 4},
		LBs:    lbs, Timeout: 40, Duration: 40, StepInterval: 40, MaxLogWeight: 1,
		Heuristic: "lsq-ordered", Classes: classes, Changes: changes, Detection: 1,
		Workload: func(uint64) (workload.Source, error) { return &fixedArrivals{times: times, demand: 4}, nil },
	}
	rec, _ := episode(t, cfg, 1)
	require.Len(t, rec, len(times))
	ends := make([]float64, len(times))
	for _, o := range rec {
		for k, at := range times {
			if o.Arrival == at {
				ends[k] = o.Arrival + o.Completion
				if o.Failed {
					require.Equal(t, cfg.Timeout, o.Completion)
					ends[k] = math.NaN()
				}
			}
		}
	}
	return ends
}

// TestFailInOrder: the requests that a failing server loses fail as they arrived,
// those that came at one time too, whether they were in service, in whatever order
// they would have ended, or waited.
func TestFailInOrder(t *testing.T) {
	t.Parallel()
	const n = 90
	rng := rand.New(rand.NewPCG(1, 1))
	cfg := Config{
		Config: station.Config{Servers: []station.Server{{CPUs: 40, Speed: 1}}, Backlog: n},
		LBs:    1, Timeout: 40, Duration: 40, StepInterval: 40, MaxLogWeight: 1,
		Heuristic: "lsq-ordered", Changes: []station.Change{{At: 3, Kind: station.Fail}}, Detection: 1,
	}
	var list scripted
	var want []int
	for k := range n {
		class := workload.Class{Name: "task", Share: 1, Stages: []workload.Stage{{Resource: workload.Resource(k % 3 / 2), Law: law(t, "deterministic", 4, 0)}}}
		cfg.Classes = append(cfg.Classes, class)
		list = append(list, workload.Request{Time: float64(1 + k/45), Class: k, Demand: []float64{10 + rng.Float64()}})
		want = append(want, k)
	}
	cfg.Workload = func(uint64) (workload.Source, error) { return &list, nil }
	rec, _ := episode(t, cfg, 1)
	var got []int
	for _, o := range rec {
		require.True(t, o.Failed)
		got = append(got, o.Class)
	}
	require.Equal(t, want, got)
}

// TestDrawnChanges: a count is so many of the servers at one moment, others in
// other episodes, and every one of them about equally often.
func TestDrawnChanges(t *testing.T) {
	t.Parallel()
	cfg := Config{
		Config:   station.Config{Servers: []station.Server{{CPUs: 1, Speed: 1}, {CPUs: 1, Speed: 2}, {CPUs: 1, Speed: 4}, {CPUs: 1, Speed: 8}, {CPUs: 1, Speed: 16}}},
		Duration: 60, Random: []RandomChanges{
			{Kind: station.SetSpeed, At: 25, Count: 2, Servers: []int{0, 2, 3, 4}, Low: 0.5, High: 0.5},
			{Kind: station.Drain, At: 30, Count: 1, Servers: []int{1}, DownMean: 5},
		}}
	require.NoError(t, cfg.Random[0].validate(&cfg))
	times := map[int]int{}
	for seed := range uint64(400) {
		list := cfg.ChangesOf(seed)
		require.Equal(t, list, cfg.ChangesOf(seed))
		require.Len(t, list, 4)
		require.NotEqual(t, list[0].Index, list[1].Index)
		for _, x := range list[:2] {
			require.Equal(t, station.Change{At: 25, Kind: station.SetSpeed, Index: x.Index, Value: cfg.Servers[x.Index].Speed / 2}, x)
			times[x.Index]++
		}
		require.Equal(t, station.Change{At: 30, Kind: station.Drain, Index: 1}, list[2])
		require.Equal(t, station.Return, list[3].Kind)
		require.Greater(t, list[3].At, 30.0)
	}
	require.Len(t, times, 4)
	for _, j := range []int{0, 2, 3, 4} {
		require.InDelta(t, 200, times[j], 40, "server %d: four standard deviations", j)
	}
	for want, x := range map[string]RandomChanges{
		"count = 3":    {Kind: station.SetSpeed, Count: 3, Servers: []int{0, 1}, Low: 1, High: 1},
		"10 a minute":  {Kind: station.SetSpeed, Count: 1, PerMinute: 10, Servers: []int{0}, Low: 1, High: 1},
		"at = -1 s":    {Kind: station.SetSpeed, Count: 1, At: -1, Servers: []int{0}, Low: 1, High: 1},
		"0 a minute":   {Kind: station.SetSpeed, Servers: []int{0}, Low: 1, High: 1},
		"mean time ou": {Kind: station.Fail, Count: 1, Servers: []int{0}},
	} {
		require.ErrorContains(t, x.validate(&cfg), want)
	}
}

// TestChangesByHand follows few requests through each kind of change: server 0
// gets the first, server 1 the second, and so on.
func TestChangesByHand(t *testing.T) {
	t.Parallel()
	lost := math.NaN()
	for _, test := range []struct {
		name    string
		lbs     int
		times   []float64
		changes []station.Change
		want    []float64
	}{
		{"none", 1, []float64{0, 1, 2}, nil, []float64{4, 5, 8}},
		{"drained: completes what it has", 1, []float64{0, 1, 2, 3}, []station.Change{{At: 1.5, Kind: station.Drain, Index: 0}}, []float64{4, 5, 9, 13}},
		{"drained and back", 1, []float64{0, 1, 2, 3}, []station.Change{{At: 1.5, Kind: station.Drain, Index: 0}, {At: 2.5, Kind: station.Return, Index: 0}}, []float64{4, 5, 9, 8}},
		{"failed: loses what it has, and what comes before it is detected", 1, []float64{0, 1, 2, 3}, []station.Change{{At: 1.5, Kind: station.Fail, Index: 0}}, []float64{lost, 5, lost, 9}},
		{"failed and back, undetected", 1, []float64{0, 1, 2, 3}, []station.Change{{At: 1.5, Kind: station.Fail, Index: 0}, {At: 2.5, Kind: station.Return, Index: 0}}, []float64{lost, 5, lost, 7}},
		{"fails fast: completes what it has, and attracts the next", 1, []float64{0, 3, 4.5, 5}, []station.Change{{At: 1.5, Kind: station.FailFast, Index: 0}}, []float64{4, 7, lost, lost}},
		{"fails fast and returns, holding nothing", 1, []float64{0, 3, 4.5, 6}, []station.Change{{At: 1.5, Kind: station.FailFast, Index: 0}, {At: 5, Kind: station.Return, Index: 0}}, []float64{4, 7, lost, 10}},
		{"all drained: nobody takes it", 1, []float64{0, 3}, []station.Change{{At: 1, Kind: station.Drain, Index: 0}, {At: 1, Kind: station.Drain, Index: 1}}, []float64{4, lost}},
		{"a processor more", 1, []float64{0, 1, 2}, []station.Change{{At: 3, Kind: station.SetCPUs, Index: 0, Value: 2}}, []float64{4, 5, 7}},
		{"a background job takes half", 1, []float64{0, 1}, []station.Change{{At: 2, Kind: station.SetBackground, Index: 0, Value: 1}}, []float64{6, 5}},
		{"LB fails: flows are lost, the servers go on", 2, []float64{0, 1, 2}, []station.Change{{At: 1.5, Kind: station.FailLB, Index: 0}}, []float64{lost, lost, 9}}, // the other's order is reversed
		{"LB fails and returns without memory", 2, []float64{0, 1, 2}, []station.Change{{At: 1.5, Kind: station.FailLB, Index: 0}, {At: 1.6, Kind: station.ReturnLB, Index: 0}}, []float64{lost, lost, 8}},
		{"all LBs fail", 1, []float64{0, 1, 2}, []station.Change{{At: 1.5, Kind: station.FailLB, Index: 0}}, []float64{lost, lost, lost}},
	} {
		got := requestEnds(t, test.lbs, test.times, test.changes...)
		for k, want := range test.want {
			require.True(t, math.Abs(got[k]-want) < 1e-12 || math.IsNaN(got[k]) && math.IsNaN(want), "%s: got %v, want %v", test.name, got, test.want)
		}
	}
}

// TestCapacity: what a rule is told of the capacities follows every change.
func TestCapacity(t *testing.T) {
	t.Parallel()
	cfg := moderate(t)
	cfg.Heuristic, cfg.Observe = "sed-true", false
	cfg.Workload = func(seed uint64) (workload.Source, error) {
		return workload.NewSynthetic(workload.Arrivals{Rate: 1e-9}, cfg.Classes, []float64{1, 1}, seed), nil
	}
	cfg.Changes = []station.Change{{At: 1, Kind: station.SetSpeed, Index: 4, Value: 0.5}, {At: 1, Kind: station.SetCPUs, Index: 5, Value: 3}, {At: 1, Kind: station.SetBackground, Index: 6, Value: 3}, {At: 1, Kind: station.Fail, Index: 7}}
	e, err := New(cfg)
	require.NoError(t, err)
	_, err = e.Reset(context.Background(), 1)
	require.NoError(t, err)
	capacity := func() (c []float64) {
		for j := range cfg.Servers {
			c = append(c, e.engine.Capacity(j))
		}
		return c
	}
	require.Equal(t, []float64{1, 1, 1, 1, 2, 2, 2, 2}, capacity())
	for range 3 {
		_, err = e.Step(context.Background(), nil)
		require.NoError(t, err)
	}
	require.Equal(t, []float64{1, 1, 1, 1, 1, 3, 2 * 1. / 4, 0}, capacity(), "one request beside three jobs gets a quarter")

	cfg.Processors = station.Processors{ThreadsPerCore: 2, ThreadGain: 0.5, Contention: 0.25}
	e, err = New(cfg)
	require.NoError(t, err)
	_, err = e.Reset(context.Background(), 1)
	require.NoError(t, err)
	require.Equal(t, []float64{1, 1, 1, 1, 1.5, 1.5, 1.5, 1.5}, capacity(), "two threads of one core")
	for range 3 {
		_, err = e.Step(context.Background(), nil)
		require.NoError(t, err)
	}
	require.Equal(t, []float64{1, 1, 1, 1, 0.75, 2.5, 1.5 / (1 + 0.25*2) / 4, 0}, capacity(), "three threads of two cores; four tasks on two threads of one core")
}
