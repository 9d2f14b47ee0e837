package sim

import (
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/env/dispatch"
	"fairlb/env/station"
	"fairlb/env/workload"
)

// toldRule is a rule that sends all to server 0 and keeps what it has been told of it.
type toldRule struct{ heard *[]dispatch.Told }

func (r toldRule) Pick(v *dispatch.View) int {
	*r.heard = append(*r.heard, v.Told[0])
	return 0
}

// TestTellingsByHand: what LB 0 knows of a server of one processor, on which each request
// takes 4 s: those of LB 0 come at 0, 6, 9.5, 10.2, 13 and 25 s, one of LB 1 at 1 s. Packets
// take 0.25 s. So the server answers the first request at 4.25 s, the second at 8.25 s, and
// each further one 4 s later, up to that of 13 s at 24.25 s.
func TestTellingsByHand(t *testing.T) {
	t.Parallel()
	nothing := dispatch.Told{Said: -1}
	carried := []dispatch.Told{
		nothing,
		{Requests: 1, Said: 4.25, Own: 0},
		{Requests: 1, Said: 4.25, Own: 0, Sent: 1},
		{Requests: 1, Said: 4.25, Own: 0, Sent: 2},
		{Requests: 2, Said: 12.25, Own: 2},
		{Requests: 0, Said: 24.25, Own: 0},
	}
	pushed := []dispatch.Told{
		nothing,
		{Requests: 1, Said: 5, Own: 0},
		{Requests: 1, Said: 5, Own: 0, Sent: 1},
		{Requests: 1, Said: 5, Own: 0, Sent: 2},
		{Requests: 2, Said: 10, Own: 3, Ended: 1},
		{Requests: 2, Said: 20, Own: 2, Ended: 2},
	}
	for _, test := range []struct {
		name    string
		change  func(*Config)
		want    []dispatch.Told
		changes []station.Change
	}{
		{"on responses", func(c *Config) { c.CarryCounts = true }, carried, nil},
		{"every 5 s", func(c *Config) { c.TellEvery = 5 }, pushed, nil},
		{
			"both, the later counts", func(c *Config) { c.CarryCounts, c.TellEvery = true, 5 },
			[]dispatch.Told{pushed[0], pushed[1], pushed[2], pushed[3], carried[4], carried[5]},
			nil,
		},
		{
			"a server that has failed says nothing, and loses what it has", func(c *Config) { c.TellEvery = 5 },
			[]dispatch.Told{nothing, pushed[1], {Requests: 1, Said: 5, Sent: 1, Ended: 1}, {Requests: 1, Said: 5, Sent: 2, Ended: 2}, {Requests: 1, Said: 5, Sent: 3, Ended: 3}, {Requests: 0, Said: 20}},
			[]station.Change{{At: 7, Kind: station.Fail, Index: 0}, {At: 19, Kind: station.Return, Index: 0}},
		},
		{
			"a load balancer that has failed hears nothing, and has forgotten", func(c *Config) { c.CarryCounts, c.TellEvery = true, 5 },
			[]dispatch.Told{nothing, nothing, {Said: -1, Sent: 1}, {Said: -1, Sent: 2}, {Requests: 2, Said: 12.25, Own: 2}, {Requests: 0, Said: 24.25, Own: 0}},
			[]station.Change{{At: 2, Kind: station.FailLB, Index: 0}, {At: 5.9, Kind: station.ReturnLB, Index: 0}},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			heard := make([][]dispatch.Told, 2)
			cfg := Config{
				Config: station.Config{Servers: []station.Server{{CPUs: 1, Speed: 1}}, Backlog: 4},
				LBs:    2, Timeout: 40, Duration: 40, StepInterval: 40, MaxLogWeight: 1, Detection: 50, LatencyLow: 0.25, LatencyHigh: 0.25,
				Classes: []workload.Class{{Name: "task", Share: 1, Stages: []workload.Stage{{Resource: workload.CPU, Law: law(t, "deterministic", 4, 0)}}}},
				Changes: test.changes,
				Rule:    func(lb int) (dispatch.Rule, error) { return toldRule{&heard[lb]}, nil },
				Workload: func(uint64) (workload.Source, error) {
					return &fixedArrivals{times: []float64{0, 1, 6, 9.5, 10.2, 13, 25}, lbs: []int{0, 1}, demand: 4}, nil
				},
			}
			test.change(&cfg)
			episode(t, cfg, 1)
			require.Equal(t, test.want, heard[0])
		})
	}
}

// TestTellingChangesNothingElse: a rule that does not heed what servers tell has the same
// episodes with and without it.
func TestTellingChangesNothingElse(t *testing.T) {
	t.Parallel()
	for _, cfg := range []Config{moderate(t), web(t, "self-tuning")} {
		cfg.Duration = 5
		want, _ := episode(t, cfg, 3)
		cfg.CarryCounts, cfg.TellEvery = true, 0.05
		got, _ := episode(t, cfg, 3)
		require.Equal(t, want, got)
	}
}

// TestCarriedHeedsWhatItIsTold: with responses that carry counts the rule carried is
// faster than self-tuning, and the more so with fresh ones.
func TestCarriedHeedsWhatItIsTold(t *testing.T) {
	t.Parallel()
	cfg := moderate(t)
	cfg.Duration = 150
	cfg.Classes = []workload.Class{{Name: "task", Share: 1, Stages: []workload.Stage{{Resource: workload.CPU, Law: law(t, "exponential", 1, 0)}}}}
	cfg.Workload = func(seed uint64) (workload.Source, error) {
		return workload.NewSynthetic(workload.Arrivals{Rate: 10.14}, cfg.Classes, []float64{0.5, 0.5}, seed), nil
	}
	tuned, _ := meanAndFailures(t, cfg, "self-tuning", 31500, 31501)
	cfg.CarryCounts = true
	carried, _ := meanAndFailures(t, cfg, dispatch.CarriedName, 31500, 31501)
	cfg.TellEvery = 0.05
	pushed, _ := meanAndFailures(t, cfg, dispatch.CarriedName, 31500, 31501)
	require.Less(t, carried, 0.99*tuned)
	require.Less(t, pushed, 0.97*carried)
}

// TestCarriedNeedsReports: without what servers tell the rule is refused, by name.
func TestCarriedNeedsReports(t *testing.T) {
	t.Parallel()
	cfg := moderate(t)
	cfg.Heuristic, cfg.Observe = dispatch.CarriedName, false
	_, err := New(cfg)
	require.ErrorContains(t, err, "carried: needs servers that tell how many requests they have")
	cfg.TellEvery = -1
	_, err = New(cfg)
	require.ErrorContains(t, err, "told every -1 s: must be finite and not negative")
}
