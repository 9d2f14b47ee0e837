package delay

import (
	"fmt"
	"slices"

	"fairlb/agents"
	"fairlb/agents/es"
	"fairlb/agents/nn"
	"fairlb/agents/normalise"
	"fairlb/agents/policy"
	"fairlb/env"
)

// actor steers all LBs by copies of their models.
type actor struct {
	spec  env.Spec
	box   float64
	noise float64 // standard deviation of the noise on u, while the model is fitted
	sigma float64 // standard deviation of that on kappa and the corrections, while they are chosen
	lbs   []lbActor
}

// lbActor is the policy of one LB.
type lbActor struct {
	features *normalise.Features
	plan     *nn.Plan
	x, out   *nn.Node  // x is nil without a network
	centre   []float32 // kappa and corrections without noise
	choice   []float64 // kappa and corrections of the episode: with noise
	u        []float64 // [N], log-weights
}

var _ agents.Actor = (*actor)(nil)

// newActor returns an actor with copies of the models: with noise if explore is set,
// else with the averaged choice of kappa and corrections.
func (l *Learner) newActor(explore bool) (agents.Actor, error) {
	act := &actor{spec: l.spec, box: l.cfg.Box}
	switch {
	case explore && l.frozen && l.cfg.ChoiceRate > 0:
		act.sigma = l.sigma
	case explore && !l.frozen:
		act.noise = l.cfg.Noise
	}
	for i, m := range l.lbs {
		chosen := m.choice.Average
		if explore {
			chosen = m.choice.Values
		}
		lb := lbActor{
			features: m.features.Clone(), plan: nn.NewPlan(m.arena.Clone()), centre: slices.Clone(chosen),
			choice: make([]float64, len(chosen)), u: make([]float64, l.spec.Servers),
		}
		lb.out = m.apply(lb.plan, 1, len(l.spec.Features), &lb.x)
		if err := lb.plan.Err(); err != nil {
			return nil, fmt.Errorf("delay: actor of LB %d: %w", i, err)
		}
		act.lbs = append(act.lbs, lb)
	}
	act.Reset(0)
	return act, nil
}

// Reset implements agents.Actor: of an explorer, seed is that of the trial.
func (a *actor) Reset(seed uint64) {
	for i := range a.lbs {
		lb := &a.lbs[i]
		clear(lb.choice)
		if a.sigma > 0 || a.noise > 0 {
			es.Noise(lb.choice, seed, uint64(i))
		}
		for k, v := range lb.centre {
			size := a.sigma
			if k > 0 && a.noise > 0 {
				size = a.noise
			}
			lb.choice[k] = float64(v) + size*lb.choice[k]
		}
	}
}

// Act implements agents.Actor. It fails if an observation is of another shape
// or not finite.
func (a *actor) Act(dst [][]float64, step *env.Step) error {
	if err := policy.CheckAct(a.spec, dst, step); err != nil {
		return err
	}
	for i, obs := range step.Obs {
		a.lbs[i].decide(obs, a.box)
		for j, u := range a.lbs[i].u {
			dst[i][j] = policy.Weight(a.spec, u)
		}
	}
	return nil
}

// decide sets u to the log-weights: kappa times the centred u of the model, plus the
// corrections, within [-box, box].
func (lb *lbActor) decide(obs []float32, box float64) {
	if lb.x != nil {
		lb.features.Apply(lb.x.Data(), obs)
	}
	lb.plan.Run()
	mean := 0.0
	for _, u := range lb.out.Data() {
		mean += float64(u) / float64(len(lb.u))
	}
	for j, u := range lb.out.Data() {
		lb.u[j] = min(max(lb.choice[0]*(float64(u)-mean)+lb.choice[1+j], -box), box)
	}
}
