package game_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/eval/theory/game"
)

// prisoners is the prisoner's dilemma: 0 is to be silent, 1 to tell. Its exact
// potential is known.
func prisoners() *game.Game {
	return &game.Game{Choices: []int{2, 2}, Payoff: [][]float64{{-1, -3, 0, -2}, {-1, 0, -3, -2}}}
}

func TestPrisoners(t *testing.T) {
	t.Parallel()
	g := prisoners()
	require.NoError(t, g.Validate())
	require.Equal(t, []int{3}, g.Equilibria(0))
	require.InDelta(t, 1, g.Gap(0), 1e-15)
	require.InDelta(t, 0, g.Gap(3), 1e-15)
	require.InDelta(t, 0, g.CycleDefect(), 1e-15)
	epsilon, _, _ := g.Epsilon([]float64{0, 1, 1, 2})
	require.InDelta(t, 0, epsilon, 1e-15)
	epsilon, from, to := g.Epsilon([]float64{0, 1, 1, 5})
	require.InDelta(t, 3, epsilon, 1e-15)
	require.Equal(t, []int{1, 3}, []int{from, to})
	against, raising := g.Against([]float64{0, -1, -1, -2}, 0)
	require.Equal(t, []int{4, 4}, []int{against, raising})
}

// TestMatchingPennies has neither an equilibrium of pure choices nor a potential.
func TestMatchingPennies(t *testing.T) {
	t.Parallel()
	g := &game.Game{Choices: []int{2, 2}, Payoff: [][]float64{{1, -1, -1, 1}, {-1, 1, 1, -1}}}
	require.Empty(t, g.Equilibria(0))
	require.InDelta(t, 8, g.CycleDefect(), 1e-15)
}

// TestRandomPotentials: payoffs that are a function of all plus one of the others'
// choices have that function as their potential; what is added to one payoff shows.
func TestRandomPotentials(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 1))
		g := &game.Game{Choices: []int{2, 3, 2}, Payoff: make([][]float64, 3)}
		potential := make([]float64, g.Profiles())
		for p := range potential {
			potential[p] = rng.Float64()
		}
		for i := range g.Payoff {
			others := map[int]float64{}
			for p := range potential {
				rest := g.Deviate(p, i, 0)
				if _, ok := others[rest]; !ok {
					others[rest] = rng.Float64()
				}
				g.Payoff[i] = append(g.Payoff[i], potential[p]+others[rest])
			}
		}
		epsilon, _, _ := g.Epsilon(potential)
		require.InDelta(t, 0, epsilon, 1e-12)
		require.InDelta(t, 0, g.CycleDefect(), 1e-12)
		require.NotEmpty(t, g.Equilibria(0), "a potential has a maximum")
		g.Payoff[1][5] += 0.5
		epsilon, _, _ = g.Epsilon(potential)
		require.InDelta(t, 0.5, epsilon, 1e-12)
		require.InDelta(t, 0.5, g.CycleDefect(), 1e-12)
	}
}

func TestGameRefuses(t *testing.T) {
	t.Parallel()
	g := &game.Game{Choices: []int{2, 2}, Payoff: [][]float64{{1, 2, 3, 4}}}
	require.ErrorIs(t, g.Validate(), game.ErrShape)
	g.Payoff = append(g.Payoff, []float64{1})
	require.ErrorContains(t, g.Validate(), "4 profiles, 1 payoffs of player 1")
}
