//go:build linux

package process

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func start(t *testing.T, core int, script string) *Process {
	t.Helper()
	p, err := Start(core, filepath.Join(t.TempDir(), "log"), "/bin/sh", "-c", script)
	require.NoError(t, err)
	t.Cleanup(func() { p.Stop(0) })
	return p
}

// TestCPUTime: the time of a child's child counts, and grows while it works.
func TestCPUTime(t *testing.T) {
	cores, err := Cores()
	require.NoError(t, err)
	p := start(t, cores[0], "(while :; do :; done) & wait")
	require.Eventually(t, func() bool {
		own, err := cpuClock(p.command.Process.Pid)
		require.NoError(t, err)
		all, err := p.CPUTime()
		require.NoError(t, err)
		return all > own+20*time.Millisecond
	}, 20*time.Second, 5*time.Millisecond)
	pids, err := descendants(p.command.Process.Pid)
	require.NoError(t, err)
	require.Len(t, pids, 1)
	require.NoError(t, signalAll(pids))
}

func signalAll(pids []int) error {
	for _, pid := range pids {
		child, err := os.FindProcess(pid)
		if err != nil {
			return err
		}
		if err := child.Kill(); err != nil {
			return err
		}
	}
	return nil
}

// TestPinned: a child runs on the core that was asked for, and this thread stays where it
// was.
func TestPinned(t *testing.T) {
	cores, err := Cores()
	require.NoError(t, err)
	core := cores[len(cores)-1]
	p := start(t, core, "sleep 60")
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.command.Process.Pid))
	require.NoError(t, err)
	require.Contains(t, string(status), fmt.Sprintf("Cpus_allowed_list:\t%d\n", core))
	after, err := Cores()
	require.NoError(t, err)
	require.Equal(t, cores, after)
}

// TestExited: the end of what a process printed is in the error of one that has ended.
func TestExited(t *testing.T) {
	p := start(t, 0, "echo no such option; exit 3")
	<-p.ended
	require.ErrorIs(t, p.Check(), ErrExited)
	require.ErrorContains(t, p.Check(), "exit status 3")
	require.ErrorContains(t, p.Check(), "no such option")
	_, err := p.CPUTime()
	require.ErrorIs(t, err, ErrExited)
	p.Stop(time.Hour)
}

// TestStop: a process that does not end when asked is killed.
func TestStop(t *testing.T) {
	p := start(t, 0, "trap '' TERM; echo ready; while :; do sleep 1; done")
	require.Eventually(t, func() bool { return tail(p.log, 1) == "ready\n" }, 20*time.Second, time.Millisecond)
	p.Stop(10 * time.Millisecond)
	require.ErrorIs(t, p.Check(), ErrExited)
}

func TestParseStat(t *testing.T) {
	tests := []struct {
		text        string
		pid, parent int
		ok          bool
	}{
		{"12 (cat) R 7 12 12 0", 12, 7, true},
		{"12 (a) b) (c) S 9 1", 12, 9, true},
		{"", 0, 0, false},
		{"12 (cat", 0, 0, false},
		{"12 (cat) R", 0, 0, false},
		{"x (cat) R 7", 0, 0, false},
		{"12 (cat) R x", 0, 0, false},
	}
	for _, test := range tests {
		pid, parent, err := parseStat(test.text)
		if !test.ok {
			require.ErrorIs(t, err, ErrProc, test.text)
			continue
		}
		require.NoError(t, err)
		require.Equal(t, []int{test.pid, test.parent}, []int{pid, parent}, test.text)
	}
}

func TestTimes(t *testing.T) {
	before, err := parseTimes("cpu  100 20 30 400 50 6 7 8 90 0\ncpu0 1 2\n")
	require.NoError(t, err)
	require.Equal(t, Times{All: 621, Idle: 450, Stolen: 8}, before)
	after, err := parseTimes("cpu  250 20 30 600 50 6 7 58 90 0\n")
	require.NoError(t, err)
	others, stolen := after.Since(before, 2*time.Second, time.Second) // 1.5 s of user time, of which 1 s ours
	require.InDelta(t, 0.25, others, 1e-9)
	require.InDelta(t, 0.25, stolen, 1e-9)
	for _, bad := range []string{"", "cpu 1 2 3", "intr 1 2 3 4 5 6 7 8 9", "cpu 1 2 x 4 5 6 7 8"} {
		_, err := parseTimes(bad)
		require.ErrorIs(t, err, ErrProc, bad)
	}
	_, err = ReadTimes()
	require.NoError(t, err)
}

func TestProcessor(t *testing.T) {
	require.Equal(t, "A CPU: fast", processor("processor\t: 0\nmodel name\t: A CPU: fast\nmodel name\t: B\n"))
	m, err := Describe()
	require.NoError(t, err)
	require.NotEmpty(t, m.Processor)
	require.NotEmpty(t, m.Kernel)
	require.Positive(t, m.Cores)
}
