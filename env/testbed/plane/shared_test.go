//go:build linux

package plane

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fairlb/env/testbed"
	"fairlb/env/testbed/shm"
)

// steered returns a balancer of two echo servers that goes by weights in shared memory,
// and an agent's side of that.
func steered(t *testing.T, change func(*Config)) (*running, *shm.Plane, string) {
	t.Helper()
	cfg := testConfig(newServer(t, named("a")).config("a"), newServer(t, named("b")).config("b"))
	cfg.Rule.Name, cfg.Rule.Patience = "weights", 0.5
	cfg.Shared = Shared{Layout: "v2", Path: filepath.Join(t.TempDir(), "region"), Interval: 0.01}
	if change != nil {
		change(&cfg)
	}
	r := start(t, cfg)
	agent, err := shm.Open(cfg.Shared.Path)
	require.NoError(t, err)
	t.Cleanup(func() { agent.Close() })
	return r, agent, cfg.Shared.Path
}

// read reads until a reading is as it should be.
func read(t *testing.T, agent *shm.Plane, ok func(r *testbed.Reading) bool) testbed.Reading {
	t.Helper()
	var r testbed.Reading
	require.Eventually(t, func() bool { return agent.Read(&r) == nil && ok(&r) }, soon, 5*time.Millisecond)
	return r
}

// TestAgent: an agent reads what the balancer knows, its weights decide as long as it is
// alive, and the fallback decides before and after.
func TestAgent(t *testing.T) {
	t.Parallel()
	for _, layout := range []string{"v2", "v1"} {
		t.Run(layout, func(t *testing.T) {
			t.Parallel()
			r, agent, path := steered(t, func(c *Config) { c.Shared.Layout = layout })
			info, err := os.Stat(path)
			require.NoError(t, err)
			require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
			for range 20 {
				_, err := r.ask()
				require.NoError(t, err)
			}
			require.Equal(t, "self-tuning", r.ended(Completed, 20).Decider)
			reading := read(t, agent, func(r *testbed.Reading) bool {
				n := uint64(0)
				for _, s := range r.Servers {
					n += s.Completed
				}
				return layout == "v1" || n == 20
			})
			if layout == "v2" {
				require.Equal(t, "a", reading.Servers[0].Name)
				require.Positive(t, reading.Servers[0].DurationSum)
				require.True(t, reading.Servers[1].In)
				require.Positive(t, reading.Obs[1], "the mean completion time of the first")
			}
			weights := make([]float64, len(reading.Servers))
			first := -1
			for j, s := range reading.Servers {
				if s.Name == "" {
					continue
				}
				weights[j] = 1e6
				if first < 0 {
					first, weights[j] = j, 1
				}
			}
			require.NoError(t, agent.Write(weights))
			s := r.eventually("the agent decides", func(s Snapshot) bool { return s.Decider == "weights" })
			require.InDelta(t, 1e6, s.Servers[1].Weight/s.Servers[0].Weight, 1)
			require.NoError(t, agent.Beat())
			answer, err := r.ask()
			require.NoError(t, err)
			require.Equal(t, "b", answer)
			r.eventually("it is silent, and the fallback decides", func(s Snapshot) bool { return s.Decider == "self-tuning" })
			require.NoError(t, agent.Beat())
			r.eventually("it is back", func(s Snapshot) bool { return s.Decider == "weights" })
		})
	}
}

// TestFeaturesOfIdleServersFade: elapsed times are sampled though no flow begins or ends,
// while one goes on and when there is none.
func TestFeaturesOfIdleServersFade(t *testing.T) {
	t.Parallel()
	silent := newServer(t, echo)
	r, agent, _ := steered(t, func(c *Config) { c.Servers = []Server{silent.config("silent")} })
	conn := r.dial()
	high := read(t, agent, func(r *testbed.Reading) bool { return len(r.Load) > 0 && r.Load[0] > 0.2 })
	require.Equal(t, int32(1), high.Servers[0].Ongoing)
	conn.Close()
	read(t, agent, func(r *testbed.Reading) bool { return r.Servers[0].Ongoing == 0 && r.Load[0] < 0.9*high.Load[0] })
}

