package episodes

import (
	"fmt"

	"fairlb/eval"
)

// summary sums up the runs of one target over seeds, in whatever order the runs
// end: a few numbers for each seed and one distribution for each class.
type summary struct {
	classes  []classSummary // of all requests, then of each named class
	fairness eval.Series
}

// classSummary sums up the runs of one target for one class of requests.
type classSummary struct {
	n, failed uint64
	empty     int          // seeds without requests
	pooled    distribution // of the requests of all seeds

	// One value a seed, in the order of the seeds.
	mean, p50, p90, p95, p99, p999 eval.Series
	requests, failures             []uint64

	completed eval.Completed
}

// newSummary makes room for that many seeds and named classes.
func newSummary(seeds, classes int) summary {
	if classes < 2 {
		classes = 0
	}
	c := summary{classes: make([]classSummary, 1+classes), fairness: make(eval.Series, seeds)}
	for i := range c.classes {
		c.classes[i] = classSummary{
			mean: make(eval.Series, seeds),
			p50:  make(eval.Series, seeds), p90: make(eval.Series, seeds), p95: make(eval.Series, seeds),
			p99: make(eval.Series, seeds), p999: make(eval.Series, seeds),
			requests: make([]uint64, seeds), failures: make([]uint64, seeds),
			completed: eval.Completed{PerSeed: make(eval.Series, seeds), PerSeedP95: make(eval.Series, seeds), PerSeedP99: make(eval.Series, seeds)},
			pooled:    newDistribution(),
		}
	}
	return c
}

// add adds the run of a seed, given by its index.
func (c *summary) add(seed int, r *recorder) {
	c.fairness[seed] = r.fairness.mean()
	for i := range c.classes {
		class, run := &c.classes[i], &r.classes[i]
		class.n += run.n
		class.failed += run.failed()
		if run.n == 0 {
			class.empty++
		}
		class.mean[seed] = run.mean()
		class.p50[seed], class.p90[seed], class.p95[seed] = run.quantile(50), run.quantile(90), run.quantile(95)
		class.p99[seed], class.p999[seed] = run.quantile(99), run.quantile(99.9)
		class.requests[seed], class.failures[seed] = run.n, run.failed()
		completed := &class.completed
		completed.PerSeed[seed] = run.completed.mean()
		completed.PerSeedP95[seed], completed.PerSeedP99[seed] = run.completed.quantile(95), run.completed.quantile(99)
		class.pooled.merge(&run.distribution)
	}
}

// result returns the figures of the target over all seeds, to which add has added
// each. A class without requests is left out.
func (c *summary) result(target string, names []string) eval.Result {
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
			PerSeedN: class.requests, PerSeedFailed: class.failures, Completed: &class.completed,
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
