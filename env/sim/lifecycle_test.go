package sim

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/env"
	"fairlb/env/dispatch"
	"fairlb/env/station"
	"fairlb/env/workload"
	"fairlb/rewards"
)

// TestValidate: each rule is reported, all faults at once.
func TestValidate(t *testing.T) {
	t.Parallel()
	for want, spoil := range map[string]func(*Config){
		"SYN retry 1 after 0 s: must be positive": func(c *Config) { c.SYNRetries = []float64{1, 0} },
		"256 SYN retries: at most 255":            func(c *Config) { c.SYNRetries = make([]float64, 256) },
		"sim: no servers":                         func(c *Config) { c.Servers = nil },
		"sim: LBs = 0: must be in [1, 65535]":     func(c *Config) { c.LBs = 0 },
		"LBs = 65536":                             func(c *Config) { c.LBs = 65536 },
		"70000 servers: at most 65535":            func(c *Config) { c.Servers = make([]station.Server, 70000) },
		"server 1: CPUs = 0: must be positive":    func(c *Config) { c.Servers[1].CPUs = 0 },
		"server 2: speed = NaN: must be":          func(c *Config) { c.Servers[2].Speed = math.NaN() },
		"server 4: 1 workers for 2 processors":    func(c *Config) { c.CPU, c.Workers = station.ProcessorSharing, 1 },
		"-2 threads per core: must not be":        func(c *Config) { c.Processors.ThreadsPerCore = -2 },
		"thread gain = 1.5: must be in [0, 1]":    func(c *Config) { c.Processors.ThreadGain = 1.5 },
		"contention = -1: must be finite and":     func(c *Config) { c.Processors.Contention = -1 },
		"prefork workers under FIFO: they need":   func(c *Config) { c.Prefork = true },
		"backlog = -1: must not be negative":      func(c *Config) { c.Backlog = -1 },
		"latency [0.2, 0.1]: must be 0 <= low":    func(c *Config) { c.LatencyLow, c.LatencyHigh = 0.2, 0.1 },
		"latency [0, +Inf]":                       func(c *Config) { c.LatencyLow, c.LatencyHigh = 0, math.Inf(1) },
		"timeout = 0: must be positive":           func(c *Config) { c.Timeout = 0 },
		"a workload needs a source and 1 to 255":  func(c *Config) { c.Workload = nil },
		"class 0: 0 stages: must be 1 to 255":     func(c *Config) { c.Classes = []workload.Class{{}} },
		"class 0: 256 stages: must be 1 to 255":   func(c *Config) { c.Classes = []workload.Class{{Stages: make([]workload.Stage, 256)}} },
		"duration 0.1 s and step interval 0.5 s":  func(c *Config) { c.Duration = 0.1 },
		"observed without a reward":               func(c *Config) { c.Reward = rewards.Reward{} },
		"sample interval = 0: must be positive":   func(c *Config) { c.Sampler = &samples{} },
		"2 weights: must be one a server":         func(c *Config) { c.Weights = []float64{1, 2} },
		"detection = -1: must be finite":          func(c *Config) { c.Detection = -1 },
		"1 shares for 2 LBs":                      func(c *Config) { c.Shares = []float64{1} },
		"change 0: CPUs = 1.5: must be a whole":   func(c *Config) { c.Changes = []station.Change{{At: 1, Kind: station.SetCPUs, Index: 0, Value: 1.5}} },
		"change 0: background = -1: must be":      func(c *Config) { c.Changes = []station.Change{{At: 1, Kind: station.SetBackground, Value: -1}} },
		"change 0: no LB 2":                       func(c *Config) { c.Changes = []station.Change{{At: 1, Kind: station.FailLB, Index: 2}} },
		"change 0: unknown kind 99":               func(c *Config) { c.Changes = []station.Change{{At: 1, Kind: 99}} },
		"random changes 0: 0 a minute":            func(c *Config) { c.Random = []RandomChanges{{}} },
		"random changes 0: no servers":            func(c *Config) { c.Random = []RandomChanges{{PerMinute: 1}} },
		"random changes 0: no server 9":           func(c *Config) { c.Random = []RandomChanges{{PerMinute: 1, Servers: []int{9}}} },
		"random changes 0: [0, 1]: must be":       func(c *Config) { c.Random = []RandomChanges{{PerMinute: 1, Servers: []int{0}, High: 1}} },
		"random changes 0: mean time out = 0":     func(c *Config) { c.Random = []RandomChanges{{PerMinute: 1, Servers: []int{0}, Kind: station.Fail}} },
		"random changes 0: initial: not all": func(c *Config) {
			c.Random = []RandomChanges{{PerMinute: 1, Servers: []int{0}, Kind: station.Fail, DownMean: 1, Initial: true}}
		},
		"random changes 0: kind 5 is not random": func(c *Config) { c.Random = []RandomChanges{{PerMinute: 1, Servers: []int{0}, Kind: station.Return}} },
		"max log-weight = 21: must be in (0":     func(c *Config) { c.MaxLogWeight = 21 },
		"change 0: no server 8":                  func(c *Config) { c.Changes = []station.Change{{At: 1, Kind: station.SetSpeed, Index: 8, Value: 1}} },
		"change 0: speed = 0: must be positive":  func(c *Config) { c.Changes = []station.Change{{At: 1, Kind: station.SetSpeed, Index: 0}} },
		"change 1 at 1 s: times must not": func(c *Config) {
			c.Changes = []station.Change{{At: 2, Kind: station.SetSpeed, Index: 0, Value: 1}, {At: 1, Kind: station.SetSpeed, Index: 0, Value: 1}}
		},
		`unknown heuristic "fifo"`: func(c *Config) { c.Heuristic = "fifo" },
	} {
		cfg := moderate(t)
		spoil(&cfg)
		_, err := New(cfg)
		require.ErrorContains(t, err, want)
	}
	cfg := moderate(t)
	cfg.Backlog, cfg.Timeout = -1, 0
	_, err := New(cfg)
	require.ErrorContains(t, err, "backlog")
	require.ErrorContains(t, err, "timeout")
}

