// Package progress shows how far a piece of work has come: as a bar on a
// terminal, as a line of the log now and then elsewhere, as calls of a function
// for the job of a queue, or not at all. Work takes a Display and never asks who
// looks.
package progress

import (
	"time"
)

// Display makes a Bar for each piece of work.
type Display interface {
	// Bar begins to show a piece of work that has total parts; -1 if nobody
	// knows how many.
	Bar(what string, total int) Bar
}

// Bar shows one piece of work. Its methods may be called by several goroutines.
type Bar interface {
	// Set says how many parts are done and, if text is not empty, what is being
	// done.
	Set(done int, text string)
	// Close removes the bar.
	Close()
}

// Estimated is a Bar that can be told how much time is left, where the work
// knows better than by the number of its parts.
type Estimated interface {
	// SetLeft is Set with that time; less than 0: nobody knows.
	SetLeft(done int, left time.Duration)
}

// SetLeft tells a bar how many parts are done and how much time is left, if that
// is what the bar shows.
func SetLeft(b Bar, done int, left time.Duration) {
	if e, ok := b.(Estimated); ok {
		e.SetLeft(done, left)
		return
	}
	b.Set(done, "")
}

// None shows nothing.
type None struct{}

var _ Display = None{}

// Bar implements Display.
func (None) Bar(string, int) Bar { return silentBar{} }

type silentBar struct{}

func (silentBar) Set(int, string) {}
func (silentBar) Close()          {}

// Func calls a function with what is done of a total, 0 where that is unknown.
type Func func(done, of int)

var _ Display = Func(nil)

// Bar implements Display.
func (f Func) Bar(_ string, total int) Bar { return funcBar{f, max(0, total)} }

type funcBar struct {
	tell  func(done, of int)
	total int
}

func (b funcBar) Set(done int, _ string) { b.tell(done, b.total) }
func (funcBar) Close()                   {}
