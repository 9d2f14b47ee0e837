// Package webfit fits the numbers of the web mix, the traffic of the paper's
// testbed, that the paper does not print: those of pages and servers, and the load
// and the mix of each hour of the trace, to the heuristics' rows of Tables 11 and 13
// to 15, and the background jobs to those of Table 16. The search and the residuals
// are package eval/fit; here they meet the simulated scenarios. No learned row has a
// part in the fit, and the seeds are training seeds. What came out is written into
// the built-in scenarios (env/scenario) by hand, and kept in results/fit.
package webfit

import (
	"context"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/sirupsen/logrus"

	"fairlb/cmd/fairlb/internal/bounds"
	"fairlb/cmd/fairlb/internal/files"
	"fairlb/cmd/fairlb/internal/progress"
	"fairlb/env/estimate"
	"fairlb/env/scenario"
	"fairlb/eval/fit"
	"fairlb/eval/paper"
	"fairlb/results/chart"
	"fairlb/results/report"
)

// Fit is a fit of the web mix.
type Fit struct {
	Dir        string // takes the cells and the picture
	Design     int    // values of the pages' numbers that are looked at before the descents
	Starts     int    // descents
	Iterations int    // steps of a descent, at most
	Seeds      int    // of a large-scale run in the search; three times as many at moderate scale, whose figures vary more
	Log        logrus.FieldLogger
	Progress   progress.Display
}

// Found is what a fit came to.
type Found struct {
	Ends       []fit.Point // where the descents of the pages' numbers ended, the best first
	Candidates []Candidate // those ends that are about as good as the best
	Taken      int         // the candidate that is the twin
	Fitted     Fitted      // the numbers of pages and of all hours

	Before []fit.Residual // all cells in the twin of before
	After  []fit.Residual // all cells in this one, on seeds that no search saw

	Models   []Ablation // the twin, and what it is without or with other parts
	Overload []Ablation // the overloaded columns under what may make their level

	ByBackgroundJobs   [][]fit.Residual // of Table 16, by the number of background jobs on each 4-CPU server
	BackgroundJobs     int              // the number that comes nearest
	BackgroundResidual []fit.Residual   // with that number, on other seeds
}

// Fitted are numbers with what the cells leave open.
type Fitted struct {
	free      []number
	Values    []float64 // with three digits
	Intervals []fit.Interval
}

// Candidate is one end with the hours that were fitted to it.
type Candidate struct {
	Pages     []float64
	ByRate    float64 // objective in Tables 14 and 15
	Objective float64 // of all fitted cells
}

// Ablation is what another model than the twin comes to.
type Ablation struct {
	Model     string
	Numbers   []number // that were free
	Values    []float64
	Residuals []fit.Residual
}

// fitSeed is the k-th seed of a fit: one of the training seeds, whose highest
// bit is set.
func fitSeed(k int) uint64 { return 1<<63 | 7<<32 | uint64(k) }

// seeds returns the seeds of each simulation from the first one on: times as many as
// in a search.
func (x *Fit) seeds(first, times int) func(fit.Simulation) []uint64 {
	return func(run fit.Simulation) []uint64 {
		n := times * x.Seeds
		if !strings.HasPrefix(run.Scenario, "web-large/") {
			n *= 3
		}
		var list []uint64
		for k := range n {
			list = append(list, fitSeed(first+k))
		}
		return list
	}
}

// unseen are seeds that no search saw, enough for what is reported.
func (x *Fit) unseen() func(fit.Simulation) []uint64 { return x.seeds(1000, 5) }

// Run fits, measures what is left on seeds that no search saw, and writes the cells
// and their picture into the folder.
func (x *Fit) Run(ctx context.Context) (*Found, error) {
	cells, err := fit.Cells([]int{11, 12, 13, 14, 15}, complete)
	if err != nil {
		return nil, err
	}
	if err := x.check(cells); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(x.Dir, 0o777); err != nil {
		return nil, fmt.Errorf("--out: %w", err)
	}
	f := &Found{}
	for _, step := range []func(context.Context, *Found, []fit.Cell) error{x.fitPages, x.fitHours, x.measureAll, x.fitBackground, x.tryOverload, x.fitOthers} {
		if err := step(ctx, f, cells); err != nil {
			return nil, err
		}
	}
	write := func(w io.Writer) error { return report.WriteFitCSV(w, f.Before, f.After) }
	if err := files.Write(filepath.Join(x.Dir, "web-mix.csv"), write); err != nil {
		return nil, err
	}
	return f, files.Write(filepath.Join(x.Dir, "web-mix.png"), func(w io.Writer) error { return chart.DrawFit(w, f.Before, f.After, "png") })
}

