// Package progress shows how far a piece of work has come: as a bar on a
// terminal, as calls of a function for the job of a queue, or not at all. Work
// takes a Display and never asks who looks.
package progress

import (
	"io"

	"github.com/schollz/progressbar/v3"
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

// Terminal draws bars with the time that is left.
type Terminal struct{ Out io.Writer }

var _ Display = Terminal{}

// Bar implements Display.
func (t Terminal) Bar(what string, total int) Bar {
	return terminalBar{progressbar.NewOptions(total,
		progressbar.OptionSetWriter(t.Out),
		progressbar.OptionSetDescription(what),
		progressbar.OptionShowCount(),
		progressbar.OptionSetPredictTime(true),
		progressbar.OptionSetWidth(30),
		progressbar.OptionClearOnFinish(),
	)}
}

// terminalBar ignores errors: a terminal that cannot be written to is no reason
// to stop the work.
type terminalBar struct{ bar *progressbar.ProgressBar }

func (b terminalBar) Set(done int, text string) {
	if text != "" {
		b.bar.Describe(text)
	}
	_ = b.bar.Set(done)
}

func (b terminalBar) Close() { _ = b.bar.Finish() }