// failing is a source that fails after some requests, and when it is closed.
type failing struct {
	workload.Source
	after  int
	closed *int
}

var errFailing = errors.New("the source is broken")

func (f *failing) Next(r *workload.Request) error {
	if f.after--; f.after < 0 {
		return errFailing
	}
	return f.Source.Next(r)
}

func (f *failing) Close() error { *f.closed++; return nil }

// TestSourceFails: an error of the source ends the episode, one at its start
// leaves none, and every source that was opened is closed once.
func TestSourceFails(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	cfg := moderate(t)
	opened, closed, after := 0, 0, 50
	inner := cfg.Workload
	cfg.Workload = func(seed uint64) (workload.Source, error) {
		if after < 0 {
			return nil, errFailing
		}
		opened++
		s, err := inner(seed)
		return &failing{Source: s, after: after, closed: &closed}, err
	}
	e, err := New(cfg)
	require.NoError(t, err)
	_, err = e.Reset(ctx, 1)
	require.NoError(t, err)
	for err == nil {
		_, err = e.Step(ctx, nil)
	}
	require.ErrorIs(t, err, errFailing)
	_, err = e.Step(ctx, nil)
	require.ErrorIs(t, err, env.ErrEpisodeOver)
	require.NoError(t, e.Drain(ctx), "what had arrived can still end")

	for _, after = range []int{0, -1} { // the first request, or the opening, fails
		_, err = e.Reset(ctx, 1)
		require.ErrorIs(t, err, errFailing)
		_, err = e.Step(ctx, nil)
		require.ErrorIs(t, err, env.ErrNotReset)
		require.ErrorIs(t, e.Drain(ctx), env.ErrNotReset)
		require.ErrorIs(t, e.Truth(&env.Truth{}), env.ErrNotReset)
	}
	after = 1000
	_, err = e.Reset(ctx, 1)
	require.NoError(t, err, "and then it can be used again")
	require.NoError(t, e.Close())
	_, err = e.Step(ctx, nil)
	require.ErrorIs(t, err, env.ErrNotReset, "after Close")
	require.Equal(t, opened, closed)
}

