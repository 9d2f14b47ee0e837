package delay

import (
	"fmt"
	"math"
	"math/rand/v2"

	"fairlb/agents"
	"fairlb/agents/nn"
	"fairlb/agents/policy"
	"fairlb/env"
)

// actor steers all LBs by copies of their models.
type actor struct {
	spec   env.Spec
	box    float64
	kappas []float64 // of the trials; nil: each LB's own
	noise  float64
	lbs    []lbActor
}

// lbActor is the policy of one LB.
type lbActor struct {
	features *policy.Features
	plan     *nn.Plan
	x, out   *nn.Node // x is nil without a network
	kappa    float64
	noise    []float64 // [N], on u
	u        []float64 // [N]
}

var _ agents.Actor = (*actor)(nil)

func (l *Learner) newActor(explore bool) (agents.Actor, error) {
	act := &actor{spec: l.spec, box: l.cfg.Box}
	if explore {
		act.kappas = l.cfg.Kappas
		if !l.frozen {
			act.noise = l.cfg.Noise
		}
	}
	for i, m := range l.lbs {
		lb := lbActor{
			features: m.features.Clone(), plan: nn.NewPlan(m.arena.Clone()), kappa: float64(m.kappa[0]),
			noise: make([]float64, l.spec.Servers), u: make([]float64, l.spec.Servers),
		}
		lb.out = m.apply(lb.plan, 1, len(l.spec.Features), &lb.x)
		if err := lb.plan.Err(); err != nil {
			return nil, fmt.Errorf("delay: actor of LB %d: %w", i, err)
		}
		act.lbs = append(act.lbs, lb)
	}
	return act, nil
}

// Reset implements agents.Actor. Of an explorer, the remainder of seed by the
// number of kappas is the trial (agents.Comparer).
func (a *actor) Reset(seed uint64) {
	if a.kappas == nil {
		return
	}
	kappa := a.kappas[seed%uint64(len(a.kappas))]
	for i := range a.lbs {
		rng := rand.New(rand.NewPCG(seed, uint64(i)))
		a.lbs[i].kappa = kappa
		for j := range a.lbs[i].noise {
			a.lbs[i].noise[j] = a.noise * rng.NormFloat64()
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
			dst[i][j] = min(max(math.Exp(u), a.spec.Action.Low), a.spec.Action.High)
		}
	}
	return nil
}

// decide sets u to the log-weights: kappa times the model's, centred, and the
// noise, within the box.
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
		lb.u[j] = min(max(lb.kappa*(float64(u)-mean)+lb.noise[j], -box), box)
	}
}
