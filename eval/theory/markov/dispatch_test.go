package markov

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestChances: the chance of each of four servers of capacities 2, 2, 1 and 1, by
// hand.
func TestChances(t *testing.T) {
	t.Parallel()
	sed, lsq := []float64{2, 2, 1, 1}, []float64{1, 1, 1, 1}
	plugin := CandidateOrFirst([]int{1, 0, 2, 3})
	ordered := First([]int{2, 3, 0, 1}, []int{3, 2, 1, 0})
	for _, test := range []struct {
		name    string
		weights []float64
		ties    Ties
		lb      int
		own     []int
		want    []float64
	}{
		{"one is least", lsq, Fair, 0, []int{1, 1, 0, 1}, []float64{0, 0, 1, 0}},
		{"three tie", lsq, Fair, 0, []int{0, 0, 1, 0}, []float64{1. / 3, 1. / 3, 0, 1. / 3}},
		{"one is least", lsq, plugin, 0, []int{1, 1, 0, 1}, []float64{0, 0, 1, 0}},
		{"all tie", lsq, plugin, 0, []int{1, 1, 1, 1}, []float64{0.25, 0.25, 0.25, 0.25}},
		{"the large ones tie", sed, plugin, 0, []int{0, 0, 0, 0}, []float64{0.25, 0.75, 0, 0}},
		{"2/2, 1/1 and 1/1 tie", sed, plugin, 1, []int{1, 2, 0, 0}, []float64{0.5, 0, 0.25, 0.25}},
		{"the small ones first", sed, ordered, 0, []int{1, 1, 0, 0}, []float64{0, 0, 1, 0}},
		{"the second LB reverses", sed, ordered, 1, []int{1, 1, 0, 0}, []float64{0, 0, 0, 1}},
		{"the third is as the first", sed, ordered, 2, []int{1, 1, 0, 0}, []float64{0, 0, 1, 0}},
		{"the large ones alone", sed, ordered, 1, []int{0, 0, 0, 0}, []float64{0, 1, 0, 0}},
	} {
		chance := []float64{9, 9, 9, 9} // whatever was there is overwritten
		ShortestDelay(test.weights, test.ties)(test.lb, test.own, chance)
		require.InDeltaSlice(t, test.want, chance, 1e-15, test.name)
	}
}
