package fit

import (
	"fmt"
	"math"

	"fairlb/eval/paper"
)

// Cell is a cell of one of the paper's tables as the fit sees it: a published value
// of a heuristic, and the simulation that it is compared with.
type Cell struct {
	Table      int
	Row        string // as printed: "LSQ"
	Column     string // key of the column: "period-I/wiki"
	Simulation Simulation
	Class      string // of requests
	Metric     paper.Metric

	Mean, SD float64 // s, as published, over the paper's runs
	Role     Role
	Even     bool // it counts whatever the spread over the paper's runs
	// ModelError is the relative error that the model is allowed in the cell.
	ModelError float64
}

// Role is the part that a cell has in the fit.
type Role uint8

const (
	Fitted   Role = iota // it counts in the objective
	HeldOut              // the search does not see it: it tells how well the model predicts
	Overload             // it is reported alone: beyond what the servers can do
)

// String returns "fitted", "held out" or "overload".
func (r Role) String() string { return [...]string{"fitted", "held out", "overload"}[r] }

// Simulation is what is simulated for a cell: a heuristic in a scenario.
type Simulation struct {
	Scenario string // "web-moderate/period-1"
	Method   string // "lsq"
}

// Statistics are what a simulation shows of one class of requests. Times are of
// the requests that completed, for the authors' code leaves failed ones out.
type Statistics struct {
	Mean, P95, P99 float64 // s
	Failed         float64 // part of the requests
}

// value returns the statistic that a metric names.
func (f Statistics) value(m paper.Metric) float64 {
	switch m {
	case paper.P95:
		return f.P95
	case paper.P99:
		return f.P99
	}
	return f.Mean
}

// Cells returns the heuristics' cells of the tables that have a published value.
// complete sets the role of each, and the error that the model is allowed there.
func Cells(tables []int, complete func(*Cell)) ([]Cell, error) {
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
				c := Cell{Table: number, Row: row.Method, Column: column.Key, Simulation: Simulation{column.Scenario, row.MethodID}, Class: column.Class, Metric: column.Metric, Mean: mean, SD: sd}
				complete(&c)
				list = append(list, c)
			}
		}
	}
	return list, nil
}

// rounding is half of the last digit of a printed time, in s.
const rounding = 0.0005

// sigma returns the standard error of the logarithm of a cell's value: the spread over
// the paper's runs, the printed digits, and what the model is allowed. Where Even is
// set the spread is left out, so that cells of the same size count the same.
func (c *Cell) sigma() float64 {
	spread, printed := c.SD/c.Mean, rounding/c.Mean
	if c.Even {
		spread = 0
	}
	return math.Sqrt(spread*spread/paper.PublishedRuns + printed*printed/3 + c.ModelError*c.ModelError)
}

// Residual is a cell and how far the simulation is from it.
type Residual struct {
	Cell
	Ours   float64 // s, what the simulation shows, the mean over seeds
	OursSD float64 // s, over seeds; 0 for one seed
	Log    float64 // log(Ours / published mean)
	Z      float64 // Log over its standard error
	Failed float64 // part of the requests of the class that failed in the simulation
}

// residual compares the cell with what the simulation shows.
func (c Cell) residual(mean Statistics, sd float64) Residual {
	ours := mean.value(c.Metric)
	r := Residual{Cell: c, Ours: ours, OursSD: sd, Log: math.Log(ours / c.Mean), Failed: mean.Failed}
	r.Z = r.Log / c.sigma()
	return r
}

// RMS returns the root mean square of Log over the residuals that choose is true
// of, and their number.
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
