package sim

import (
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/env/dispatch"
	"fairlb/env/station"
	"fairlb/env/workload"
)

// answer is what server 0 tells a rule.
type answer struct {
	inFlight  int32
	latency   float64
	completed int
	busy      float64
}

// asking is a rule that asks server 0 at every request, and sends it there.
type asking struct{ answers *[]answer }

func (r asking) Pick(v *dispatch.View) int {
	var x answer
	x.inFlight, x.latency = v.Reports.Probe(0)
	x.completed, x.busy = v.Reports.Load(0)
	*r.answers = append(*r.answers, x)
	return 0
}

// TestReportsByHand: what a server tells, of requests of 4 s each on one
// processor. Without a failure they stay for 4, 7, 6, 4, 7.5 and 11 s and find 0,
// 1, 1, 0, 1 and 2 others there; the last answer leaves out the one that found 2.
func TestReportsByHand(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		changes []station.Change
		want    []answer
	}{
		{"no failure", nil, []answer{{}, {1, 0, 0, 1}, {1, 4, 1, 6}, {0, 6, 3, 12}, {1, 6, 3, 12.5}, {2, 6, 3, 13}, {0, 6, 6, 24}}},
		{"a failure at 7 s", []station.Change{{At: 7, Kind: station.Fail, Index: 0}, {At: 8, Kind: station.Return, Index: 0}}, []answer{{}, {1, 0, 0, 1}, {1, 4, 1, 6}, {0, 0, 1, 7}, {1, 0, 1, 7.5}, {2, 0, 1, 8}, {0, 7.5, 4, 19}}},
	} {
		var answers []answer
		cfg := Config{
			Config: station.Config{Servers: []station.Server{{CPUs: 1, Speed: 1}}, Backlog: 4},
			LBs:    1, Timeout: 40, Duration: 40, StepInterval: 40, MaxLogWeight: 1, Detection: 5,
			Classes: []workload.Class{{Name: "task", Share: 1, Stages: []workload.Stage{{Resource: workload.CPU, Law: law(t, "deterministic", 4, 0)}}}},
			Changes: test.changes,
			Rule:    func(int) (dispatch.Rule, error) { return asking{&answers}, nil },
			Workload: func(uint64) (workload.Source, error) {
				return &fixedArrivals{times: []float64{0, 1, 6, 20, 20.5, 21, 37}, demand: 4}, nil
			},
		}
		episode(t, cfg, 1)
		require.Equal(t, test.want, answers, test.name)
	}
}
