package eval

import "fmt"

// collection gathers the runs of one target, in any order: a few numbers per
// seed and one distribution per class.
type collection struct {
	classes  []classCollection // of all requests, then of each named class
	fairness Series
}

type classCollection struct {
	n, failed      uint64
	empty          int // seeds without requests
	mean, p95, p99 Series
	pooled         distribution
}

// newCollection makes room for that many seeds and named classes.
func newCollection(seeds, classes int) collection {
	if classes < 2 {
		classes = 0
	}
	c := collection{classes: make([]classCollection, 1+classes), fairness: make(Series, seeds)}
	for i := range c.classes {
		c.classes[i] = classCollection{
			mean: make(Series, seeds), p95: make(Series, seeds), p99: make(Series, seeds),
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
		class.p95[seed], class.p99[seed] = run.quantile(95), run.quantile(99)
		class.pooled.merge(&run.distribution)
	}
}

// result summarises the runs of all seeds. A class without requests is left
// out.
func (c *collection) result(target string, names []string) Result {
	r := Result{Target: target}
	for i := range c.classes {
		class, name := &c.classes[i], AllClasses
		if i > 0 {
			name = names[i-1]
		}
		if class.n == 0 {
			continue
		}
		f := Figures{
			Class: name, N: class.n, Failed: class.failed,
			P50: class.pooled.quantile(50), P90: class.pooled.quantile(90), P95: class.pooled.quantile(95),
			P99: class.pooled.quantile(99), P999: class.pooled.quantile(99.9),
			PerSeed: class.mean, PerSeedP95: class.p95, PerSeedP99: class.p99,
		}
		f.Mean, f.SD = class.mean.meanSD()
		f.MeanP95, f.SDP95 = class.p95.meanSD()
		f.MeanP99, f.SDP99 = class.p99.meanSD()
		f.IQM = clustered(single(class.mean.defined()), IQM)
		if i == 0 && len(c.fairness.defined()) > 0 {
			f.PerSeedFairness = c.fairness
			f.Fairness, f.SDFairness = c.fairness.meanSD()
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

// compare sets the differences of r to the baseline, which may be r itself.
func (r *Result) compare(baseline *Result) {
	for i := range r.Classes {
		f := &r.Classes[i]
		base := baseline.Class(f.Class)
		f.IsBaseline = f == base
		if base == nil || f.IsBaseline {
			continue
		}
		diffs, bases := pairs(f.PerSeed, base.PerSeed)
		f.VsSED = newDifference(baseline.Target, bases, diffs)
		f.Improvement = clustered(single(diffs), improvement)
	}
}
