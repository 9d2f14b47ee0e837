package results

import (
	"errors"
	"fmt"
	"math"

	"fairlb/eval/paper"
)

// ErrValue reports a measured value that cannot be shown.
var ErrValue = errors.New("results: invalid measured value")

// Value is one measured cell: the paper's statistic over runs. A run is one
// trained policy on one evaluation seed.
type Value struct {
	Mean float64 // s, mean over runs of the column's metric
	SD   float64 // s, sample standard deviation over runs; not used where N is 1
	N    int     // number of runs, at least 1

	// Runs are the runs by training run (one of a heuristic) and evaluation
	// seed, the same seeds in all cells of a column. Without them no ties are
	// found.
	Runs [][]float64
}

// Measured looks up ours for a cell of a table. It answers false for a cell
// that was not measured.
type Measured func(row, col int) (Value, bool)

// cell is one cell of a grid: ours and the published value.
type cell struct {
	ours      Value
	measured  bool
	best      bool // no measured mean of the column is lower
	tied      bool // not best, and not significantly above it
	published Value
	printed   bool // the published value is known
}

// grid holds the cells of a table, [row][column].
type grid [][]cell

// collect looks up every cell once, checks it and finds the best of each
// column.
func collect(t paper.Table, measured Measured) (grid, error) {
	g := make(grid, len(t.Rows))
	best := make([]float64, len(t.Columns))
	for j := range best {
		best[j] = math.Inf(1)
	}
	for i, r := range t.Rows {
		g[i] = make([]cell, len(t.Columns))
		for j, col := range t.Columns {
			c := &g[i][j]
			c.published.Mean, c.published.SD, c.printed = t.Published(i, j)
			if c.ours, c.measured = measured(i, j); !c.measured {
				continue
			}
			if err := c.ours.check(); err != nil {
				return nil, fmt.Errorf("%w: table %d, %s, column %q: %w", ErrValue, t.Number, r.TargetName(), col.Key, err)
			}
			best[j] = min(best[j], c.ours.Mean)
		}
	}
	for j := range t.Columns {
		var least *cell
		for i := range g {
			c := &g[i][j]
			if c.best = c.measured && c.ours.Mean == best[j]; c.best {
				least = c
			}
		}
		for i := range g {
			c := &g[i][j]
			c.tied = c.measured && !c.best && tied(c.ours, least.ours)
		}
	}
	return g, nil
}

// check reports a value that is not a finite, non-negative time of at least
// one run.
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

// runs returns the least and the greatest number of runs of a measured cell;
// zeros if none is measured.
func (g grid) runs() (least, most int) {
	for _, row := range g {
		for _, c := range row {
			if !c.measured {
				continue
			}
			if least == 0 || c.ours.N < least {
				least = c.ours.N
			}
			most = max(most, c.ours.N)
		}
	}
	return least, most
}
