package paper

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"

	"fairlb/eval"
)

// ErrValue reports a measured value that cannot be one.
var ErrValue = errors.New("paper: invalid measured value")

// Value is the measured value of a cell: the column's statistic over runs. A run
// is one trained policy, or a heuristic, on one evaluation seed.
type Value struct {
	Mean float64 // s, mean over runs of the column's metric
	SD   float64 // s, sample standard deviation over runs; not used where N is 1
	N    int     // number of runs, at least 1

	// Runs are the runs themselves, on the same evaluation seeds in all cells of
	// a column. Without them no ties are found.
	Runs eval.Replicates
}

// NewValue sums up the runs of a cell, of which there must be one.
func NewValue(runs eval.Replicates) Value {
	all := slices.Concat(runs...)
	mean, sd := stat.MeanStdDev(all, nil)
	if len(all) < 2 {
		sd = 0
	}
	return Value{Mean: mean, SD: sd, N: len(all), Runs: runs}
}

// check reports a value that is not a finite, non-negative time of at least one
// run.
func (v Value) check() error {
	switch {
	case v.N < 1:
		return fmt.Errorf("%d runs, want at least 1", v.N)
	case !(v.Mean >= 0) || math.IsInf(v.Mean, 0):
		return fmt.Errorf("mean %g must be finite and at least 0", v.Mean)
	case v.N > 1 && (!(v.SD >= 0) || math.IsInf(v.SD, 0)):
		return fmt.Errorf("sd %g must be finite and at least 0", v.SD)
	}
	return nil
}

// Filled is a table with our own values beside the published ones.
type Filled struct {
	Table
	Cells [][]FilledCell // by row and column
}

// FilledCell is a cell of a Filled table.
type FilledCell struct {
	Ours     Value
	Measured bool // there are Ours
	Best     bool // no measured mean of the column is lower
	Tied     bool // not Best, and not significantly above it

	Published Value // Mean and SD
	Printed   bool  // there is Published, which the paper's text has not lost
}

// Fill looks up our value of every cell by the given function, which answers
// false for a cell that was not measured, and finds the best of each column and
// what ties with it. It fails with ErrValue on a value that cannot be one.
func Fill(t Table, value func(row, column int) (Value, bool)) (*Filled, error) {
	f := &Filled{Table: t, Cells: make([][]FilledCell, len(t.Rows))}
	for i, r := range t.Rows {
		f.Cells[i] = make([]FilledCell, len(t.Columns))
		for j, column := range t.Columns {
			c := &f.Cells[i][j]
			c.Published.Mean, c.Published.SD, c.Printed = t.Published(i, j)
			if c.Ours, c.Measured = value(i, j); !c.Measured {
				continue
			}
			if err := c.Ours.check(); err != nil {
				return nil, fmt.Errorf("%w: table %d, %s, column %q: %w", ErrValue, t.Number, r.TargetName(), column.Key, err)
			}
		}
	}
	for j := range t.Columns {
		f.findBest(j)
	}
	return f, nil
}

// findBest marks the best of a column, and what ties with it.
func (f *Filled) findBest(column int) {
	least := math.Inf(1)
	for i := range f.Cells {
		if c := &f.Cells[i][column]; c.Measured {
			least = min(least, c.Ours.Mean)
		}
	}
	var best *FilledCell
	for i := range f.Cells {
		c := &f.Cells[i][column]
		if c.Best = c.Measured && c.Ours.Mean == least; c.Best {
			best = c
		}
	}
	for i := range f.Cells {
		c := &f.Cells[i][column]
		c.Tied = c.Measured && !c.Best && eval.Tied(c.Ours.Runs, best.Ours.Runs)
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
			if least == 0 || c.Ours.N < least {
				least = c.Ours.N
			}
			most = max(most, c.Ours.N)
		}
	}
	return least, most
}

// Interval returns the mean of a measured cell and its 95 % interval over training
// runs and evaluation seeds (eval.Replicates.Interval).
func (v Value) Interval() (mean, lo, hi float64) {
	return v.Runs.Interval()
}
