package traced

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/agents"
	"fairlb/cmd/fairlb/internal/simulate"
	"fairlb/cmd/fairlb/internal/target"
	"fairlb/env"
	"fairlb/env/envtest"
	"fairlb/env/scenario"
	"fairlb/eval/episodes"
	"fairlb/results/runtrace"
	"fairlb/rewards"
)

// load returns a scenario of 2 load balancers and 4 servers, some 200 requests/s, of which a
// server fails and another becomes slower.
func load(t *testing.T, overrides ...string) scenario.Scenario {
	t.Helper()
	s, err := scenario.Load("web-moderate/period-1", append([]string{
		"duration=4", "workload.arrivals.rate=200", "servers=[{count: 2, cpus: 4, speed: 1}, {count: 2, cpus: 2, speed: 1}]",
	}, overrides...))
	require.NoError(t, err)
	return s
}

// preferring is an actor that prefers one server.
type preferring struct{ server int }

func (preferring) Reset(uint64) {}

func (p preferring) Act(dst [][]float64, _ *env.Step) error {
	for i := range dst {
		for j := range dst[i] {
			dst[i][j] = 0.5
		}
		dst[i][p.server] = 1.0 / 3 * 4
	}
	return nil
}

// policy is a target whose agents prefer the last server.
func policy(t *testing.T, s scenario.Scenario) target.Target {
	t.Helper()
	reward, err := rewards.New("vbf")
	require.NoError(t, err)
	open := simulate.Agents(s, reward)
	return target.Target{
		Target: episodes.Target{Name: "runs/a b", Env: open.Recorded(), Actor: func() (agents.Actor, error) { return preferring{3}, nil }},
		Open:   open, Reward: reward,
	}
}

// TestConformance: an environment that leaves traces is one still.
func TestConformance(t *testing.T) {
	t.Parallel()
	s := load(t)
	f, err := NewFolder(t.TempDir(), s)
	require.NoError(t, err)
	traced := f.Target(policy(t, s), false)
	envtest.Conformance(t, func(t *testing.T) env.Env {
		e, err := traced.Open(nil, nil)
		require.NoError(t, err)
		return e
	})
}

// outcomes keeps what is recorded.
type outcomes []env.Outcome

func (o *outcomes) Record(x env.Outcome) { *o = append(*o, x) }

// TestSimulated: what is recorded is the same with and without traces, and what the trace has
// adds up to it.
func TestSimulated(t *testing.T) {
	t.Parallel()
	s := load(t, "detection=0.25", "changes=[{at: 1, kind: fail, servers: [0]}, {at: 2, kind: speed, servers: [1], value: 0.5}, {at: 3, kind: return, servers: [0]}]")
	dir := filepath.Join(t.TempDir(), "some", "traces")
	f, err := NewFolder(dir, s)
	require.NoError(t, err)
	for name, plain := range map[string]target.Target{"lsq": target.Heuristic(s, "lsq"), "runs-a-b": policy(t, s)} {
		var want, got outcomes
		require.NoError(t, plain.Play(t.Context(), 7, &want, nil))
		traced := f.Target(plain, false)
		require.NoError(t, traced.Play(t.Context(), 7, &got, nil))
		require.Equal(t, want, got)

		run, err := runtrace.Read(filepath.Join(dir, name+"-seed7.jsonl"))
		require.NoError(t, err)
		require.Equal(t, plain.Name, run.Header.Target)
		require.Equal(t, []runtrace.Server{{Name: "server0", CPUs: 4}, {Name: "server1", CPUs: 4}, {Name: "server2", CPUs: 2}, {Name: "server3", CPUs: 2}}, run.Header.Servers)
		require.Len(t, run.Steps, 4*4+2)
		require.True(t, run.Steps[17].End)
		addsUp(t, run, want)
		for k, step := range run.Steps[1:17] {
			require.Equal(t, plain.Actor != nil, step.Weights != nil)
			if step.Weights != nil {
				require.Equal(t, []float64{0.5, 0.5, 0.5, 1.333}, step.Weights[1])
			}
			if k >= 4 && k < 11 { // from 1 s on, until 3 s
				require.Equal(t, []int{0}, step.Out)
			}
			if k >= 8 {
				require.Less(t, step.Capacity[1], 0.6*step.Capacity[0])
			}
		}
	}
}

