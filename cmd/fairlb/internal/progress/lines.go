package progress

import (
	"fmt"
	"sync"
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
	b := &lineBar{log: l.Log, every: l.Every, now: l.Now, what: what, total: total}
	if b.every <= 0 {
		b.every = time.Minute
	}
	if b.now == nil {
		b.now = time.Now
	}
	b.last, b.estimate = b.now(), newEstimate(total, b.now)
	return b
}

type lineBar struct {
	log   logrus.FieldLogger
	every time.Duration
	now   func() time.Time
	total int

	mu       sync.Mutex
	what     string
	last     time.Time // of the last line
	estimate estimate
}

var _ Estimated = (*lineBar)(nil)

// Set implements Bar.
func (b *lineBar) Set(done int, text string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if text != "" {
		b.what = text
	}
	b.show(done, b.estimate.left(done))
}

// SetLeft implements Estimated.
func (b *lineBar) SetLeft(done int, left time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.show(done, left)
}

func (b *lineBar) show(done int, left time.Duration) {
	now := b.now()
	if now.Sub(b.last) < b.every {
		return
	}
	b.last = now
	count := fmt.Sprintf("%d done", done)
	if b.total > 0 {
		count = fmt.Sprintf("%d of %d", done, b.total)
	}
	b.log.Info(withLeft(b.what+": "+count, left))
}

// Close implements Bar.
func (*lineBar) Close() {}
