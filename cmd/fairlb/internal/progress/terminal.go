package progress

import (
	"io"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"

	"fairlb/results/text"
)

// Terminal draws bars with the time that is left.
type Terminal struct {
	Out     io.Writer
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
	return &terminalBar{
		estimate: newEstimate(total, time.Now),
		text:     what, room: max(leastBar, columns-countsWidth-width),
		bar: progressbar.NewOptions(total,
			progressbar.OptionSetWriter(t.Out),
			progressbar.OptionSetDescription(text.Shorten(what, columns-countsWidth-width, text.Middle)),
			progressbar.OptionShowCount(),
			progressbar.OptionSetPredictTime(false), // by the number of parts alone
			progressbar.OptionSetWidth(width),
			progressbar.OptionClearOnFinish(),
		),
	}
}

// terminalBar ignores errors: a terminal that cannot be written to is no reason
// to stop the work.
type terminalBar struct {
	bar  *progressbar.ProgressBar
	room int // columns of the text before the bar

	mu       sync.Mutex
	text     string
	estimate estimate
}

var _ Estimated = (*terminalBar)(nil)

// Set implements Bar.
func (b *terminalBar) Set(done int, text string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if text != "" {
		b.text = text
	}
	b.show(done, b.estimate.left(done))
}

// SetLeft implements Estimated.
func (b *terminalBar) SetLeft(done int, left time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.show(done, left)
}

func (b *terminalBar) show(done int, left time.Duration) {
	b.bar.Describe(text.Shorten(withLeft(b.text, left), b.room, text.Middle))
	_ = b.bar.Set(done)
}

// Close implements Bar.
func (b *terminalBar) Close() { _ = b.bar.Finish() }