// The relative errors that the twin is allowed. Of an hour of the trace the mean rate
// is printed, and not how the rate and the pages varied within it.
const (
	rateError = 0.1 // in Tables 14 and 15
	hourError = 0.3 // in Tables 11 to 13 and 16
)

// complete says which part a cell has: one rate of Tables 14 and 15 is held out, and
// rates at which queries pile up or fail are overload: figures there are of the backlog
// and of how long the load lasted, not of the mix. Every cell of Table 14 is to be met,
// so that the spread over the paper's runs does not count there; in Table 15 it does,
// where it is more than the mean of one cell.
func complete(c *fit.Cell) {
	rate, err := strconv.ParseFloat(c.Column, 64)
	switch {
	case err == nil && rate > 2300:
		c.Role = fit.Overload
	case c.Column == "1097.3":
		c.Role = fit.HeldOut
	}
	c.ModelError = hourError
	if byRate(c) {
		c.ModelError = rateError
	}
	c.Even = c.Table == 14
}

// byRate says whether a cell is one of Tables 14 and 15, ofLargeHour of Table 13.
func byRate(c *fit.Cell) bool      { return c.Table == 14 || c.Table == 15 }
func ofLargeHour(c *fit.Cell) bool { return c.Table == 13 }

// choose returns the cells that a condition holds for.
func choose(cells []fit.Cell, condition func(*fit.Cell) bool) []fit.Cell {
	var list []fit.Cell
	for k := range cells {
		if condition(&cells[k]) {
			list = append(list, cells[k])
		}
	}
	return list
}

// problem returns the fit of a model to cells.
func (x *Fit) problem(m model, cells []fit.Cell) *fit.Problem {
	return &fit.Problem{
		Parameters: m.parameters(), Cells: cells, Seeds: x.seeds(0, 1),
		Measure: func(ctx context.Context, values []float64, run fit.Simulation, seed uint64) (map[string]fit.Statistics, error) {
			s, err := scenario.Load(run.Scenario, nil)
			if err != nil {
				return nil, err
			}
			m.apply(&s, run.Scenario, values)
			return measureClasses(ctx, s, run.Method, seed)
		},
	}
}

// minimise searches, and shows how far it is.
func (x *Fit) minimise(ctx context.Context, what string, p *fit.Problem, s fit.Search) ([]fit.Point, error) {
	bar := x.Progress.Bar(what, s.Evaluations(len(p.Parameters)))
	defer bar.Close()
	least := math.Inf(1)
	s.Progress = func(n int, point fit.Point) {
		if point.Objective < least {
			least = point.Objective
			x.Log.Infof("%s, evaluation %d: objective %.4f at %.3g", what, n, point.Objective, point.Values)
		}
		bar.Set(n, fmt.Sprintf("%s, objective %.3f", what, least))
	}
	return p.Minimise(ctx, s)
}

// replicates is the number of bootstrap replicates of an interval.
const replicates = 2000

// fitPages finds numbers that all scenarios share by the rates of Tables 14 and 15,
// which need no hour: where each descent ended.
func (x *Fit) fitPages(ctx context.Context, f *Found, cells []fit.Cell) error {
	var err error
	f.Ends, err = x.minimise(ctx, "pages", x.problem(twin(), choose(cells, byRate)), fit.Search{Design: x.Design, Starts: x.Starts, Iterations: x.Iterations})
	return err
}

// startFrom returns values to begin at: those that are known by name and scenario, and
// else the parameters' own starts.
func startFrom(parameters []fit.Parameter, known []number, values []float64) []float64 {
	var list []float64
	for _, x := range parameters {
		start := x.Start
		for k, y := range known {
			if x.Name == y.Name && x.Scenario == y.Scenario {
				start = values[k]
			}
		}
		list = append(list, start)
	}
	return list
}

// rounded returns the values with three digits.
func rounded(values []float64) []float64 {
	list := slices.Clone(values)
	for k := range list {
		list[k], _ = strconv.ParseFloat(strconv.FormatFloat(list[k], 'g', 3, 64), 64)
	}
	return list
}

// alike is how much worse than the best end of a descent another one may be and still
// be taken, where it fits the hours better: rates alone do not tell a long tail of the
// pages' CPU from much IO.
const alike = 1.1

