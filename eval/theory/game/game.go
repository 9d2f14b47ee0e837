// Package game is finite games in normal form: their pure equilibria, their price of
// anarchy, and how far a function is from being an exact potential of one. It is
// mathematics alone; packages eval/theory/potential and eval/theory/nash make games.
package game

import (
	"errors"
	"fmt"
	"math"
)

// Game is a finite game. A profile is a choice of each player; profiles are numbered
// with the last player's choice going round first.
type Game struct {
	Choices []int       // by player, the number of them
	Payoff  [][]float64 // by player and profile
}

// ErrShape reports payoffs that do not fit the choices.
var ErrShape = errors.New("game: payoffs must be one a player and profile")

// Profiles returns the number of profiles.
func (g *Game) Profiles() int {
	n := 1
	for _, c := range g.Choices {
		n *= c
	}
	return n
}

// Validate reports what does not fit.
func (g *Game) Validate() error {
	if len(g.Choices) == 0 || len(g.Payoff) != len(g.Choices) {
		return fmt.Errorf("%w: %d players, payoffs of %d", ErrShape, len(g.Choices), len(g.Payoff))
	}
	for i, p := range g.Payoff {
		if len(p) != g.Profiles() {
			return fmt.Errorf("%w: %d profiles, %d payoffs of player %d", ErrShape, g.Profiles(), len(p), i)
		}
	}
	return nil
}

// stride is how far the numbers of profiles are apart that differ by one in a
// player's choice.
func (g *Game) stride(player int) int {
	n := 1
	for _, c := range g.Choices[player+1:] {
		n *= c
	}
	return n
}

// Choice returns a player's choice in a profile.
func (g *Game) Choice(profile, player int) int {
	return profile / g.stride(player) % g.Choices[player]
}

// Deviate returns the profile in which a player makes another choice.
func (g *Game) Deviate(profile, player, choice int) int {
	return profile + (choice-g.Choice(profile, player))*g.stride(player)
}

// deviations calls visit with each profile, player and other choice of that player.
func (g *Game) deviations(visit func(profile, player, other int)) {
	for p := range g.Profiles() {
		for i, n := range g.Choices {
			for c := range n {
				if other := g.Deviate(p, i, c); other != p {
					visit(p, i, other)
				}
			}
		}
	}
}

// Epsilon returns by how much, at most, the change of a player's payoff when it alone
// deviates differs from the change of a function of the profiles: 0 if that is an exact
// potential, and else the epsilon for which the game is an epsilon-approximate potential
// game by it. It returns the deviation for which it is greatest, as two profiles.
func (g *Game) Epsilon(potential []float64) (epsilon float64, from, to int) {
	g.deviations(func(p, i, other int) {
		if x := math.Abs((g.Payoff[i][other] - g.Payoff[i][p]) - (potential[other] - potential[p])); x > epsilon {
			epsilon, from, to = x, p, other
		}
	})
	return epsilon, from, to
}

// Against returns how many of the deviations that raise the deviating player's payoff
// lower a function of the profiles, and how many raise the payoff. Changes up to
// tolerance are none.
func (g *Game) Against(potential []float64, tolerance float64) (against, raising int) {
	g.deviations(func(p, i, other int) {
		if g.Payoff[i][other]-g.Payoff[i][p] > tolerance {
			raising++
			if potential[other]-potential[p] < -tolerance {
				against++
			}
		}
	})
	return against, raising
}

// CycleDefect returns the greatest sum of payoff changes around a cycle of four
// deviations in which two players go to another choice and back. The game has an exact
// potential if and only if it is 0 (Monderer and Shapley 1996, Corollary 2.9); else no
// function is a potential up to less than a quarter of it.
func (g *Game) CycleDefect() float64 {
	worst := 0.0
	for p := range g.Profiles() {
		for i := range g.Choices {
			for k := i + 1; k < len(g.Choices); k++ {
				for a := g.Choice(p, i) + 1; a < g.Choices[i]; a++ {
					for b := g.Choice(p, k) + 1; b < g.Choices[k]; b++ {
						q := g.Deviate(p, i, a)
						r := g.Deviate(q, k, b)
						s := g.Deviate(p, k, b)
						sum := g.Payoff[i][q] - g.Payoff[i][p] + g.Payoff[k][r] - g.Payoff[k][q] + g.Payoff[i][s] - g.Payoff[i][r] + g.Payoff[k][p] - g.Payoff[k][s]
						worst = max(worst, math.Abs(sum))
					}
				}
			}
		}
	}
	return worst
}

// Equilibria lists the profiles in which no player gains more than tolerance by
// another choice.
func (g *Game) Equilibria(tolerance float64) []int {
	gains := make([]bool, g.Profiles())
	g.deviations(func(p, i, other int) { gains[p] = gains[p] || g.Payoff[i][other] > g.Payoff[i][p]+tolerance })
	var list []int
	for p, some := range gains {
		if !some {
			list = append(list, p)
		}
	}
	return list
}

// Gap returns the Nash gap of a profile: what the player that gains most gains by
// another choice.
func (g *Game) Gap(profile int) float64 {
	gap := 0.0
	for i, n := range g.Choices {
		for c := range n {
			gap = max(gap, g.Payoff[i][g.Deviate(profile, i, c)]-g.Payoff[i][profile])
		}
	}
	return gap
}
