//go:build linux

package shm

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fairlb/env/testbed"
)

// newPublisher makes a region in a folder of the test's.
func newPublisher(t testing.TB, c Config) (*Publisher, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "region")
	p, err := Create(path, c)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, p.Close()) })
	return p, path
}

func openPlane(t testing.TB, path string) *Plane {
	t.Helper()
	p, err := Open(path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, p.Close()) })
	return p
}

// TestExchange follows counters, samples and weights through a region and back.
func TestExchange(t *testing.T) {
	t.Parallel()
	plane, path := newPublisher(t, Config{})
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode())

	agent := openPlane(t, path)
	var r testbed.Reading
	require.ErrorIs(t, agent.Read(&r), testbed.ErrNoReading)
	require.Equal(t, testbed.Reading{}, r)

	clock, err := NewClock()
	require.NoError(t, err)
	now := clock.Now()
	require.NoError(t, plane.Set(1, "web-1"))
	require.NoError(t, plane.Set(3, "web-3"))
	*plane.Server(1) = testbed.Server{Name: "web-1", In: true, Ongoing: 4, Dispatched: 9, Completed: 5, Failed: 1, DurationSum: 2.5, CountSum: 11}
	plane.Completed(1, now, 2*time.Second)
	plane.Completed(1, now, 4*time.Second)
	plane.Elapsed(1, now, time.Second)
	require.NoError(t, plane.Publish(now))

	require.NoError(t, agent.Read(&r))
	require.Equal(t, now, r.Time)
	require.Equal(t, uint64(1), r.Sequence)
	require.Less(t, r.Age, time.Minute)
	require.Equal(t, []testbed.Server{{}, *plane.Server(1), {}, {Name: "web-3", In: true}}, r.Servers)
	require.Equal(t, []float64{0, 1, 0, 0}, r.Load)
	require.Equal(t, []float32{4, 3, 1, 4, 3, 4, 1, 0, 1, 1, 1}, r.Obs[11:22])

	got := make([]float64, plane.Slots())
	require.False(t, plane.Weights(got))
	_, ok := plane.AgentAge(now)
	require.False(t, ok)
	require.NoError(t, agent.Write([]float64{-1, 2, 0, 6, 7}))
	require.True(t, plane.Weights(got))
	require.Equal(t, []float64{4, 2, 4, 6}, got[:4])
	require.False(t, plane.Weights(got), "they have been returned")
	require.NoError(t, agent.Beat())
	age, ok := plane.AgentAge(clock.Now())
	require.True(t, ok)
	require.Less(t, age, time.Minute)

	require.NoError(t, plane.Set(3, "web-4"))
	require.True(t, plane.Weights(got), "for other servers")
	require.Equal(t, []float64{2, 2, 2, 2}, got[:4])
}
