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

	// MaxLogWeight bounds each log-weight to this distance from the servers'
	// mean log-weight. A start beyond is drawn towards equal weights.
	MaxLogWeight float64

	// Seeds are the episodes, the same for every point.
	Seeds []uint64

	// FirstStep and LastStep are the greatest and the least change of a
	// log-weight; between them a step that finds nothing better is halved.
	FirstStep, LastStep float64

	// MaxEvaluations ends a search that would go on; at least the starts.
	MaxEvaluations int

	// Tolerance, if not 0, asks for Result.Ranges: how far each weight may
	// move from the best until the mean is this part above the least.
	Tolerance float64

	// Workers is the number of episodes at a time; 0: GOMAXPROCS. The result
	// does not depend on it.
	Workers int

	// Progress, if not nil, is called after each evaluation of a point with
	// their number.
	Progress func(evaluations int)
}

// Point is weights and what they came to.
type Point struct {
	Weights []float64 `json:"weights"` // by group
	Mean    float64   `json:"mean_s"`  // completion time, s, the mean over seeds of the seeds' means
}

// Range is the least and the greatest weight of a group that do as well as the
// best, the other weights being those of the best.
type Range struct {
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}

// Result is the outcome of a search.
type Result struct {
	Best        Point   `json:"best"`
	Starts      []Point `json:"starts"`           // in the order of Config
	Evaluations int     `json:"evaluations"`      // of points, each on all seeds
	Converged   bool    `json:"converged"`        // no neighbour at LastStep was better; else MaxEvaluations ended it
	Ranges      []Range `json:"ranges,omitempty"` // by group, with Config.Tolerance; of the first, its weight alone
}

// Spread returns the weights by server of weights by group.
func Spread(weights []float64, counts []int) []float64 {
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

// errSpent says that MaxEvaluations are made.
var errSpent = errors.New("tune: no evaluations are left")

// search is the state of one Search. A point is the change of each group's
// log-weight from origin, in units of the least step, so that the starts are
// met exactly as given and no point is evaluated twice.
type search struct {
	cfg    Config
	unit   float64   // the least step
	first  int       // the greatest step, in units: a power of two
	origin []float64 // weights by group
	made   int
	known  map[string]float64 // means by point
}

// Search returns the best fixed weights that it finds. Errors: ErrConfig, the
// environment's, and those of episodes.Run.
func Search(ctx context.Context, cfg Config) (Result, error) {
	if err := cfg.validate(); err != nil {
		return Result{}, err
	}
	s := &search{cfg: cfg, unit: cfg.FirstStep, first: 1}
	for s.unit/2 >= cfg.LastStep {
		s.unit, s.first = s.unit/2, 2*s.first
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
	at := make([]int, len(cfg.Counts))
	s.known = map[string]float64{fmt.Sprint(at): r.Starts[best].Mean}
	at, mean, err := s.descend(ctx, at, r.Starts[best].Mean)
	if err != nil && !errors.Is(err, errSpent) {
		return Result{}, err
	}
	s.cfg.MaxEvaluations = math.MaxInt // the bounds end what follows
	r.Best, r.Evaluations, r.Converged = Point{s.weights(at), mean}, s.made, err == nil
	if cfg.Tolerance == 0 {
		return r, nil
	}
	r.Ranges, err = s.ranges(ctx, at, mean)
	return r, err
}

// descend goes down from a point until no step leads further. With errSpent it
// returns the best point so far.
func (s *search) descend(ctx context.Context, at []int, mean float64) ([]int, float64, error) {
	for step := s.first; step > 0; {
		next, value, err := s.explore(ctx, at, mean, step)
		if err != nil {
			return next, value, err
		}
		if value >= mean {
			step /= 2
			continue
		}
		for value < mean { // as far again the same way, while that helps
			ahead := make([]int, len(at))
			for g := range ahead {
				ahead[g] = 2*next[g] - at[g]
			}
			at, mean = next, value
			reached, err := s.at(ctx, ahead)
			if err != nil {
				return at, mean, err
			}
			// The best near the point ahead, even if that one is worse.
			if next, value, err = s.explore(ctx, ahead, reached, step); err != nil {
				if value < mean {
					at, mean = next, value
				}
				return at, mean, err
			}
		}
	}
	return at, mean, nil
}

// explore tries a step up and one down for each group but the first, and keeps
// what is better.
func (s *search) explore(ctx context.Context, from []int, mean float64, step int) ([]int, float64, error) {
	at := slices.Clone(from)
	for g := 1; g < len(at); g++ {
		for _, change := range []int{step, -step} {
			at[g] += change
			value, err := s.at(ctx, at)
			if err == nil && value < mean {
				mean = value
				break
			}
			at[g] -= change
			if err != nil {
				return at, mean, err
			}
		}
	}
	return at, mean, nil
}

// ranges goes from the best point along each weight, both ways, two least steps
// at a time, until the mean is beyond the tolerance. Dispatch by weights
// compares small whole numbers, so a range may be wide.
func (s *search) ranges(ctx context.Context, best []int, mean float64) ([]Range, error) {
	var out []Range
	for g := range best {
		var ends [2]float64
		for way, step := range []int{-2, 2} {
			point := slices.Clone(best)
			for g > 0 {
				point[g] += step
				value, err := s.at(ctx, point)
				if err != nil {
					return nil, err
				}
				if value > mean*(1+s.cfg.Tolerance) {
					point[g] -= step
					break
				}
			}
			ends[way] = s.weights(point)[g]
		}
		out = append(out, Range{ends[0], ends[1]})
	}
	return out, nil
}

// at returns the mean at a point: +Inf beyond the bounds.
func (s *search) at(ctx context.Context, point []int) (float64, error) {
	name := fmt.Sprint(point)
	if mean, ok := s.known[name]; ok {
		return mean, nil
	}
	weights := s.weights(point)
	if s.cfg.excess(weights) > 1+rounding {
		return math.Inf(1), nil
	}
	if s.made >= s.cfg.MaxEvaluations {
		return math.Inf(1), errSpent
	}
	mean, err := s.evaluate(ctx, weights)
	if err != nil {
		return math.Inf(1), err
	}
	s.known[name] = mean
	return mean, nil
}

func (s *search) weights(point []int) []float64 {
	weights := make([]float64, len(point))
	for g, x := range point {
		weights[g] = s.origin[g] * math.Exp(float64(x)*s.unit)
	}
	return weights
}

// evaluate runs all episodes with the given weights by group.
func (s *search) evaluate(ctx context.Context, weights []float64) (float64, error) {
	byServer := Spread(weights, s.cfg.Counts)
	target := episodes.Target{Name: "fixed weights", Env: func(rec env.Recorder) (env.Env, error) { return s.cfg.Env(byServer, rec) }}
	list, err := episodes.Run(ctx, episodes.Config{Seeds: s.cfg.Seeds, Workers: s.cfg.Workers}, []episodes.Target{target})
	if err != nil {
		return 0, fmt.Errorf("tune: weights %.4g: %w", weights, err)
	}
	s.made++
	if s.cfg.Progress != nil {
		s.cfg.Progress(s.made)
	}
	return list[0].Class(eval.AllClasses).Mean, nil
}

// rounding is what a weight on the bound may seem to be beyond it.
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

// bound draws weights that are out of bounds towards equal ones until they
// are on the bound.
func (c *Config) bound(weights []float64) {
	if excess := c.excess(weights); excess > 1+rounding {
		for g, w := range weights {
			weights[g] = math.Pow(w, 1/excess)
		}
	}
}
