package tables

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	logtest "github.com/sirupsen/logrus/hooks/test"
	"github.com/stretchr/testify/require"

	"fairlb/cmd/fairlb/internal/executor"
	"fairlb/cmd/fairlb/internal/files/filestest"
	"fairlb/cmd/fairlb/internal/job"
	"fairlb/cmd/fairlb/internal/progress"
	"fairlb/cmd/fairlb/internal/realtime/realtimetest"
	"fairlb/cmd/fairlb/internal/store"
	"fairlb/eval"
	"fairlb/eval/paper"
)

// tinyLive is a live profile of a second or, if the machine is busy, three.
func tinyLive() paper.Profile {
	p := tiny()
	p.Name, p.Live, p.EvalDuration, p.Rows = "tiny-live", true, 0.25, []string{"lsq", "sed"}
	return p
}

// liveJobs are two heuristics in one scenario, on two seeds each.
func liveJobs() []paper.Job {
	return []paper.Job{
		{Policy: paper.Policy{Method: "sed"}, Scenarios: []string{"web-moderate/period-1"}},
		{Policy: paper.Policy{Method: "lsq"}, Scenarios: []string{"web-moderate/period-1"}},
	}
}

// needsLinux skips a test that plays in real time, which waits for no other process that does.
func needsLinux(t *testing.T) {
	t.Helper()
	t.Setenv("TMPDIR", t.TempDir()) // where the lock is
	if runtime.GOOS != "linux" {
		t.Skip("emulated servers and load balancers need Linux")
	}
}

// TestLiveTable: a live cell has its runs, the simulator's of the same requests beside
// them, and the gap; before anything runs it is said about how long it takes.
func TestLiveTable(t *testing.T) {
	if testing.Short() {
		t.Skip("in real time: what it does at once is raced in package loopback")
	}
	needsLinux(t)
	dir := t.TempDir()
	log, said := logtest.NewNullLogger()
	local := executor.Local{Log: log, Progress: progress.None{}}
	r := NewResults(store.New(dir, local), tinyLive(), log)
	require.NoError(t, r.Fill(t.Context(), liveJobs()))
	require.Contains(t, said.AllEntries()[0].Message, "4 live runs of 0.25 s are missing: about 9 s")
	require.Len(t, filestest.Modified(t, filepath.Join(dir, "live")), 4)
	require.Len(t, filestest.Modified(t, filepath.Join(dir, "eval")), 2)

	table, err := paper.Get(11)
	require.NoError(t, err)
	table = r.Profile.Table(table)
	require.Len(t, table.Rows, 2)
	for k := range 2 { // whether or not this machine kept up
		runs := r.live[paper.Key{Policy: liveJobs()[k].Policy, Scenario: "web-moderate/period-1"}].bySeed
		require.Len(t, runs, 2)
		for _, run := range runs {
			require.True(t, run.Live)
			run.NoMeasurement = nil
		}
	}
	f, err := r.filled(table)
	require.NoError(t, err)
	for i := range table.Rows {
		c := f.Cells[i][0]
		require.True(t, c.Measured)
		require.Equal(t, []int{2, 2, 0}, []int{c.Ours.All.N, c.Live.Simulated.All.N, c.Live.LeftOut})
		require.Positive(t, c.Live.Gap.Value)
		require.False(t, f.Cells[i][2].Measured, "nothing was asked of period II")
	}
	lsq := r.live[paper.Key{Policy: paper.Policy{Method: "lsq"}, Scenario: "web-moderate/period-1"}]
	lsq.bySeed[1].NoMeasurement = []string{"attempt 3: the machine slept"}
	f, err = r.filled(table)
	require.NoError(t, err)
	require.Equal(t, []int{1, 1}, []int{f.Cells[0][0].Ours.All.N, f.Cells[0][0].Live.LeftOut})
	lsq.bySeed[0].NoMeasurement = []string{"attempt 3: the machine slept"}
	f, err = r.filled(table)
	require.NoError(t, err)
	require.False(t, f.Cells[0][0].Measured, "no measurement is no value")
	require.Equal(t, 2, f.Cells[0][0].Live.LeftOut)

	var out strings.Builder
	require.NoError(t, r.Print(&out, []paper.Table{table}, "fairlb tables 11"))
	for _, want := range []string{"live", "sim", "gap", "*2", "On real traffic: packets take what loopback takes"} {
		require.Contains(t, out.String(), want)
	}
}

// TestLiveIsNotSimulated: a result on real traffic is never taken for one of the simulator,
// nor the other way round, even under its name.
func TestLiveIsNotSimulated(t *testing.T) {
	t.Parallel()
	r := newResults(t.TempDir(), tinyLive())
	e, err := r.evaluation(paper.Policy{Method: "sed"}, "web-moderate/period-1")
	require.NoError(t, err)
	e.Seeds = e.Seeds[:1]
	simulated, err := e.Key()
	require.NoError(t, err)
	report, err := executor.Evaluate(t.Context(), e.Scenario, e.Seeds, e.Target, nil)
	require.NoError(t, err)
	_, err = e.CheckReport(report)
	require.NoError(t, err)
	e.Live = true
	live, err := e.Key()
	require.NoError(t, err)
	require.NotEqual(t, simulated, live)
	_, err = e.CheckReport(report)
	require.EqualError(t, err, "is the record of an evaluation in the simulator")

	training, err := r.Training(paper.Policy{Method: "distr-lb", Reward: "vbf", Training: "web-moderate/train", Seed: 1})
	require.NoError(t, err)
	require.False(t, training.Live)
	simulated, err = training.Key()
	require.NoError(t, err)
	training.Live = true
	live, err = training.Key()
	require.NoError(t, err)
	require.NotEqual(t, simulated, live)
}

