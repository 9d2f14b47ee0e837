package potential

import (
	"math"

	"fairlb/eval/theory/game"
)

// SmallGame is a game that was solved, and what Theorem 14 says of it.
type SmallGame struct {
	Name   string
	Reward Reward

	Epsilon     float64 // how far the VBF of all loads is from a potential (game.Epsilon)
	Range       float64 // its greatest less its least value
	CycleDefect float64 // 0: there is an exact potential, if not this one
	Against     int     // deviations that raise a reward and lower the VBF of all loads
	Raising     int     // deviations that raise a reward

	Equilibria  int     // of pure choices
	Best        float64 // the greatest VBF of all loads
	Worst, Most float64 // the least and the greatest VBF of all loads among equilibria; 0 without any
}

// gameTolerance is what is taken for rounding in payoffs.
const gameTolerance = 1e-10

// SmallGames solves games under the rewards: one step of fluid, with the second LB
// free, and kept to its balanced split; and slots, with the servers shared, with tasks
// that do not slow each other down, and with a second LB without traffic.
func SmallGames() []SmallGame {
	var list []SmallGame
	add := func(name string, r Reward, make func(Reward) (*game.Game, []float64)) {
		g, team := make(r)
		list = append(list, solve(name, r, g, team))
	}
	fluid := Fluid{Speeds: [2]float64{2, 1}, Work: []float64{1, 1}, Parts: 12}
	for _, r := range []Reward{OwnVBF, Difference, TeamVBF} {
		add("one step of fluid", r, fluid.Game)
	}
	add("one step of fluid, the other LB balanced", OwnVBF, func(r Reward) (*game.Game, []float64) {
		g, team := fluid.Game(r)
		return only(g, team, 1, 8)
	})
	shared := Slotted{Speeds: [2]float64{0.6, 0.3}, Arrivals: [2]float64{0.4, 0.4}, Slots: 8}
	for _, r := range []Reward{OwnVBF, Difference, TeamVBF, Ratio} {
		add("8 slots, shared servers", r, shared.Game)
	}
	apart := shared
	apart.Apart = true
	for _, r := range []Reward{OwnVBF, Difference} {
		add("8 slots, tasks that do not wait", r, apart.Game)
	}
	alone := shared
	alone.Arrivals[1] = 0
	add("8 slots, the other LB without traffic", OwnVBF, alone.Game)
	return list
}

// solve holds a game to Theorem 14.
func solve(name string, r Reward, g *game.Game, team []float64) SmallGame {
	s := SmallGame{Name: name, Reward: r, CycleDefect: g.CycleDefect(), Best: math.Inf(-1), Worst: math.Inf(1), Most: math.Inf(-1)}
	s.Epsilon, _, _ = g.Epsilon(team)
	s.Against, s.Raising = g.Against(team, gameTolerance)
	least := math.Inf(1)
	for _, x := range team {
		s.Best, least = max(s.Best, x), min(least, x)
	}
	s.Range = s.Best - least
	equilibria := g.Equilibria(gameTolerance)
	s.Equilibria = len(equilibria)
	for _, p := range equilibria {
		s.Worst, s.Most = min(s.Worst, team[p]), max(s.Most, team[p])
	}
	if len(equilibria) == 0 {
		s.Worst, s.Most = 0, 0
	}
	return s
}

// only is the game in which a player has a single choice.
func only(g *game.Game, team []float64, player, choice int) (*game.Game, []float64) {
	h := &game.Game{Choices: append([]int(nil), g.Choices...), Payoff: make([][]float64, len(g.Payoff))}
	h.Choices[player] = 1
	var kept []float64
	for p := range g.Profiles() {
		if g.Choice(p, player) == choice {
			kept = append(kept, team[p])
			for i := range g.Payoff {
				h.Payoff[i] = append(h.Payoff[i], g.Payoff[i][p])
			}
		}
	}
	return h, kept
}
