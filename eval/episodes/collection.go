package episodes

import (
	"fmt"

	"fairlb/eval"
)

// collection gathers the runs of one target, in any order: a few numbers per
// seed and one distribution per class.
type collection struct {
	classes  []classCollection // of all requests, then of each named class
	fairness eval.Series
}

type classCollection struct {
	n, failed uint64
	empty     int // seeds without requests
	pooled    distribution

	// of each seed
	mean, p50, p90, p95, p99, p999 eval.Series
	requests, failures             []uint64
}

// newCollection makes room for that many seeds and named classes.
func newCollection(seeds, classes int) collection {
	if classes < 2 {
		classes = 0
	}
	c := collection{classes: make([]classCollection, 1+classes), fairness: make(eval.Series, seeds)}
	for i := range c.classes {
		c.classes[i] = classCollection{
			mean: make(eval.Series, seeds),
			p50:  make(eval.Series, seeds), p90: make(eval.Series, seeds), p95: make(eval.Series, seeds),
			p99: make(eval.Series, seeds), p999: make(eval.Series, seeds),
			requests: make([]uint64, seeds), failures: make([]uint64, seeds),
			pooled: newDistribution(),
		}
	}
	return c
}

// add keeps the figures of the run of the seed of that index.
func (c *collection) add(seed int, r *recorder) {
	c.fairness[seed] = r.fairness.mean()
	for i := range c.classes {
		class, run := &c.classes[i], &r.tallies[i]
		class.n += run.n
		class.failed += run.failed
		if run.n == 0 {
			class.empty++
		}
		class.mean[seed] = run.mean()
		class.p50[seed], class.p90[seed], class.p95[seed] = run.quantile(50), run.quantile(90), run.quantile(95)
		class.p99[seed], class.p999[seed] = run.quantile(99), run.quantile(99.9)
		class.requests[seed], class.failures[seed] = run.n, run.failed
		class.pooled.merge(&run.distribution)
	}
}

// result summarises the runs of all seeds. A class without requests is left
// out.
func (c *collection) result(target string, names []string) eval.Result {
	r := eval.Result{Target: target}
	for i := range c.classes {
		class, name := &c.classes[i], eval.AllClasses
		if i > 0 {
			name = names[i-1]
		}
		if class.n == 0 {
			continue
		}
		f := eval.Figures{
			Class: name, N: class.n, Failed: class.failed,
			P50: class.pooled.quantile(50), P90: class.pooled.quantile(90), P95: class.pooled.quantile(95),
			P99: class.pooled.quantile(99), P999: class.pooled.quantile(99.9),
			PerSeed: class.mean, PerSeedP50: class.p50, PerSeedP90: class.p90, PerSeedP95: class.p95,
			PerSeedP99: class.p99, PerSeedP999: class.p999,
			PerSeedN: class.requests, PerSeedFailed: class.failures,
		}
		f.Mean, f.SD = class.mean.MeanSD()
		f.MeanP95, f.SDP95 = class.p95.MeanSD()
		f.MeanP99, f.SDP99 = class.p99.MeanSD()
		f.IQM = class.mean.IQM()
		if i == 0 && len(c.fairness.Defined()) > 0 {
			f.PerSeedFairness = c.fairness
			f.Fairness, f.SDFairness = c.fairness.MeanSD()
		}
		r.Classes = append(r.Classes, f)

		if class.empty > 0 {
			r.Warnings = append(r.Warnings, fmt.Sprintf(
				"%s: class %s has no requests in %d of %d seeds, which count in none of its figures",
				target, name, class.empty, len(class.mean)))
		}
		if class.pooled.clamped() {
			r.Warnings = append(r.Warnings, fmt.Sprintf(
				"%s: class %s has completion times above one hour, which its quantiles read as one hour",
				target, name))
		}
	}
	return r
}
