package fit

import (
	"context"
	"fmt"
	"math"
	"runtime"

	"gonum.org/v1/gonum/optimize"

	"fairlb/env/parallel"
)

// Parameter is a free parameter of the simulation, a positive number.
type Parameter struct {
	Name      string
	Unit      string
	Start     float64
	Low, High float64 // bounds
	Step      float64 // change of the logarithm in the search's first moves
}

// Problem is what is fitted, and to what.
type Problem struct {
	Parameters []Parameter
	Cells      []Cell

	// Measure runs a simulation with the given values of the parameters and one
	// seed, and returns its statistics by class of requests. It is called from
	// several goroutines at once.
	Measure func(ctx context.Context, values []float64, run Simulation, seed uint64) (map[string]Statistics, error)

	// Seeds returns the seeds of a simulation in the search: the same for all
	// values, so that values and not arrivals make the difference.
	Seeds func(Simulation) []uint64

	Evaluations int                           // of the objective, at most
	Progress    func(evaluation int, f Point) // after each; may be nil
}

// Point is values of the parameters and how well they fit.
type Point struct {
	Values    []float64
	Objective float64 // mean of the squared z of the cells that are fitted
}

// Residuals runs the simulations of all cells, or of those alone that count in the
// fit, and compares each cell with the mean over the seeds of what its simulation
// shows. The result does not depend on the number of processors.
func (p *Problem) Residuals(ctx context.Context, values []float64, seeds func(Simulation) []uint64, fittedOnly bool) ([]Residual, error) {
	type task struct {
		run  Simulation
		seed uint64
	}
	var tasks []task
	first := map[Simulation]int{} // index of a simulation's first task
	for _, c := range p.Cells {
		if _, known := first[c.Simulation]; known || fittedOnly && c.Excluded {
			continue
		}
		first[c.Simulation] = len(tasks)
		for _, seed := range seeds(c.Simulation) {
			tasks = append(tasks, task{c.Simulation, seed})
		}
	}
	statistics := make([]map[string]Statistics, len(tasks))
	group, ctx := parallel.NewGroup(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for k, t := range tasks {
		group.Go(func() (err error) {
			statistics[k], err = p.Measure(ctx, values, t.run, t.seed)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	var list []Residual
	for _, c := range p.Cells {
		if fittedOnly && c.Excluded {
			continue
		}
		var mean Statistics
		n := float64(len(seeds(c.Simulation)))
		for k := range seeds(c.Simulation) {
			f, ok := statistics[first[c.Simulation]+k][c.Class]
			if !ok {
				return nil, fmt.Errorf("fit: %s has no class %q", c.Simulation.Scenario, c.Class)
			}
			mean.Mean += f.Mean / n
			mean.P95 += f.P95 / n
			mean.P99 += f.P99 / n
			mean.Failed += f.Failed / n
		}
		if !(mean.value(c.Metric) > 0) {
			return nil, fmt.Errorf("fit: %s under %s: class %q has the %s %v: no request completed", c.Simulation.Scenario, c.Simulation.Method, c.Class, c.Metric, mean.value(c.Metric))
		}
		list = append(list, c.residual(mean))
	}
	return list, nil
}

// Objective is the mean squared Z of the residuals. Beyond 3 a residual counts
// linearly (Huber's loss), so that a cell which the model cannot reach does not
// outweigh the others.
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
	objective := func(x []float64) float64 {
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
	_, stopped := optimize.Minimize(optimize.Problem{Func: objective}, make([]float64, len(p.Parameters)), &settings, &optimize.NelderMead{SimplexSize: 1})
	if err != nil {
		return start, best, err
	}
	if math.IsInf(best.Objective, 1) {
		return start, best, fmt.Errorf("fit: the search found nothing: %w", stopped)
	}
	return start, best, nil
}

// values returns the values of the parameters at x, which is log(value / start) of
// each in units of its step. Values outside the bounds are moved to them; outside
// is by how much, in logarithms.
func (p *Problem) values(x []float64) (values []float64, outside float64) {
	for k, parameter := range p.Parameters {
		v := parameter.Start * math.Exp(parameter.Step*x[k])
		inside := min(max(v, parameter.Low), parameter.High)
		values = append(values, inside)
		outside += math.Abs(math.Log(v / inside))
	}
	return values, outside
}
