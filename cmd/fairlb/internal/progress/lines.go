package progress

import (
	"fmt"
	"time"

	"github.com/sirupsen/logrus"
)

// Lines logs how far work has come where nobody looks at a terminal: a line now
// and then, none for work that is done before the first.
type Lines struct {
	Log   logrus.FieldLogger
	Every time.Duration    // between two lines; 0: a minute
	Now   func() time.Time // nil: time.Now
}

var _ Display = Lines{}

// Bar implements Display.
func (l Lines) Bar(what string, total int) Bar {
	b := &lineBar{log: l.Log, every: l.Every, now: l.Now, total: total}
	if b.every <= 0 {
		b.every = time.Minute
	}
	if b.now == nil {
		b.now = time.Now
	}
	b.last = b.now()
	b.estimatedBar = estimatedBar{text: what, estimate: newEstimate(total, b.now), show: b.show}
	return b
}

type lineBar struct {
	estimatedBar
	log   logrus.FieldLogger
	every time.Duration
	now   func() time.Time
	total int
	last  time.Time // of the last line
}

var _ Estimated = (*lineBar)(nil)

func (b *lineBar) show(text string, done int, left time.Duration) {
	now := b.now()
	if now.Sub(b.last) < b.every {
		return
	}
	b.last = now
	count := fmt.Sprintf("%d done", done)
	if b.total > 0 {
		count = fmt.Sprintf("%d of %d", done, b.total)
	}
	b.log.Info(withLeft(text+": "+count, left))
}

// Close implements Bar.
func (*lineBar) Close() {}
