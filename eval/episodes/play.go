package episodes

import (
	"context"

	"fairlb/agents"
	"fairlb/env"
)

// Play plays the episode of seed to its end, steered by actor (nil: no
// actions), and lets the requests in flight finish where the environment can
// (env.Drainer). It is for an environment whose recorder is the caller's; Run
// makes figures of many episodes.
func Play(ctx context.Context, e env.Env, actor agents.Actor, seed uint64) error {
	var actions [][]float64
	if actor != nil {
		spec := e.Spec()
		actions = spec.NewActions()
	}
	return play(ctx, e, actor, actions, seed, func() {}, func() {})
}

// play is Play with room for the actions. It calls begun after the reset, and ended
// at the end of the episode, before the requests in flight finish.
func play(ctx context.Context, e env.Env, actor agents.Actor, actions [][]float64, seed uint64, begun, ended func()) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	step, err := e.Reset(ctx, seed)
	if err != nil {
		return err
	}
	begun()
	if actor != nil {
		actor.Reset(seed)
	}
	for !step.Terminated && !step.Truncated {
		if err := ctx.Err(); err != nil {
			return err
		}
		if actor != nil {
			if err := actor.Act(actions, &step); err != nil {
				return err
			}
		}
		if step, err = e.Step(ctx, actions); err != nil {
			return err
		}
	}
	ended()
	if d, ok := e.(env.Drainer); ok {
		return d.Drain(ctx)
	}
	return nil
}
