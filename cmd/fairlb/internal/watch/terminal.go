package watch

import (
	"fmt"
	"io"
	"regexp"
	"strings"

	"fairlb/results/runtrace/frame"
)

// Terminal is a terminal on which one frame takes the place of the one before.
type Terminal struct {
	Out    io.Writer
	Size   func() frame.Size // at the moment
	Colour bool

	drawn  string // the frame that is there
	hidden bool   // the cursor is
}

// The sequences of a terminal (ECMA-48) that are used.
const (
	hideCursor = "\x1b[?25l"
	showCursor = "\x1b[?25h"
	clearRight = "\x1b[K"
	clearBelow = "\x1b[J"
	bold       = "\x1b[1m"
	red        = "\x1b[31m"
	plain      = "\x1b[0m"
)

// draw draws the present moment of a run, if that looks different.
func (t *Terminal) draw(v *frame.View) error {
	size := t.Size()
	if size.Rows > 0 {
		size.Rows-- // that of the cursor, below the frame
	}
	text := v.Frame(size)
	if text == t.drawn {
		return nil
	}
	var b strings.Builder
	if !t.hidden {
		b.WriteString(hideCursor)
		t.hidden = true
	}
	if n := strings.Count(t.drawn, "\n"); n > 0 {
		fmt.Fprintf(&b, "\x1b[%dF", n) // up, to the beginning of the line
	}
	t.drawn = text
	if t.Colour {
		text = coloured(text)
	}
	b.WriteString(strings.ReplaceAll(text, "\n", clearRight+"\n") + clearBelow)
	_, err := io.WriteString(t.Out, b.String())
	return err
}

// close gives the cursor back; the last frame stays.
func (t *Terminal) close() {
	if t.hidden {
		_, _ = io.WriteString(t.Out, showCursor) // a terminal that is gone needs none
	}
}

// waiting is the part of a bar beyond the server's CPUs.
var waiting = regexp.MustCompile("▒+")

// coloured makes the first line bold, and what waits red.
func coloured(text string) string {
	first, rest, _ := strings.Cut(text, "\n")
	return bold + first + plain + "\n" + waiting.ReplaceAllString(rest, red+"$0"+plain)
}
