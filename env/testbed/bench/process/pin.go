//go:build linux

package process

import (
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// Cores returns the cores that this process may run on, in order.
func Cores() ([]int, error) {
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		return nil, fmt.Errorf("process: sched_getaffinity: %w", err)
	}
	var cores []int
	for core := 0; len(cores) < set.Count(); core++ {
		if set.IsSet(core) {
			cores = append(cores, core)
		}
	}
	return cores, nil
}

// PinSelf pins every thread of this process to a core; threads that these start inherit
// it.
func PinSelf(core int) error {
	pinned := map[int]bool{}
	for {
		tasks, err := os.ReadDir("/proc/self/task")
		if err != nil {
			return fmt.Errorf("process: %w", err)
		}
		more := false
		for _, task := range tasks {
			thread, err := strconv.Atoi(task.Name())
			if err != nil || pinned[thread] {
				continue
			}
			if err := pinThread(thread, core); err != nil && err != unix.ESRCH {
				return fmt.Errorf("process: pin to core %d: %w", core, err)
			}
			pinned[thread], more = true, true
		}
		if !more {
			return nil
		}
	}
}

// pinThread pins a thread, 0 for the calling one.
func pinThread(thread, core int) error {
	var set unix.CPUSet
	set.Set(core)
	return unix.SchedSetaffinity(thread, &set)
}
