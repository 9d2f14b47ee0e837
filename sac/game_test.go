package sac_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/agents"
	"fairlb/agents/policy"
	"fairlb/env"
	"fairlb/sac"
)

// A game of two LBs, a stag hunt whose moves are numbers: LB i's move is
// x_i = log(w_i1 / w_i2) / 2, in [-2, 2], and with b(d) = exp(-d^2 / 0.18) both
// earn
//
//	r(x_0, x_1) = b(x_0 - 0.3) b(x_1 - 0.3) + 0.45 [b(x_0 + 0.3) + b(x_1 + 0.3)].
//
// Together they do best near (0.3, 0.3), which earns about 1.1, and uphill from
// (0, 0) leads there. Near (-0.3, -0.3) each earns its part whatever the other
// does: about 0.9 together. To an LB that does not see the other's move, while
// that is anything, 0.3 earns 0.25 on average and -0.3 earns 0.48, beside what
// the other's move earns by itself.
const huntMost = 2

func hunt(x0, x1 float64) float64 {
	bump := func(d float64) float64 { return math.Exp(-d * d / 0.18) }
	return bump(x0-0.3)*bump(x1-0.3) + 0.45*(bump(x0+0.3)+bump(x1+0.3))
}

// move is x of an LB's weights.
func move(w []float64) float64 { return math.Log(w[0]/w[1]) / 2 }

// whimsical acts as another Actor does, but that each LB by itself does
// anything, uniformly, in three of four steps.
type whimsical struct {
	agents.Actor
	rng *rand.Rand
}

func (a whimsical) Act(dst [][]float64, step *env.Step) error {
	if err := a.Actor.Act(dst, step); err != nil {
		return err
	}
	for _, w := range dst {
		if a.rng.IntN(4) > 0 {
			x := huntMost * (2*a.rng.Float64() - 1)
			w[0], w[1] = math.Exp(x), math.Exp(-x)
		}
	}
	return nil
}

// TestHunt: Centr-LB, which knows both moves, climbs from (0, 0) to the best
// pair, where the LBs of Distr-LB, which explore in the same way, retreat to the
// safe one: with every seed. Eight were tried, and two are kept.
func TestHunt(t *testing.T) {
	t.Parallel()
	most, safe := 0.0, 0.0
	for k := range 401 {
		for m := range 401 {
			x, y := float64(k)/100-huntMost, float64(m)/100-huntMost
			most = max(most, hunt(x, y))
			if x < 0 && y < 0 {
				safe = max(safe, hunt(x, y))
			}
		}
	}
	require.Greater(t, most, safe+0.2)
	cfg := config(policy.Gaussian)
	cfg.Box, cfg.Sigma = huntMost, 0.05
	cfg.Rate, cfg.Hidden, cfg.Batch = 5e-3, 24, 64
	cfg.Gamma, cfg.Smoothness, cfg.CriticRounds, cfg.Average = 0, 0, 8, 0.98
	pay := func(pay, weights [][]float64) {
		r := hunt(move(weights[0]), move(weights[1]))
		for i := range pay {
			pay[i][0], pay[i][1] = r/2, r/2
		}
	}
	for seed := range uint64(2) {
		for _, central := range []bool{true, false} {
			t.Run(fmt.Sprintf("seed %d, central %t", seed, central), func(t *testing.T) {
				t.Parallel()
				s := newStatic(2, 0.02, pay)
				l, err := sac.New(cfg, s.spec, seed)
				if central {
					l, err = sac.NewCentralised(cfg, s.spec, seed)
				}
				require.NoError(t, err)
				rng := rand.New(rand.NewPCG(seed, 9))
				w := s.train(t, l, 30, func(a agents.Actor) agents.Actor { return whimsical{a, rng} })
				x, y := move(w[0]), move(w[1])
				if central {
					require.Greater(t, min(x, y), 0.1, "%g, %g", x, y)
					require.Greater(t, hunt(x, y), most-0.03)
				} else {
					require.Less(t, max(x, y), -0.1, "%g, %g", x, y)
					require.Less(t, hunt(x, y), safe+0.01)
				}
			})
		}
	}
}
