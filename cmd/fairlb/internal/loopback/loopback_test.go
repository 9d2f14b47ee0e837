//go:build linux

package loopback

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"fairlb/cmd/fairlb/internal/agentprocess"
	"fairlb/cmd/fairlb/internal/balancerprocess"
	"fairlb/cmd/fairlb/internal/linelog"
	"fairlb/cmd/fairlb/internal/target"
	"fairlb/env"
	"fairlb/env/scenario"
	"fairlb/env/testbed/plane/admin"
	"fairlb/env/workload"
	"fairlb/eval/episodes"
	"fairlb/rewards"
)

// asProgram is the variable under which the test binary is the program fairlb, as far as
// this package needs it.
const asProgram = "FAIRLB_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		if err := runProgram(os.Args[1:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Setenv(asProgram, "1")
	goleak.VerifyTestMain(m)
}

// runProgram is fairlb lb FILE, fairlb agent self-tuning --plane PLANE --log FILE, and
// fairlb lend --plane PLANE --listen ADDRESS --key FILE.
func runProgram(args []string) error {
	log := logrus.New()
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, syscall.SIGTERM)
	if args[0] == "lb" {
		return balancerprocess.Run(context.Background(), balancerprocess.Config{File: args[1], Signals: signals, Stdout: io.Discard, Logger: log})
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	plane := slices.Index(args, "--plane") + 1
	source, err := agentprocess.ParseSource(args[plane], log)
	if err != nil {
		return err
	}
	if args[0] == "lend" {
		key, err := agentprocess.ReadKey(args[6])
		if err != nil {
			return err
		}
		return agentprocess.Lend(ctx, agentprocess.LendConfig{Plane: source, Listen: args[4], Key: key, Logger: log})
	}
	out, err := linelog.Open(args[5])
	if err != nil {
		return err
	}
	defer out.Close()
	return agentprocess.Run(ctx, agentprocess.Config{Planes: []agentprocess.Source{source}, Log: out, Logger: log})
}

// recorded keeps what is recorded.
type recorded []env.Outcome

func (r *recorded) Record(o env.Outcome) { *r = append(*r, o) }

// load returns a scenario of 2 load balancers and 4 servers, some 200 requests/s of two
// classes for 1 s.
func load(t *testing.T, overrides ...string) scenario.Scenario {
	t.Helper()
	s, err := scenario.Load("web-moderate/period-1", append([]string{
		"duration=1", "workload.arrivals.rate=200", "servers=[{count: 2, cpus: 4, speed: 1}, {count: 2, cpus: 2, speed: 1}]",
	}, overrides...))
	require.NoError(t, err)
	return s
}

func open(t *testing.T, cfg Config) *Env {
	t.Helper()
	e, err := New(cfg)
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, e.Close())
		require.NoDirExists(t, e.folder)
	})
	return e
}

// arrivals returns the requests of the scenario's workload.
func arrivals(t *testing.T, s scenario.Scenario, seed uint64) map[float64]workload.Request {
	t.Helper()
	cfg, err := s.Config()
	require.NoError(t, err)
	source, err := cfg.Workload(seed)
	require.NoError(t, err)
	defer source.Close()
	list := map[float64]workload.Request{}
	for {
		r := workload.Request{Demand: make([]float64, workload.MaxStages(cfg.Classes))}
		if err := source.Next(&r); errors.Is(err, io.EOF) || r.Time > s.Duration {
			return list
		}
		list[r.Time] = r
	}
}

// TestEpisodes: every request of the workload of each seed is recorded once, with the class
// and the load balancer that it has in the simulator, and takes no less than its demand.
func TestEpisodes(t *testing.T) {
	s := load(t)
	var rec recorded
	e := open(t, Config{Scenario: s, Heuristic: "sed", Recorder: &rec})
	require.Equal(t, s.Spec().Steps, e.Spec().Steps)
	for _, seed := range []uint64{7, 8, 7} {
		rec = rec[:0]
		require.NoError(t, episodes.Play(t.Context(), e, nil, seed))
		want := arrivals(t, s, seed)
		require.Len(t, rec, len(want))
		servers := map[int]int{}
		for _, o := range rec {
			r, is := want[o.Arrival]
			require.True(t, is)
			require.Equal(t, r.Class, o.Class)
			require.Equal(t, r.LB, o.LB)
			require.False(t, o.Failed)
			demand := 0.0
			for _, d := range r.Demand {
				demand += d
			}
			require.Greater(t, o.Completion, demand-1e-6)
			servers[o.Server]++
		}
		require.Len(t, servers, 4)
	}
}

