//go:build linux

package process

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// ErrExited reports that a process has ended by itself.
var ErrExited = errors.New("process: ended by itself")

// Process is a child process. It belongs to one goroutine.
type Process struct {
	command *exec.Cmd
	log     string
	ended   chan struct{} // closed by the goroutine that waits for the child
}

// Start starts a command that is pinned to a core and whose output goes to a file. The
// kernel kills it when this process dies.
func Start(core int, log, command string, args ...string) (*Process, error) {
	out, err := os.Create(log)
	if err != nil {
		return nil, fmt.Errorf("process: %w", err)
	}
	defer out.Close()
	p := &Process{command: exec.Command(command, args...), log: log, ended: make(chan struct{})}
	p.command.Stdout, p.command.Stderr = out, out
	p.command.SysProcAttr = &unix.SysProcAttr{Pdeathsig: unix.SIGKILL}
	if err := startPinned(p.command, core); err != nil {
		return nil, fmt.Errorf("process: start %s: %w", command, err)
	}
	go func() {
		defer close(p.ended)
		_ = p.command.Wait() // how it ended is in ProcessState
	}()
	return p, nil
}

// startPinned starts a child from a thread that is pinned while it does, for a child
// inherits that, before its first instruction.
func startPinned(command *exec.Cmd, core int) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var before unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		return err
	}
	if err := pinThread(0, core); err != nil {
		return err
	}
	return errors.Join(command.Start(), unix.SchedSetaffinity(0, &before))
}

// Check returns ErrExited with the end of its output if the process has ended.
func (p *Process) Check() error {
	select {
	case <-p.ended:
		return fmt.Errorf("%w: %s: %s; the end of %s:\n%s", ErrExited, p.command.Path, p.command.ProcessState, p.log, tail(p.log, 10))
	default:
		return nil
	}
}

// Stop asks the process to end, kills it after the given patience, and waits for it.
func (p *Process) Stop(patience time.Duration) {
	_ = p.command.Process.Signal(unix.SIGTERM) // fails if it has ended
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-p.ended:
	case <-timer.C:
		_ = p.command.Process.Kill()
		<-p.ended
	}
}

// CPUTime returns how much processor time the process and its living descendants have
// used, in user mode and in the kernel.
func (p *Process) CPUTime() (time.Duration, error) {
	if err := p.Check(); err != nil {
		return 0, err
	}
	pids, err := descendants(p.command.Process.Pid)
	if err != nil {
		return 0, err
	}
	var sum time.Duration
	for _, pid := range append(pids, p.command.Process.Pid) {
		used, err := cpuClock(pid)
		if err != nil {
			return 0, err
		}
		sum += used
	}
	return sum, nil
}

// cpuClock reads the CPU clock of a process, whose id is made of the process's as
// clock_getcpuclockid(3) makes it: all bits of the pid inverted, then 2 for what the
// scheduler counts.
func cpuClock(pid int) (time.Duration, error) {
	const scheduler = 2
	var t unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|scheduler), &t); err != nil {
		return 0, fmt.Errorf("process: CPU clock of %d: %w", pid, err)
	}
	return time.Duration(t.Nano()), nil
}

// tail returns the last lines of a file.
func tail(path string, lines int) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	all := slices.Collect(strings.Lines(string(text)))
	return strings.Join(all[max(0, len(all)-lines):], "")
}

// Self returns how much processor time this process has used.
func Self() (time.Duration, error) { return cpuClock(os.Getpid()) }
