package loopback

import (
	"context"
	"errors"
	"time"

	"fairlb/env"
	"fairlb/env/testbed"
)

// unobserved is the course of an episode in which nobody steers the load balancers from
// here.
type unobserved struct {
	spec  env.Spec
	begin func() error
	// look, if any, reads what the load balancers count; no step then has more to tell.
	look  func(ctx context.Context) ([][]env.ServerCounts, error)
	start time.Time
	taken int
}

// Reset begins the traffic.
func (u *unobserved) Reset(ctx context.Context, _ uint64) (env.Step, error) {
	if err := u.begin(); err != nil {
		return env.Step{}, err
	}
	u.start, u.taken = time.Now(), 0
	var s env.Step
	return s, u.count(ctx, &s)
}

// count has a step carry what load balancers counted, if they are looked at.
func (u *unobserved) count(ctx context.Context, s *env.Step) (err error) {
	if u.look == nil {
		return nil
	}
	s.Counts, err = u.look(ctx)
	for _, row := range s.Counts {
		for _, c := range row {
			s.Interval.Arrived += c.Dispatched
			s.Interval.Completed += c.Completed
			s.Interval.Failed += c.Failed
		}
	}
	return err
}

// Step waits for the end of the step.
func (u *unobserved) Step(ctx context.Context, actions [][]float64) (env.Step, error) {
	switch {
	case actions != nil:
		return env.Step{}, errors.Join(env.ErrAction, ErrNotLive)
	case u.taken == u.spec.Steps:
		return env.Step{}, env.ErrEpisodeOver
	}
	u.taken++
	s := env.Step{Time: float64(u.taken) * u.spec.StepInterval, Truncated: u.taken == u.spec.Steps}
	if err := (testbed.SystemClock{}).WaitUntil(ctx, u.start.Add(time.Duration(s.Time*float64(time.Second)))); err != nil {
		return s, err
	}
	return s, u.count(ctx, &s)
}
