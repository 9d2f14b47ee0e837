//go:build linux

package process

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// ErrProc reports text of /proc that is not what proc(5) says.
var ErrProc = errors.New("process: not what proc(5) says")

// descendants returns the processes below one.
func descendants(pid int) ([]int, error) {
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil, fmt.Errorf("process: %w", err)
	}
	children := map[int][]int{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended meanwhile
		}
		child, parent, err := parseStat(string(text))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		children[parent] = append(children[parent], child)
	}
	below := children[pid]
	for k := 0; k < len(below); k++ {
		below = append(below, children[below[k]]...)
	}
	return below, nil
}

// parseStat returns the process and its parent of the text of /proc/PID/stat. The
// second field, the command in parentheses, may hold blanks and parentheses itself.
func parseStat(text string) (pid, parent int, err error) {
	open, end := strings.Index(text, " ("), strings.LastIndex(text, ") ")
	if open < 0 || end < open {
		return 0, 0, fmt.Errorf("%w: stat %q", ErrProc, text)
	}
	fields := strings.Fields(text[end+2:])
	if len(fields) < 2 {
		return 0, 0, fmt.Errorf("%w: stat %q", ErrProc, text)
	}
	pid, pidErr := strconv.Atoi(text[:open])
	parent, parentErr := strconv.Atoi(fields[1])
	if err := errors.Join(pidErr, parentErr); err != nil {
		return 0, 0, fmt.Errorf("%w: stat %q: %w", ErrProc, text, err)
	}
	return pid, parent, nil
}

// Machine is what figures were measured on.
type Machine struct {
	Processor string `json:"processor"`
	Cores     int    `json:"cores"`
	Kernel    string `json:"kernel"`
	Go        string `json:"go"`
}

// Describe returns this machine.
func Describe() (Machine, error) {
	text, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return Machine{}, fmt.Errorf("process: %w", err)
	}
	cores, err := Cores()
	if err != nil {
		return Machine{}, err
	}
	var name unix.Utsname
	if err := unix.Uname(&name); err != nil {
		return Machine{}, fmt.Errorf("process: uname: %w", err)
	}
	release, _, _ := bytes.Cut(name.Release[:], []byte{0})
	return Machine{Processor: processor(string(text)), Cores: len(cores), Kernel: string(release), Go: runtime.Version()}, nil
}

// processor returns the model that the text of /proc/cpuinfo names.
func processor(text string) string {
	for line := range strings.Lines(text) {
		if key, value, found := strings.Cut(line, ":"); found && strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH // arm64 has no such line
}

// Times are the processor times of all cores together since boot, in ticks.
type Times struct{ All, Idle, Stolen uint64 }

// ReadTimes reads them from /proc/stat.
func ReadTimes() (Times, error) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return Times{}, fmt.Errorf("process: %w", err)
	}
	return parseTimes(string(text))
}

// parseTimes takes the first line of /proc/stat: user, nice, system, idle, iowait, irq,
// softirq, steal, and guest times that are in user already.
func parseTimes(text string) (Times, error) {
	line, _, _ := strings.Cut(text, "\n")
	fields := strings.Fields(line)
	if len(fields) < 9 || fields[0] != "cpu" {
		return Times{}, fmt.Errorf("%w: first line of /proc/stat %q", ErrProc, line)
	}
	var t Times
	for k, field := range fields[1:9] {
		ticks, err := strconv.ParseUint(field, 10, 64)
		if err != nil {
			return Times{}, fmt.Errorf("%w: first line of /proc/stat %q: %w", ErrProc, line, err)
		}
		t.All += ticks
		switch k {
		case 3, 4:
			t.Idle += ticks
		case 7:
			t.Stolen += ticks
		}
	}
	return t, nil
}

// ticksPerSecond is how /proc counts on every architecture of Linux.
const ticksPerSecond = 100

// Since returns how many cores were kept busy by processes other than those that have
// used so much processor time in the time that elapsed since before, and how many the
// hypervisor kept from this machine.
func (t Times) Since(before Times, elapsed, used time.Duration) (others, stolen float64) {
	stole := float64(t.Stolen-before.Stolen) / ticksPerSecond
	busy := float64(t.All-before.All-(t.Idle-before.Idle))/ticksPerSecond - stole
	return max(busy-used.Seconds(), 0) / elapsed.Seconds(), stole / elapsed.Seconds()
}
