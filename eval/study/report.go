package study

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"

	"fairlb/eval"
)

// Baseline is the heuristic that every target is compared to.
const Baseline = eval.DefaultBaseline

// Report is what a study came to, so far.
type Report struct {
	Study           Study             `json:"-"`
	Name            string            `json:"name"`
	Command         string            `json:"command"`
	TrainingSeeds   []uint64          `json:"training_seeds"`
	EvaluationSeeds []uint64          `json:"evaluation_seeds"`
	Duration        float64           `json:"duration_s"` // s of arrivals in an evaluation
	Scenarios       []ScenarioOutcome `json:"scenarios"`
	Verdicts        []Verdict         `json:"verdicts"`
	Speeds          []Speed           `json:"speeds"`
	Missing         []string          `json:"missing,omitempty"`  // what has not run yet
	Warnings        []string          `json:"warnings,omitempty"` // doubts about the figures
}

// ScenarioOutcome is what the targets of one scenario came to.
type ScenarioOutcome struct {
	Name    string          `json:"name"`
	Targets []TargetOutcome `json:"rows"` // the heuristics, then the methods
}

// Target returns the outcome of a target; nil without one.
func (o *ScenarioOutcome) Target(target string) *TargetOutcome {
	for k := range o.Targets {
		if o.Targets[k].Target == target {
			return &o.Targets[k]
		}
	}
	return nil
}

// TargetOutcome is one heuristic, or the training runs of one method. Times are
// completion times in s; failed requests count at their timeout.
type TargetOutcome struct {
	Target string `json:"target"`
	Family string `json:"family,omitempty"` // of a method
	Runs   int    `json:"runs,omitempty"`   // training runs

	Mean   float64 `json:"mean"` // over runs, of the seeds' means
	SD     float64 `json:"sd"`   // over runs; of a heuristic, over evaluation seeds
	P50    float64 `json:"p50"`  // of a run's requests of all seeds, mean over runs
	P90    float64 `json:"p90"`
	P99    float64 `json:"p99"`
	Failed float64 `json:"failed"` // part of the requests

	// Ratios of Mean to other heuristics' means on the same arrivals.
	Ratios map[string]Ratio `json:"ratios"`

	// Interval is the 95 % interval of Mean over training runs and evaluation seeds;
	// nil of a single run on a single seed.
	Interval *eval.Interval `json:"interval,omitempty"`

	toBaseline eval.Stratum // the values that the ratio to the baseline is of

	OneWorkload bool `json:"one_workload,omitempty"` // all evaluation seeds had the same arrivals: no interval is over them

	PerRun        []float64 `json:"per_run,omitempty"` // means
	TrainingSeeds []uint64  `json:"seeds,omitempty"`   // of the runs
}

// Ratio is a ratio of mean completion times with its 95 % interval over training
// runs and evaluation seeds; a heuristic has no runs, and one workload no seeds.
type Ratio struct {
	Value float64 `json:"value"`
	Lo    float64 `json:"lo"` // 0 if there is no interval, as of a single run on a single seed
	Hi    float64 `json:"hi"`
	Known bool    `json:"known"` // whether there is an interval, Lo to Hi
}

// Verdict says whether the best method of a family reaches a bar.
type Verdict struct {
	Bar
	Rule   string `json:"rule"` // the bar in words
	Family string `json:"family"`
	Method string `json:"method"` // the best of its family in that scenario
	Ratio  Ratio  `json:"ratio"`
	Met    bool   `json:"met"`
	// Common says that it is of a rule that every report judges, and not of a
	// bar of the study's file.
	Common bool `json:"common,omitempty"`
}

// Significant says whether the whole interval of the ratio is on the verdict's side of the
// bar.
func (v *Verdict) Significant() bool {
	if !v.Ratio.Known {
		return false
	}
	if v.Met {
		return v.Ratio.Hi <= v.AtMost
	}
	return v.Ratio.Lo > v.AtMost
}

