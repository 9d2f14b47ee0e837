package main

import (
	"bytes"
	"io"
	"os"
	"unicode/utf8"

	"golang.org/x/term"
)

// isTerminal says whether a person would see what is written.
func isTerminal(w io.Writer) bool {
	if m, ok := w.(*measured); ok {
		w = m.Writer
	}
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// drawable says whether w is a terminal on which lines can be drawn anew.
func drawable(w io.Writer) bool { return isTerminal(w) && os.Getenv("TERM") != "dumb" }

// coloured says whether the environment lets a terminal have colours: see
// https://no-color.org.
func coloured() bool { return os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" }

// columnsOf is how wide a terminal is; 0 if that is not known.
func columnsOf(w io.Writer) int {
	columns, _ := sizeOf(w)
	return columns
}

// sizeOf is how many columns and rows a terminal has; 0 if that is not known.
func sizeOf(w io.Writer) (columns, rows int) {
	if m, ok := w.(*measured); ok {
		w = m.Writer
	}
	if f, ok := w.(*os.File); ok {
		if columns, rows, err := term.GetSize(int(f.Fd())); err == nil {
			return columns, rows
		}
	}
	return 0, 0
}

// measured is what results are written to, of which it is known how wide the lines
// were and what could not be written. Only one goroutine writes results.
type measured struct {
	io.Writer
	line, widest int // characters
	err          error
}

// Write implements io.Writer.
func (m *measured) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0; {
		line, more, ended := bytes.Cut(rest, []byte{'\n'})
		m.line += utf8.RuneCount(line)
		m.widest = max(m.widest, m.line)
		if ended {
			m.line = 0
		}
		rest = more
	}
	n, err := m.Writer.Write(p)
	if m.err == nil {
		m.err = err
	}
	return n, err
}

// noteWidth says what the lines of the results need, if the terminal that they
// were written to has less.
func (a *app) noteWidth() {
	if columns := columnsOf(a.stdout); columns > 0 && a.stdout.widest > columns {
		a.log.Infof("the widest line needs %d columns, and this terminal has %d: widen it, or write into a file", a.stdout.widest, columns)
	}
}
