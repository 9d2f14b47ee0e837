package linelog

import (
	"io"
	"sync"
)

var _ io.Writer = (*Queue)(nil)

// Queue takes lines from any goroutine without having it wait, and has Run write them. Where
// that cannot follow, lines are lost and counted.
type Queue struct {
	to      *Lines
	waiting chan []byte
	free    chan []byte // to be used again

	mu     sync.Mutex
	closed bool
}

// NewQueue returns a queue of at most room lines.
func NewQueue(to *Lines, room int) *Queue {
	return &Queue{to: to, waiting: make(chan []byte, room), free: make(chan []byte, room)}
}

// Buffer returns an empty buffer for a line that Put takes back.
func (q *Queue) Buffer() []byte {
	select {
	case b := <-q.free:
		return b[:0]
	default:
		return nil
	}
}

// Put takes a line, which is the queue's from then on.
func (q *Queue) Put(line []byte) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		q.to.Lose(1)
		return
	}
	select {
	case q.waiting <- line:
	default:
		q.to.Lose(1)
	}
}

// Write implements io.Writer for whole lines, as a logger writes them. It never fails.
func (q *Queue) Write(p []byte) (int, error) {
	q.Put(append(q.Buffer(), p...))
	return len(p), nil
}

// Run writes lines until Close was called and all are written, and then closes the file.
func (q *Queue) Run() {
	for line := range q.waiting {
		q.to.Write(line)
		select {
		case q.free <- line:
		default:
		}
	}
	q.to.Close()
}

// Close ends Run. Lines that come later are lost.
func (q *Queue) Close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.closed {
		q.closed = true
		close(q.waiting)
	}
}
