package fit

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distmv"
	"gonum.org/v1/gonum/stat/samplemv"

	"fairlb/env"
)

// Search is how a Problem's objective is minimised: first looked at all over the
// parameters' ranges, then descended from several of the best places.
type Search struct {
	// Design is the number of places, spread evenly over the ranges, at which the
	// objective is looked at first, beside the parameters' Start.
	Design int
	// Starts is the number of descents: from the best of these places, and from
	// the best ones that are no neighbours of those already taken.
	Starts int
	// From are values at which descents begin, all of them, in place of a design.
	From [][]float64
	// Iterations is the number of steps of a descent, at most.
	Iterations int
	// Progress is told of each evaluation of the objective; may be nil.
	Progress func(evaluation int, p Point)
}

// Evaluations returns how often the objective of a problem of the given number of
// parameters is evaluated, at most.
func (s *Search) Evaluations(parameters int) int {
	first, starts := s.Design+1, s.Starts
	if len(s.From) > 0 {
		first, starts = 0, len(s.From)
	}
	return first + starts*(1+s.Iterations*(2*parameters+len(dampings())))
}

// apart is how far from each other, in units of a range, two places are in at least
// one parameter that descents begin at.
const apart = 0.25

// dampings are what is added to the diagonal of a step's normal equations: little
// makes a step of Gauss and Newton, much a short one downhill. All are tried.
func dampings() []float64 { return []float64{0.03, 0.3, 3, 30} }

// Minimise returns the point where each descent ended, the best first. A descent is
// the method of Levenberg and Marquardt on the cells' Z, weighted by Huber's loss:
// cells depend smoothly on the parameters, so that some derivatives tell more than
// many trials do. They are central differences, at first over a tenth of a range
// to each side, large beside the noise of the simulations. The same problem gives the same points on any number of processors.
func (p *Problem) Minimise(ctx context.Context, s Search) ([]Point, error) {
	d := descent{problem: p, search: s}
	starts, err := d.starts(ctx)
	if err != nil {
		return nil, err
	}
	var found []Point
	for _, start := range starts {
		end, err := d.descend(ctx, start)
		if err != nil {
			return nil, err
		}
		found = append(found, end)
	}
	slices.SortStableFunc(found, byObjective)
	return found, nil
}

func byObjective(a, b Point) int { return cmp.Compare(a.Objective, b.Objective) }

// descent is a Minimise that runs.
type descent struct {
	problem     *Problem
	search      Search
	evaluations int
}

// evaluate returns the residuals of the fitted cells at a place, and the point there.
func (d *descent) evaluate(ctx context.Context, places []float64) ([]Residual, Point, error) {
	values, _ := d.problem.values(places)
	list, err := d.problem.Residuals(ctx, values, d.problem.Seeds, Fitted)
	if err != nil {
		return nil, Point{}, err
	}
	d.evaluations++
	point := Point{values, Objective(list)}
	if d.search.Progress != nil {
		d.search.Progress(d.evaluations, point)
	}
	return list, point, nil
}

// starts returns the places at which descents begin.
func (d *descent) starts(ctx context.Context) ([]Point, error) {
	if len(d.search.From) > 0 {
		var given []Point
		for _, values := range d.search.From {
			given = append(given, Point{Values: values})
		}
		return given, nil
	}
	n := len(d.problem.Parameters)
	var start []float64
	for _, x := range d.problem.Parameters {
		start = append(start, x.place(x.Start))
	}
	design := [][]float64{start}
	if d.search.Design > 0 {
		batch := mat.NewDense(d.search.Design, n, nil)
		random := env.Stream(1, "fit/design")
		samplemv.Halton{Kind: samplemv.Owen, Q: distmv.NewUnitUniform(n, random), Src: random}.Sample(batch)
		for k := range d.search.Design {
			design = append(design, mat.Row(nil, k, batch))
		}
	}
	var points []Point
	for _, places := range design {
		_, point, err := d.evaluate(ctx, places)
		if err != nil {
			return nil, err
		}
		points = append(points, point)
	}
	slices.SortStableFunc(points, byObjective)
	var chosen []Point
	for _, x := range points {
		near := func(y Point) bool { return d.problem.distance(x, y) < apart }
		if len(chosen) < d.search.Starts && !slices.ContainsFunc(chosen, near) {
			chosen = append(chosen, x)
		}
	}
	return chosen, nil
}

