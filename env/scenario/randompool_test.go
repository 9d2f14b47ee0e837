package scenario

import (
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/env/settings"
)

// TestRandomServices: every number gives a scenario that passes the rules and is the same each
// time; about as many are of a kind as is said.
func TestRandomServices(t *testing.T) {
	t.Parallel()
	web, io, bursts, failures, n := 0, 0, 0, 0, 400
	for number := range uint64(n) {
		name := Random(RandomServices, number)
		s, err := Load(name, nil)
		require.NoError(t, err, name)
		again, err := Load(name, nil)
		require.NoError(t, err)
		require.Equal(t, s, again)
		require.LessOrEqual(t, s.Workload.Arrivals.Load, 0.95)
		if s.CPU.Prefork {
			web++
			require.InDelta(t, 1, s.Workload.Classes[0].Share+s.Workload.Classes[1].Share, 1e-9)
		} else if demand := s.meanDemand(); demand[1] > 0 {
			io++
			require.LessOrEqual(t, demand[1], 0.76*(demand[0]+demand[1]))
		}
		if s.Workload.Arrivals.BurstFactor > 0 {
			bursts++
		}
		for _, x := range s.RandomChanges {
			if x.Kind == "fail" {
				failures++
			}
		}
	}
	require.InDelta(t, n/4, web, 40)
	require.InDelta(t, n/2, io, 40)
	require.InDelta(t, n/4, bursts, 40)
	require.InDelta(t, n/6, failures, 30)
	_, err := Load("random-services/1", nil)
	require.ErrorContains(t, err, "neither a file nor a built-in scenario")
}

// TestRandomPools: every number gives a scenario that passes the rules, is as large as
// is said, and is the same each time.
func TestRandomPools(t *testing.T) {
	t.Parallel()
	kinds, laws := map[string]int{}, map[string]int{}
	for number := range uint64(200) {
		name := Random(RandomPools, number)
		s, err := Load(name, nil)
		require.NoError(t, err, name)
		require.Equal(t, name, s.Name)
		again, err := Load(name, nil)
		require.NoError(t, err)
		require.Equal(t, s, again)
		require.True(t, s.LBs >= 1 && s.LBs <= 8, "%d LBs", s.LBs)
		n := s.countServers(nil)
		require.True(t, n >= 2 && n <= 64, "%d servers", n)
		sent := s.Rate() * s.Duration / float64(n*s.LBs)
		require.True(t, sent >= 60 && (sent <= 1100 || s.Duration == 10*s.StepInterval), "%g requests a server and LB", sent)
		kinds[s.CPU.Discipline]++
		laws[s.Workload.Classes[0].Stages[0].Law]++
		yaml, err := settings.Marshal(s)
		require.NoError(t, err)
		require.NotEmpty(t, yaml)
	}
	for _, counts := range []map[string]int{kinds, laws} {
		require.Len(t, counts, 2)
		for what, count := range counts {
			require.Greater(t, count, 60, what)
		}
	}
	for _, name := range []string{"random-pool/", "random-pool/01", "random-pool/-1", "random-pool/x"} {
		_, err := Load(name, nil)
		require.ErrorContains(t, err, "neither a file nor a built-in scenario", name)
	}
}
