package qmix

import (
	"fmt"
	"math"
	"math/rand/v2"

	"fairlb/agents"
	"fairlb/agents/nn"
	"fairlb/agents/normalise"
	"fairlb/agents/policy"
	"fairlb/env"
)

// actor steers all LBs by copies of their utilities; actors of one learner
// share nothing that they write.
type actor struct {
	spec     env.Spec
	features []*normalise.Features
	weights  []float64  // of the levels
	utility  greedy     // of one state
	level    []float32  // [N]
	lbs      []explorer // none if the actor does not explore
}

// explorer is an LB's noise: per server a random level that it holds for some
// steps, or none (Dabney et al. 2021, "Temporally-Extended epsilon-Greedy
// Exploration").
type explorer struct {
	epsilon, renew float64 // probabilities of a random level, of a new draw
	rng            *rand.Rand
	source         *rand.PCG
	held           []int // [N], levels; -1 for the best one
	begun          bool
}

// reset begins an episode.
func (e *explorer) reset(seed uint64, lb int) {
	e.source.Seed(seed, uint64(lb))
	e.begun = false
}

// apply puts random levels in the place of some of the best ones.
func (e *explorer) apply(level []float32, levels int) {
	for j := range level {
		if !e.begun || e.rng.Float64() < e.renew {
			e.held[j] = -1
			if e.rng.Float64() < e.epsilon {
				e.held[j] = e.rng.IntN(levels)
			}
		}
		if k := e.held[j]; k >= 0 {
			level[j] = float32(k)
		}
	}
	e.begun = true
}

var _ agents.Actor = (*actor)(nil)

func (l *Learner) newActor(values *nn.Arena, explore bool) (agents.Actor, error) {
	a := &actor{spec: l.spec, level: make([]float32, l.spec.Servers)}
	var err error
	if a.utility, err = l.nets.greedy(values.Clone(), 1); err != nil {
		return nil, fmt.Errorf("qmix: actor: %w", err)
	}
	for i, f := range l.features {
		a.features = append(a.features, f.Clone())
		if explore {
			source := rand.NewPCG(0, uint64(i))
			a.lbs = append(a.lbs, explorer{
				epsilon: l.epsilon, renew: 1 / l.cfg.Hold, rng: rand.New(source), source: source, held: make([]int, l.spec.Servers),
			})
		}
	}
	for _, u := range l.cfg.Levels {
		a.weights = append(a.weights, min(max(math.Exp(u), l.spec.Action.Low), l.spec.Action.High))
	}
	return a, nil
}

// Reset implements agents.Actor.
func (a *actor) Reset(seed uint64) {
	for i := range a.lbs {
		a.lbs[i].reset(seed, i)
	}
}

// Act implements agents.Actor. It fails if an observation is of another shape
// or not finite.
func (a *actor) Act(dst [][]float64, step *env.Step) error {
	if err := policy.CheckAct(a.spec, dst, step); err != nil {
		return err
	}
	for i, obs := range step.Obs {
		a.features[i].Apply(a.utility.x[i].Data(), obs)
	}
	a.utility.plan.Run()
	for i := range a.utility.out {
		a.utility.choose(a.level, i)
		if len(a.lbs) > 0 {
			a.lbs[i].apply(a.level, len(a.weights))
		}
		for j, k := range a.level {
			dst[i][j] = a.weights[int(k)]
		}
	}
	return nil
}