// distance is how far apart two points are in the parameter in which they are the
// farthest apart, in units of its range.
func (p *Problem) distance(x, y Point) float64 {
	a, b := p.places(x.Values), p.places(y.Values)
	most := 0.0
	for k := range a {
		most = max(most, math.Abs(a[k]-b[k]))
	}
	return most
}

// descend returns the best point of a descent from the given one. Where nothing that
// an iteration looks at is better, the next one looks half as far; the descent ends
// where that is no farther than the noise lets it see.
func (d *descent) descend(ctx context.Context, start Point) (Point, error) {
	residuals, best, err := d.evaluate(ctx, d.problem.places(start.Values))
	if err != nil {
		return best, err
	}
	difference := farthest
	for range d.search.Iterations {
		from, places := residuals, d.problem.places(best.Values)
		before := best.Objective
		look := func(places []float64) ([]Residual, error) {
			list, point, err := d.evaluate(ctx, places)
			if err == nil && point.Objective < best.Objective {
				residuals, best = list, point
			}
			return list, err
		}
		derivatives, err := jacobian(places, difference, look)
		if err != nil {
			return best, err
		}
		for _, damping := range dampings() {
			next, err := step(derivatives, from, places, damping)
			if err != nil {
				return best, err
			}
			if _, err := look(next); err != nil {
				return best, err
			}
		}
		if best.Objective == before {
			if difference /= 2; difference < nearest {
				break
			}
		}
	}
	return best, nil
}

// step returns the place that a damped step of Gauss and Newton leads to, within
// the ranges. Residuals beyond where Huber's loss bends weigh less, as they do in
// its derivative.
func step(derivatives *mat.Dense, residuals []Residual, places []float64, damping float64) ([]float64, error) {
	rows, n := derivatives.Dims()
	normal, slope := mat.NewSymDense(n, nil), mat.NewVecDense(n, nil)
	for r := range rows {
		z := residuals[r].Z
		weight := min(1, bend/math.Abs(z))
		row := mat.NewVecDense(n, derivatives.RawRowView(r))
		normal.SymRankOne(normal, weight, row)
		slope.AddScaledVec(slope, -weight*z, row)
	}
	for k := range n {
		normal.SetSym(k, k, normal.At(k, k)+damping)
	}
	var cholesky mat.Cholesky
	if !cholesky.Factorize(normal) {
		return nil, fmt.Errorf("fit: the normal equations of a step have no Cholesky decomposition")
	}
	var move mat.VecDense
	if err := cholesky.SolveVecTo(&move, slope); err != nil {
		return nil, fmt.Errorf("fit: a step: %w", err)
	}
	next := slices.Clone(places)
	for k := range next {
		next[k] = min(max(next[k]+move.AtVec(k), 0), 1)
	}
	return next, nil
}

// farthest and nearest are the greatest and the least change of a parameter, in units
// of its range, to each side by which derivatives are taken.
const farthest, nearest = 0.1, 0.02

// jacobian returns the derivatives of the fitted cells' Z by the places of the
// parameters, a row a cell, by differences to each side; evaluate returns the residuals
// at a place.
func jacobian(places []float64, difference float64, evaluate func(places []float64) ([]Residual, error)) (*mat.Dense, error) {
	var derivatives *mat.Dense
	for k := range places {
		var sides [2][]Residual
		var ends [2]float64
		for side, sign := range []float64{-1, 1} {
			moved := slices.Clone(places)
			moved[k] = min(max(places[k]+sign*difference, 0), 1)
			ends[side] = moved[k]
			list, err := evaluate(moved)
			if err != nil {
				return nil, err
			}
			sides[side] = list
		}
		if derivatives == nil {
			derivatives = mat.NewDense(len(sides[0]), len(places), nil)
		}
		for row := range sides[0] {
			derivatives.Set(row, k, (sides[1][row].Z-sides[0][row].Z)/(ends[1]-ends[0]))
		}
	}
	return derivatives, nil
}