// fitHours finds the load and the mix of each hour for the pages of each end that is
// about as good as the best, and takes the end of which all cells together fit best.
func (x *Fit) fitHours(ctx context.Context, f *Found, cells []fit.Cell) error {
	rates := float64(len(choose(cells, func(c *fit.Cell) bool { return byRate(c) && c.Role == fit.Fitted })))
	for _, end := range f.Ends {
		if end.Objective > alike*f.Ends[0].Objective {
			break
		}
		pages := rounded(end.Values)
		all := Candidate{Pages: pages, ByRate: end.Objective, Objective: end.Objective * rates}
		fitted, n := Fitted{free: twin().free, Values: pages}, rates
		for _, hour := range slices.Concat(moderateHours(), largeHours()) {
			p := x.hourProblem(hour, pages, cells)
			best, err := x.minimise(ctx, hour.scenario, p, fit.Search{Design: x.Design / 2, Starts: 1, Iterations: x.Iterations / 2})
			if err != nil {
				return err
			}
			all.Objective += best[0].Objective * float64(len(p.Cells))
			n += float64(len(p.Cells))
			fitted.free = append(fitted.free, hourNumbers([]printedRate{hour})...)
			fitted.Values = append(fitted.Values, rounded(best[0].Values)...)
		}
		all.Objective /= n
		f.consider(all, fitted)
	}
	for k, v := range f.Fitted.Values {
		x.Log.Infof("found: %s %s %g", f.Fitted.free[k].Name, f.Fitted.free[k].Scenario, v)
	}
	return x.bootstrap(ctx, f, cells)
}

// consider adds a candidate and takes it if it is better than the one taken before.
func (f *Found) consider(c Candidate, fitted Fitted) {
	f.Candidates = append(f.Candidates, c)
	if len(f.Candidates) == 1 || c.Objective < f.Candidates[f.Taken].Objective {
		f.Taken, f.Fitted = len(f.Candidates)-1, fitted
	}
}

// hourProblem is the fit of the load and the mix of one hour. An hour is near overload,
// so that its runs differ much: it has more seeds.
func (x *Fit) hourProblem(hour printedRate, pages []float64, cells []fit.Cell) *fit.Problem {
	shared := twin()
	m := model{free: hourNumbers([]printedRate{hour}), change: func(s *scenario.Scenario) { shared.apply(s, hour.scenario, pages) }}
	p := x.problem(m, choose(cells, func(c *fit.Cell) bool { return c.Simulation.Scenario == hour.scenario }))
	p.Seeds = x.seeds(0, 2)
	return p
}

// bootstrap finds the intervals of the numbers that were taken.
func (x *Fit) bootstrap(ctx context.Context, f *Found, cells []fit.Cell) error {
	pages := f.Fitted.Values[:len(pageNumbers())]
	intervals, err := x.problem(twin(), choose(cells, byRate)).Bootstrap(ctx, pages, x.unseen(), replicates)
	if err != nil {
		return err
	}
	f.Fitted.Intervals = intervals
	for k, hour := range slices.Concat(moderateHours(), largeHours()) {
		values := f.Fitted.Values[len(pages)+2*k:][:2]
		if intervals, err = x.hourProblem(hour, pages, cells).Bootstrap(ctx, values, x.unseen(), replicates); err != nil {
			return err
		}
		f.Fitted.Intervals = append(f.Fitted.Intervals, intervals...)
	}
	return nil
}

// twin returns the fitted twin with its numbers, as one that has none free.
func (f *Found) twin() func(s *scenario.Scenario, name string) {
	m := model{free: f.Fitted.free}
	return func(s *scenario.Scenario, name string) { m.apply(s, name, f.Fitted.Values) }
}

// fixed returns the problem of a simulation that has no free numbers.
func fixed(cells []fit.Cell, change func(s *scenario.Scenario, name string)) *fit.Problem {
	return &fit.Problem{Cells: cells, Measure: func(ctx context.Context, _ []float64, run fit.Simulation, seed uint64) (map[string]fit.Statistics, error) {
		s, err := scenario.Load(run.Scenario, nil)
		if err != nil {
			return nil, err
		}
		change(&s, run.Scenario)
		return measureClasses(ctx, s, run.Method, seed)
	}}
}

// measureAll compares all cells with the twin of before and with this one.
func (x *Fit) measureAll(ctx context.Context, f *Found, cells []fit.Cell) error {
	before := former()
	var err error
	f.Before, err = fixed(cells, func(s *scenario.Scenario, name string) { before.apply(s, name, nil) }).Residuals(ctx, nil, x.unseen(), fit.Fitted, fit.HeldOut, fit.Overload)
	if err != nil {
		return err
	}
	f.After, err = fixed(cells, f.twin()).Residuals(ctx, nil, x.unseen(), fit.Fitted, fit.HeldOut, fit.Overload)
	return err
}