// addsUp checks the counts of a trace against the outcomes of its episode.
func addsUp(t *testing.T, run *runtrace.Run, want outcomes) {
	t.Helper()
	var sent, ended [2][4]int
	for _, o := range want {
		if o.Server >= 0 {
			ended[o.LB][o.Server]++
		}
	}
	arrived, count, failed, failures := 0, 0, 0, 0
	for _, o := range want {
		if o.Failed {
			failures++
		}
	}
	for _, step := range run.Steps {
		arrived += step.Arrived
		count += step.Ended.Count
		failed += step.Ended.Failed
		for _, m := range [][][]int{step.Completed, step.Failed} {
			for i, row := range m {
				for j, n := range row {
					ended[i][j] -= n
				}
			}
		}
		for i, row := range step.Sent {
			for j, n := range row {
				sent[i][j] += n
			}
		}
	}
	require.Equal(t, len(want), count)
	require.Equal(t, len(want), arrived)
	require.Equal(t, failures, failed)
	require.Zero(t, ended)
	total := 0
	for _, row := range sent {
		for _, n := range row {
			require.Positive(t, n)
			total += n
		}
	}
	require.Equal(t, len(want), total)
}

// TestGrows: the file has a line more after each step, so that it can be watched.
func TestGrows(t *testing.T) {
	t.Parallel()
	s := load(t, "duration=1")
	dir := t.TempDir()
	f, err := NewFolder(dir, s)
	require.NoError(t, err)
	lsq := f.Target(target.Heuristic(s, "lsq"), true)
	e, err := lsq.Open(nil, nil)
	require.NoError(t, err)
	defer e.Close()
	path := filepath.Join(dir, "lsq-seed3.jsonl")
	step, err := e.Reset(t.Context(), 3)
	for lines := 2; ; lines++ {
		require.NoError(t, err)
		text, readErr := os.ReadFile(path)
		require.NoError(t, readErr)
		require.Equal(t, lines, strings.Count(string(text), "\n"))
		if step.Truncated {
			break
		}
		step, err = e.Step(t.Context(), nil)
	}
	run, err := runtrace.Read(path)
	require.NoError(t, err)
	require.True(t, run.Header.Live)
	require.False(t, run.Steps[4].End)
	require.NoError(t, e.(env.Drainer).Drain(t.Context()))
	run, err = runtrace.Read(path)
	require.NoError(t, err)
	require.True(t, run.Steps[5].End)
}

// TestNames: no two targets write one file, and without a folder nothing is.
func TestNames(t *testing.T) {
	t.Parallel()
	f, err := NewFolder(t.TempDir(), load(t))
	require.NoError(t, err)
	for _, x := range [][2]string{{"runs/a", "runs-a"}, {"runs-a", "runs-a-2"}, {"sed sim", "sed-sim"}, {"agent:lsq", "agent-lsq"}, {"/tmp/b", "tmp-b"}, {".", "-2"}} {
		require.Equal(t, x[1], f.fileName(x[0]))
	}
	var none *Folder
	require.Equal(t, "lsq", none.Target(target.Target{Target: episodes.Target{Name: "lsq"}}, true).Name)
}

// TestWhatCannotBeWritten is said, and a folder that is none is the user's fault.
func TestWhatCannotBeWritten(t *testing.T) {
	t.Parallel()
	s := load(t)
	path := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(path, nil, 0o666))
	_, err := NewFolder(filepath.Join(path, "x"), s)
	require.ErrorContains(t, err, "--trace: ")
	dir := t.TempDir()
	f, err := NewFolder(dir, s)
	require.NoError(t, err)
	require.NoError(t, os.Mkdir(filepath.Join(dir, "lsq-seed1.jsonl"), 0o777))
	lsq := f.Target(target.Heuristic(s, "lsq"), false)
	require.ErrorContains(t, lsq.Play(t.Context(), 1, nil, nil), "lsq-seed1.jsonl")
}
