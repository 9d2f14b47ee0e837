package scenario

import (
	"context"
	"io"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"fairlb/env/dispatch"
	"fairlb/env/estimate"
	"fairlb/env/settings"
	"fairlb/env/sim"
	"fairlb/env/station"
	"fairlb/env/workload"
)

// load returns a scenario that must be good.
func load(t testing.TB, name string, overrides ...string) Scenario {
	t.Helper()
	s, err := Load(name, overrides)
	require.NoError(t, err)
	return s
}

// write puts a scenario file into a folder of the test's own.
func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s.yaml")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// TestBuiltins loads each scenario, writes it to a file and reads it again,
// and runs it for 2 s under SED.
func TestBuiltins(t *testing.T) {
	t.Parallel()
	names := map[string]bool{}
	for _, entry := range List() {
		require.False(t, names[entry.Name], "%s twice", entry.Name)
		require.NotEmpty(t, entry.Summary)
		names[entry.Name] = true
		t.Run(entry.Name, func(t *testing.T) {
			t.Parallel()
			s := load(t, entry.Name)
			require.Equal(t, entry.Name, s.Name)
			text, err := settings.Marshal(s)
			require.NoError(t, err)
			require.Empty(t, cmp.Diff(s, load(t, write(t, string(text)))))

			short := load(t, entry.Name, "duration=2")
			cfg, err := short.Config()
			require.NoError(t, err)
			cfg.Heuristic = "sed"
			e, err := sim.New(cfg)
			require.NoError(t, err)
			ctx := context.Background()
			_, err = e.Reset(ctx, 1)
			require.NoError(t, err)
			arrived := 0
			for range e.Spec().Steps {
				step, err := e.Step(ctx, nil)
				require.NoError(t, err)
				arrived += step.Interval.Arrived
			}
			require.NoError(t, e.Drain(ctx))
			require.NoError(t, e.Close())
			least, most := s.Rate(), s.Rate()
			if drawn := s.Workload.Arrivals; drawn.RateMax > drawn.Rate {
				least, most = drawn.Rate, drawn.RateMax
			}
			require.Greater(t, float64(arrived), 2*least*0.75-6*math.Sqrt(2*least), "2 s of arrivals")
			require.Less(t, float64(arrived), 2*most*1.25+6*math.Sqrt(2*most), "2 s of arrivals")
		})
	}
	for _, name := range []string{
		"sim-moderate/pure-cpu", "sim-moderate/75-25", "sim-moderate/50-50", "sim-moderate/25-75", "sim-moderate/cpu-io-cpu",
		"web-moderate/period-1", "web-moderate/period-4", "web-large/train", "web-large/train-rates", "web-large/period-1", "web-large/period-2",
		"web-large/rate-731", "web-large/rate-2926", "web-dynamic", "for-loop", "misweighted/0.5", "misweighted/1.0",
	} {
		require.True(t, names[name], "a scenario that others refer to is gone: %s", name)
	}
}

// use draws requests of a scenario's workload and returns the use of CPU and
// IO that they would make of all servers, at their true speeds.
func use(t *testing.T, s Scenario, requests int) (cpu, io float64) {
	t.Helper()
	cfg, err := s.Config()
	require.NoError(t, err)
	source, err := cfg.Workload(7)
	require.NoError(t, err)
	r := workload.Request{Demand: make([]float64, workload.MaxStages(cfg.Classes))}
	var demand [2]float64
	for range requests {
		r.Demand = r.Demand[:cap(r.Demand)]
		if err := source.Next(&r); err != nil {
			t.Fatal(err)
		}
		for k, d := range r.Demand {
			demand[cfg.Classes[r.Class].Stages[k].Resource] += d
		}
	}
	require.NoError(t, source.Close())
	capacity := 0.0
	for _, server := range cfg.Servers {
		capacity += float64(server.CPUs) * server.Speed
	}
	return demand[0] / r.Time / capacity, demand[1] / r.Time / float64(len(cfg.Servers))
}

