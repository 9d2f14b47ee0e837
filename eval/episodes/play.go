package episodes

import (
	"context"
	"fmt"

	"fairlb/agents"
	"fairlb/env"
)

// stage is what one worker has built for one target, and the recorder of the
// run on it.
type stage struct {
	target   *Target
	recorder *recorder
	env      env.Env
	actor    agents.Actor // nil: no actions
	actions  [][]float64  // Agents x Servers; nil without an actor
}

func newStage(target *Target, classes int) (*stage, error) {
	s := &stage{target: target, recorder: newRecorder(classes)}
	var err error
	if s.env, err = target.Env(s.recorder); err != nil {
		return nil, fmt.Errorf("building the environment: %w", err)
	}
	if target.Actor == nil {
		return s, nil
	}
	if s.actor, err = target.Actor(); err != nil {
		_ = s.env.Close() // the actor's fault is the one to report
		return nil, fmt.Errorf("building the policy: %w", err)
	}
	s.actions = newActions(s.env)
	return s, nil
}

func newActions(e env.Env) [][]float64 {
	spec := e.Spec()
	actions := make([][]float64, spec.Agents)
	for i := range actions {
		actions[i] = make([]float64, spec.Servers)
	}
	return actions
}

// Play plays the episode of seed to its end, steered by actor (nil: no
// actions), and lets the requests in flight finish where the environment can
// (env.Drainer). It is for an environment that was built to be watched for one
// episode; Run makes the figures of many.
func Play(ctx context.Context, e env.Env, actor agents.Actor, seed uint64) error {
	var actions [][]float64
	if actor != nil {
		actions = newActions(e)
	}
	return play(ctx, e, actor, actions, seed, func() {}, func() {})
}

// play is Play with room for the actions; begun is called after the reset, and
// ended before what is left drains.
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

// run plays the episode of seed to its end and lets the requests in flight
// finish. The recorder then holds the outcomes of that episode alone.
func (s *stage) run(ctx context.Context, seed uint64) error {
	// What was recorded until the reset belongs to the episode before.
	ended := func() { s.recorder.fairness.closed = true }
	if err := play(ctx, s.env, s.actor, s.actions, seed, s.recorder.reset, ended); err != nil {
		return err
	}
	if s.recorder.fault != nil {
		return s.recorder.fault
	}
	if s.recorder.tallies[0].n == 0 {
		return ErrNoRequests
	}
	return nil
}
