package eval

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
	spec := s.env.Spec()
	s.actions = make([][]float64, spec.Agents)
	for i := range s.actions {
		s.actions[i] = make([]float64, spec.Servers)
	}
	return s, nil
}

// run plays the episode of seed to its end and lets the requests in flight
// finish. The recorder then holds the outcomes of that episode alone.
func (s *stage) run(ctx context.Context, seed uint64) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	step, err := s.env.Reset(ctx, seed)
	if err != nil {
		return err
	}
	s.recorder.reset() // what was recorded so far belongs to the episode before
	if s.actor != nil {
		s.actor.Reset(seed)
	}
	for !step.Terminated && !step.Truncated {
		if err := ctx.Err(); err != nil {
			return err
		}
		if s.actor != nil {
			if err := s.actor.Act(s.actions, &step); err != nil {
				return err
			}
		}
		if step, err = s.env.Step(ctx, s.actions); err != nil {
			return err
		}
	}
	if d, ok := s.env.(env.Drainer); ok {
		if err := d.Drain(ctx); err != nil {
			return err
		}
	}
	if s.recorder.fault != nil {
		return s.recorder.fault
	}
	if s.recorder.tallies[0].n == 0 {
		return ErrNoRequests
	}
	return nil
}
