package testbedtest

import (
	"context"
	"slices"
	"sync"
	"time"

	"fairlb/env/testbed"
)

var _ testbed.Clock = (*Clock)(nil)

// Clock is a clock that stands still until somebody waits: then it is at once the time
// that was waited for. It may be used by several goroutines.
type Clock struct {
	mu   sync.Mutex
	now  time.Time
	late time.Duration

	begin  time.Time
	events []event
}

// event is something that happens at a time.
type event struct {
	at time.Time
	do func()
}

// NewClock returns a clock at some moment.
func NewClock() *Clock {
	begin := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	return &Clock{now: begin, begin: begin}
}

// At lets something happen when somebody waits past a time after the clock's first
// moment: at that time, and before the wait ends.
func (c *Clock) At(after time.Duration, do func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.events = append(c.events, event{c.begin.Add(after), do})
	slices.SortStableFunc(c.events, func(a, b event) int { return a.at.Compare(b.at) })
}

// Now implements testbed.Clock.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// WaitUntil implements testbed.Clock.
func (c *Clock) WaitUntil(ctx context.Context, t time.Time) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	for {
		e := c.next(t)
		if e == nil {
			return ctx.Err()
		}
		e()
	}
}

// next moves the clock to the next event up to t and returns that, or to t and returns
// nil.
func (c *Clock) next(t time.Time) func() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.events) > 0 && !c.events[0].at.After(t) {
		e := c.events[0]
		c.events = c.events[1:]
		c.move(e.at)
		return e.do
	}
	c.move(t)
	c.now = c.now.Add(c.late)
	c.late = 0
	return nil
}

// move moves the clock to t, never back.
func (c *Clock) move(t time.Time) {
	if t.After(c.now) {
		c.now = t
	}
}

// Advance lets time pass, as if somebody was slow.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// Oversleep makes the next wait end so much too late, as if the process was stopped.
func (c *Clock) Oversleep(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.late = d
}
