package loopback

import (
	"errors"
	"fmt"

	"fairlb/agents/methods"
	"fairlb/cmd/fairlb/internal/simulate"
	"fairlb/cmd/fairlb/internal/target"
	"fairlb/env"
	"fairlb/env/dispatch"
	"fairlb/env/scenario"
	"fairlb/rewards"
)

// Told is who is told of episodes: doubt why one is no measurement, note what else there
// is to know.
type Told struct {
	Doubt, Note func(target string, seed uint64, what string)
}

// Training opens scenarios for a method to learn in, in real time; doubt is told why an
// episode is no measurement, and note what the channels moved of a method that is
// centralised.
func Training(doubt, note func(seed uint64, what string)) func(scenario.Scenario, rewards.Reward, string) simulate.Opener {
	return func(s scenario.Scenario, reward rewards.Reward, method string) simulate.Opener {
		return func(rec env.Recorder, sampler env.Sampler) (env.Env, error) {
			if methods.NeedsFlows(method) {
				return nil, fmt.Errorf("%w: method %s, which learns from single flows: a load balancer tells of sums", ErrNotLive, method)
			}
			return New(Config{Scenario: s, Reward: reward, Recorder: rec, Sampler: sampler, Doubt: doubt, Note: note, Central: methods.IsCentral(method)})
		}
	}
}

// Live is a target of the simulator in real time. Its episodes are to be played one at a
// time. Agents are processes of their own, one a load balancer, that act by the policy
// alone; in a guarded target they are what an operator runs: under their guard or, where the
// target is self-tuning, by that. A policy that is joint is played by this process, which has
// all load balancers by channels.
func Live(s scenario.Scenario, t target.Target, guarded bool, told Told) (target.Target, error) {
	return Setup{}.Live(s, t, guarded, told)
}

// Live is Live with such a setup.
func (x Setup) Live(s scenario.Scenario, t target.Target, guarded bool, told Told) (target.Target, error) {
	cfg := Config{
		Scenario: s, Setup: x, Reward: t.Reward,
		Doubt: func(seed uint64, what string) { told.Doubt(t.Name, seed, what) },
		Note:  func(seed uint64, what string) { told.Note(t.Name, seed, what) },
	}
	refuse := func(why string) (target.Target, error) {
		return t, fmt.Errorf("%w: target %q: %s", ErrNotLive, t.Name, why)
	}
	switch {
	case t.Weights != nil: // sed with capacities dispatches as agents' weights do
		cfg.Heuristic, cfg.Capacities = "sed", t.Weights
	case guarded && t.Joint:
		return refuse("its policy steers all load balancers together, which no agent of one can")
	case guarded && t.Policy != nil && !t.Policy.Carried:
		cfg.Agent = &Agent{Policy: t.Path, AnyServers: true}
	case guarded && t.Actor == nil && t.Heuristic != selfTuning && t.Heuristic != dispatch.UniversalName:
		return refuse("an agent has a policy, or is self-tuning or universal")
	case guarded && t.Actor == nil:
		cfg.Agent = &Agent{Policy: t.Heuristic, AnyServers: true}
	case t.Actor != nil && !t.Joint:
		cfg.Agent = &Agent{Policy: t.Path, Unguarded: !guarded}
	case t.Actor == nil && t.Heuristic == "":
		return refuse("neither a heuristic nor a trained policy")
	default:
		cfg.Heuristic, cfg.Policy, cfg.Central = t.Heuristic, t.Policy, t.Joint
	}
	if err := errors.Join(Check(s, cfg.Heuristic), x.Check(s, cfg.Heuristic)); err != nil {
		return t, err
	}
	open := cfg
	t.Open = func(rec env.Recorder, sampler env.Sampler) (env.Env, error) {
		cfg := open
		cfg.Recorder, cfg.Sampler = rec, sampler
		return New(cfg)
	}
	t.Target.Env = t.Open.Recorded()
	if cfg.Agent != nil {
		t.Actor = nil // it is in the agents' processes
	}
	return t, nil
}

// selfTuning is the policy of an agent that needs no training.
const selfTuning = "self-tuning"
