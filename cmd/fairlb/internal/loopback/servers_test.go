//go:build linux

package loopback

import (
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/env"
	"fairlb/env/testbed/apache"
	"fairlb/eval/episodes"
)

// busiest keeps the most workers that were seen busy, and the processor time.
type busiest struct {
	workers int
	used    float64
}

func (b *busiest) Sample(_ float64, t *env.Truth) {
	workers, used := 0, 0.0
	for j := range t.Busy {
		workers += t.Busy[j]
		used += t.CPUTime[j]
	}
	b.workers, b.used = max(b.workers, workers), max(b.used, used)
}

// TestApache: an episode before real servers records every request, each with the server
// that it went to, and their state is seen.
func TestApache(t *testing.T) {
	if err := apache.Check(); err != nil {
		t.Skip(err)
	}
	s := load(t, "servers=[{count: 1, cpus: 2, speed: 0.3}, {count: 1, cpus: 1, speed: 0.3}]", "workload.arrivals.rate=15")
	var rec recorded
	var seen busiest
	e := open(t, Config{Scenario: s, Setup: Setup{Servers: Apache}, Heuristic: "lsq", Recorder: &rec, Sampler: &seen})
	require.NoError(t, episodes.Play(t.Context(), e, nil, 7))
	want := arrivals(t, s, 7)
	require.Len(t, rec, len(want))
	servers := map[int]int{}
	for _, o := range rec {
		require.False(t, o.Failed)
		servers[o.Server]++
	}
	require.Len(t, servers, 2)
	require.Positive(t, seen.workers)
	require.Positive(t, seen.used)
}

// TestCheckServers: what Apache's servers cannot do is named, all at once.
func TestCheckServers(t *testing.T) {
	t.Parallel()
	s := load(t, "random_changes=[{kind: fail, per_minute: 1, down_mean: 1}]", "changes=[{at: 0.5, kind: background, group: 0, value: 1}]")
	require.NoError(t, CheckServers(s, Emulated))
	err := CheckServers(s, Apache)
	require.ErrorIs(t, err, ErrNotLive)
	for _, want := range []string{"random_changes[0]", "change 0", "scale their speeds by"} {
		require.ErrorContains(t, err, want)
	}
	scaled := s.Scaled(0.1)
	scaled.Changes, scaled.RandomChanges = nil, nil
	if apache.Check() == nil {
		require.NoError(t, CheckServers(scaled, Apache))
	}
}

// TestEdge: behind an edge every request is served, by one load balancer or another.
func TestEdge(t *testing.T) {
	s := load(t)
	if err := CheckEdge(ECMP, "sed", s.LBs); err != nil {
		t.Skip(err)
	}
	require.ErrorContains(t, CheckEdge(ECMP, "haproxy-random", s.LBs), "haproxy-random")
	require.ErrorContains(t, CheckEdge(ECMP, "sed", 1000), "1000 load balancers")
	var rec recorded
	e := open(t, Config{Scenario: s, Setup: Setup{Edge: ECMP}, Heuristic: "sed", Recorder: &rec})
	require.NoError(t, episodes.Play(t.Context(), e, nil, 7))
	require.Len(t, rec, len(arrivals(t, s, 7)))
	for _, o := range rec {
		require.False(t, o.Failed)
	}
}

// TestDifferences: what real servers do otherwise is said beside what loopback does.
func TestDifferences(t *testing.T) {
	t.Parallel()
	s := load(t)
	require.Equal(t, Differences(s), Setup{}.Differences(s))
	require.Greater(t, len(Setup{Servers: Apache}.Differences(s)), len(Differences(s)))
}
