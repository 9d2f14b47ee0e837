// Package jointplay plays episodes in which each load balancer (LB) may follow a policy
// of its own, or one that is tilted towards some servers: for `fairlb theory potential`,
// which asks for the loads of all LBs at each step, and `fairlb theory nash`, which asks
// for their requests' completion times. All LBs dispatch by weights (SED's rule); a
// policy sets them once a step, or they stay.
package jointplay

import (
	"context"
	"errors"
	"fmt"
	"math"

	"fairlb/agents"
	"fairlb/cmd/fairlb/internal/simulate"
	"fairlb/cmd/fairlb/internal/target"
	"fairlb/env"
	"fairlb/env/scenario"
	"fairlb/env/sim"
	"fairlb/eval/theory/potential"
	"fairlb/rewards"
)

// Measure is what is taken for the load l_ij.
type Measure string

// The measures.
const (
	// Ongoing is the LB's ongoing requests on the server over the server's processors
	// times their speed: what it takes to finish them, if each needs 1 s. Over the LBs
	// they add up to the same of all requests.
	Ongoing Measure = "ongoing"
	// Estimated is the LB's estimate, of which rewards are made. Estimates do not add up
	// to anything.
	Estimated Measure = "estimated"
)

// ErrPolicy reports a name that is no policy which steers by weights.
var ErrPolicy = errors.New("jointplay: a policy must be lsq, sed, a run's folder or a checkpoint")

// Policy is what an LB may follow.
type Policy struct {
	Name    string
	weights []float64                    // that it keeps to
	actor   func() (agents.Actor, error) // or what sets them for all LBs
}

// Parse reads the name of a policy: lsq, sed, a run's folder or a checkpoint.
func Parse(s scenario.Scenario, name string) (Policy, error) {
	cfg, err := s.Config()
	if err != nil {
		return Policy{}, err
	}
	p := Policy{Name: name}
	switch name {
	case "lsq", "sed":
		for _, server := range cfg.Servers {
			w := 1.0
			if name == "sed" {
				w = float64(server.CPUs)
			}
			p.weights = append(p.weights, w)
		}
		return p, nil
	}
	t, err := target.Parse(s, name)
	if err != nil {
		return Policy{}, err
	}
	if t.Actor == nil {
		return Policy{}, fmt.Errorf("%w, not %q", ErrPolicy, name)
	}
	p.actor = t.Actor
	return p, nil
}

// Player plays episodes of a scenario.
type Player struct {
	Scenario scenario.Scenario
	Measure  Measure
}

// Play plays one episode in which LB deviating, unless it is negative, follows other
// and all LBs else follow all, and returns the loads at each step.
func (x *Player) Play(ctx context.Context, all, other Policy, deviating int, seed uint64) (potential.Trajectory, error) {
	reward, err := rewards.New("vbf")
	if err != nil {
		return nil, err
	}
	var capacity []float64
	open := simulate.Open(x.Scenario, func(cfg *sim.Config) {
		cfg.Observe, cfg.Reward, cfg.Counts = true, reward, true
		for _, s := range cfg.Servers {
			capacity = append(capacity, float64(s.CPUs)*s.Speed)
		}
	})
	e, err := open(nil, nil)
	if err != nil {
		return nil, err
	}
	defer e.Close()
	spec := e.Spec()
	joint, err := newJointActor(&spec, all, other, deviating)
	if err != nil {
		return nil, err
	}
	step, err := e.Reset(ctx, seed)
	if err != nil {
		return nil, err
	}
	joint.reset(seed)
	actions := spec.NewActions()
	var loads potential.Trajectory
	for !step.Terminated && !step.Truncated {
		if err := joint.act(actions, &step); err != nil {
			return nil, err
		}
		if step, err = e.Step(ctx, actions); err != nil {
			return nil, err
		}
		loads = append(loads, x.loads(&step, capacity))
	}
	return loads, nil
}

// loads copies the loads of a step, by LB and server.
func (x *Player) loads(step *env.Step, capacity []float64) [][]float64 {
	list := make([][]float64, len(step.Load))
	for i, estimates := range step.Load {
		if x.Measure == Estimated {
			list[i] = append(list[i], estimates...)
			continue
		}
		for j, c := range step.Counts[i] {
			list[i] = append(list[i], float64(c.Ongoing)/capacity[j])
		}
	}
	return list
}

// jointActor has a policy for each LB.
type jointActor struct {
	policies []Policy       // different ones
	actors   []agents.Actor // of these; nil where weights stay
	of       []int          // by LB, the policy
	tilts    [][]float64    // by LB, what the logarithms of its weights are raised by; nil: none
	actions  [][]float64    // of one actor
	bounds   env.ActionSpec
}

func newJointActor(spec *env.Spec, all, other Policy, deviating int) (*jointActor, error) {
	a := &jointActor{policies: []Policy{all}, of: make([]int, spec.Agents), actions: spec.NewActions(), bounds: spec.Action}
	if deviating >= 0 {
		a.policies = append(a.policies, other)
		a.of[deviating] = 1
	}
	for _, p := range a.policies {
		if p.actor == nil {
			a.actors = append(a.actors, nil)
			continue
		}
		actor, err := p.actor()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.Name, err)
		}
		a.actors = append(a.actors, actor)
	}
	return a, nil
}

func (a *jointActor) reset(seed uint64) {
	for _, actor := range a.actors {
		if actor != nil {
			actor.Reset(seed)
		}
	}
}

// act writes the actions of all LBs. Every policy acts for all of them, so that its
// recurrent state is that of a policy which has seen the whole episode.
func (a *jointActor) act(dst [][]float64, step *env.Step) error {
	for k, actor := range a.actors {
		if actor != nil {
			if err := actor.Act(a.actions, step); err != nil {
				return err
			}
		}
		for i, policy := range a.of {
			if policy != k {
				continue
			}
			weights := a.policies[k].weights
			if actor != nil {
				weights = a.actions[i]
			}
			for j, w := range weights {
				if a.tilts != nil && a.tilts[i] != nil {
					w *= math.Exp(a.tilts[i][j])
				}
				dst[i][j] = min(max(w, a.bounds.Low), a.bounds.High)
			}
		}
	}
	return nil
}
