package episodes

import (
	"context"
	"fmt"

	"fairlb/agents"
	"fairlb/env"
)

// runner plays episodes of one target, one after the other: it holds the
// environment and the actor that were built for the target, and the recorder of
// the episode that is played.
type runner struct {
	target   *Target
	recorder *recorder
	env      env.Env
	actor    agents.Actor // nil: no actions
	actions  [][]float64  // Agents x Servers; nil without an actor
}

func newRunner(target *Target, classes int) (*runner, error) {
	r := &runner{target: target, recorder: newRecorder(classes)}
	var err error
	if r.env, err = target.Env(r.recorder); err != nil {
		return nil, fmt.Errorf("building the environment: %w", err)
	}
	if target.Actor == nil {
		return r, nil
	}
	if r.actor, err = target.Actor(); err != nil {
		_ = r.env.Close() // the actor's fault is the one to report
		return nil, fmt.Errorf("building the policy: %w", err)
	}
	spec := r.env.Spec()
	r.actions = spec.NewActions()
	return r, nil
}

// run plays the episode of seed to its end and lets the requests in flight
// finish. The recorder then holds the outcomes of that episode alone.
func (r *runner) run(ctx context.Context, seed uint64) error {
	// What was recorded until the reset belongs to the episode before.
	ended := func() { r.recorder.fairness.closed = true }
	if err := play(ctx, r.env, r.actor, r.actions, seed, r.recorder.reset, ended); err != nil {
		return err
	}
	if r.recorder.fault != nil {
		return r.recorder.fault
	}
	if r.recorder.classes[0].n == 0 {
		return ErrNoRequests
	}
	return nil
}