// Speed is what training a method took, as means over all its runs of the study.
type Speed struct {
	Method  string  `json:"method"`
	Runs    int     `json:"runs"`
	Seconds float64 `json:"seconds"`   // wall time of a run, mean
	Steps   float64 `json:"steps_s"`   // environment steps a second while episodes are played, all LBs at once
	Updates float64 `json:"updates_s"` // a second while the learner updates, of all its networks
	Playing float64 `json:"playing"`   // part of the time in which episodes are played
}

// RunsByTarget holds what was evaluated in a scenario: a single run of each
// heuristic and, of each method, its training runs.
type RunsByTarget map[string][]Run

// Run is the result of a heuristic, or of one training run of a method.
type Run struct {
	TrainingSeed uint64 // 0 of a heuristic
	Result       eval.Result
}

// Add adds a scenario: what those of its targets came to that have run.
func (r *Report) Add(c Scenario, runs RunsByTarget) error {
	out := ScenarioOutcome{Name: c.Name}
	for _, name := range r.Study.Heuristics {
		if list := runs[name]; len(list) == 1 {
			row, err := r.targetOutcome(name, "", list, runs)
			if err != nil {
				return err
			}
			row.Runs, row.PerRun, row.TrainingSeeds = 0, nil, nil
			row.SD = list[0].Result.Class(eval.AllClasses).SD
			out.Targets = append(out.Targets, row)
		}
	}
	for _, m := range r.Study.Methods {
		if list := runs[m.Name]; len(list) > 0 {
			row, err := r.targetOutcome(m.Name, m.Family, list, runs)
			if err != nil {
				return err
			}
			out.Targets = append(out.Targets, row)
		}
	}
	r.Scenarios = append(r.Scenarios, out)
	return nil
}

// targetOutcome sums up the runs of one target, compared to the heuristics among all
// runs of the scenario. family is empty of a heuristic.
func (r *Report) targetOutcome(name, family string, list []Run, runs RunsByTarget) (TargetOutcome, error) {
	row := TargetOutcome{Target: name, Family: family, Runs: len(list), Ratios: map[string]Ratio{}, OneWorkload: list[0].Result.OneWorkload}
	var requests, failed float64
	for i := range list {
		f := list[i].Result.Class(eval.AllClasses)
		if f == nil {
			return row, fmt.Errorf("study: %s: no requests", name)
		}
		n := float64(len(list))
		row.PerRun = append(row.PerRun, f.Mean)
		row.TrainingSeeds = append(row.TrainingSeeds, list[i].TrainingSeed)
		row.P50 += f.P50 / n
		row.P90 += f.P90 / n
		row.P99 += f.P99 / n
		requests += float64(f.N)
		failed += float64(f.Failed)
	}
	row.Mean = stat.Mean(row.PerRun, nil)
	if len(list) > 1 {
		row.SD = stat.StdDev(row.PerRun, nil)
	}
	row.Failed = failed / requests
	var values eval.Replicates
	for i := range list {
		values = append(values, list[i].Result.Replicate(list[i].Result.Class(eval.AllClasses).PerSeed))
	}
	if _, lo, hi := values.Interval(); !math.IsNaN(lo) {
		row.Interval = &eval.Interval{Lo: lo, Hi: hi}
	}
	for _, other := range r.Study.Heuristics {
		if base := runs[other]; len(base) == 1 && other != name {
			values, err := stratum(list, &base[0].Result)
			if err != nil {
				return row, fmt.Errorf("study: %s beside %s: %w", name, other, err)
			}
			row.Ratios[other] = ratioOf(values)
			if other == Baseline {
				row.toBaseline = values
			}
		}
	}
	return row, nil
}

// stratum returns the values of a target's runs and of a heuristic on the same seeds.
func stratum(list []Run, base *eval.Result) (eval.Stratum, error) {
	b := base.Class(eval.AllClasses)
	s := eval.Stratum{Base: base.Replicate(b.PerSeed)}
	for i := range list {
		f := list[i].Result.Class(eval.AllClasses)
		run := list[i].Result.Replicate(f.PerSeed)
		if len(run) != len(s.Base) {
			return s, fmt.Errorf("%w: %d seeds and %d", eval.ErrUnmatched, len(run), len(s.Base))
		}
		s.Runs = append(s.Runs, run)
	}
	return s, nil
}

