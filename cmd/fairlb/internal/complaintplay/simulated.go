package complaintplay

import (
	"math"

	"fairlb/agents"
	"fairlb/agents/selftuning"
	"fairlb/cmd/fairlb/internal/simulate"
	"fairlb/cmd/fairlb/internal/target"
	"fairlb/env"
	"fairlb/env/dispatch"
	"fairlb/env/scenario"
	"fairlb/env/sim"
	"fairlb/eval/episodes"
	"fairlb/rewards"
)

// SelfTuningAgent is the name of the target that is `fairlb agent self-tuning`: weights by
// the counts of each step's interval.
const SelfTuningAgent = "agent:self-tuning"

// Simulated makes a target of the simulator of a name: what package target knows, and
// SelfTuningAgent.
func Simulated(s scenario.Scenario, name string) (target.Target, error) {
	if name != SelfTuningAgent {
		return target.Parse(s, name)
	}
	reward, err := rewards.New(rewards.Names()[0]) // of steps that nobody learns from
	if err != nil {
		return target.Target{}, err
	}
	// An agent's weights have wider bounds than those of a policy that learns, so that one of
	// a server on probation is next to nothing (cmd/fairlb/internal/agentprocess).
	const maxLogWeight = 20
	open := simulate.Open(s, func(cfg *sim.Config) {
		cfg.Counts, cfg.Reward, cfg.MaxLogWeight, cfg.Ties = true, reward, maxLogWeight, dispatch.OrderedTies
	})
	actor := func() (agents.Actor, error) {
		return selftuning.New(selftuning.Config{
			LBs: s.LBs, Interval: s.StepInterval, Rule: dispatch.DefaultSelfTuning(),
			Bounds: env.ActionSpec{Low: math.Exp(-maxLogWeight), High: math.Exp(maxLogWeight)},
		})
	}
	return target.Target{Target: episodes.Target{Name: name, Env: open.Recorded(), Actor: actor}, Open: open}, nil
}