// TestWeightsOfAHeuristic: what has no weights takes none.
func TestWeightsOfAHeuristic(t *testing.T) {
	t.Parallel()
	cfg := moderate(t)
	cfg.Heuristic = "lsq"
	e, err := New(cfg)
	require.NoError(t, err)
	_, err = e.Reset(context.Background(), 1)
	require.NoError(t, err)
	_, err = e.Step(context.Background(), [][]float64{{1}})
	require.ErrorIs(t, err, env.ErrAction)
	require.ErrorContains(t, err, "the dispatch rule lsq takes no weights")
}

// zeroSource is a random source whose every word is 0.
type zeroSource struct{}

func (zeroSource) Uint64() uint64 { return 0 }

// TestLatenciesArePaired: a request meets the same latency on its way to a
// server under every heuristic. Servers are so large that nothing waits, and
// replies take one and the same time, so that what is left of the completion
// time without both is that latency.
func TestLatenciesArePaired(t *testing.T) {
	t.Parallel()
	latencies := func(heuristic string) map[float64]float64 {
		const demand = 0.05
		l := law(t, "deterministic", demand, 0)
		cfg := poisson(20, []station.Server{{CPUs: 1000, Speed: 1}, {CPUs: 1000, Speed: 0.1}}, workload.Stage{Resource: workload.CPU, Law: l})
		cfg.LatencyLow, cfg.LatencyHigh, cfg.Heuristic = 0.01, 0.2, heuristic
		cfg.Duration, cfg.StepInterval = 20, 20
		var rec outcomes
		cfg.Recorder = &rec
		e, err := New(cfg)
		require.NoError(t, err)
		_, err = e.Reset(context.Background(), 3)
		require.NoError(t, err)
		e.engine.latency[1] = rand.New(zeroSource{})
		_, err = e.Step(context.Background(), nil)
		require.NoError(t, err)
		require.NoError(t, e.Drain(context.Background()))
		list := map[float64]float64{}
		for _, o := range rec {
			list[o.Arrival] = o.Completion - demand/cfg.Servers[o.Server].Speed
		}
		return list
	}
	want := latencies("ecmp")
	require.Greater(t, len(want), 300)
	got := latencies("lsq")
	require.Len(t, got, len(want))
	for arrival, latency := range want {
		require.InDelta(t, latency, got[arrival], 1e-9)
		require.True(t, latency >= 0.02-1e-9 && latency <= 0.21+1e-9, "latency %g with the reply's 0.01", latency)
	}
}

// TestIdleServersAreEqual: work left is exactly 0 whenever a server holds
// nothing, so that rounding does not break the Oracle's ties.
func TestIdleServersAreEqual(t *testing.T) {
	t.Parallel()
	cfg := moderate(t)
	cfg.Observe, cfg.Heuristic, cfg.Backlog = false, "oracle", 1
	cfg.Duration, cfg.StepInterval = 200, 0.05
	cfg.Workload = func(seed uint64) (workload.Source, error) {
		return workload.NewSynthetic(workload.Arrivals{Rate: 6}, cfg.Classes, []float64{0.5, 0.5}, seed), nil
	}
	e, err := New(cfg)
	require.NoError(t, err)
	_, err = e.Reset(context.Background(), 1)
	require.NoError(t, err)
	idle := 0
	for range e.Spec().Steps {
		_, err = e.Step(context.Background(), nil)
		require.NoError(t, err)
		for j, n := range e.engine.outstanding {
			require.GreaterOrEqual(t, n, int32(0))
			if n == 0 {
				idle++
				require.Zero(t, e.engine.servers.CPU(j).Work(e.engine.now))
				require.Zero(t, e.engine.servers.IO(j).Work(e.engine.now))
			}
		}
	}
	require.Greater(t, idle, 1000)
	require.NoError(t, e.Drain(context.Background()))
	for _, n := range e.engine.outstanding {
		require.Zero(t, n)
	}
}

