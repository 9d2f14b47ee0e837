package episodes

import (
	"context"
	"errors"
	"fmt"
	"runtime"

	"fairlb/agents"
	"fairlb/env"
	"fairlb/env/parallel"
	"fairlb/eval"
)

// Target is one thing to evaluate: a heuristic or a trained policy. Its
// functions are called by several goroutines at once.
type Target struct {
	Name string

	// Env builds a fresh environment that reports each request to rec.
	Env func(rec env.Recorder) (env.Env, error)

	// Actor builds the policy that steers it. Nil: the dispatch rule that the
	// environment was built with decides alone (nil actions).
	Actor func() (agents.Actor, error)
}

// Config says on what targets are run.
type Config struct {
	// Seeds are the episodes; every target runs each of them once.
	Seeds []uint64

	// Classes are the names of the request classes; the index is
	// env.Outcome.Class. With fewer than two, only eval.AllClasses is reported.
	Classes []string

	// Baseline names the target that the others' differences are taken to;
	// empty: eval.DefaultBaseline. It need not be among the targets.
	Baseline string

	// SameArrivals says that all seeds have the same arrivals: the results are of
	// one workload (eval.Result.OneWorkload).
	SameArrivals bool

	// Workers is the number of runs at a time; 0: GOMAXPROCS. Results do not
	// depend on it.
	Workers int

	// Progress, if not nil, is called after each run, by one goroutine at a
	// time, with the numbers of runs that are done and that there are.
	Progress func(done, total int)
}

// validate reports every fault of the configuration and of the targets.
func (c *Config) validate(targets []Target) error {
	var faults []error
	fault := func(format string, args ...any) {
		faults = append(faults, fmt.Errorf("%w: "+format, append([]any{ErrConfig}, args...)...))
	}
	if len(c.Seeds) == 0 {
		fault("no seeds")
	}
	if len(targets) == 0 {
		fault("no targets")
	}
	if c.Workers < 0 {
		fault("%d workers (want 0 or more)", c.Workers)
	}
	for _, seed := range repeated(c.Seeds) {
		fault("seed %d comes twice", seed)
	}
	for _, name := range repeated(c.Classes) {
		fault("class %q comes twice", name)
	}
	for i, name := range c.Classes {
		if name == "" || name == eval.AllClasses {
			fault("class %d is named %q, which is no class's name", i, name)
		}
	}
	names := make([]string, len(targets))
	for i, target := range targets {
		names[i] = target.Name
		if target.Name == "" {
			fault("target %d has no name", i)
		}
		if target.Env == nil {
			fault("target %q has no environment", target.Name)
		}
	}
	for _, name := range repeated(names) {
		fault("target %q comes twice", name)
	}
	return errors.Join(faults...)
}

// Run evaluates every target on every seed and returns the results in the
// order of targets. The first failure stops the other runs and is returned
// with its target and seed, and so is the end of ctx. A run without requests
// is a failure (ErrNoRequests).
func Run(ctx context.Context, cfg Config, targets []Target) ([]eval.Result, error) {
	if err := cfg.validate(targets); err != nil {
		return nil, err
	}
	if cfg.Baseline == "" {
		cfg.Baseline = eval.DefaultBaseline
	}
	s := newSchedule(cfg, targets)
	workers := cfg.Workers
	if workers == 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	group, ctx := parallel.NewGroup(ctx)
	for range min(workers, s.total()) {
		group.Go(func() error { return s.work(ctx) })
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return s.results(), nil
}

// repeated lists the items that equal one before them.
func repeated[T comparable](items []T) []T {
	var out []T
	seen := make(map[T]bool, len(items))
	for _, item := range items {
		if seen[item] {
			out = append(out, item)
		}
		seen[item] = true
	}
	return out
}