// TestLoadIsOfTheBottleneck: Table 9's 84.5 % is the use of the resource that
// runs out first: 12 CPUs or 8 IO stations on sim-moderate.
func TestLoadIsOfTheBottleneck(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		rate    float64 // by hand, requests/s
		cpu, io float64 // the use that comes of it
	}{
		{"sim-moderate/pure-cpu", 0.845 * 12 / 1, 0.845, 0},
		{"sim-moderate/75-25", 0.845 * 12 / 0.75, 0.845, 0.845 * 16 * 0.25 / 8},
		{"sim-moderate/50-50", 0.845 * 8 / 0.5, 0.845 * 16 * 0.5 / 12, 0.845},
		{"sim-moderate/25-75", 0.845 * 8 / 0.75, 0.845 * (8 / 0.75) * 0.25 / 12, 0.845},
		{"sim-moderate/cpu-io-cpu", 0.845 * 8 / 0.5, 0.845 * 16 * 0.5 / 12, 0.845},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := load(t, test.name)
			require.InDelta(t, test.rate, s.Rate(), 1e-12)
			cpu, io := use(t, s, 200_000)
			require.InDelta(t, test.cpu, cpu, 0.012)
			require.InDelta(t, test.io, io, 0.012)
			half := load(t, test.name, "workload.arrivals.load=0.4225")
			require.InDelta(t, test.rate/2, half.Rate(), 1e-12)
		})
	}
}

// TestLoadOfThreads: the load is of what the servers can do, which is less than one
// core a processor where these are threads; IO does not change.
func TestLoadOfThreads(t *testing.T) {
	t.Parallel()
	s := load(t, "sim-moderate/pure-cpu", "cpu.threads_per_core=2", "cpu.thread_gain=0.25")
	require.InDelta(t, 0.845*(4*1+4*1.25), s.Rate(), 1e-12)
	s = load(t, "sim-moderate/pure-cpu", "cpu.threads_per_core=2", "cpu.thread_gain=1", "cpu.contention=0.5")
	require.InDelta(t, 0.845*12, s.Rate(), 1e-12, "as many tasks as processors do not contend")
	s = load(t, "sim-moderate/25-75", "cpu.threads_per_core=2", "cpu.thread_gain=0.25")
	require.InDelta(t, 0.845*8/0.75, s.Rate(), 1e-12)
}

// TestMisweighted freezes the hidden speeds: they are within e^+-x, unrelated
// to the processors, and the load is of what the servers can truly do.
func TestMisweighted(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		x      float64
		speeds []float64
	}{
		{"misweighted/0.5", 0.5, []float64{0.835, 1.089, 1.229, 1.271, 1.136, 1.206, 1.565, 0.68}},
		{"misweighted/1.0", 1, []float64{0.697, 1.186, 1.51, 1.615, 1.291, 1.454, 2.45, 0.463}},
	} {
		s := load(t, test.name)
		capacity := 0.0
		var speeds []float64
		for _, g := range s.Servers {
			require.Equal(t, 1, g.Count)
			require.True(t, g.Speed >= math.Exp(-test.x)-0.001 && g.Speed <= math.Exp(test.x)+0.001)
			speeds = append(speeds, g.Speed)
			capacity += float64(g.CPUs) * g.Speed
		}
		require.Equal(t, test.speeds, speeds)
		require.InDelta(t, 0.845*capacity, s.Rate(), 1e-9)
		cpu, _ := use(t, s, 200_000)
		require.InDelta(t, 0.845, cpu, 0.012)
	}
}

// TestWebMix: 24.5 ms of CPU a query, as fitted.
func TestWebMix(t *testing.T) {
	t.Parallel()
	s := load(t, "web-moderate/period-1")
	require.Equal(t, []string{"wiki", "static"}, s.ClassNames())
	cpu, _ := use(t, s, 200_000)
	require.InDelta(t, 796.315*1.01*(0.463*0.0297+0.537*0.00146)/22, cpu, 0.02)
}

func TestOverrides(t *testing.T) {
	t.Parallel()
	s := load(t, "sim-moderate/pure-cpu", "lbs=3", "shares=[0.5, 0.25, 0.25]", "servers[1].cpus=8", "workload.classes[0].stages[0].law=deterministic")
	require.Equal(t, 3, s.LBs)
	require.Equal(t, 8, s.Servers[1].CPUs)
	require.Equal(t, "deterministic", s.Workload.Classes[0].Stages[0].Law)
	require.InDelta(t, 0.845*36, s.Rate(), 1e-12)
	require.Equal(t, 2, load(t, "sim-moderate/pure-cpu").Servers[1].CPUs, "the built-in is as it was")
}