// TestDrainIsCancelled: a context ends a Drain that could take long.
func TestDrainIsCancelled(t *testing.T) {
	t.Parallel()
	cfg := moderate(t)
	e, err := New(cfg)
	require.NoError(t, err)
	_, err = e.Reset(context.Background(), 1)
	require.NoError(t, err)
	for range 4 {
		_, err = e.Step(context.Background(), nil)
		require.NoError(t, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	require.ErrorIs(t, e.Drain(ctx), context.Canceled)
	require.NoError(t, e.Drain(context.Background()))
}

// asTestbed turns on all that the published testbed adds to the model.
func asTestbed(cfg *Config) {
	cfg.CPU, cfg.Workers, cfg.Backlog, cfg.Prefork = station.ProcessorSharing, 8, 4, true
	cfg.Processors = station.Processors{ThreadsPerCore: 2, ThreadGain: 0.3, Contention: 0.01}
	cfg.CountEstablished, cfg.UnseenRefusals, cfg.SYNRetries = true, true, []float64{1, 2, 4}
}

// TestSteadyStateAllocatesNothing: once the slices have grown, a step
// allocates nothing, observed or not, and whatever the model.
func TestSteadyStateAllocatesNothing(t *testing.T) {
	for k := range 3 {
		observe := k == 1
		cfg := moderate(t)
		cfg.Duration, cfg.Observe = 400, observe
		if k == 2 {
			asTestbed(&cfg)
		}
		e, err := New(cfg)
		require.NoError(t, err)
		_, err = e.Reset(context.Background(), 1)
		require.NoError(t, err)
		step := func() {
			_, err := e.Step(context.Background(), nil)
			require.NoError(t, err)
		}
		for range 400 {
			step()
		}
		require.Less(t, testing.AllocsPerRun(300, step), 0.5, "observed: %t", observe)
	}
}

// samples is a Sampler that keeps the times and what the servers hold.
type samples struct {
	times []float64
	truth []env.Truth
}

func (s *samples) Sample(now float64, t *env.Truth) {
	s.times = append(s.times, now)
	s.truth = append(s.truth, env.Truth{
		CPUWork: slices.Clone(t.CPUWork), IOWork: slices.Clone(t.IOWork), CPUTime: slices.Clone(t.CPUTime), Speed: slices.Clone(t.Speed),
		Busy: slices.Clone(t.Busy), Running: slices.Clone(t.Running), Backlog: slices.Clone(t.Backlog),
		CPUs: slices.Clone(t.CPUs), Background: slices.Clone(t.Background), Out: slices.Clone(t.Out),
	})
}

// TestSampler: the truth on a grid is the truth that a step at the same time
// tells, and looking changes nothing.
func TestSampler(t *testing.T) {
	t.Parallel()
	cfg := moderate(t)
	cfg.Changes = []station.Change{{At: 1, Kind: station.SetBackground, Index: 3, Value: 2}, {At: 2, Kind: station.Fail, Index: 4}, {At: 3, Kind: station.SetCPUs, Index: 5, Value: 1}}
	cfg.Observe, cfg.StepInterval, cfg.SampleInterval = false, 0.5, 0.25
	want, _ := episode(t, cfg, 2)
	var list samples
	cfg.Sampler = &list
	var got outcomes
	cfg.Recorder = &got
	e, err := New(cfg)
	require.NoError(t, err)
	_, err = e.Reset(context.Background(), 2)
	require.NoError(t, err)
	var truth env.Truth
	for k := range e.Spec().Steps {
		_, err = e.Step(context.Background(), nil)
		require.NoError(t, err)
		require.Len(t, list.times, 2*k+3, "one at the beginning, two a step")
		require.Equal(t, 0.5*float64(k+1), list.times[2*k+2])
		require.NoError(t, e.Truth(&truth))
		for j, used := range truth.CPUTime {
			require.InDelta(t, used, list.truth[2*k+2].CPUTime[j], 1e-9)
		}
		require.Equal(t, truth.Busy, list.truth[2*k+2].Busy)
		require.Equal(t, truth.Background[3], min(2, 2*((2*k+2)/4)))
	}
	require.NoError(t, e.Drain(context.Background()))
	require.Equal(t, want, got)
}

// scheduled is samples at times that it says itself.
type scheduled struct {
	samples
	at []float64
}

func (s *scheduled) NextSample() float64 {
	if k := len(s.times); k < len(s.at) {
		return s.at[k]
	}
	return math.Inf(1)
}

// TestScheduledSampler: the truth is shown when the sampler wants it, twice at a time that it
// names twice and never before the time that has come, it is that of a step which ends then,
// and looking changes nothing.
func TestScheduledSampler(t *testing.T) {
	t.Parallel()
	cfg := moderate(t)
	cfg.Observe, cfg.StepInterval = false, 0.5
	want, _ := episode(t, cfg, 2)
	list := scheduled{at: []float64{0.1, 0.5, 0.5, 0.7, 0.6, 1, 1.0009}}
	cfg.Sampler, cfg.SampleInterval = &list, 0.25
	var got outcomes
	cfg.Recorder = &got
	e, err := New(cfg)
	require.NoError(t, err)
	_, err = e.Reset(context.Background(), 2)
	require.NoError(t, err)
	var truth env.Truth
	for k := range e.Spec().Steps {
		_, err = e.Step(context.Background(), nil)
		require.NoError(t, err)
		require.NoError(t, e.Truth(&truth))
		if at := map[int]int{0: 2, 1: 5}[k]; at > 0 {
			require.Equal(t, truth.Running, list.truth[at].Running)
			require.InDeltaSlice(t, truth.CPUTime, list.truth[at].CPUTime, 1e-9)
		}
	}
	require.NoError(t, e.Drain(context.Background()))
	require.Equal(t, []float64{0.1, 0.5, 0.5, 0.7, 0.7, 1, 1.0009}, list.times)
	require.Equal(t, want, got)
}

// listening is a rule that keeps what it is told of requests that have ended.
type listening struct {
	dispatch.Rule
	lb   int
	told *[]env.Outcome
}

func (r listening) Completed(c dispatch.Completion) {
	*r.told = append(*r.told, env.Outcome{LB: r.lb, Server: c.Server, Arrival: c.Now - c.Duration, Completion: c.Duration, Failed: c.Failed})
}

// TestCompleter: a rule that learns from ended requests is told of each that its LB
// dispatched, when the reply arrives, and whether it failed.
func TestCompleter(t *testing.T) {
	t.Parallel()
	cfg := moderate(t)
	cfg.Observe, cfg.Backlog = false, 1
	var told []env.Outcome
	cfg.Rule = func(lb int) (dispatch.Rule, error) {
		rule, err := dispatch.New("lsq", cfg.options(lb))
		return listening{rule, lb, &told}, err
	}
	want, _ := episode(t, cfg, 3)
	require.Len(t, told, len(want))
	failed := 0
	for k, o := range want {
		require.InDelta(t, o.Arrival, told[k].Arrival, 1e-9)
		require.Equal(t, o.Server, told[k].Server)
		require.Equal(t, o.LB, told[k].LB)
		require.Equal(t, o.Failed, told[k].Failed)
		if o.Failed {
			failed++
			require.Less(t, told[k].Completion, 0.01, "a refusal comes back at once")
		} else {
			require.InDelta(t, o.Completion, told[k].Completion, 1e-9)
		}
	}
	require.Positive(t, failed)
}
