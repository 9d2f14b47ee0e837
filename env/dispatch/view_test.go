package dispatch

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestViewWithoutPicks: however much happens between two picks, nothing is
// missed, and the list of what changed does not grow.
func TestViewWithoutPicks(t *testing.T) {
	for _, name := range []string{"lsq-ordered", "ecmp", "wlr"} {
		w := newSimulatedLB(3, 1, false)
		w.view.Global, w.view.Reports = nil, nil
		rule, err := New(name, Options{Capacity: []float64{1, 1, 1}, LBs: 1})
		require.NoError(t, err)
		for range 4 {
			w.view.Sent(rule.Pick(&w.view))
		}
		for range 100 {
			w.view.SetOut(2, true)
			w.view.SetOut(2, false)
			require.LessOrEqual(t, len(w.view.changed), cap(w.view.buffer))
		}
		w.view.SetOut(0, true)
		w.view.SetOut(2, true)
		require.Equal(t, 1, rule.Pick(&w.view), name)
		w.view.SetOut(2, false)
		require.NotZero(t, rule.Pick(&w.view), name)
	}
}
