package lab

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestController: quotas and counts are written and read under both versions of the
// kernel's control groups.
func TestController(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	put := func(text string, path ...string) {
		path = append([]string{dir}, path...)
		require.NoError(t, os.MkdirAll(filepath.Join(path[:len(path)-1]...), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(path...), []byte(text), 0o644))
	}
	got := func(path ...string) string {
		b, err := os.ReadFile(filepath.Join(append([]string{dir}, path...)...))
		require.NoError(t, err)
		return string(b)
	}
	mounts := func(lines ...string) string {
		put(strings.Join(lines, "\n")+"\n", "mounts")
		return filepath.Join(dir, "mounts")
	}
	const line = "30 25 0:26 / "
	_, err := findController(mounts(line + dir + "/pids rw shared:1 - cgroup cgroup rw,pids"))
	require.ErrorContains(t, err, "no control groups")

	first, err := findController(mounts(line+dir+"/cpu rw shared:1 - cgroup cgroup rw,cpu", line+dir+"/count rw - cgroup cgroup rw,cpuacct"))
	require.NoError(t, err)
	require.Equal(t, Controller{quotas: dir + "/cpu", counts: dir + "/count"}, first)
	put("100000\n", "cpu", "g", "cpu.cfs_period_us")
	put("-1", "cpu", "g", "cpu.cfs_quota_us")
	require.NoError(t, first.Limit("g", 0.5, 20*time.Millisecond))
	require.Equal(t, "20000", got("cpu", "g", "cpu.cfs_period_us")[:5])
	require.True(t, strings.HasPrefix(got("cpu", "g", "cpu.cfs_quota_us"), "10000"))
	put("1500000000\n", "count", "g", "cpuacct.usage")
	used, err := first.Used("g")
	require.NoError(t, err)
	require.Equal(t, 1500*time.Millisecond, used)

	put("cpu memory\n", "second", "cgroup.controllers")
	second, err := findController(mounts(line + dir + "/second rw - cgroup2 cgroup2 rw"))
	require.NoError(t, err)
	require.Equal(t, Controller{Second: true, quotas: dir + "/second", counts: dir + "/second"}, second)
	put("", "second", "cgroup.subtree_control")
	require.NoError(t, second.Make("g", false))
	require.Equal(t, "+cpu", got("second", "cgroup.subtree_control"))
	put("max 100000", "second", "g", "cpu.max")
	require.NoError(t, second.Limit("g", 0.25, 20*time.Millisecond))
	require.Equal(t, "5000 20000", got("second", "g", "cpu.max"))
	put("usage_usec 2500000\nnr_periods 7\nnr_throttled 3\n", "second", "g", "cpu.stat")
	used, err = second.Used("g")
	require.NoError(t, err)
	require.Equal(t, 2500*time.Millisecond, used)
	periods, throttled, err := second.Throttled("g")
	require.NoError(t, err)
	require.Equal(t, []int64{7, 3}, []int64{periods, throttled})
	require.Equal(t, []string{dir + "/second/g/cgroup.procs"}, second.Entrances("g", true))
}
