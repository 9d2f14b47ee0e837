package sim

import (
	"cmp"
	"context"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/env"
	"fairlb/env/dispatch"
	"fairlb/env/station"
	"fairlb/env/workload"
)

// scripted is a source of given requests.
type scripted []workload.Request

func (s *scripted) Next(r *workload.Request) error {
	if len(*s) == 0 {
		return io.EOF
	}
	x := (*s)[0]
	*s = (*s)[1:]
	r.Time, r.Class, r.LB = x.Time, x.Class, x.LB
	r.Demand = append(r.Demand[:0], x.Demand...)
	return nil
}

func (s *scripted) Close() error { return nil }

// smallSystem draws a configuration, half of them with changes and failures, and
// its requests.
func smallSystem(rng *rand.Rand) (Config, []workload.Request) {
	cfg := Config{
		Config: station.Config{CPU: station.Discipline(rng.IntN(2)), Backlog: rng.IntN(6)},
		LBs:    1 + rng.IntN(3), Timeout: 40,
		StepInterval: 0.5 + rng.Float64(), MaxLogWeight: 1,
	}
	if rng.IntN(2) == 0 {
		cfg.Backlog = 1000
	}
	procs, capacity := 0, 0.0
	for range 1 + rng.IntN(4) {
		s := station.Server{CPUs: 1 + rng.IntN(3), Speed: 0.5 + rng.Float64()}
		cfg.Servers = append(cfg.Servers, s)
		procs, capacity = max(procs, s.CPUs), capacity+float64(s.CPUs)*s.Speed
	}
	cfg.Workers = procs + rng.IntN(4)
	for range 1 + rng.IntN(3) {
		class := workload.Class{Stages: make([]workload.Stage, 1+rng.IntN(4))}
		for k := range class.Stages {
			class.Stages[k].Resource = workload.Resource(rng.IntN(2))
		}
		cfg.Classes = append(cfg.Classes, class)
	}
	rate := capacity * (0.3 + rng.Float64())
	var list []workload.Request
	now := 0.0
	for range 40 + rng.IntN(80) {
		now += rng.ExpFloat64() / rate
		r := workload.Request{Time: now, Class: rng.IntN(len(cfg.Classes)), LB: rng.IntN(cfg.LBs)}
		for range cfg.Classes[r.Class].Stages {
			demand := rng.ExpFloat64() / 2
			if rng.IntN(20) == 0 {
				demand = 0
			}
			r.Demand = append(r.Demand, demand)
		}
		list = append(list, r)
	}
	cfg.Duration = cfg.StepInterval * math.Ceil(now/cfg.StepInterval)
	if rng.IntN(2) == 0 {
		cfg.LatencyLow = rng.Float64() / 20
		cfg.LatencyHigh = cfg.LatencyLow + rng.Float64()/5
	}
	if rng.IntN(2) == 0 {
		cfg.Detection = rng.Float64()
		for range cfg.LBs {
			cfg.Shares = append(cfg.Shares, rng.Float64())
		}
		change(rng, &cfg, now)
	}
	testbed(rng, &cfg)
	return cfg, list
}

// testbed turns on what the published testbed adds to the model, each at random.
func testbed(rng *rand.Rand, cfg *Config) {
	if rng.IntN(2) == 0 {
		cfg.Processors.ThreadsPerCore = 1 + rng.IntN(3)
		cfg.Processors.ThreadGain = rng.Float64()
	}
	if rng.IntN(2) == 0 {
		cfg.Processors.Contention = rng.Float64() / 4
	}
	cfg.Prefork = cfg.CPU == station.ProcessorSharing && rng.IntN(2) == 0
	cfg.CountEstablished, cfg.UnseenRefusals = rng.IntN(2) == 0, rng.IntN(2) == 0
	if rng.IntN(2) == 0 {
		cfg.Timeout = 1 + 20*rng.Float64()
		for range rng.IntN(6) {
			cfg.SYNRetries = append(cfg.SYNRetries, 0.01+3*rng.Float64())
		}
	}
}

// change adds changes of all kinds.
func change(rng *rand.Rand, cfg *Config, duration float64) {
	n := len(cfg.Servers)
	at := 0.0
	for range rng.IntN(20) {
		at += rng.Float64() * duration / 8
		x := station.Change{At: at, Kind: station.ChangeKind(rng.IntN(int(station.FailFast) + 1)), Index: rng.IntN(n)}
		switch x.Kind {
		case station.SetSpeed:
			x.Value = 0.2 + 2*rng.Float64()
		case station.SetCPUs:
			x.Value = float64(1 + rng.IntN(4))
		case station.SetBackground:
			x.Value = float64(rng.IntN(4))
		case station.FailLB, station.ReturnLB:
			x.Index = rng.IntN(cfg.LBs)
		}
		cfg.Changes = append(cfg.Changes, x)
	}
	for _, x := range []RandomChanges{
		{Kind: station.SetSpeed, Low: 0.3, High: 2}, {Kind: station.SetCPUs, Low: 0.5, High: 2}, {Kind: station.SetBackground, Low: 0, High: 3},
		{Kind: station.Drain, DownMean: duration / 20}, {Kind: station.Fail, DownMean: duration / 20},
	} {
		if rng.IntN(3) == 0 {
			x.PerMinute = 60 * 4 / duration
			x.Servers = []int{rng.IntN(n), rng.IntN(n)}
			cfg.Random = append(cfg.Random, x)
		}
	}
}

