package fit

import (
	"fmt"
	"math"

	"fairlb/eval/paper"
)

// Cell is one published value of a heuristic.
type Cell struct {
	Table int
	Row   string // "LSQ"
	Key   string // of the column: "period-I/wiki"
	Run   Run
	Class string
	Of    paper.Metric

	Mean, SD float64 // s, as published, over the paper's runs
	Left     bool    // left out of the fit, and only reported
}

// Run is what is simulated for a cell.
type Run struct {
	Scenario string // "web-moderate/period-1"
	Method   string // "lsq"
}

// Figures are what was measured of one class of requests, those that completed
// alone: the authors left failed ones out.
type Figures struct {
	Mean, P95, P99 float64 // s
	Failed         float64 // part of the requests
}

// of returns one of the figures.
func (f Figures) of(m paper.Metric) float64 {
	switch m {
	case paper.P95:
		return f.P95
	case paper.P99:
		return f.P99
	}
	return f.Mean
}

// Cells returns the heuristics' cells of the tables that have a published
// value; leave says which are left out of the fit.
func Cells(tables []int, leave func(Cell) bool) ([]Cell, error) {
	var list []Cell
	for _, number := range tables {
		t, err := paper.Get(number)
		if err != nil {
			return nil, fmt.Errorf("fit: %w", err)
		}
		for i, row := range t.Rows {
			if row.Learned() {
				continue
			}
			for j, column := range t.Columns {
				mean, sd, ok := t.Published(i, j)
				if !ok || mean == 0 {
					continue
				}
				c := Cell{Table: number, Row: row.Method, Key: column.Key, Run: Run{column.Scenario, row.MethodID}, Class: column.Class, Of: column.Metric, Mean: mean, SD: sd}
				c.Left = leave(c)
				list = append(list, c)
			}
		}
	}
	return list, nil
}

// What an error of a cell's logarithm is made of, beside its spread over runs.
const (
	paperRuns  = 10     // runs behind a published mean and sd
	modelError = 0.2    // relative error that the model is allowed in every cell
	rounding   = 0.0005 // s, half of the last printed digit
)

// sigma returns the standard error of the logarithm of a cell's value.
func (c *Cell) sigma() float64 {
	spread, printed := c.SD/c.Mean, rounding/c.Mean
	return math.Sqrt(spread*spread/paperRuns + printed*printed/3 + modelError*modelError)
}

// Residual is a cell beside what was measured.
type Residual struct {
	Cell
	Ours   float64 // s
	Log    float64 // log(ours / published)
	Z      float64 // the same over the cell's standard error
	Failed float64 // part of the requests of the class that failed in ours
}

// residual returns the cell beside its figures.
func (c Cell) residual(f Figures) Residual {
	ours := f.of(c.Of)
	r := Residual{Cell: c, Ours: ours, Log: math.Log(ours / c.Mean), Failed: f.Failed}
	r.Z = r.Log / c.sigma()
	return r
}

// RMS returns the root mean square of the logarithms of the residuals that
// are chosen, and their number.
func RMS(list []Residual, choose func(*Residual) bool) (rms float64, n int) {
	sum := 0.0
	for k := range list {
		if choose(&list[k]) {
			sum += list[k].Log * list[k].Log
			n++
		}
	}
	return math.Sqrt(sum / float64(max(n, 1))), n
}
