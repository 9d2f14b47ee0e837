package eval

import (
	"errors"
	"fmt"
	"math"
)

// ErrDamaged reports an evaluation that was read back and cannot be what was
// kept.
var ErrDamaged = errors.New("eval: damaged evaluation")

// Check reports an evaluation that was read back whose parts do not belong
// together: lists that are not of the seeds, classes that are missing or twice,
// figures that no evaluation comes to. What it lets pass can be computed with.
func (e *Evaluation) Check() error {
	for _, r := range e.Results {
		if err := r.check(len(e.Seeds)); err != nil {
			return fmt.Errorf("%w: %q: %w", ErrDamaged, r.Target, err)
		}
	}
	return nil
}

func (r *Result) check(seeds int) error {
	if len(r.Classes) == 0 || r.Classes[0].Class != AllClasses {
		return fmt.Errorf("its first class must be %q", AllClasses)
	}
	known := map[string]bool{}
	for i := range r.Classes {
		f := &r.Classes[i]
		if known[f.Class] {
			return fmt.Errorf("the class %q is there twice", f.Class)
		}
		known[f.Class] = true
		if err := f.check(seeds); err != nil {
			return fmt.Errorf("class %q: %w", f.Class, err)
		}
	}
	return nil
}

func (f *Figures) check(seeds int) error {
	if f.Failed > f.N {
		return fmt.Errorf("%d of %d requests failed", f.Failed, f.N)
	}
	type named struct {
		name     string
		values   Series
		optional bool
	}
	lists := []named{
		{"per_seed", f.PerSeed, false}, {"per_seed_p95", f.PerSeedP95, false}, {"per_seed_p99", f.PerSeedP99, false},
		{"per_seed_p50", f.PerSeedP50, true}, {"per_seed_p90", f.PerSeedP90, true}, {"per_seed_p999", f.PerSeedP999, true},
		{"per_seed_fairness", f.PerSeedFairness, true},
	}
	if c := f.Completed; c != nil {
		lists = append(lists, named{"completed.per_seed", c.PerSeed, false},
			named{"completed.per_seed_p95", c.PerSeedP95, false}, named{"completed.per_seed_p99", c.PerSeedP99, false})
	}
	for _, list := range lists {
		if len(list.values) != seeds && !(list.optional && len(list.values) == 0) {
			return fmt.Errorf("%s has %d values for %d seeds", list.name, len(list.values), seeds)
		}
		for _, v := range list.values {
			if v < 0 || math.IsInf(v, 0) { // NaN stands for a seed without such requests
				return fmt.Errorf("%s has the value %g", list.name, v)
			}
		}
	}
	for _, list := range []struct {
		name   string
		values []uint64
		sum    uint64
	}{{"per_seed_n", f.PerSeedN, f.N}, {"per_seed_failed", f.PerSeedFailed, f.Failed}} {
		if len(list.values) == 0 {
			continue // made before these were kept
		}
		sum := uint64(0)
		for _, v := range list.values {
			sum += v
		}
		if len(list.values) != seeds || sum != list.sum {
			return fmt.Errorf("%s has %d values for %d seeds, which sum up to %d and not to %d", list.name, len(list.values), seeds, sum, list.sum)
		}
	}
	for _, v := range []float64{f.Mean, f.SD, f.P50, f.P90, f.P95, f.P99, f.P999} {
		if v < 0 {
			return fmt.Errorf("a completion time of %g s", v)
		}
	}
	return nil
}
