package sim

import (
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/env/station"
	"fairlb/env/workload"
)

// meanAndFailures plays episodes of a configuration under a heuristic.
func meanAndFailures(t *testing.T, cfg Config, heuristic string, seeds ...uint64) (mean float64, failed int) {
	t.Helper()
	cfg.Heuristic, cfg.Observe = heuristic, false
	n := 0
	for _, seed := range seeds {
		list, _ := episode(t, cfg, seed)
		for _, o := range list {
			n++
			mean += o.Completion
			if o.Failed {
				failed++
			}
		}
	}
	return mean / float64(n), failed
}

// TestSelfTuningLearnsSpeeds: where the larger servers are slow, which nothing tells
// it, self-tuning is faster than SED, and than LSQ where the speeds differ.
func TestSelfTuningLearnsSpeeds(t *testing.T) {
	t.Parallel()
	cfg := moderate(t)
	cfg.Duration = 150
	for j := range cfg.Servers {
		cfg.Servers[j].Speed = []float64{2, 2, 1, 1, 0.5, 0.5, 0.5, 1}[j]
	}
	sed, _ := meanAndFailures(t, cfg, "sed", 31500, 31501)
	lsq, _ := meanAndFailures(t, cfg, "lsq", 31500, 31501)
	tuned, _ := meanAndFailures(t, cfg, "self-tuning", 31500, 31501)
	require.Less(t, tuned, 0.85*sed)
	require.Less(t, tuned, lsq)
}

// TestUnnoticedFailure: a server that refuses everything and is not known to have
// failed gets most requests of SED, and few of self-tuning's.
func TestUnnoticedFailure(t *testing.T) {
	t.Parallel()
	cfg := moderate(t)
	cfg.Duration, cfg.Detection = 60, 1000
	cfg.Changes = []station.Change{{At: 20, Kind: station.Fail, Index: 5}, {At: 50, Kind: station.Return, Index: 5}}
	_, sed := meanAndFailures(t, cfg, "sed", 31500)
	_, tuned := meanAndFailures(t, cfg, "self-tuning", 31500)
	require.Greater(t, sed, 200, "of about 400 in those 30 s")
	require.Less(t, tuned, 30)
}

// TestSelfTuningInOverload: where every server refuses requests, self-tuning loses hardly
// more of them than SED.
func TestSelfTuningInOverload(t *testing.T) {
	t.Parallel()
	cfg := moderate(t)
	cfg.Duration, cfg.Backlog = 60, 4
	cfg.Workload = func(seed uint64) (workload.Source, error) {
		return workload.NewSynthetic(workload.Arrivals{Rate: 30}, cfg.Classes, []float64{0.5, 0.5}, seed), nil
	}
	_, sed := meanAndFailures(t, cfg, "sed", 31500, 31501)
	_, tuned := meanAndFailures(t, cfg, "self-tuning", 31500, 31501)
	require.Greater(t, sed, 300)
	require.Less(t, float64(tuned), 1.05*float64(sed))
}
