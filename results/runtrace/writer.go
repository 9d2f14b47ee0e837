package runtrace

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
)

// Writer writes a file, a whole line at a time.
type Writer struct {
	out      io.Writer
	header   Header
	before   float64   // the time of the line before; negative: there is none
	capacity []float64 // that was written last
}

// NewWriter writes the header, whose kind and format it fills in.
func NewWriter(out io.Writer, h Header) (*Writer, error) {
	h.Kind, h.Format = kind, Format
	if err := h.check(); err != nil {
		return nil, fmt.Errorf("runtrace: header: %w", err)
	}
	w := &Writer{out: out, header: h, before: -1}
	return w, w.line(h)
}

// Write writes a step, of which it keeps nothing.
func (w *Writer) Write(s *Step) error {
	if err := s.check(&w.header, w.before); err != nil {
		return fmt.Errorf("runtrace: step: %w", err)
	}
	w.before = s.Time
	x := *s
	x.Time, x.Late = rounded(s.Time, exactDigits), rounded(s.Late, digits)
	if x.Capacity = roundedRow(s.Capacity); slices.Equal(x.Capacity, w.capacity) {
		x.Capacity = nil
	} else if x.Capacity != nil {
		w.capacity = x.Capacity
	}
	x.Weights = nil
	for _, row := range s.Weights {
		x.Weights = append(x.Weights, roundedRow(row))
	}
	for _, counts := range []*[][]int{&x.Completed, &x.Failed} {
		if zero(*counts) {
			*counts = nil
		}
	}
	for _, seconds := range []*float64{&x.Ended.Mean, &x.Ended.P50, &x.Ended.P90, &x.Ended.P99} {
		*seconds = rounded(*seconds, digits)
	}
	return w.line(x)
}

// line writes one line by one call, so that a reader of a file that is written sees most
// lines whole.
func (w *Writer) line(x any) error {
	line, err := json.Marshal(x)
	if err != nil {
		return fmt.Errorf("runtrace: %w", err)
	}
	if _, err := w.out.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("runtrace: %w", err)
	}
	return nil
}

// How many significant digits measured numbers have, and times of steps, which are not
// measured.
const (
	digits      = 4
	exactDigits = 12
)

// rounded returns a number that has so many significant digits.
func rounded(x float64, digits int) float64 {
	short, err := strconv.ParseFloat(strconv.FormatFloat(x, 'g', digits, 64), 64)
	if err != nil {
		return x // the largest numbers
	}
	return short
}

func roundedRow(row []float64) []float64 {
	if row == nil {
		return nil
	}
	out := make([]float64, len(row))
	for j, x := range row {
		out[j] = rounded(x, digits)
	}
	return out
}

// zero says whether all counts are.
func zero(counts [][]int) bool {
	for _, row := range counts {
		for _, n := range row {
			if n != 0 {
				return false
			}
		}
	}
	return true
}
