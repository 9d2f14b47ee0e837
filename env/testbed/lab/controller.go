package lab

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Controller is the kernel's control of processor time by groups of processes: of the
// first version, where quotas and counts have a folder each, or of the second, where they
// have the same.
type Controller struct {
	Second bool   // of the second version
	quotas string // folder of all groups
	counts string // the same under the second version
}

// findController finds where the kernel's control groups are, by the table of mounts.
func findController(mounts string) (c Controller, err error) {
	table, err := os.ReadFile(mounts)
	if err != nil {
		return c, err
	}
	for line := range strings.Lines(string(table)) {
		before, after, _ := strings.Cut(line, " - ")
		place, system := strings.Fields(before), strings.Fields(after)
		if len(place) < 5 || len(system) < 3 {
			continue
		}
		switch folder, options := place[4], strings.Split(system[2], ","); system[0] {
		case "cgroup":
			if slices.Contains(options, "cpu") {
				c.quotas = folder
			}
			if slices.Contains(options, "cpuacct") {
				c.counts = folder
			}
		case "cgroup2":
			if known, err := os.ReadFile(filepath.Join(folder, "cgroup.controllers")); err == nil && slices.Contains(strings.Fields(string(known)), "cpu") {
				return Controller{Second: true, quotas: folder, counts: folder}, nil
			}
		}
	}
	if c.quotas == "" || c.counts == "" {
		return c, errors.New("no control groups that have processor time (cgroup, controllers cpu and cpuacct): mount them")
	}
	return c, nil
}

// roots are the folders of all groups, two at most.
func (c *Controller) roots() []string {
	switch {
	case c.quotas == "": // there are none
		return nil
	case c.Second:
		return []string{c.quotas}
	}
	return []string{c.quotas, c.counts}
}

// Make makes a group, below groups that exist. One without counts has quotas alone.
func (c *Controller) Make(group string, counts bool) error {
	if c.Second { // what is above must hand the control down
		if err := Write(filepath.Join(c.quotas, filepath.Dir(group), "cgroup.subtree_control"), "+cpu"); err != nil {
			return err
		}
	}
	for _, root := range c.roots() {
		if root != c.quotas && !counts {
			continue
		}
		if err := os.Mkdir(filepath.Join(root, group), 0o755); err != nil {
			return err
		}
	}
	return nil
}

// Limit gives a group a quota of so many cores.
func (c *Controller) Limit(group string, cores float64, period time.Duration) error {
	folder, each := filepath.Join(c.quotas, group), period.Microseconds()
	quota := int64(math.Round(cores * float64(each)))
	if c.Second {
		return Write(filepath.Join(folder, "cpu.max"), fmt.Sprintf("%d %d", quota, each))
	}
	if old, err := os.ReadFile(filepath.Join(folder, "cpu.cfs_period_us")); err != nil || strings.TrimSpace(string(old)) != strconv.FormatInt(each, 10) {
		if err := Write(filepath.Join(folder, "cpu.cfs_period_us"), strconv.FormatInt(each, 10)); err != nil {
			return err
		}
	}
	return Write(filepath.Join(folder, "cpu.cfs_quota_us"), strconv.FormatInt(quota, 10))
}

// Prefer lets a group go before everything else that wants the processors: what it has is
// bounded by the quotas below it.
func (c *Controller) Prefer(group string) error {
	if c.Second {
		return Write(filepath.Join(c.quotas, group, "cpu.weight"), "10000")
	}
	return Write(filepath.Join(c.quotas, group, "cpu.shares"), "262144")
}

// Entrances are the files in which a process writes 0 to become one of a group.
func (c *Controller) Entrances(group string, counts bool) (list []string) {
	for _, root := range c.roots() {
		if root == c.quotas || counts {
			list = append(list, filepath.Join(root, group, "cgroup.procs"))
		}
	}
	return list
}

// Used returns the processor time that a group, and all below it, has used.
func (c *Controller) Used(group string) (time.Duration, error) {
	if c.Second {
		us, err := c.count(group, "usage_usec")
		return time.Duration(us) * time.Microsecond, err
	}
	b, err := os.ReadFile(filepath.Join(c.counts, group, "cpuacct.usage"))
	if err != nil {
		return 0, err
	}
	ns, err := strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64)
	return time.Duration(ns), err
}

// Throttled returns how many periods a group ran in, and in how many of them its quota was
// Used up.
func (c *Controller) Throttled(group string) (periods, throttled int64, err error) {
	periods, err = c.count(group, "nr_periods")
	throttled, err2 := c.count(group, "nr_throttled")
	return periods, throttled, errors.Join(err, err2)
}

// count reads a number of a group's cpu.stat.
func (c *Controller) count(group, name string) (int64, error) {
	path := filepath.Join(c.quotas, group, "cpu.stat")
	b, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(b))
	for k := 0; k+1 < len(fields); k += 2 {
		if fields[k] == name {
			return strconv.ParseInt(fields[k+1], 10, 64)
		}
	}
	return 0, fmt.Errorf("%s: no %s", path, name)
}

// Processes returns those of a group and of all below it; of a group that is not, none.
func (c *Controller) Processes(group string) (list []int) {
	for _, root := range c.roots() {
		_ = filepath.WalkDir(filepath.Join(root, group), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.Name() != "cgroup.procs" {
				return nil // a group may go meanwhile
			}
			b, _ := os.ReadFile(path)
			for field := range strings.FieldsSeq(string(b)) {
				if pid, err := strconv.Atoi(field); err == nil && pid > 1 {
					list = append(list, pid)
				}
			}
			return nil
		})
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// Remove removes a group and all below it, which have no processes any more.
func (c *Controller) Remove(group string) error {
	var errs []error
	for _, root := range c.roots() {
		var folders []string
		_ = filepath.WalkDir(filepath.Join(root, group), func(path string, d fs.DirEntry, err error) error {
			if err == nil && d.IsDir() {
				folders = append(folders, path)
			}
			return nil
		})
		for _, folder := range slices.Backward(folders) {
			if err := os.Remove(folder); err != nil && !errors.Is(err, fs.ErrNotExist) {
				errs = append(errs, err)
			}
		}
	}
	return errors.Join(errs...)
}

// Write writes into a file of the kernel, which exists.
func Write(path, text string) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}
