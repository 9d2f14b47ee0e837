package progress

import (
	"time"

	"github.com/schollz/progressbar/v3"

	"fairlb/results/text"
)

// Terminal draws bars with the time that is left.
type Terminal struct {
	Screen  *Screen
	Columns int // of the terminal; 0: 80
}

var _ Display = Terminal{}

// The parts of a line of a terminal.
const (
	defaultColumns = 80
	mostBar        = 30 // columns of the bar itself
	leastBar       = 10
	countsWidth    = 28 // columns of what is before and behind the bar: part, counts, time
)

// Bar implements Display.
func (t Terminal) Bar(what string, total int) Bar {
	columns := t.Columns
	if columns <= 0 {
		columns = defaultColumns
	}
	width := min(mostBar, max(leastBar, columns/3-leastBar))
	b := &terminalBar{
		room: max(leastBar, columns-countsWidth-width),
		bar: progressbar.NewOptions(total,
			progressbar.OptionSetWriter(barWriter{t.Screen}),
			progressbar.OptionSetDescription(text.Shorten(what, columns-countsWidth-width, text.Middle)),
			progressbar.OptionShowCount(),
			progressbar.OptionSetPredictTime(false), // by the number of parts alone
			progressbar.OptionSetWidth(width),
			progressbar.OptionClearOnFinish(),
		),
	}
	b.estimatedBar = estimatedBar{text: what, estimate: newEstimate(total, time.Now), show: b.show}
	return b
}

// terminalBar ignores errors: a terminal that cannot be written to is no reason
// to stop the work.
type terminalBar struct {
	estimatedBar
	bar  *progressbar.ProgressBar
	room int // columns of the text before the bar
}

var _ Estimated = (*terminalBar)(nil)

func (b *terminalBar) show(what string, done int, left time.Duration) {
	b.bar.Describe(text.Shorten(withLeft(what, left), b.room, text.Middle))
	_ = b.bar.Set(done)
}

// Close implements Bar.
func (b *terminalBar) Close() { _ = b.bar.Finish() }
