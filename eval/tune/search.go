package tune

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"fairlb/env"
	"fairlb/eval"
	"fairlb/eval/episodes"
)

// ErrConfig reports a Config that cannot be searched.
var ErrConfig = errors.New("tune: invalid configuration")

// Config says what is searched, where from and how finely.
type Config struct {
	// Env builds a fresh environment that keeps the given weights, one a
	// server, and reports each request to rec. It is called by several
	// goroutines at once.
	Env func(weights []float64, rec env.Recorder) (env.Env, error)

	// Counts are the numbers of servers of the groups, in the servers' order:
	// the servers of a group share a weight.
	Counts []int

	// Starts are weights by group, at least one. The search begins at the one
	// with the least mean, the first of several.
	Starts [][]float64

	// MaxLogWeight bounds each log-weight to this distance from the mean of all
	// servers' log-weights. A start outside is moved towards equal weights until
	// it is on the bound.
	MaxLogWeight float64

	// Seeds are the episodes, the same for every point.
	Seeds []uint64

	// FirstStep and LastStep are the greatest and the least change of a
	// log-weight that is tried: a step that finds nothing better is halved.
	FirstStep, LastStep float64

	// MaxEvaluations is how many points are evaluated at most; at least as many as
	// there are starts.
	MaxEvaluations int

	// Tolerance, if not 0, asks for Result.Ranges: how far each weight may move
	// from the best before the mean is more than this part above the least.
	Tolerance float64

	// Workers is the number of episodes at a time; 0: GOMAXPROCS. The result
	// does not depend on it.
	Workers int

	// Progress, if not nil, is called after each evaluation of a point with the
	// number of evaluations so far.
	Progress func(evaluations int)
}

// Point is weights and the mean completion time with them.
type Point struct {
	Weights []float64 `json:"weights"` // by group
	Mean    float64   `json:"mean_s"`  // completion time, s, the mean over seeds of the seeds' means
}

// Range is the least and the greatest weight of a group with which the mean stays
// within Config.Tolerance, the other weights being those of the best point.
type Range struct {
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}

// Result is the outcome of a search.
type Result struct {
	Best        Point   `json:"best"`
	Starts      []Point `json:"starts"`           // in the order of Config.Starts
	Evaluations int     `json:"evaluations"`      // of points, each on all seeds
	Converged   bool    `json:"converged"`        // no step of LastStep led to a better point; else MaxEvaluations ended the search
	Ranges      []Range `json:"ranges,omitempty"` // by group, if Config.Tolerance asks for them; the first group's weight does not move
}

// PerServer returns the weight of each server, given those of the groups and the
// numbers of servers of each.
func PerServer(weights []float64, counts []int) []float64 {
	var out []float64
	for g, n := range counts {
		for range n {
			out = append(out, weights[g])
		}
	}
	return out
}

// validate reports every fault of the configuration.
func (c *Config) validate() error {
	var faults []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			faults = append(faults, fmt.Errorf("%w: "+format, append([]any{ErrConfig}, args...)...))
		}
	}
	check(c.Env != nil, "no environment")
	check(len(c.Counts) > 0, "no groups of servers")
	for g, n := range c.Counts {
		check(n > 0, "group %d has %d servers (want 1 or more)", g, n)
	}
	check(len(c.Starts) > 0, "no starts")
	for k, start := range c.Starts {
		check(len(start) == len(c.Counts), "start %d has %d weights for %d groups", k, len(start), len(c.Counts))
		for g, w := range start {
			check(w > 0 && !math.IsInf(w, 0), "start %d: the weight of group %d is %g (want positive and finite)", k, g, w)
		}
	}
	check(c.MaxLogWeight > 0 && c.MaxLogWeight <= 20, "max log-weight %g (want above 0, at most 20)", c.MaxLogWeight)
	check(len(c.Seeds) > 0, "no seeds")
	check(c.LastStep > 0 && c.FirstStep >= c.LastStep && !math.IsInf(c.FirstStep, 0), "steps from %g to %g (want falling, positive and finite)", c.FirstStep, c.LastStep)
	check(c.Tolerance >= 0 && !math.IsInf(c.Tolerance, 0), "tolerance %g (want finite, 0 or more)", c.Tolerance)
	check(c.MaxEvaluations >= len(c.Starts), "%d evaluations for %d starts", c.MaxEvaluations, len(c.Starts))
	return errors.Join(faults...)
}