// TestOutcomesDuringTheEpisode: a request is recorded at the end of the step in which it
// ended, each once.
func TestOutcomesDuringTheEpisode(t *testing.T) {
	s := load(t)
	var rec recorded
	e := open(t, Config{Scenario: s, Heuristic: "lsq", Recorder: &rec})
	step, err := e.Reset(t.Context(), 3)
	require.NoError(t, err)
	for !step.Truncated {
		before := len(rec)
		step, err = e.Step(t.Context(), nil)
		require.NoError(t, err)
		for _, o := range rec[before:] {
			require.Less(t, o.Arrival+o.Completion, step.Time+step.Late+1) // which a busy machine may be late
		}
	}
	require.Greater(t, len(rec), len(arrivals(t, s, 3))/2, "most have ended by then")
	require.NoError(t, e.Drain(t.Context()))
	require.Len(t, rec, len(arrivals(t, s, 3)))
}

// TestCountsAreKept: steps carry what each load balancer counted, and the weights of agents that
// are processes of their own, if somebody wants them.
func TestCountsAreKept(t *testing.T) {
	s := load(t)
	for _, agent := range []*Agent{nil, {Policy: selfTuning}} {
		cfg := Config{Scenario: s, Agent: agent}
		if agent == nil {
			cfg.Heuristic = "lsq"
		}
		e := open(t, cfg)
		e.KeepCounts()
		step, err := e.Reset(t.Context(), 3)
		require.NoError(t, err)
		dispatched, arrived, ended := 0, 0, 0
		for !step.Truncated {
			step, err = e.Step(t.Context(), nil)
			require.NoError(t, err)
			require.Len(t, step.Counts, 2)
			arrived += step.Interval.Arrived
			for _, row := range step.Counts {
				require.Len(t, row, 4)
				for _, c := range row {
					dispatched += c.Dispatched
					ended += c.Completed
				}
			}
			require.Equal(t, agent != nil, e.Weights() != nil)
			for _, row := range e.Weights() {
				require.Len(t, row, 4)
			}
		}
		require.Equal(t, dispatched, arrived)
		all := len(arrivals(t, s, 3))
		require.LessOrEqual(t, dispatched, all)
		require.Greater(t, dispatched, all/2)
		require.Greater(t, ended, all/3)
		require.NoError(t, e.Drain(t.Context()))
		require.Nil(t, e.Weights())
	}
}

// samples counts samples of all servers.
type samples int

func (s *samples) Sample(_ float64, t *env.Truth) {
	if len(t.Running) == 4 {
		*s++
	}
}

// preferring is an actor that prefers one server.
type preferring struct{ server int }

func (preferring) Reset(uint64) {}

func (p preferring) Act(dst [][]float64, step *env.Step) error {
	for i := range dst {
		for j := range dst[i] {
			dst[i][j] = 0.25
		}
		dst[i][p.server] = 4
	}
	return nil
}

// TestAgents: weights reach the load balancers, and observations come of what they see.
func TestAgents(t *testing.T) {
	s := load(t)
	reward, err := rewards.New("vbf")
	require.NoError(t, err)
	var rec recorded
	var seen samples
	e := open(t, Config{Scenario: s, Reward: reward, Recorder: &rec, Sampler: &seen})
	require.NoError(t, episodes.Play(t.Context(), e, preferring{3}, 1))
	preferred := 0
	for _, o := range rec {
		if o.Server == 3 {
			preferred++
		}
	}
	require.Greater(t, preferred, len(rec)/2)
	require.EqualValues(t, s.Spec().Steps+1, seen)

	step, err := e.Reset(t.Context(), 1)
	require.NoError(t, err)
	ongoing := 0.0
	for !step.Truncated {
		step, err = e.Step(t.Context(), e.spec.NewActions())
		require.ErrorIs(t, err, env.ErrAction) // zeros
		step, err = e.Step(t.Context(), nil)
		require.NoError(t, err)
		for i := range step.Obs {
			ongoing += float64(step.Obs[i][0])
		}
	}
	require.Positive(t, ongoing)
	require.NoError(t, e.Drain(t.Context()))
	require.ErrorIs(t, e.Drain(t.Context()), env.ErrNotReset)
}