// fitOthers fits the pages of each of the other models to what those of the twin were
// fitted to, from where the twin ended, and measures all on the same seeds; the hours
// are the twin's.
func (x *Fit) fitOthers(ctx context.Context, f *Found, cells []fit.Cell) error {
	cells = choose(cells, func(c *fit.Cell) bool { return !ofLargeHour(c) && c.Role != fit.Overload })
	hours := model{free: f.Fitted.free[len(pageNumbers()):]}
	for k, m := range append([]model{twin()}, otherModels()...) {
		p := x.problem(m, choose(cells, byRate))
		values := startFrom(p.Parameters, f.Fitted.free, f.Fitted.Values)
		if k > 0 {
			ends, err := x.minimise(ctx, m.name, p, fit.Search{From: [][]float64{values}, Iterations: x.Iterations / 2})
			if err != nil {
				return err
			}
			values = ends[0].Values
		}
		residuals, err := fixed(cells, func(s *scenario.Scenario, name string) {
			hours.apply(s, name, f.Fitted.Values[len(pageNumbers()):])
			m.apply(s, name, values)
		}).Residuals(ctx, nil, x.unseen(), fit.Fitted, fit.HeldOut)
		if err != nil {
			return err
		}
		f.Models = append(f.Models, Ablation{m.name, m.free, rounded(values), residuals})
	}
	return nil
}

// tryOverload measures the overloaded columns under what may make their level.
func (x *Fit) tryOverload(ctx context.Context, f *Found, cells []fit.Cell) error {
	shared := f.twin()
	for _, m := range overloadModels() {
		p := fixed(choose(cells, byRate), func(s *scenario.Scenario, name string) {
			shared(s, name)
			m.change(s)
		})
		residuals, err := p.Residuals(ctx, nil, x.seeds(1000, 2), fit.Overload)
		if err != nil {
			return err
		}
		f.Overload = append(f.Overload, Ablation{Model: m.name, Residuals: residuals})
	}
	return nil
}

// check compares what the search takes with the limits.
func (x *Fit) check(cells []fit.Cell) error {
	var e estimate.Estimate
	counted := map[fit.Simulation]bool{}
	evaluations := (&fit.Search{Design: x.Design, Starts: x.Starts, Iterations: x.Iterations}).Evaluations(len(twin().free))
	for _, c := range cells {
		if counted[c.Simulation] {
			continue
		}
		counted[c.Simulation] = true
		s, err := scenario.Load(c.Simulation.Scenario, nil)
		if err != nil {
			return err
		}
		one := s.Estimate(false)
		e.Add(estimate.Events, "simulations of "+s.Name, []string{"--design", "--starts", "--iterations", "--seeds"}, one.Total(estimate.Events), float64(len(x.seeds(0, 1)(c.Simulation))), float64(evaluations))
	}
	return bounds.Check(e)
}

// maxBackgroundJobs is the largest number of background jobs that is tried.
const maxBackgroundJobs = 16

// fitBackground measures Table 16's heuristics with each number of background
// jobs on each of the 4-CPU servers, from 25 s on, and then the number that
// comes nearest on other seeds. 99th percentiles are left out: as printed they
// contradict the means. The hour is that of the rate, period II.
func (x *Fit) fitBackground(ctx context.Context, f *Found, _ []fit.Cell) error {
	cells, err := fit.Cells([]int{16}, func(c *fit.Cell) {
		c.ModelError = hourError
		if c.Metric == paper.P99 {
			c.Role = fit.HeldOut
		}
	})
	if err != nil {
		return err
	}
	shared := f.twin()
	measure := func(jobs, first, times int, roles ...fit.Role) ([]fit.Residual, error) {
		return fixed(cells, func(s *scenario.Scenario, _ string) {
			shared(s, "web-moderate/period-2")
			s.Changes[0].Value = float64(jobs)
		}).Residuals(ctx, nil, x.seeds(first, times), roles...)
	}
	for jobs := range maxBackgroundJobs + 1 {
		residuals, err := measure(jobs, 2000, 2, fit.Fitted)
		if err != nil {
			return err
		}
		f.ByBackgroundJobs = append(f.ByBackgroundJobs, residuals)
		if fit.Objective(residuals) < fit.Objective(f.ByBackgroundJobs[f.BackgroundJobs]) {
			f.BackgroundJobs = jobs
		}
	}
	f.BackgroundResidual, err = measure(f.BackgroundJobs, 3000, 5, fit.Fitted, fit.HeldOut)
	return err
}
