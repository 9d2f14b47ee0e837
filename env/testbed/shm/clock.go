package shm

import "time"

// Now returns the present time.
func (c Clock) Now() time.Duration { return c.At(time.Now()) }

// At returns the time on this clock of a time that time.Now returned.
func (c Clock) At(t time.Time) time.Duration { return c.at + t.Sub(c.anchor) }