// TestFileDefaults: a short file is a whole scenario.
func TestFileDefaults(t *testing.T) {
	t.Parallel()
	path := write(t, `
servers: [{count: 2, cpus: 4, speed: 1}]
workload:
  arrivals: {rate: 3}
  classes: [{name: task, share: 1, stages: [{resource: cpu, law: exponential, mean: 1}]}]
`)
	s := load(t, path)
	want := Default()
	want.Name, want.Servers, want.Workload = path, s.Servers, s.Workload
	require.Empty(t, cmp.Diff(want, s))
	require.Equal(t, 3.0, s.Rate())
}

// TestConfig: groups become servers, changes of a group those of its servers
// in order of time, and shares are equal where none are given.
func TestConfig(t *testing.T) {
	t.Parallel()
	s := load(t, write(t, `
name: mine
lbs: 4
servers: [{count: 2, cpus: 4, speed: 1}, {count: 1, cpus: 2, speed: 0.5}]
cpu: {discipline: processor-sharing, workers: 32, backlog: 9, prefork: true, threads_per_core: 2, thread_gain: 0.3, contention: 0.01}
latency: {low: 0.1, high: 0.2}
timeout: 7
counting: established
refusals: unseen
syn_retries: [1, 2]
reports: {carried: true, every: 0.5}
step_interval: 0.25
duration: 5
max_log_weight: 2
ties: plugin
workload:
  arrivals: {rate: 100}
  classes:
    - {name: a, share: 0.25, stages: [{resource: io, law: log-normal, mean: 1, cv: 2}]}
    - {name: b, share: 0.75, stages: [{resource: cpu, law: exponential, mean: 2}, {resource: io, law: deterministic, mean: 3}]}
changes: [{at: 3, kind: speed, group: 0, value: 2}, {at: 1, kind: speed, group: 1, value: 3}, {at: 4, kind: fail, group: 0, servers: [1]}, {at: 4, kind: fail-lb, lb: 3}]
random_changes: [{kind: cpus, per_minute: 10, groups: [1, 0], low: 0.5, high: 1, initial: true}, {kind: fail, per_minute: 2, down_mean: 5}]
detection: 1.5
`))
	require.Equal(t, "mine", s.Name)
	cfg, err := s.Config()
	require.NoError(t, err)
	source, err := cfg.Workload(1)
	require.NoError(t, err)
	var lbs [4]float64
	r := workload.Request{Demand: make([]float64, 2)}
	for range 40_000 {
		require.NoError(t, source.Next(&r))
		lbs[r.LB]++
	}
	for _, n := range lbs {
		require.InDelta(t, 10_000, n, 400)
	}
	require.Equal(t, []station.Server{{CPUs: 4, Speed: 1}, {CPUs: 4, Speed: 1}, {CPUs: 2, Speed: 0.5}}, cfg.Servers)
	require.Equal(t, []station.Change{
		{At: 1, Index: 2, Value: 3}, {At: 3, Index: 0, Value: 2}, {At: 3, Index: 1, Value: 2},
		{At: 4, Kind: station.Fail, Index: 1}, {At: 4, Kind: station.FailLB, Index: 3},
	}, cfg.Changes)
	require.Equal(t, []sim.RandomChanges{
		{Kind: station.SetCPUs, PerMinute: 10, Servers: []int{0, 1, 2}, Low: 0.5, High: 1, Initial: true},
		{Kind: station.Fail, PerMinute: 2, Servers: []int{0, 1, 2}, DownMean: 5},
	}, cfg.Random)
	require.Equal(t, []workload.Resource{workload.CPU, workload.IO}, []workload.Resource{cfg.Classes[1].Stages[0].Resource, cfg.Classes[0].Stages[0].Resource})
	for k, mean := range []float64{2, 3} {
		require.Equal(t, mean, cfg.Classes[1].Stages[k].Law.Mean())
	}
	cfg.Workload, cfg.Classes, cfg.Servers, cfg.Changes, cfg.Random = nil, nil, nil, nil, nil
	require.Equal(t, sim.Config{
		Config: station.Config{CPU: station.ProcessorSharing, Processors: station.Processors{ThreadsPerCore: 2, ThreadGain: 0.3, Contention: 0.01}, Workers: 32, Backlog: 9, Prefork: true},
		LBs:    4, CountEstablished: true, UnseenRefusals: true, SYNRetries: []float64{1, 2}, CarryCounts: true, TellEvery: 0.5, LatencyLow: 0.1, LatencyHigh: 0.2, Timeout: 7,
		Duration: 5, StepInterval: 0.25, MaxLogWeight: 2, Detection: 1.5, Ties: dispatch.PluginTies,
	}, cfg)
}

