package eval

import (
	"fmt"

	"gonum.org/v1/gonum/stat"
)

// Group sums up several training runs of one recipe, each evaluated on the same
// seeds. Its intervals have both sources, training runs and evaluation seeds
// (sources.go): they say how other training runs would do on other seeds.
type Group struct {
	Name    string         `json:"name"`
	Runs    int            `json:"runs"`
	Classes []GroupFigures `json:"classes"` // in the order of the first run's
}

// GroupFigures are a Group's figures of one class of requests, in s. The
// value of a run is its mean over the evaluation seeds.
type GroupFigures struct {
	Class  string `json:"class"`
	N      uint64 `json:"n"` // requests, of all runs
	Failed uint64 `json:"failed"`

	// Mean and sample standard deviation over runs (0 with one run), and the
	// 95 % interval of the mean over runs and seeds, which is null with one run.
	Mean     float64   `json:"mean"`
	SD       float64   `json:"sd"`
	Interval *Interval `json:"interval"`

	// The same of the runs' MeanP95 and MeanP99.
	MeanP95 float64 `json:"mean_p95"`
	SDP95   float64 `json:"sd_p95"`
	MeanP99 float64 `json:"mean_p99"`
	SDP99   float64 `json:"sd_p99"`

	PerRun []float64 `json:"per_run"` // the runs' means

	// IQM is the interquartile mean of the means of all seeds of all runs, and
	// Improvement the part of those means that are less than the baseline's on the
	// same seed, equals counting half. Their intervals are of resampled runs and
	// seeds. Both are nil with one run, Improvement also without a baseline.
	IQM         *Estimate `json:"iqm"`
	Improvement *Estimate `json:"improvement,omitempty"`

	// VsSED is the mean over runs of each run's difference to the baseline,
	// paired by evaluation seed. It is nil with one run or no baseline.
	VsSED *Difference `json:"vs_sed,omitempty"`
}

// Interval is a confidence interval.
type Interval struct {
	Lo float64 `json:"lo"`
	Hi float64 `json:"hi"`
}

// Class returns the figures of a class; nil where it had no requests.
func (g *Group) Class(name string) *GroupFigures {
	for i := range g.Classes {
		if g.Classes[i].Class == name {
			return &g.Classes[i]
		}
	}
	return nil
}

// Combine sums up the results of training runs of one recipe, compared to a baseline
// that may be nil. The caller must have made all of them on the same seeds; Combine
// fails with ErrUnmatched unless they have the same classes and number of seeds.
func Combine(name string, runs []Result, baseline *Result) (Group, error) {
	g := Group{Name: name, Runs: len(runs)}
	if len(runs) == 0 {
		return g, fmt.Errorf("%w: %s has no runs", ErrUnmatched, name)
	}
	for i := range runs[0].Classes {
		figures, err := combineClass(name, runs[0].Classes[i].Class, runs, baseline)
		if err != nil {
			return g, err
		}
		g.Classes = append(g.Classes, figures)
	}
	return g, nil
}

// combineClass sums up one class of requests.
func combineClass(name, class string, runs []Result, baseline *Result) (GroupFigures, error) {
	g := GroupFigures{Class: class}
	var base *Figures
	if baseline != nil {
		base = baseline.Class(class)
	}
	seeds := len(runs[0].Class(class).PerSeed)
	if base != nil && len(base.PerSeed) != seeds {
		return g, fmt.Errorf("%w: class %s: %d seeds of %s, %d of %s",
			ErrUnmatched, class, seeds, name, len(base.PerSeed), baseline.Target)
	}
	var p95, p99 Series
	var diffs, bases []float64
	var means, differences Replicates // by run and seed, or of one workload by run
	for i := range runs {
		f := runs[i].Class(class)
		if len(runs[i].Classes) != len(runs[0].Classes) || f == nil || len(f.PerSeed) != seeds {
			return g, fmt.Errorf("%w: class %s of %s: run %d differs from the first in its classes or number of seeds",
				ErrUnmatched, class, name, i)
		}
		g.N += f.N
		g.Failed += f.Failed
		g.PerRun = append(g.PerRun, f.Mean)
		means = append(means, runs[i].Replicate(f.PerSeed))
		p95 = append(p95, f.MeanP95)
		p99 = append(p99, f.MeanP99)
		if base == nil {
			continue
		}
		if d, b := pairs(f.PerSeed, base.PerSeed); len(d) > 0 {
			paired := make(Series, seeds)
			for s := range paired {
				paired[s] = f.PerSeed[s] - base.PerSeed[s]
			}
			differences = append(differences, runs[i].Replicate(paired))
			diffs = append(diffs, stat.Mean(d, nil))
			bases = append(bases, stat.Mean(b, nil))
		}
	}
	g.Mean, g.SD = Series(g.PerRun).MeanSD()
	g.IQM, g.Improvement = crossedEstimate(means, IQM), crossedEstimate(differences, improvement)
	g.MeanP95, g.SDP95 = p95.MeanSD()
	g.MeanP99, g.SDP99 = p99.MeanSD()
	if half, ok := crossedHalf(means); ok {
		g.Interval = &Interval{Lo: g.Mean - half, Hi: g.Mean + half}
	}
	if baseline != nil {
		g.VsSED = newDifference(baseline.Target, bases, diffs)
		if half, ok := crossedHalf(differences); ok && g.VsSED != nil {
			g.VsSED.setHalf(half)
		}
	}
	return g, nil
}

// crossedHalf returns half the interval of the mean of two or more runs, over runs
// and seeds. Seeds on which a run has no value, as it had no request of the class,
// have no part; without any other the interval is over runs.
func crossedHalf(table Replicates) (half float64, ok bool) {
	if len(table) < 2 {
		return 0, false
	}
	if whole := table.complete(); len(whole[0]) > 0 {
		table = whole
	} else {
		for i, run := range table {
			mean, _ := Series(run).MeanSD()
			table[i] = []float64{mean}
		}
	}
	runs, seeds := table.marginalMeans()
	return halfWidth(runs, seeds)
}