// TestChannels: over channels observations and weights are what they are without, and what
// these moved is told.
func TestChannels(t *testing.T) {
	s := load(t)
	reward, err := rewards.New("vbf")
	require.NoError(t, err)
	var rec recorded
	var notes []string
	e := open(t, Config{Scenario: s, Reward: reward, Central: true, Recorder: &rec, Note: func(_ uint64, note string) { notes = append(notes, note) }})
	require.NoError(t, episodes.Play(t.Context(), e, preferring{3}, 1))
	preferred := 0
	for _, o := range rec {
		if o.Server == 3 {
			preferred++
		}
	}
	require.Greater(t, preferred, len(rec)/2)
	require.Len(t, notes, 1)
	require.Regexp(t, `the channels moved [1-9]\d* bytes of observations and [1-9]\d* of weights`, notes[0])
}

// TestChanges: all load balancers learn which servers are drained, have failed and return,
// not before it is scheduled; requests of a failed one fail.
func TestChanges(t *testing.T) {
	s := load(t, "detection=0.2", "duration=2",
		"changes=[{at: 0.3, kind: drain, group: 0, servers: [0]}, {at: 0.3, kind: fail, group: 1, servers: [1]}, {at: 1.3, kind: return, group: 0, servers: [0]}]")
	var rec recorded
	e := open(t, Config{Scenario: s, Heuristic: "lsq", Recorder: &rec})
	begin := time.Now()
	_, err := e.Reset(t.Context(), 3)
	require.NoError(t, err)
	learned := func(server int, in bool, at time.Duration) {
		t.Helper()
		for _, b := range e.episode.balancers.(*processes).list {
			_, err := b.await(t.Context(), func(s *admin.State) bool { return s.Servers[server].In == in })
			require.NoError(t, err)
		}
		require.GreaterOrEqual(t, time.Since(begin), at)
	}
	learned(0, false, 300*time.Millisecond)
	learned(3, false, 500*time.Millisecond)
	learned(0, true, 1300*time.Millisecond)
	require.NoError(t, e.Drain(t.Context()))
	failed := 0
	for _, o := range rec {
		if o.Failed {
			failed++
			require.Equal(t, s.Timeout, o.Completion)
		}
	}
	require.Positive(t, failed)
}

// TestExternals: other load balancers balance as targets, in processes that end with the
// episode; what is not installed is skipped.
func TestExternals(t *testing.T) {
	s := load(t, "duration=0.5")
	for _, name := range ExternalTargets() {
		if err := Check(s, name); err != nil {
			t.Log("skipped: ", err)
			continue
		}
		var rec recorded
		e := open(t, Config{Scenario: s, Heuristic: name, Recorder: &rec})
		require.NoError(t, episodes.Play(t.Context(), e, nil, 5))
		require.Len(t, rec, len(arrivals(t, s, 5)))
		count := make([]int, 4)
		for _, o := range rec {
			require.False(t, o.Failed)
			count[o.Server]++
		}
		if !strings.HasSuffix(name, "-roundrobin") {
			continue
		}
		require.InDelta(t, len(rec)/3, count[0], 4, "by weights of 4 and 2, at two load balancers")
		require.InDelta(t, len(rec)/6, count[3], 4)
		_, err := e.Reset(t.Context(), 1)
		require.NoError(t, err)
		_, err = e.Step(t.Context(), e.spec.NewActions())
		require.ErrorIs(t, err, env.ErrAction)
		at := e.episode.balancers.addresses()[1]
		require.NoError(t, e.end())
		_, err = net.Dial("tcp", at.String())
		require.ErrorContains(t, err, "refused")
	}
	require.ErrorContains(t, Check(load(t, "changes=[{at: 0.5, kind: drain, group: 0}]"), "haproxy-random"), "nobody tells HAProxy")
	require.ErrorContains(t, Check(load(t, "random_changes=[{kind: fail, per_minute: 1, down_mean: 1}]"), "nginx-random"), "nobody tells nginx")
}

// TestEnds: an episode may be left at any time, and another begun.
func TestEnds(t *testing.T) {
	e := open(t, Config{Scenario: load(t), Heuristic: "self-tuning"})
	_, err := e.Step(t.Context(), nil)
	require.ErrorIs(t, err, env.ErrNotReset)
	for range 2 {
		_, err = e.Reset(t.Context(), 1)
		require.NoError(t, err)
		_, err = e.Step(t.Context(), nil)
		require.NoError(t, err)
	}
	_, err = e.Step(t.Context(), e.spec.NewActions())
	require.ErrorIs(t, err, env.ErrAction)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, e.Drain(ctx), context.Canceled)
	var truth env.Truth
	require.NoError(t, e.Truth(&truth))
	require.Len(t, truth.CPUs, 4)
	regions, err := os.ReadDir(e.folder)
	require.NoError(t, err)
	require.LessOrEqual(t, len(regions), 7, "those of one episode, and the lock: %s", filepath.Join(e.folder, "*"))
}