// ratioOf compares the runs of a target to a heuristic on the same seeds. The
// interval is over training runs and seeds.
func ratioOf(s eval.Stratum) Ratio {
	ratio, lo, hi := s.Runs.RatioInterval(s.Base)
	if math.IsNaN(lo) {
		return Ratio{Value: ratio}
	}
	return Ratio{ratio, lo, hi, true}
}

// Overall returns the interquartile mean of a target's ratios to the baseline
// over all scenarios and training runs, with its 95 % bootstrap interval over
// training runs and seeds, the scenarios being strata; ok is false of a target
// without any.
func (r *Report) Overall(target string) (overall Ratio, ok bool) {
	var strata []eval.Stratum
	for k := range r.Scenarios {
		if row := r.Scenarios[k].Target(target); row != nil {
			if _, known := row.Ratios[Baseline]; known {
				strata = append(strata, row.toBaseline)
			}
		}
	}
	if len(strata) == 0 {
		return Ratio{}, false
	}
	iqm := eval.StratifiedIQM(strata)
	return Ratio{iqm.Value, iqm.Lo, iqm.Hi, !math.IsNaN(iqm.Lo)}, true
}

// tailHeuristics are those whose 99th percentiles a method is held to: what an
// operator could run without knowing more than the numbers of processors.
func tailHeuristics() []string { return []string{"wcmp", "lsq", "sed"} }

// tailFactor is how many times the least 99th percentile of tailHeuristics a
// method's may be.
const tailFactor = 1.05

// Judge fills the verdicts: each bar for the best method of each family, and two
// rules that are common to all studies, in every scenario: the mean is below that of
// random dispatch by capacity, and the 99th percentile is at most 5 % above the best
// heuristic's.
func (r *Report) Judge() {
	r.Verdicts = nil
	for _, o := range r.Scenarios {
		for _, family := range r.Study.Families() {
			best := o.bestOf(family)
			if best == nil {
				continue
			}
			judge := func(b Bar, rule string, ratio Ratio, common bool) {
				r.Verdicts = append(r.Verdicts, Verdict{b, rule, family, best.Target, ratio, ratio.Value <= b.AtMost, common})
			}
			for _, b := range r.Study.Bars {
				if ratio, ok := best.Ratios[b.Of]; ok && b.Scenario == o.Name {
					judge(b, fmt.Sprintf("mean at most %.3f x %s", b.AtMost, b.Of), ratio, false)
				}
			}
			if ratio, ok := best.Ratios["wcmp"]; ok {
				judge(Bar{o.Name, 1, "wcmp"}, "mean below wcmp", ratio, true)
			}
			tail, heuristic := math.Inf(1), ""
			for _, row := range o.Targets {
				if slices.Contains(tailHeuristics(), row.Target) && row.P99 < tail {
					tail, heuristic = row.P99, row.Target
				}
			}
			if heuristic != "" {
				judge(Bar{o.Name, tailFactor, heuristic}, "p99 at most 1.05 x "+heuristic, Ratio{Value: best.P99 / tail}, true)
			}
		}
	}
}

// bestOf returns the target of the least mean of a family; nil without one.
func (o *ScenarioOutcome) bestOf(family string) *TargetOutcome {
	return o.least(func(row *TargetOutcome) bool { return row.Family == family })
}

// BestMethod returns the target of the least mean of all methods; nil without one.
func (o *ScenarioOutcome) BestMethod() *TargetOutcome {
	return o.least(func(row *TargetOutcome) bool { return row.Family != "" })
}

// least returns the target of the least mean among those that take is true of; nil
// without one.
func (o *ScenarioOutcome) least(take func(*TargetOutcome) bool) *TargetOutcome {
	var best *TargetOutcome
	for k := range o.Targets {
		if row := &o.Targets[k]; take(row) && (best == nil || row.Mean < best.Mean) {
			best = row
		}
	}
	return best
}
