package progress

import (
	"sync"
	"time"
)

// estimatedBar keeps what the bars of this package share: what is being done,
// and the time that is left, by the pace so far or as the work says it.
type estimatedBar struct {
	show func(text string, done int, left time.Duration) // is called by one goroutine at a time

	mu       sync.Mutex
	text     string
	estimate estimate
}

// Set implements Bar.
func (b *estimatedBar) Set(done int, text string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if text != "" {
		b.text = text
	}
	b.show(b.text, done, b.estimate.left(done))
}

// SetLeft implements Estimated.
func (b *estimatedBar) SetLeft(done int, left time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.show(b.text, done, left)
}
