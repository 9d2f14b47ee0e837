package markov

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestDirect holds elimination, and sweeps over groups, to the dense solution of
// random chains and of one whose states' probabilities span many orders.
func TestDirect(t *testing.T) {
	t.Parallel()
	check := func(name string, c *Chain) {
		want, err := dense(c)
		require.NoError(t, err)
		require.InDeltaSlice(t, want, c.StationaryDirect(), 1e-12, name)
		group := make([]int, c.states)
		for s := range group {
			group[s] = s / 3
		}
		for _, start := range [][]float64{nil, want} {
			got, err := c.StationaryByGroups(group, start, 1e-14, 10_000)
			require.NoError(t, err)
			require.InDeltaSlice(t, want, got, 1e-12, name)
		}
	}
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 2))
		check("random", randomChain(t, rng, 2+rng.IntN(60)))
	}
	var list []Transition
	for s := range 20 {
		list = append(list, Transition{s, s + 1, 0.01}, Transition{s + 1, s, 1})
	}
	c, err := NewChain(21, list)
	require.NoError(t, err)
	check("birth and death", c)
	// Exact to rounding even where a probability is 1e-40.
	p := c.StationaryDirect()
	require.InEpsilon(t, 1e-40, p[20]/p[0], 1e-12)
}

func TestGroupsRefused(t *testing.T) {
	t.Parallel()
	c, err := NewChain(3, []Transition{{0, 1, 1}, {1, 2, 1}, {2, 0, 1}})
	require.NoError(t, err)
	for _, test := range []struct {
		group []int
		want  string
	}{
		{[]int{0, 1}, "groups of 2 states for a chain of 3"},
		{[]int{0, 1, 3}, "state 2 is in group 3: must be in [0, 3)"},
		{[]int{0, 2, 2}, "group 1 has no states"},
	} {
		_, err := c.StationaryByGroups(test.group, nil, 1e-10, 10)
		require.ErrorContains(t, err, test.want)
	}
	_, err = randomChain(t, rand.New(rand.NewPCG(1, 1)), 50).StationaryByGroups(make([]int, 50), nil, 1e-14, 1)
	require.ErrorIs(t, err, ErrNotConverged)
}
