package fit

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strconv"

	"gonum.org/v1/gonum/stat"

	"fairlb/env/parallel"
)

// Parameter is a free parameter of the simulation. The search moves in units of
// its range: 0 is Low, 1 is High.
type Parameter struct {
	Name      string
	Unit      string
	Scenario  string  // the only scenario that it changes; empty: all
	Start     float64 // where the first search begins
	Low, High float64 // bounds, Low < High
	// Logarithmic says that factors matter, not differences: the range is
	// divided by ratios, and Low is positive.
	Logarithmic bool
}

// value returns the value at a place of the range.
func (p *Parameter) value(place float64) float64 {
	if p.Logarithmic {
		return p.Low * math.Pow(p.High/p.Low, place)
	}
	return p.Low + (p.High-p.Low)*place
}

// place returns where in the range a value is, from 0 to 1.
func (p *Parameter) place(value float64) float64 {
	if p.Logarithmic {
		return math.Log(value/p.Low) / math.Log(p.High/p.Low)
	}
	return (value - p.Low) / (p.High - p.Low)
}

// Measure runs a simulation with the given values of the parameters and one seed,
// and returns its statistics by class of requests. It is called from several
// goroutines at once, and what it returns depends on nothing else.
type Measure func(ctx context.Context, values []float64, run Simulation, seed uint64) (map[string]Statistics, error)

// Problem is what is fitted, and to what.
type Problem struct {
	Parameters []Parameter
	Cells      []Cell
	Measure    Measure
	// Seeds are those of a simulation in the search: the same for all values, so
	// that values and not arrivals make the difference.
	Seeds func(Simulation) []uint64

	known map[string]map[string]Statistics // what Measure has returned, by key
}

// Point is values of the parameters and how well they fit.
type Point struct {
	Values    []float64
	Objective float64 // of the cells that are fitted
}

// values returns the values at places of the ranges. A place outside of its range
// is moved to the nearer end; outside is by how much, summed.
func (p *Problem) values(places []float64) (values []float64, outside float64) {
	for k := range p.Parameters {
		inside := min(max(places[k], 0), 1)
		values = append(values, p.Parameters[k].value(inside))
		outside += math.Abs(places[k] - inside)
	}
	return values, outside
}

// places returns where in the ranges the values are.
func (p *Problem) places(values []float64) []float64 {
	var places []float64
	for k := range p.Parameters {
		places = append(places, p.Parameters[k].place(values[k]))
	}
	return places
}

// Residuals runs the simulations of the cells in the given roles, and compares each
// cell with the mean over the seeds of what its simulation shows. The result does
// not depend on the number of processors.
func (p *Problem) Residuals(ctx context.Context, values []float64, seeds func(Simulation) []uint64, roles ...Role) ([]Residual, error) {
	return p.residuals(ctx, values, seeds, func(c *Cell) bool { return slices.Contains(roles, c.Role) })
}

func (p *Problem) residuals(ctx context.Context, values []float64, seeds func(Simulation) []uint64, choose func(*Cell) bool) ([]Residual, error) {
	shown, err := p.simulate(ctx, values, seeds, choose)
	if err != nil {
		return nil, err
	}
	var list []Residual
	for _, c := range p.Cells {
		if !choose(&c) {
			continue
		}
		mean, err := meanOf(shown[c.Simulation], &c)
		if err != nil {
			return nil, err
		}
		list = append(list, c.residual(mean, spreadOf(shown[c.Simulation], &c)))
	}
	return list, nil
}

// simulate runs the simulations of the chosen cells with each of their seeds, and
// returns what they show, by simulation and seed. What has been measured with the
// same values of all parameters that change a scenario is not measured again.
func (p *Problem) simulate(ctx context.Context, values []float64, seeds func(Simulation) []uint64, choose func(*Cell) bool) (map[Simulation][]map[string]Statistics, error) {
	type task struct {
		run  Simulation
		seed uint64
		key  string
	}
	var tasks []task
	shown := make(map[Simulation][]map[string]Statistics)
	for k := range p.Cells {
		run := p.Cells[k].Simulation
		if _, listed := shown[run]; listed || !choose(&p.Cells[k]) {
			continue
		}
		shown[run] = nil
		for _, seed := range seeds(run) {
			tasks = append(tasks, task{run, seed, p.key(values, run, seed)})
		}
	}
	measured := make([]map[string]Statistics, len(tasks))
	group, ctx := parallel.NewGroup(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for k, t := range tasks {
		if measured[k] = p.known[t.key]; measured[k] != nil {
			continue
		}
		group.Go(func() (err error) {
			measured[k], err = p.Measure(ctx, values, t.run, t.seed)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	if p.known == nil {
		p.known = make(map[string]map[string]Statistics)
	}
	for k, t := range tasks {
		p.known[t.key] = measured[k]
		shown[t.run] = append(shown[t.run], measured[k])
	}
	return shown, nil
}

// key names a simulation with a seed and with the values of the parameters that
// change it.
func (p *Problem) key(values []float64, run Simulation, seed uint64) string {
	key := fmt.Sprint(run.Scenario, " ", run.Method, " ", seed)
	for k, x := range p.Parameters {
		if x.Scenario == "" || x.Scenario == run.Scenario {
			key += " " + strconv.FormatFloat(values[k], 'g', -1, 64)
		}
	}
	return key
}

// meanOf returns the mean over seeds of what a simulation shows of a cell's class.
func meanOf(bySeed []map[string]Statistics, c *Cell) (Statistics, error) {
	var mean Statistics
	n := float64(len(bySeed))
	for _, classes := range bySeed {
		f, ok := classes[c.Class]
		if !ok {
			return mean, fmt.Errorf("fit: %s has no class %q", c.Simulation.Scenario, c.Class)
		}
		mean.Mean += f.Mean / n
		mean.P95 += f.P95 / n
		mean.P99 += f.P99 / n
		mean.Failed += f.Failed / n
	}
	if !(mean.value(c.Metric) > 0) {
		return mean, fmt.Errorf("fit: %s under %s: class %q has the %s %v: no request completed", c.Simulation.Scenario, c.Simulation.Method, c.Class, c.Metric, mean.value(c.Metric))
	}
	return mean, nil
}

// spreadOf returns the standard deviation over seeds of a cell's value.
func spreadOf(bySeed []map[string]Statistics, c *Cell) float64 {
	if len(bySeed) < 2 {
		return 0
	}
	var values []float64
	for _, classes := range bySeed {
		f := classes[c.Class]
		values = append(values, f.value(c.Metric))
	}
	return stat.StdDev(values, nil)
}

// bend is the Z beyond which a residual counts linearly.
const bend = 3

// Objective is the mean squared Z of the residuals. Beyond 3 a residual counts
// linearly (Huber's loss), so that a cell which the model cannot reach does not
// outweigh the others.
func Objective(list []Residual) float64 {
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
