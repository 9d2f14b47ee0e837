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
	spec     env.Spec
	policies []policy
}

// policy steers one LB, or several jointly.
type policy struct {
	steers   []int // LBs
	features features
	raw      []float32 // [N,LBs*F], what it observes
	obs      *nn.Node
	decide   func(u []float64, rng *rand.Rand)
	rng      *rand.Rand // nil if the actor does not explore
	source   *rand.PCG
	u        []float64 // [N,LBs]
}

var _ agents.Actor = (*actor)(nil)

func (l *Learner) newActor(explore bool) (agents.Actor, error) {
	act := &actor{spec: l.spec}
	for i, a := range l.agents {
		values := a.nets.average
		if explore {
			values = a.nets.actor
		}
		plan := nn.NewPlan(values.Clone())
		p := policy{steers: a.steers, features: a.features.clone(), u: make([]float64, l.spec.Servers*len(a.steers))}
		p.obs, p.decide = a.head.act(plan, a.nets.policy, explore)
		if err := plan.Err(); err != nil {
			return nil, fmt.Errorf("sac: actor of LB %v: %w", a.steers, err)
		}
		p.raw = make([]float32, len(p.obs.Data()))
		if explore {
			p.source = rand.NewPCG(0, uint64(i))
			p.rng = rand.New(p.source)
		}
		act.policies = append(act.policies, p)
	}
	return act, nil
}

// Reset implements agents.Actor.
func (a *actor) Reset(seed uint64) {
	for i := range a.policies {
		if p := &a.policies[i]; p.source != nil {
			p.source.Seed(seed, uint64(i))
		}
	}
}

// Act implements agents.Actor. It fails if an observation is of another shape
// or not finite.
func (a *actor) Act(dst [][]float64, step *env.Step) error {
	if len(dst) != a.spec.Agents || len(step.Obs) != a.spec.Agents {
		return fmt.Errorf("sac: act: %d rows of actions and %d observations for %d LBs", len(dst), len(step.Obs), a.spec.Agents)
	}
	for i, obs := range step.Obs {
		if err := a.check(i, obs, dst[i]); err != nil {
			return err
		}
	}
	count := len(a.spec.Features)
	for i := range a.policies {
		p := &a.policies[i]
		lbs := len(p.steers)
		for m, lb := range p.steers { // as replay.Joint puts them
			for j := range a.spec.Servers {
				copy(p.raw[(j*lbs+m)*count:(j*lbs+m+1)*count], step.Obs[lb][j*count:])
			}
		}
		p.features.apply(p.obs.Data(), p.raw)
		p.decide(p.u, p.rng)
		for k, u := range p.u {
			// float32 may round a log-weight past its bound.
			dst[p.steers[k%lbs]][k/lbs] = min(max(math.Exp(u), a.spec.Action.Low), a.spec.Action.High)
		}
	}
	return nil
}

// check reports an observation of another shape or not finite.
func (a *actor) check(lb int, obs []float32, weights []float64) error {
	count := len(a.spec.Features)
	if len(obs) != a.spec.Servers*count || len(weights) != a.spec.Servers {
		return fmt.Errorf("sac: act: LB %d: %d weights from %d values, want %d from %d",
			lb, len(weights), len(obs), a.spec.Servers, a.spec.Servers*count)
	}
	for k, v := range obs {
		if v-v != 0 { // NaN or infinite
			return fmt.Errorf("sac: act: LB %d: feature %s of server %d is %g: must be finite",
				lb, a.spec.Features[k%count].Name, k/count, v)
		}
	}
	return nil
}
