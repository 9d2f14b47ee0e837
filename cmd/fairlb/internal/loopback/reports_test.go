//go:build linux

package loopback

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/eval/episodes"
)

// TestReports: load balancers by carried hear what servers tell, on schedule, by each
// response, and both, in one episode after another, and every request is served.
func TestReports(t *testing.T) {
	for _, test := range []struct {
		set      string
		messages func(requests, seconds int) int // at least
	}{
		{"reports.every=0.05", func(_, seconds int) int { return 2 * 4 * 15 * seconds }}, // of 20 turns each
		{"reports.carried=true", func(requests, _ int) int { return requests }},
		{"reports={every: 0.05, carried: true}", func(requests, seconds int) int { return requests + 2*4*15*seconds }},
	} {
		s := load(t, test.set)
		var rec recorded
		var doubts []string
		heard := 0
		e := open(t, Config{
			Scenario: s, Heuristic: "carried", Recorder: &rec,
			Doubt: func(_ uint64, doubt string) { doubts = append(doubts, doubt) },
			Note: func(_ uint64, note string) {
				var told int
				_, err := fmt.Sscanf(note, "servers told how many requests they had in %d messages, of which load balancers heard %d", &told, &heard)
				require.NoError(t, err)
				require.Equal(t, told, heard, "%s", test.set)
			},
		})
		for _, seed := range []uint64{7, 8} {
			rec, heard = rec[:0], 0
			require.NoError(t, episodes.Play(t.Context(), e, nil, seed))
			want := len(arrivals(t, s, seed))
			require.Len(t, rec, want)
			for _, o := range rec {
				require.False(t, o.Failed)
			}
			require.GreaterOrEqual(t, heard, test.messages(want, 1), "%s", test.set)
		}
		for _, doubt := range doubts { // but that this machine was late
			require.NotContains(t, doubt, "told")
		}
	}
}

// TestReportsRefused: carried is refused, with the reason, where nothing is told.
func TestReportsRefused(t *testing.T) {
	t.Parallel()
	require.ErrorContains(t, Check(load(t), "carried"), "set reports.every or reports.carried in the scenario")
	told := load(t, "reports.carried=true")
	require.NoError(t, Check(told, "carried:age=2"))
	require.NoError(t, Check(told, "sed"))
	require.ErrorContains(t, Setup{Servers: Apache}.Check(told, "carried"), "--servers apache tell nothing")
	require.ErrorContains(t, Setup{Edge: ECMP}.Check(told, "carried"), "set reports.every alone")
	require.Len(t, Differences(told), len(Differences(load(t)))+2)
}
