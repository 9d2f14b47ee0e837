package linelog

import (
	"bytes"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sirupsen/logrus"
)

// Lines writes whole lines to a file that may be exchanged, by one goroutine, which may
// have to wait for the file. Take and Lost may be called from any goroutine, and do not
// wait.
type Lines struct {
	what string // the lines are, for the logger
	log  logrus.FieldLogger
	lost atomic.Uint64

	mu   sync.Mutex
	next *target // Take's, until the goroutine that writes takes it

	// Of the goroutine that writes.
	out     io.WriteCloser // nil: lines go nowhere
	rest    []byte         // of a line of which a part is in the file: it must come first
	failing bool           // the last write failed
}

// target is a file for lines, or none.
type target struct{ out io.WriteCloser }

// writeTimeout is how long a write may wait for a reader, where the file can be told so
// (a named pipe). It bounds how long an exchange of the file takes.
const writeTimeout = time.Second

// New returns Lines that go nowhere yet. What says what they are, as in "decisions".
func New(what string, log logrus.FieldLogger) *Lines {
	return &Lines{what: what, log: log}
}

// Take gives lines another file, from the next Write on; nil: none. It is closed when it
// is given up.
func (l *Lines) Take(out io.WriteCloser) {
	l.mu.Lock()
	before := l.next
	l.next = &target{out}
	l.mu.Unlock()
	if before != nil && before.out != nil {
		before.out.Close() // nothing was written to it
	}
}

// Lost returns how many lines no file has.
func (l *Lines) Lost() uint64 { return l.lost.Load() }

// Lose counts lines that are lost before they could be written.
func (l *Lines) Lose(lines int) { l.lost.Add(uint64(lines)) }

// Write writes a block of whole lines, or none: then a file that was given up is closed.
func (l *Lines) Write(block []byte) {
	l.exchange()
	if l.out == nil || len(block) == 0 {
		return
	}
	if !l.finish() {
		l.Lose(bytes.Count(block, newline))
		return
	}
	n, err := l.write(block)
	if err == nil {
		l.worked()
		return
	}
	if n > 0 && block[n-1] != '\n' {
		end := n + bytes.IndexByte(block[n:], '\n') + 1
		l.rest = append(l.rest[:0], block[n:end]...)
		n = end
	}
	l.Lose(bytes.Count(block[n:], newline))
	l.failed(err)
}

var newline = []byte{'\n'}

// finish writes the rest of a line, and says whether it is there.
func (l *Lines) finish() bool {
	if len(l.rest) == 0 {
		return true
	}
	n, err := l.write(l.rest)
	l.rest = l.rest[n:]
	if err != nil {
		l.failed(err)
	}
	return err == nil
}

// write writes what the file takes in time.
func (l *Lines) write(b []byte) (int, error) {
	if d, ok := l.out.(interface{ SetWriteDeadline(time.Time) error }); ok {
		_ = d.SetWriteDeadline(time.Now().Add(writeTimeout)) // a regular file has none
	}
	return l.out.Write(b)
}

// exchange takes over the file of Take.
func (l *Lines) exchange() {
	l.mu.Lock()
	next := l.next
	l.next = nil
	l.mu.Unlock()
	if next != nil {
		l.giveUp()
		l.out = next.out
	}
}

// giveUp closes the file.
func (l *Lines) giveUp() {
	if l.out == nil {
		return
	}
	if !l.finish() {
		l.Lose(1)
	}
	l.rest = l.rest[:0]
	if err := l.out.Close(); err != nil {
		l.failed(err)
	}
	l.out = nil
}

// Close ends the log. It is called by the goroutine that writes.
func (l *Lines) Close() {
	l.exchange()
	l.giveUp()
}

// failed says once that lines are lost.
func (l *Lines) failed(err error) {
	if !l.failing {
		l.log.WithError(err).Warnf("%s are lost: the log cannot be written", l.what)
	}
	l.failing = true
}

// worked says that lines are lost no more.
func (l *Lines) worked() {
	if l.failing {
		l.log.WithField("lost", l.Lost()).Infof("the log of %s can be written again", l.what)
	}
	l.failing = false
}
