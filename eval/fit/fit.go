package fit

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"sync"

	"gonum.org/v1/gonum/optimize"
)

// Parameter is a positive number that is free.
type Parameter struct {
	Name      string
	Unit      string
	Start     float64
	Low, High float64 // bounds
	Step      float64 // of the search's first moves, of the logarithm
}

// Problem is a fit.
type Problem struct {
	Parameters []Parameter
	Cells      []Cell

	// Measure simulates one run with one seed and returns its figures by
	// class. It is called from several goroutines at once.
	Measure func(ctx context.Context, values []float64, run Run, seed uint64) (map[string]Figures, error)

	// Seeds returns the seeds of a run in the search: the same for all
	// values, so that values and not arrivals make the difference.
	Seeds func(Run) []uint64

	Evaluations int                           // of the objective, at most
	Progress    func(evaluation int, f Point) // after each; may be nil
}

// Point is a place of the search.
type Point struct {
	Values    []float64
	Objective float64 // mean of the squared z of the cells that are fitted
}

// Residuals simulates the runs of all cells, or of those fitted alone, on the
// seeds, a figure being its mean over them, and returns the cells beside it.
// Its result does not depend on the number of processors.
func (p *Problem) Residuals(ctx context.Context, values []float64, seeds func(Run) []uint64, fittedOnly bool) ([]Residual, error) {
	type task struct {
		run  Run
		seed uint64
	}
	var tasks []task
	first := map[Run]int{} // of a run's tasks
	for _, c := range p.Cells {
		if _, known := first[c.Run]; known || fittedOnly && c.Left {
			continue
		}
		first[c.Run] = len(tasks)
		for _, seed := range seeds(c.Run) {
			tasks = append(tasks, task{c.Run, seed})
		}
	}
	figures, faults := make([]map[string]Figures, len(tasks)), make([]error, len(tasks))
	var group sync.WaitGroup
	next := make(chan int)
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() {
			for k := range next {
				figures[k], faults[k] = p.Measure(ctx, values, tasks[k].run, tasks[k].seed)
			}
		})
	}
	for k := range tasks {
		next <- k
	}
	close(next)
	group.Wait()
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	var list []Residual
	for _, c := range p.Cells {
		if fittedOnly && c.Left {
			continue
		}
		var mean Figures
		n := float64(len(seeds(c.Run)))
		for k := range seeds(c.Run) {
			f, ok := figures[first[c.Run]+k][c.Class]
			if !ok {
				return nil, fmt.Errorf("fit: %s has no class %q", c.Run.Scenario, c.Class)
			}
			mean.Mean += f.Mean / n
			mean.P95 += f.P95 / n
			mean.P99 += f.P99 / n
			mean.Failed += f.Failed / n
		}
		if !(mean.of(c.Of) > 0) {
			return nil, fmt.Errorf("fit: %s under %s: class %q has the %s %v: no request completed", c.Run.Scenario, c.Run.Method, c.Class, c.Of, mean.of(c.Of))
		}
		list = append(list, c.residual(mean))
	}
	return list, nil
}

// Objective is the mean squared z of the residuals, far ones counting
// linearly (Huber, from 3 on), so that no cell which the model cannot reach
// rules the rest.
func Objective(list []Residual) float64 {
	const bend = 3
	sum := 0.0
	for k := range list {
		if z := math.Abs(list[k].Z); z <= bend {
			sum += z * z
		} else {
			sum += bend * (2*z - bend)
		}
	}
	return sum / float64(max(len(list), 1))
}

// Search minimises the objective over the parameters' logarithms by the
// simplex of Nelder and Mead (1965), which needs no derivatives. It returns
// the starting point and the best one.
func (p *Problem) Search(ctx context.Context) (start, best Point, err error) {
	best.Objective = math.Inf(1)
	evaluations := 0
	at := func(x []float64) float64 {
		values, outside := p.values(x)
		if err != nil || evaluations >= p.Evaluations {
			return math.Inf(1)
		}
		var list []Residual
		if list, err = p.Residuals(ctx, values, p.Seeds, true); err != nil {
			return math.Inf(1)
		}
		evaluations++
		point := Point{values, Objective(list)}
		if evaluations == 1 {
			start = point
		}
		if point.Objective < best.Objective {
			best = point
		}
		if p.Progress != nil {
			p.Progress(evaluations, point)
		}
		return point.Objective + 100*outside
	}
	settings := optimize.Settings{FuncEvaluations: p.Evaluations, Converger: &optimize.FunctionConverge{Relative: 1e-3, Iterations: 60}}
	_, stopped := optimize.Minimize(optimize.Problem{Func: at}, make([]float64, len(p.Parameters)), &settings, &optimize.NelderMead{SimplexSize: 1})
	if err != nil {
		return start, best, err
	}
	if math.IsInf(best.Objective, 1) {
		return start, best, fmt.Errorf("fit: the search found nothing: %w", stopped)
	}
	return start, best, nil
}

// values returns the parameters of a point of the search, log(value / start) in
// steps, moved to their bounds, and how far outside of them it was.
func (p *Problem) values(x []float64) (values []float64, outside float64) {
	for k, parameter := range p.Parameters {
		v := parameter.Start * math.Exp(parameter.Step*x[k])
		inside := min(max(v, parameter.Low), parameter.High)
		values = append(values, inside)
		outside += math.Abs(math.Log(v / inside))
	}
	return values, outside
}
