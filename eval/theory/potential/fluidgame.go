package potential

import (
	"fairlb/eval/theory/game"
)

// Reward is what an LB of a small game is paid.
type Reward string

// The rewards.
const (
	OwnVBF     Reward = "VBF of own loads"    // F_i(l_i): Theorem 14
	TeamVBF    Reward = "VBF of all loads"    // F(l), the same for all
	Difference Reward = "what it adds to VBF" // F(l) - F_-i(l_-i) = F_i(l_i) - 2 cov: the mended lemma's
	Ratio      Reward = "scale-free PBF, own" // prod_j (l_ij / max_k l_ik)
)

// pay returns an LB's reward for loads, by LB and server.
func (r Reward) pay(loads [][]float64, lb int) float64 {
	p := Trajectory{loads}.parts(0, lb)
	switch r {
	case TeamVBF:
		return p.Team
	case Difference:
		return p.Team - p.Others
	case Ratio:
		return PBF(loads[lb])
	}
	return p.Own
}

// Fluid is one step in which each LB splits its work over two servers freely, in
// equal parts, and the loads are what was sent over the speeds.
type Fluid struct {
	Speeds [2]float64
	Work   []float64 // by LB
	Parts  int
}

// Game returns the game, in which choice k sends k parts to the first server, and the
// VBF of all loads by profile.
func (f Fluid) Game(r Reward) (*game.Game, []float64) {
	g := &game.Game{Payoff: make([][]float64, len(f.Work))}
	for range f.Work {
		g.Choices = append(g.Choices, f.Parts+1)
	}
	return g, fill(g, r, func(profile int) [][]float64 {
		var loads [][]float64
		for i, work := range f.Work {
			first := work * float64(g.Choice(profile, i)) / float64(f.Parts)
			loads = append(loads, []float64{first / f.Speeds[0], (work - first) / f.Speeds[1]})
		}
		return loads
	})
}

// fill computes payoffs and the VBF of all loads from the loads of each profile.
func fill(g *game.Game, r Reward, loads func(profile int) [][]float64) []float64 {
	var team []float64
	for p := range g.Profiles() {
		l := loads(p)
		team = append(team, TeamVBF.pay(l, 0))
		for i := range g.Payoff {
			g.Payoff[i] = append(g.Payoff[i], r.pay(l, i))
		}
	}
	return team
}