// TestNotLive: what cannot be had on real traffic is said below its table, and nothing else
// suffers.
func TestNotLive(t *testing.T) {
	t.Parallel()
	p := tinyLive()
	r := newResults(t.TempDir(), p)
	oracle := paper.Key{Policy: paper.Policy{Method: "oracle"}, Scenario: "web-moderate/period-1"}
	_, runs, err := r.missingLive([]paper.Job{{Policy: oracle.Policy, Scenarios: []string{oracle.Scenario}}, liveJobs()[0]})
	require.NoError(t, err)
	require.Len(t, runs, 2, "SED's")
	require.Error(t, r.live[oracle].notLive)
	table := paper.Table{Number: 11, Columns: []paper.Column{{Scenario: oracle.Scenario, Class: "wiki"}}, Rows: []paper.Row{{Method: "oracle", MethodID: "oracle"}}}
	_, beside, measured := r.liveCell(table, 0, 0)
	require.False(t, measured)
	require.Contains(t, beside.NotLive, `target "oracle": must be one of`)
}

// TestMain makes the test binary the load balancers of the tests that play in real time, too.
func TestMain(m *testing.M) { os.Exit(realtimetest.Main(m, os.Args, os.Stderr)) }

// helperFolder is the variable that has this test binary fill a folder and be killed.
const helperFolder = "FAIRLB_TEST_LIVE_FOLDER"

// TestLiveHelper is no test, but the process that TestLiveKilled kills.
func TestLiveHelper(t *testing.T) {
	dir := os.Getenv(helperFolder)
	if dir == "" {
		t.Skip("is the process that another test kills")
	}
	require.NoError(t, newResults(dir, tinyLive()).Fill(t.Context(), liveJobs()))
}

// TestLiveKilled: a filling that is killed goes on with what was not yet played.
func TestLiveKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("in real time: what it does at once is raced in package loopback")
	}
	needsLinux(t)
	dir := t.TempDir()
	c := exec.Command(os.Args[0], "-test.run", "^TestLiveHelper$")
	c.Env = append(os.Environ(), helperFolder+"="+dir)
	require.NoError(t, c.Start())
	played := func() []string {
		list, err := filepath.Glob(filepath.Join(dir, "live", "*.json"))
		require.NoError(t, err)
		return list
	}
	require.Eventually(t, func() bool { return len(played()) > 0 }, time.Minute, time.Millisecond)
	require.NoError(t, c.Process.Kill())
	require.Error(t, c.Wait())
	before := map[string]time.Time{}
	for _, path := range played() {
		info, err := os.Stat(path)
		require.NoError(t, err)
		before[path] = info.ModTime()
	}
	var said []string
	log, hook := logtest.NewNullLogger()
	local := executor.Local{Log: log, Progress: progress.None{}}
	require.NoError(t, NewResults(store.New(dir, local), tinyLive(), log).Fill(t.Context(), liveJobs()))
	for _, entry := range hook.AllEntries() {
		if entry.Level == logrus.InfoLevel {
			said = append(said, entry.Message)
		}
	}
	require.Len(t, played(), 4)
	for path, at := range before {
		info, err := os.Stat(path)
		require.NoError(t, err)
		require.Equal(t, at, info.ModTime(), "is not played again")
	}
	count := 0
	for _, line := range said {
		if strings.Contains(line, " live on ") {
			count++
		}
	}
	require.Equal(t, 4-len(before), count)
}

// TestAgain: a run that was no measurement is kept, and played again when that is asked.
func TestAgain(t *testing.T) {
	if testing.Short() {
		t.Skip("in real time: what it does at once is raced in package loopback")
	}
	t.Parallel()
	r := newResults(t.TempDir(), tinyLive())
	key := paper.Key{Policy: liveJobs()[0].Policy, Scenario: "web-moderate/period-1"}
	fake := &doubtful{}
	r.Executor = fake
	x := liveRun{key, 0}
	require.NoError(t, r.recordedLive(key, true))
	require.NoError(t, r.play(t.Context(), x))
	require.Len(t, r.live[key].bySeed[0].NoMeasurement, 1)
	missing := func() int {
		_, runs, err := r.missingLive(liveJobs()[:1])
		require.NoError(t, err)
		return len(runs)
	}
	require.Equal(t, 1, missing())
	require.NoError(t, r.play(t.Context(), x))
	require.Equal(t, 1, fake.asked)
	r.Again = true
	require.Equal(t, 2, missing())
	require.NoError(t, r.play(t.Context(), x))
	require.Equal(t, 2, fake.asked)
}

// doubtful is an executor whose live evaluations are the simulator's, and no measurements.
type doubtful struct {
	executor.Local
	asked int
}

// Evaluate implements store.Executor.
func (d *doubtful) Evaluate(ctx context.Context, e *job.Evaluation) ([]byte, error) {
	d.asked++
	data, err := executor.Evaluate(ctx, e.Scenario, e.Seeds, e.Target, nil)
	if err != nil {
		return nil, err
	}
	var report eval.Evaluation
	if err := json.Unmarshal(data, &report); err != nil {
		return nil, err
	}
	report.Results[0].Live, report.Results[0].NoMeasurement = true, []string{"attempt 3: the machine slept"}
	var out bytes.Buffer
	err = report.WriteJSON(&out)
	return out.Bytes(), err
}