// errNoneLeft says that MaxEvaluations points have been evaluated.
var errNoneLeft = errors.New("tune: no evaluations are left")

// offset is a point of the search as its distance from the best start: for each
// group the change of its log-weight, in units of the least step. Being whole
// numbers, offsets that come again are the same, so that no point is evaluated
// twice, and the offset of the start itself is exactly 0.
type offset []int

// search is the state of one Search.
type search struct {
	cfg       Config
	unit      float64            // the least step of a log-weight
	firstStep int                // the greatest step, in units: a power of two
	origin    []float64          // the weights of the best start, by group
	evaluated int                // points so far
	means     map[string]float64 // of the points that are evaluated, by their offsets
}

// Search returns the best fixed weights that it finds. Errors: ErrConfig, the
// environment's, and those of episodes.Run.
func Search(ctx context.Context, cfg Config) (Result, error) {
	if err := cfg.validate(); err != nil {
		return Result{}, err
	}
	s := &search{cfg: cfg, unit: cfg.FirstStep, firstStep: 1}
	for s.unit/2 >= cfg.LastStep {
		s.unit, s.firstStep = s.unit/2, 2*s.firstStep
	}
	var r Result
	best := 0
	for k, start := range cfg.Starts {
		weights := slices.Clone(start)
		cfg.bound(weights)
		mean, err := s.evaluate(ctx, weights)
		if err != nil {
			return Result{}, err
		}
		r.Starts = append(r.Starts, Point{weights, mean})
		if mean < r.Starts[best].Mean {
			best = k
		}
	}
	s.origin = r.Starts[best].Weights
	start := make(offset, len(cfg.Counts))
	s.means = map[string]float64{fmt.Sprint(start): r.Starts[best].Mean}
	found, mean, err := s.descend(ctx, start, r.Starts[best].Mean)
	if err != nil && !errors.Is(err, errNoneLeft) {
		return Result{}, err
	}
	s.cfg.MaxEvaluations = math.MaxInt // the ranges end at the bounds of the weights
	r.Best, r.Evaluations, r.Converged = Point{s.weights(found), mean}, s.evaluated, err == nil
	if cfg.Tolerance == 0 {
		return r, nil
	}
	r.Ranges, err = s.ranges(ctx, found, mean)
	return r, err
}

// descend searches from a point of known mean until no step leads to a better one.
// With errNoneLeft it returns the best point so far.
func (s *search) descend(ctx context.Context, from offset, mean float64) (offset, float64, error) {
	for step := s.firstStep; step > 0; {
		next, value, err := s.explore(ctx, from, mean, step)
		if err != nil {
			return next, value, err
		}
		if value >= mean {
			step /= 2
			continue
		}
		// The pattern move of Hooke and Jeeves: as far again in the same direction,
		// and on to the best point near there, as long as that is better.
		for value < mean {
			ahead := make(offset, len(from))
			for g := range ahead {
				ahead[g] = 2*next[g] - from[g]
			}
			from, mean = next, value
			reached, err := s.mean(ctx, ahead)
			if err != nil {
				return from, mean, err
			}
			if next, value, err = s.explore(ctx, ahead, reached, step); err != nil {
				if value < mean {
					from, mean = next, value
				}
				return from, mean, err
			}
		}
	}
	return from, mean, nil
}

