package fit

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/mat"

	"fairlb/env"
)

// Interval is where a parameter may lie.
type Interval struct{ Low, High float64 }

// Bootstrap returns for each parameter the interval that holds 95 % of what a fit
// finds when the published values and our seeds had come out otherwise. A replicate
// draws every published logarithm from a normal law about the printed one with the
// cell's standard error, draws our seeds with replacement, and takes one step of
// Gauss and Newton from the fitted values: the cells' logarithms are linear in the
// parameters' places there, which is measured by central differences. An interval
// ends at the bounds. It tells what the cells can say of the parameters within this
// model, not whether the model is right.
func (p *Problem) Bootstrap(ctx context.Context, values []float64, seeds func(Simulation) []uint64, replicates int) ([]Interval, error) {
	fitted := func(c *Cell) bool { return c.Role == Fitted }
	places := p.places(values)
	shown, err := p.simulate(ctx, values, seeds, fitted)
	if err != nil {
		return nil, err
	}
	var cells []Cell
	for _, c := range p.Cells {
		if fitted(&c) {
			cells = append(cells, c)
		}
	}
	if len(cells) < len(places) {
		return nil, fmt.Errorf("fit: %d cells for %d parameters", len(cells), len(places))
	}
	derivatives, err := jacobian(places, farthest, func(places []float64) ([]Residual, error) {
		values, _ := p.values(places)
		return p.residuals(ctx, values, seeds, fitted)
	})
	if err != nil {
		return nil, err
	}
	var svd mat.SVD
	if !svd.Factorize(derivatives, mat.SVDThin) {
		return nil, fmt.Errorf("fit: the cells' derivatives have no singular value decomposition")
	}
	rank := svd.Rank(1e-6)
	if rank == 0 {
		return nil, fmt.Errorf("fit: no parameter changes any cell")
	}
	move := func(z []float64) []float64 {
		var x mat.VecDense
		svd.SolveVecTo(&x, mat.NewVecDense(len(z), z), rank)
		return x.RawVector().Data
	}

	rng := rand.New(env.Stream(1, "fit/bootstrap"))
	residual := func(c *Cell, bySeed []map[string]Statistics, published float64) (float64, error) {
		mean, err := meanOf(bySeed, c)
		return (published - math.Log(mean.value(c.Metric))) / c.sigma(), err
	}
	z := make([]float64, len(cells))
	for k := range cells {
		if z[k], err = residual(&cells[k], shown[cells[k].Simulation], math.Log(cells[k].Mean)); err != nil {
			return nil, err
		}
	}
	centre := move(z)
	drawn := make([][]float64, len(places))
	for range replicates {
		resampled := make(map[Simulation][]map[string]Statistics, len(shown))
		for k := range cells {
			c := &cells[k]
			if _, done := resampled[c.Simulation]; !done {
				resampled[c.Simulation] = resample(shown[c.Simulation], rng)
			}
			if z[k], err = residual(c, resampled[c.Simulation], math.Log(c.Mean)+c.sigma()*rng.NormFloat64()); err != nil {
				return nil, err
			}
		}
		moved := move(z)
		for k := range places {
			drawn[k] = append(drawn[k], min(max(places[k]+moved[k]-centre[k], 0), 1))
		}
	}
	var intervals []Interval
	for k, x := range drawn {
		slices.Sort(x)
		low, high := x[int(0.025*float64(len(x)))], x[min(len(x)-1, int(0.975*float64(len(x))))]
		intervals = append(intervals, Interval{p.Parameters[k].value(low), p.Parameters[k].value(high)})
	}
	return intervals, nil
}

// resample draws as many seeds' results as there are, with replacement.
func resample(bySeed []map[string]Statistics, rng *rand.Rand) []map[string]Statistics {
	drawn := make([]map[string]Statistics, len(bySeed))
	for k := range drawn {
		drawn[k] = bySeed[rng.IntN(len(bySeed))]
	}
	return drawn
}
