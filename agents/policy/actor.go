package policy

import (
	"fmt"
	"math"

	"fairlb/agents"
	"fairlb/agents/nn"
	"fairlb/agents/normalise"
	"fairlb/env"
)

// Policy steers one LB from what it observes, or several LBs jointly. The Actor
// that it is given to owns it: nothing else may write what it holds.
type Policy struct {
	// LBs lists the LBs, by their index in the environment.
	LBs []int
	// Features normalises the observation.
	Features *normalise.Features
	// Obs takes the normalised observation, N*F values of [N,F]; that of
	// several LBs has the features of the first, then those of the second and
	// so on, as replay.JointEpisode puts them.
	Obs *nn.Node
	// Decide reads Obs and writes the log-weights u [N,LBs]. noise is nil for an
	// actor that does not explore.
	Decide func(u []float64, noise *Noise)
	// Exploration says how the noise goes on over an episode.
	Exploration Exploration
	// ResetState begins an episode; nil for a policy without a state.
	ResetState func()

	raw   []float32 // [N,LBs*F], before it is normalised
	u     []float64
	noise *Noise // nil if the actor does not explore
}

// actor is an agents.Actor that steers all LBs by policies.
type actor struct {
	spec     env.Spec
	policies []Policy
}

var _ agents.Actor = (*actor)(nil)

// NewActor returns an Actor of policies that together steer each LB once. One
// that explores gives each policy a random stream, seeded by Reset.
func NewActor(spec env.Spec, policies []Policy, explore bool) agents.Actor {
	for i := range policies {
		p := &policies[i]
		p.raw = make([]float32, len(p.Obs.Data()))
		p.u = make([]float64, spec.Servers*len(p.LBs))
		if explore {
			p.noise = NewNoise(p.Exploration, uint64(i))
		}
	}
	return &actor{spec, policies}
}

// Reset implements agents.Actor.
func (a *actor) Reset(seed uint64) {
	for i := range a.policies {
		p := &a.policies[i]
		if p.noise != nil {
			p.noise.Reset(seed)
		}
		if p.ResetState != nil {
			p.ResetState()
		}
	}
}

// Act implements agents.Actor. It fails if an observation is of another shape
// or not finite.
func (a *actor) Act(dst [][]float64, step *env.Step) error {
	if err := CheckAct(a.spec, dst, step); err != nil {
		return err
	}
	count := len(a.spec.Features)
	for i := range a.policies {
		p := &a.policies[i]
		lbs := len(p.LBs)
		for m, lb := range p.LBs {
			for j := range a.spec.Servers {
				copy(p.raw[(j*lbs+m)*count:(j*lbs+m+1)*count], step.Obs[lb][j*count:])
			}
		}
		p.Features.Apply(p.Obs.Data(), p.raw)
		if p.noise != nil {
			p.noise.next()
		}
		p.Decide(p.u, p.noise)
		for k, u := range p.u {
			dst[p.LBs[k%lbs]][k/lbs] = Weight(a.spec, u)
		}
	}
	return nil
}

// Weight returns the weight exp(u) of a log-weight, within the bounds of an
// environment: rounding to float32 may have taken u past the bounds of its policy.
func Weight(spec env.Spec, u float64) float64 {
	return min(max(math.Exp(u), spec.Action.Low), spec.Action.High)
}

// CheckAct reports what an Actor of environments of the given spec cannot act
// on: observations or weights of another shape, and observations that are not
// finite.
func CheckAct(spec env.Spec, dst [][]float64, step *env.Step) error {
	if len(dst) != spec.Agents || len(step.Obs) != spec.Agents {
		return fmt.Errorf("policy: act: %d rows of actions and %d observations for %d LBs", len(dst), len(step.Obs), spec.Agents)
	}
	count := len(spec.Features)
	for lb, obs := range step.Obs {
		if len(obs) != spec.Servers*count || len(dst[lb]) != spec.Servers {
			return fmt.Errorf("policy: act: LB %d: %d weights from %d values, want %d from %d",
				lb, len(dst[lb]), len(obs), spec.Servers, spec.Servers*count)
		}
		for k, v := range obs {
			if v-v != 0 { // NaN or infinite
				return fmt.Errorf("policy: act: LB %d: feature %s of server %d is %g: must be finite",
					lb, spec.Features[k%count].Name, k/count, v)
			}
		}
	}
	return nil
}