// explore tries a step up and one down for the weight of each group but the first,
// one after the other, and keeps each that is better.
func (s *search) explore(ctx context.Context, from offset, mean float64, step int) (offset, float64, error) {
	point := slices.Clone(from)
	for g := 1; g < len(point); g++ {
		for _, change := range []int{step, -step} {
			point[g] += change
			value, err := s.mean(ctx, point)
			if err == nil && value < mean {
				mean = value
				break
			}
			point[g] -= change
			if err != nil {
				return point, mean, err
			}
		}
	}
	return point, mean, nil
}

// ranges moves each weight from the best point down and up, two least steps at a
// time, until the mean is above the tolerance. A range may be wide, for dispatch by
// weights compares small whole numbers, which many weights order alike.
func (s *search) ranges(ctx context.Context, best offset, mean float64) ([]Range, error) {
	var out []Range
	for g := range best {
		var ends [2]float64
		for end, step := range []int{-2, 2} {
			point := slices.Clone(best)
			for g > 0 {
				point[g] += step
				value, err := s.mean(ctx, point)
				if err != nil {
					return nil, err
				}
				if value > mean*(1+s.cfg.Tolerance) {
					point[g] -= step
					break
				}
			}
			ends[end] = s.weights(point)[g]
		}
		out = append(out, Range{ends[0], ends[1]})
	}
	return out, nil
}

// mean returns the mean completion time at a point, +Inf beyond the bounds. It
// fails with errNoneLeft if it would have to evaluate a point too many.
func (s *search) mean(ctx context.Context, point offset) (float64, error) {
	name := fmt.Sprint(point)
	if mean, ok := s.means[name]; ok {
		return mean, nil
	}
	weights := s.weights(point)
	if s.cfg.excess(weights) > 1+rounding {
		return math.Inf(1), nil
	}
	if s.evaluated >= s.cfg.MaxEvaluations {
		return math.Inf(1), errNoneLeft
	}
	mean, err := s.evaluate(ctx, weights)
	if err != nil {
		return math.Inf(1), err
	}
	s.means[name] = mean
	return mean, nil
}

// weights returns the weights of a point, by group.
func (s *search) weights(point offset) []float64 {
	weights := make([]float64, len(point))
	for g, x := range point {
		weights[g] = s.origin[g] * math.Exp(float64(x)*s.unit)
	}
	return weights
}

// evaluate plays all episodes with the given weights, by group, and returns their
// mean completion time.
func (s *search) evaluate(ctx context.Context, weights []float64) (float64, error) {
	byServer := PerServer(weights, s.cfg.Counts)
	target := episodes.Target{Name: "fixed weights", Env: func(rec env.Recorder) (env.Env, error) { return s.cfg.Env(byServer, rec) }}
	list, err := episodes.Run(ctx, episodes.Config{Seeds: s.cfg.Seeds, Workers: s.cfg.Workers}, []episodes.Target{target})
	if err != nil {
		return 0, fmt.Errorf("tune: weights %.4g: %w", weights, err)
	}
	s.evaluated++
	if s.cfg.Progress != nil {
		s.cfg.Progress(s.evaluated)
	}
	return list[0].Class(eval.AllClasses).Mean, nil
}

// rounding is how far beyond the bound a weight that is on it may seem to be.
const rounding = 1e-9

// excess returns the greatest distance of a log-weight from the servers' mean,
// in units of the bound.
func (c *Config) excess(weights []float64) float64 {
	mean, servers, most := 0.0, 0, 0.0
	for g, w := range weights {
		mean += float64(c.Counts[g]) * math.Log(w)
		servers += c.Counts[g]
	}
	mean /= float64(servers)
	for _, w := range weights {
		most = max(most, math.Abs(math.Log(w)-mean)/c.MaxLogWeight)
	}
	return most
}

// bound moves weights that are outside the bound towards equal ones until they are
// on it.
func (c *Config) bound(weights []float64) {
	if excess := c.excess(weights); excess > 1+rounding {
		for g, w := range weights {
			weights[g] = math.Pow(w, 1/excess)
		}
	}
}