// TestTrace: a trace file gives the arrivals, in place of the scenario's own.
func TestTrace(t *testing.T) {
	t.Parallel()
	trace := filepath.Join(t.TempDir(), "t.tsv")
	require.NoError(t, os.WriteFile(trace, []byte("time\tquery\n1\t/?n=500\n2\t/?n=100\n"), 0o600))
	s := load(t, "for-loop", "workload.trace="+trace, "workload.seconds_per_n=0.01")
	require.Zero(t, s.Workload.Arrivals)
	cfg, err := s.Config()
	require.NoError(t, err)
	source, err := cfg.Workload(1)
	require.NoError(t, err)
	r := workload.Request{Demand: make([]float64, 1)}
	require.NoError(t, source.Next(&r))
	require.Zero(t, r.Time)
	require.InDelta(t, 5, r.Demand[0], 1e-12)
	require.NoError(t, source.Next(&r))
	require.ErrorIs(t, source.Next(&r), io.EOF)

	missing := load(t, "for-loop", "workload.trace=none.tsv")
	cfg, err = missing.Config()
	require.NoError(t, err)
	_, err = cfg.Workload(1)
	require.ErrorContains(t, err, "none.tsv: no such file")

	_, err = Load("for-loop", []string{"workload.trace=t.tsv", "workload.arrivals.rate=3"})
	require.EqualError(t, err, "--set: workload.arrivals.rate = 3: must be left out beside a trace, which gives the arrivals (workload.rate_factor and speed_up change its rate)")
}

// TestLoadStored: what older programs stored, arrivals beside a trace, is read as
// it stands, and nothing else that is wrong.
func TestLoadStored(t *testing.T) {
	t.Parallel()
	s := load(t, "for-loop", "workload.trace=t.tsv")
	s.Workload.Arrivals.Rate = 487
	store := func(s Scenario) string {
		text, err := settings.Marshal(s)
		require.NoError(t, err)
		path := filepath.Join(t.TempDir(), "scenario.yaml")
		require.NoError(t, os.WriteFile(path, text, 0o600))
		return path
	}
	path := store(s)
	_, err := Load(path, nil)
	require.ErrorContains(t, err, "must be left out beside a trace")
	stored, err := LoadStored(path)
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(s, stored))

	s.LBs = 0
	_, err = LoadStored(store(s))
	require.ErrorContains(t, err, "lbs = 0")

	synthetic := load(t, "web-dynamic")
	stored, err = LoadStored(store(synthetic))
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(synthetic, stored))
}

// TestReplaySettings: the settings of a replay come to the workload.
func TestReplaySettings(t *testing.T) {
	t.Parallel()
	trace := filepath.Join(t.TempDir(), "t.tsv")
	require.NoError(t, os.WriteFile(trace, []byte("time\tquery\n1\t/?n=1\n2\t/?n=2\n4\t/?n=3\n"), 0o600))
	times := func(seed uint64, set ...string) []float64 {
		s := load(t, "for-loop", append(set, "workload.trace="+trace, "workload.seconds_per_n=1")...)
		cfg, err := s.Config()
		require.NoError(t, err)
		source, err := cfg.Workload(seed)
		require.NoError(t, err)
		defer source.Close()
		var list []float64
		r := workload.Request{Demand: make([]float64, 1)}
		for len(list) < 6 && source.Next(&r) == nil {
			list = append(list, r.Time)
		}
		return list
	}
	require.Equal(t, []float64{0, 1, 3}, times(1))
	require.Equal(t, []float64{0, 0.5, 1.5}, times(1, "workload.speed_up=2"))
	require.Equal(t, []float64{0, 1, 3, 4, 6, 7}, times(1, "workload.repeat=true"))
	require.Len(t, times(1, "workload.rate_factor=2"), 6)
	require.Len(t, times(1, "workload.window=blocks", "workload.block=1"), 6)
	require.NotEqual(t, times(1, "workload.window=blocks", "workload.block=1"), times(2, "workload.window=blocks", "workload.block=1"))
}

