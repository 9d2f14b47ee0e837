package progress

import (
	"bytes"
	"io"
	"strings"
	"sync"
	"unicode/utf8"
)

// Screen is a terminal on which bars are drawn (Terminal) and the lines of a log are
// written. A line goes above the bar, which is drawn anew below it. Its methods may be
// called by several goroutines.
type Screen struct {
	out io.Writer

	mu    sync.Mutex
	drawn string // the line of the bar that is on the terminal; empty: none is
}

// NewScreen returns the screen of a terminal.
func NewScreen(out io.Writer) *Screen { return &Screen{out: out} }

var _ io.Writer = (*Screen)(nil)

// Write writes whole lines.
func (s *Screen) Write(lines []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.drawn == "" {
		return s.out.Write(lines)
	}
	blanks := strings.Repeat(" ", utf8.RuneCountInString(s.drawn))
	if _, err := io.WriteString(s.out, "\r"+blanks+"\r"+string(lines)+s.drawn); err != nil {
		return 0, err
	}
	return len(lines), nil
}

// barWriter is the screen as the drawing of a bar sees it.
type barWriter struct{ *Screen }

// Write implements io.Writer, and remembers the line that the bar has drawn: a carriage
// return begins it anew.
func (b barWriter) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if k := bytes.LastIndexByte(p, '\r'); k >= 0 {
		b.drawn = string(p[k+1:])
	} else {
		b.drawn += string(p)
	}
	return b.out.Write(p)
}