// TestNaiveTwin holds the engine to the twin, outcome for outcome, and the
// true state at each step to the twin's, on random small systems.
func TestNaiveTwin(t *testing.T) {
	t.Parallel()
	total, failed := 0, 0
	for seed := range uint64(2000) {
		cfg, list := smallSystem(rand.New(rand.NewPCG(seed, 99)))
		rule := twinRule(seed % 3)
		slow := newTwin(&cfg, list, 1, rule)

		var rec outcomes
		var shared []*sharedRule
		cfg.Recorder = &rec
		cfg.Workload = func(uint64) (workload.Source, error) { s := scripted(list); return &s, nil }
		if rule == pluginTies {
			cfg.Heuristic, cfg.Ties = "sed", dispatch.PluginTies
		} else {
			cfg.Rule = func(lb int) (dispatch.Rule, error) {
				shared = append(shared, &sharedRule{oracle: rule == soonestFinish})
				return shared[lb], nil
			}
		}
		fast, err := New(cfg)
		require.NoError(t, err)
		_, err = fast.Reset(context.Background(), 1)
		require.NoError(t, err)
		var truth env.Truth
		for range fast.Spec().Steps {
			step, err := fast.Step(context.Background(), nil)
			require.NoError(t, err)
			slow.advance(step.Time)
			require.NoError(t, fast.Truth(&truth))
			for j := range slow.servers {
				s, work := &slow.servers[j], slow.work(j)
				require.InDelta(t, work[0], truth.CPUWork[j], 1e-9, "system %d", seed)
				require.InDelta(t, work[1], truth.IOWork[j], 1e-9, "system %d", seed)
				require.Equal(t, len(s.cpu)+len(s.io), truth.Running[j], "system %d", seed)
				require.Equal(t, len(s.waiting), truth.Backlog[j], "system %d", seed)
				require.InDelta(t, slow.throughput(int(s.cpus), int(s.cpus))*s.speed, truth.Capacity[j], 1e-9, "system %d", seed)
				busy := len(s.cpu)
				if cfg.Prefork {
					busy = s.held()
				}
				require.Equal(t, busy, truth.Busy[j], "system %d", seed)
				require.Equal(t, s.speed, truth.Speed[j], "system %d", seed)
				require.Equal(t, int(s.cpus), truth.CPUs[j], "system %d", seed)
				require.Equal(t, int(s.extra), truth.Background[j], "system %d", seed)
				require.Equal(t, s.failed || s.failsFast || s.drained, truth.Out[j], "system %d", seed)
				require.InDelta(t, s.used, truth.CPUTime[j], 1e-8, "system %d", seed)
			}
			for lb, b := range fast.engine.balancers {
				require.Equal(t, slow.ongoing[lb], b.Ongoing(), "system %d", seed)
			}
		}
		require.NoError(t, fast.Drain(context.Background()))
		slow.advance(math.Inf(1))

		require.Len(t, rec, len(list), "system %d", seed)
		require.Len(t, slow.outcomes, len(list), "system %d", seed)
		for lb, r := range shared {
			requireTold(t, slow.told[lb], r)
		}
		byArrival := func(a, b env.Outcome) int { return cmp.Compare(a.Arrival, b.Arrival) }
		slices.SortFunc(rec, byArrival)
		slices.SortFunc(slow.outcomes, byArrival)
		for k, want := range slow.outcomes {
			got := rec[k]
			require.InDelta(t, want.Completion, got.Completion, 1e-9, "system %d, request %d", seed, k)
			got.Completion = want.Completion
			require.Equal(t, want, got, "system %d, request %d", seed, k)
			if want.Failed {
				failed++
			}
		}
		total += len(list)
	}
	require.Greater(t, failed, total/100, "some must be refused")
	require.Less(t, failed, total/2)
}

// requireTold holds what a rule was told to what the twin's would have been.
func requireTold(t *testing.T, want []dispatch.Completion, rule *sharedRule) {
	t.Helper()
	require.False(t, rule.early, "time has decreased")
	require.Len(t, rule.told, len(want))
	for k, got := range rule.told {
		require.InDelta(t, want[k].Now, got.Now, 1e-9)
		require.InDelta(t, want[k].Duration, got.Duration, 1e-9)
		got.Now, got.Duration = want[k].Now, want[k].Duration
		require.Equal(t, want[k], got)
	}
}