// TestAgentProcesses: agents of their own steer until the end, and what is wrong with one is
// an error of the episode.
func TestAgentProcesses(t *testing.T) {
	s := load(t)
	var rec recorded
	e := open(t, Config{Scenario: s, Agent: &Agent{Policy: selfTuning}, Recorder: &rec})
	require.NoError(t, episodes.Play(t.Context(), e, nil, 1))
	require.Len(t, rec, len(arrivals(t, s, 1)))

	_, err := e.Reset(t.Context(), 2)
	require.NoError(t, err)
	_, err = e.Step(t.Context(), e.spec.NewActions())
	require.ErrorIs(t, err, env.ErrAction)
	decided := e.episode.balancers.(*processes).list[1].decisions
	require.Eventually(t, func() bool {
		r, err := readDecisions(decided, s.StepInterval)
		return err == nil && r.intervals > 2 && r.fallback == r.intervals
	}, 20*time.Second, 10*time.Millisecond)
	require.NoError(t, e.Drain(t.Context()))

	e.cfg.Agent.Policy = "no-such-policy" // the test's program takes none
	e.cfg.Program = "/bin/false"
	_, err = e.Reset(t.Context(), 3)
	require.Regexp(t, `^load balancer [01]: exit status 1: $`, err.Error())
}

// TestDeath: an episode whose load balancer dies ends with that as its error.
func TestDeath(t *testing.T) {
	e := open(t, Config{Scenario: load(t, "duration=60"), Heuristic: "sed"})
	_, err := e.Reset(t.Context(), 1)
	require.NoError(t, err)
	children := childrenOf(t)
	require.Len(t, children, 2)
	require.NoError(t, syscall.Kill(children[0], syscall.SIGKILL))
	require.ErrorContains(t, e.Drain(t.Context()), "signal: killed")
}

// childrenOf lists the processes that this one has started.
func childrenOf(t *testing.T) (list []int) {
	t.Helper()
	tasks, err := filepath.Glob("/proc/self/task/*/children")
	require.NoError(t, err)
	for _, path := range tasks {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // a thread that has ended
		}
		for _, field := range strings.Fields(string(text)) {
			pid, err := strconv.Atoi(field)
			require.NoError(t, err)
			list = append(list, pid)
		}
	}
	return list
}

// TestLeftovers: the folder of an environment whose process was killed is removed by the
// next, and that of one that lives is not.
func TestLeftovers(t *testing.T) {
	left, err := os.MkdirTemp(memoryFolder(), folderPrefix)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(left, lockName), nil, 0o600))
	e := open(t, Config{Scenario: load(t), Heuristic: "sed"})
	require.NoDirExists(t, left)
	open(t, Config{Scenario: load(t), Heuristic: "sed"})
	require.DirExists(t, e.folder)
}

// TestCheck: what cannot be had in real time is refused, all of it at once.
func TestCheck(t *testing.T) {
	s := load(t, "changes=[{at: 0.5, kind: fail-lb, lb: 0}]")
	err := Check(s, "oracle")
	require.ErrorIs(t, err, ErrNotLive)
	require.ErrorContains(t, err, "failure of a load balancer")
	require.ErrorContains(t, err, `target "oracle"`)
	_, err = New(Config{Scenario: s, Heuristic: "sed"})
	require.ErrorIs(t, err, ErrNotLive)
	for _, refused := range []struct {
		target  target.Target
		guarded bool
		why     string
	}{
		{target.Target{Target: episodes.Target{Name: "nothing"}}, false, "neither a heuristic nor"},
		{target.Target{Heuristic: "sed"}, true, "a policy, or is self-tuning or universal"},
		{target.Target{Joint: true}, true, "steers all load balancers together"},
	} {
		_, err = Live(load(t), refused.target, refused.guarded, Told{})
		require.ErrorIs(t, err, ErrNotLive)
		require.ErrorContains(t, err, refused.why)
	}
	require.NotEmpty(t, Differences(s))
}
