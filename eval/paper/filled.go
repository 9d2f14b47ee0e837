package paper

import (
	"errors"
	"fmt"
	"slices"
)

// ErrValue reports a measured value that cannot be one.
var ErrValue = errors.New("paper: invalid measured value")

// Baseline is the method whose value the others' are divided by.
const Baseline = "sed"

// Filled is a table with our own values beside the published ones.
type Filled struct {
	Table
	Cells [][]FilledCell // by row and column
	Live  bool           // ours are of real traffic: each cell has Live
}

// FilledCell is a cell of a Filled table.
type FilledCell struct {
	Ours     Measurement
	Measured bool // there are Ours

	Published PublishedValue
	Printed   bool // there is Published: the row is the paper's, and its text has not lost the value

	// Over the baseline's in the same column; nil on the baseline itself, and where there
	// is no value of one of them.
	Ratio          *Ratio // of ours, of the requests that completed
	PublishedRatio *Ratio

	Live LiveCell // of a live table
}

// Fill looks up what was measured of every cell by the given function, which answers
// false for a cell that was not measured, and compares each with the baseline. It fails
// with ErrValue on a value that cannot be one.
func Fill(t Table, measured func(row, column int) (Measurement, bool)) (*Filled, error) {
	f := &Filled{Table: t, Cells: make([][]FilledCell, len(t.Rows))}
	for i, r := range t.Rows {
		f.Cells[i] = make([]FilledCell, len(t.Columns))
		for j, column := range t.Columns {
			c := &f.Cells[i][j]
			c.Published.Mean, c.Published.SD, c.Printed = t.Published(i, j)
			if c.Ours, c.Measured = measured(i, j); !c.Measured {
				continue
			}
			if err := c.Ours.check(); err != nil {
				return nil, fmt.Errorf("%w: table %d, %s, column %q: %w", ErrValue, t.Number, r.TargetName(), column.Key, err)
			}
		}
	}
	if base := slices.IndexFunc(t.Rows, func(r Row) bool { return r.MethodID == Baseline }); base >= 0 {
		f.compare(base)
	}
	return f, nil
}

// check reports what cannot be a measurement.
func (m *Measurement) check() error {
	if m.All.N < 1 {
		return fmt.Errorf("%d runs, want at least 1", m.All.N)
	}
	if err := m.All.check(); err != nil {
		return err
	}
	if err := m.Completed.check(); err != nil {
		return fmt.Errorf("of the completed requests: %w", err)
	}
	return nil
}

// compare sets the ratios to the row of the baseline.
func (f *Filled) compare(base int) {
	for i := range f.Cells {
		for j := range f.Columns {
			c, b := &f.Cells[i][j], &f.Cells[base][j]
			if i == base {
				continue
			}
			if c.Measured && b.Measured {
				c.Ratio = ratioOf(c.Ours, b.Ours)
			}
			if c.Printed && b.Printed && b.Published.Mean > 0 {
				c.PublishedRatio = publishedRatio(c.Published, b.Published)
			}
		}
	}
}

// RunsPerCell returns the least and the greatest number of runs of a measured
// cell; zeros if none is measured.
func (f *Filled) RunsPerCell() (least, most int) {
	for _, row := range f.Cells {
		for _, c := range row {
			if !c.Measured {
				continue
			}
			if least == 0 || c.Ours.All.N < least {
				least = c.Ours.All.N
			}
			most = max(most, c.Ours.All.N)
		}
	}
	return least, most
}

// WithoutCompleted is the number of measured cells of which it is not known what the
// completed requests came to.
func (f *Filled) WithoutCompleted() int {
	n := 0
	for _, row := range f.Cells {
		for _, c := range row {
			if c.Measured && c.Ours.Completed.N == 0 {
				n++
			}
		}
	}
	return n
}
