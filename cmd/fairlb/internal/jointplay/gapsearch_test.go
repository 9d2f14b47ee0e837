package jointplay

import (
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/env/scenario"
)

// TestGapSearch: each LB's tilt is found by the times of its own requests, and what it gains,
// what the other loses and what becomes of all are told apart, on the held-out episodes.
func TestGapSearch(t *testing.T) {
	t.Parallel()
	s, err := scenario.Load("misweighted/1.0", []string{"duration=5"})
	require.NoError(t, err)
	policy, err := Parse(s, "lsq")
	require.NoError(t, err)
	g := GapSearch{Player: &Player{Scenario: s}, Policy: policy, Rounds: 4, Pairs: 2, Seed: 3, HeldOut: []uint64{1, 2, 3}}
	row, err := g.Row(t.Context())
	require.NoError(t, err)
	require.Len(t, row.ByLB, 2)
	for lb, gap := range row.ByLB {
		tilts, err := g.search(t.Context(), []int{lb}, func(t Times) float64 { return t.ByLB[lb] })
		require.NoError(t, err)
		require.Nil(t, tilts[1-lb], "the other stays as it is")
		means := func(tilts [][]float64) (own, other, all float64) {
			for _, seed := range g.HeldOut {
				x, err := g.Player.PlayTilted(t.Context(), policy, tilts, seed)
				require.NoError(t, err)
				own, other, all = own+x.ByLB[lb]/3, other+x.ByLB[1-lb]/3, all+x.All/3
			}
			return
		}
		own, other, all := means(nil)
		ownAfter, otherAfter, allAfter := means(tilts)
		require.InDelta(t, all, row.Mean, 1e-12)
		require.InDelta(t, (own-ownAfter)/own, gap.Own.Mean, 1e-12)
		require.InDelta(t, (other-otherAfter)/other, gap.Others.Mean, 1e-12)
		require.InDelta(t, (all-allAfter)/all, gap.Team.Mean, 1e-12)
	}
}