// FuzzLoad: whatever a file holds, Load answers, and what it accepts reads
// back as it was written and runs.
func FuzzLoad(f *testing.F) {
	for _, name := range []string{"sim-moderate/cpu-io-cpu", "web-moderate/train", "web-dynamic", "for-loop"} {
		text, err := settings.Marshal(load(f, name))
		require.NoError(f, err)
		f.Add(text)
	}
	files, err := filepath.Glob(filepath.Join("testdata", "bad", "*.yaml"))
	require.NoError(f, err)
	for _, file := range files {
		data, err := os.ReadFile(file)
		require.NoError(f, err)
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s := Default()
		if err := settings.Load("f.yaml", data, nil, &s); err != nil {
			require.NotEmpty(t, err.Error())
			return
		}
		text, err := settings.Marshal(s)
		require.NoError(t, err)
		again := Default()
		require.NoError(t, settings.Load("again.yaml", text, nil, &again))
		require.Empty(t, cmp.Diff(s, again))

		for _, class := range s.Workload.Classes {
			for _, x := range class.Stages {
				if x.Law == "trace" {
					return // files of the machine
				}
			}
		}
		cfg, err := s.Config()
		require.NoError(t, err)
		if s.LBs*len(cfg.Servers) > 10_000 {
			return
		}
		cfg.Heuristic = "sed"
		_, err = sim.New(cfg)
		require.NoError(t, err)
		a := s.Workload.Arrivals
		if s.Workload.Trace != "" || a.BurstFactor > 0 && s.Rate()*(a.BurstMean+a.CalmMean) < 1e-3 || a.MMPP != nil && s.Rate() < 10 {
			return // files of the machine; too long without an arrival
		}
		source, err := cfg.Workload(1)
		require.NoError(t, err)
		r := workload.Request{Demand: make([]float64, workload.MaxStages(cfg.Classes))}
		last := 0.0
		for range 20 {
			r.Demand = r.Demand[:cap(r.Demand)]
			require.NoError(t, source.Next(&r))
			require.True(t, r.Time >= last && r.LB >= 0 && r.LB < s.LBs, "%+v", r)
			for _, d := range r.Demand {
				require.True(t, d >= 0 && !math.IsInf(d, 0), "demand %g", d)
			}
			last = r.Time
		}
	})
}

// TestReportNotes: what servers tell is said, with what it costs, and counts among the
// events of an episode; a scenario without reports has the hash that it always had.
func TestReportNotes(t *testing.T) {
	t.Parallel()
	const name = "sim-moderate/pure-cpu"
	plain, carried, pushed := load(t, name), load(t, name, "reports.carried=true"), load(t, name, "reports.every=0.05", "duration=60")
	require.Empty(t, plain.ReportNotes())
	require.Equal(t, []string{"reports.carried: each response carries its server's number of requests; no message is added"}, carried.ReportNotes())
	require.Equal(t, []string{"reports.every: each of 8 servers tells each of 2 load balancers its number of requests every 0.05 s: 320 messages a second"}, pushed.ReportNotes())
	plain = load(t, name, "duration=60")
	before, after := plain.Estimate(false), pushed.Estimate(false)
	require.InDelta(t, 60*320, after.Total(estimate.Events)-before.Total(estimate.Events), 1e-6)
	text, err := settings.Marshal(plain)
	require.NoError(t, err)
	require.NotContains(t, string(text), "reports")
}

// TestLoadIsOfScarcerResource: what a server's processors could do beyond its IO is no part of what
// the pool can serve, and neither is the IO that its processors leave idle.
func TestLoadIsOfScarcerResource(t *testing.T) {
	t.Parallel()
	s := Default()
	s.Workload.Arrivals = Arrivals{Load: 0.9}
	s.Workload.Classes = []Class{{Name: "task", Share: 1, Stages: []Stage{stage("cpu", 0.5), stage("io", 0.5)}}}
	for _, x := range []struct {
		servers []ServerGroup
		most    float64 // requests/s that they can serve
	}{
		{[]ServerGroup{{2, 1, 1}}, 4},                        // both resources alike
		{[]ServerGroup{{2, 8, 1}}, 4},                        // by IO
		{[]ServerGroup{{2, 1, 0.5}}, 2},                      // by CPU
		{[]ServerGroup{{1, 8, 1}, {1, 1, 0.5}}, 3},           // each by its own: together they have CPU for 17 and IO for 4
		{[]ServerGroup{{1, 4, 0.25}, {3, 2, 0.25}}, 2 + 3*1}, // and so where the first has as much of both
	} {
		s.Servers = x.servers
		require.InDelta(t, 0.9*x.most, s.Rate(), 1e-12, "%v", x.servers)
	}
}
