package main

import (
	"github.com/schollz/progressbar/v3"
)

// bar is a progress bar with the time that is left, on a terminal; elsewhere
// it shows nothing.
type bar struct {
	shown *progressbar.ProgressBar
	tell  func(done, of int) // instead
	total int
}

func (a *app) newBar(what string, total int) *bar {
	if a.progress != nil {
		return &bar{tell: a.progress, total: total}
	}
	if !a.interactive() {
		return &bar{}
	}
	return &bar{shown: progressbar.NewOptions(total,
		progressbar.OptionSetWriter(a.stderr),
		progressbar.OptionSetDescription(what),
		progressbar.OptionShowCount(),
		progressbar.OptionSetPredictTime(true),
		progressbar.OptionSetWidth(30),
		progressbar.OptionClearOnFinish(),
	)}
}

// set shows how much is done and, if text is not empty, a new description.
// A terminal that cannot be written to is no reason to stop the work.
func (b *bar) set(done int, text string) {
	if b.tell != nil {
		b.tell(done, max(0, b.total))
	}
	if b.shown == nil {
		return
	}
	if text != "" {
		b.shown.Describe(text)
	}
	_ = b.shown.Set(done)
}

func (b *bar) close() {
	if b.shown != nil {
		_ = b.shown.Finish()
	}
}
