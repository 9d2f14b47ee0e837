package testbed

import (
	"context"
	"time"
)

// Clock is what time it is, and how to wait. Tests have one of their own.
type Clock interface {
	// Now returns the present time. Differences of two times do not depend on the
	// wall clock being set.
	Now() time.Time
	// WaitUntil returns at the time t, at once where that has passed, or with the
	// context's error as soon as ctx is done.
	WaitUntil(ctx context.Context, t time.Time) error
}

var _ Clock = SystemClock{}

// SystemClock is the system's clock.
type SystemClock struct{}

// Now implements Clock.
func (SystemClock) Now() time.Time { return time.Now() }

// WaitUntil implements Clock.
func (SystemClock) WaitUntil(ctx context.Context, t time.Time) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	left := time.Until(t)
	if left <= 0 {
		return nil
	}
	timer := time.NewTimer(left)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
