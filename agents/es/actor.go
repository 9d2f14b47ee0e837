package es

import (
	"gonum.org/v1/gonum/floats"

	"fairlb/agents"
	"fairlb/agents/normalise"
	"fairlb/agents/policy"
	"fairlb/env"
)

// actor steers all LBs by copies of their parameters.
type actor struct {
	spec       env.Spec
	scale, box float64
	sigma      float64 // standard deviation of the noise; 0 if it does not explore
	lbs        []lbActor
}

// lbActor is the policy of one LB.
type lbActor struct {
	features *normalise.Features
	centre   []float32 // the parameters without noise
	values   []float64 // the parameters of the episode: with noise
	noise    []float64
	z        []float32 // [N,F], normalised features
	u        []float64 // [N], centred log-weights
}

var _ agents.Actor = (*actor)(nil)

// newActor returns an actor with copies of the present parameters, moved by noise,
// if explore is set, else with copies of the averaged ones.
func (l *Learner) newActor(explore bool) *actor {
	a := &actor{spec: l.spec, scale: l.cfg.Scale, box: l.cfg.Box}
	if explore {
		a.sigma = l.sigma
	}
	for _, b := range l.lbs {
		values := b.search.Average
		if explore {
			values = b.search.Values
		}
		p := lbActor{
			features: b.features.Clone(), centre: append([]float32(nil), values...),
			values: make([]float64, len(values)), noise: make([]float64, len(values)),
			z: make([]float32, l.spec.Servers*len(l.spec.Features)), u: make([]float64, l.spec.Servers),
		}
		a.lbs = append(a.lbs, p)
	}
	a.Reset(0)
	return a
}

// Reset implements agents.Actor: of an explorer, seed is that of the trial.
func (a *actor) Reset(seed uint64) {
	for i := range a.lbs {
		p := &a.lbs[i]
		if a.sigma > 0 {
			Noise(p.noise, seed, uint64(i))
		}
		for k, v := range p.centre {
			p.values[k] = float64(v) + a.sigma*p.noise[k]
		}
	}
}

// Act implements agents.Actor. It fails if an observation is of another shape
// or not finite.
func (a *actor) Act(dst [][]float64, step *env.Step) error {
	if err := policy.CheckAct(a.spec, dst, step); err != nil {
		return err
	}
	for i := range a.lbs {
		a.lbs[i].decide(step.Obs[i], a.scale, a.box)
		for j, u := range a.lbs[i].u {
			dst[i][j] = policy.Weight(a.spec, u)
		}
	}
	return nil
}

// decide sets u to the centred log-weights, within [-box, box].
func (p *lbActor) decide(obs []float32, scale, box float64) {
	n := len(p.u)
	copy(p.u, p.values)
	if theta := p.values[n:]; len(theta) > 0 {
		p.features.Apply(p.z, obs)
		for j := range p.u {
			for k, z := range p.z[j*len(theta) : (j+1)*len(theta)] {
				p.u[j] += scale * theta[k] * float64(z)
			}
		}
	}
	mean := floats.Sum(p.u) / float64(n)
	for j, u := range p.u {
		p.u[j] = min(max(u-mean, -box), box)
	}
}
