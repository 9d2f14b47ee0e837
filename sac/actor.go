package sac

import (
	"fmt"
	"math"
	"math/rand/v2"

	"fairlb/agents"
	"fairlb/agents/nn"
	"fairlb/env"
)

// actor steers all LBs by copies of their policies' parameters; actors of one
// learner share nothing that they write.
type actor struct {
	spec env.Spec
	lbs  []lbActor
}

// lbActor is the policy of one LB.
type lbActor struct {
	features features
	obs      *nn.Node
	decide   func(u []float64, rng *rand.Rand)
	rng      *rand.Rand // nil if the actor does not explore
	source   *rand.PCG
	u        []float64
}

var _ agents.Actor = (*actor)(nil)

func (l *Learner) newActor(explore bool) (agents.Actor, error) {
	act := &actor{spec: l.spec}
	for i, a := range l.lbs {
		values := a.nets.average
		if explore {
			values = a.nets.actor
		}
		plan := nn.NewPlan(values.Clone())
		lb := lbActor{features: a.features.clone(), u: make([]float64, l.spec.Servers)}
		lb.obs, lb.decide = a.head.act(plan, a.nets.policy, explore)
		if err := plan.Err(); err != nil {
			return nil, fmt.Errorf("sac: actor of LB %d: %w", i, err)
		}
		if explore {
			lb.source = rand.NewPCG(0, uint64(i))
			lb.rng = rand.New(lb.source)
		}
		act.lbs = append(act.lbs, lb)
	}
	return act, nil
}

// Reset implements agents.Actor.
func (a *actor) Reset(seed uint64) {
	for i := range a.lbs {
		if lb := &a.lbs[i]; lb.source != nil {
			lb.source.Seed(seed, uint64(i))
		}
	}
}

// Act implements agents.Actor. It fails if an observation is of another shape
// or not finite.
func (a *actor) Act(dst [][]float64, step *env.Step) error {
	if len(dst) != len(a.lbs) || len(step.Obs) != len(a.lbs) {
		return fmt.Errorf("sac: act: %d rows of actions and %d observations for %d LBs", len(dst), len(step.Obs), len(a.lbs))
	}
	for i := range a.lbs {
		lb := &a.lbs[i]
		obs := step.Obs[i]
		if len(obs) != len(lb.obs.Data()) || len(dst[i]) != len(lb.u) {
			return fmt.Errorf("sac: act: LB %d: %d weights from %d values, want %d from %d",
				i, len(dst[i]), len(obs), len(lb.u), len(lb.obs.Data()))
		}
		for k, v := range obs {
			if v-v != 0 { // NaN or infinite
				f := len(a.spec.Features)
				return fmt.Errorf("sac: act: LB %d: feature %s of server %d is %g: must be finite",
					i, a.spec.Features[k%f].Name, k/f, v)
			}
		}
		lb.features.apply(lb.obs.Data(), obs)
		lb.decide(lb.u, lb.rng)
		for j, u := range lb.u {
			// float32 may round a log-weight past its bound.
			dst[i][j] = min(max(math.Exp(u), a.spec.Action.Low), a.spec.Action.High)
		}
	}
	return nil
}