// TestWeightsByHand: an administrator's weights decide as an agent's do, for as long.
func TestWeightsByHand(t *testing.T) {
	t.Parallel()
	r, _, _ := steered(t, nil)
	require.ErrorIs(t, r.SetWeights(map[string]float64{"nobody": 1}), ErrUnknownServer)
	for _, bad := range []float64{0, -1, math.NaN(), math.Inf(1)} {
		require.ErrorIs(t, r.SetWeights(map[string]float64{"a": 1, "b": bad}), ErrWeight)
	}
	require.NoError(t, r.SetWeights(map[string]float64{"b": 1e-6}))
	answer, err := r.ask()
	require.NoError(t, err)
	require.Equal(t, "a", answer)
	r.eventually("nobody speaks any more", func(s Snapshot) bool { return s.Decider == "self-tuning" })
	plain := start(t, testConfig(newServer(t, echo).config("a")))
	require.ErrorIs(t, plain.SetWeights(map[string]float64{"a": 1}), ErrNoWeights)
}

// TestTwoWriters: while an agent speaks, nobody else sets weights: not another agent, and not
// an administrator. Once it is silent, another one may.
func TestTwoWriters(t *testing.T) {
	t.Parallel()
	r, agent, path := steered(t, nil)
	read(t, agent, func(r *testbed.Reading) bool { return len(r.Servers) > 1 && r.Servers[1].Name == "b" })
	write := func(a, b float64) error { return agent.Write([]float64{a, b}) }
	require.NoError(t, write(1, 3))
	r.eventually("the agent decides", func(s Snapshot) bool { return s.Decider == "weights" })
	ofAgent := func(s Snapshot) bool { return s.Servers[1].Weight == 3*s.Servers[0].Weight }

	second, err := shm.Open(path)
	require.NoError(t, err)
	t.Cleanup(func() { second.Close() })
	require.ErrorIs(t, second.Write([]float64{3, 1}), shm.ErrTaken)
	require.ErrorIs(t, second.Beat(), shm.ErrTaken)
	require.Eventually(t, func() bool {
		require.NoError(t, agent.Beat())
		return errors.Is(r.SetWeights(map[string]float64{"a": 9}), ErrSteered)
	}, soon, time.Millisecond, "a beat may come late")
	require.True(t, ofAgent(r.eventually("nothing has changed", ofAgent)))

	require.NoError(t, agent.Close())
	r.eventually("it is silent", func(s Snapshot) bool { return s.Decider == "self-tuning" })
	require.NoError(t, r.SetWeights(map[string]float64{"a": 9, "b": 1}))
	r.eventually("the administrator decides", func(s Snapshot) bool { return s.Servers[0].Weight == 9*s.Servers[1].Weight })
	require.NoError(t, second.Write([]float64{1, 5}))
	r.eventually("the second agent does", func(s Snapshot) bool { return s.Servers[1].Weight == 5*s.Servers[0].Weight })
}

// TestRegionDamaged: whatever becomes of the file, connections are served, and a new region is
// there for an agent.
func TestRegionDamaged(t *testing.T) {
	t.Parallel()
	r, agent, path := steered(t, nil)
	for _, damage := range []func(){
		func() { require.NoError(t, os.Remove(path)) },
		func() { require.NoError(t, os.Truncate(path, 100)) },
		func() { require.NoError(t, os.Truncate(path, 0)) },
		func() {
			require.NoError(t, os.Remove(path))
			require.NoError(t, os.WriteFile(path, []byte("something else"), 0o600))
		},
	} {
		damage()
		_, err := r.ask()
		require.NoError(t, err)
		require.Eventually(t, func() bool {
			var reading testbed.Reading
			return agent.Read(&reading) == nil && reading.Servers[0].Name == "a"
		}, soon, 10*time.Millisecond)
	}
	r.stop()
	_, err := os.Stat(path)
	require.ErrorIs(t, err, os.ErrNotExist, "it ended in order")
}
