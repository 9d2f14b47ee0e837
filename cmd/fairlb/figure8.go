package main

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"slices"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"fairlb/env"
	"fairlb/env/scenario"
	"fairlb/eval/figure"
	"fairlb/eval/paper"
	"fairlb/results/chart"
	"fairlb/results/report"
)

// contender is what a figure of completion times shows as one line: a heuristic, or
// training runs that differ in their seed.
type contender struct {
	name    string
	runs    int // 0 for a heuristic
	targets []target
}

// completionDistributions makes a figure of the distributions of completion times.
func (f *figureMaker) completionDistributions(ctx context.Context, made paper.Figure) error {
	cases := made.TestCases()
	trained, err := f.trained(ctx, cases)
	if err != nil {
		return err
	}
	data := &figure.CompletionDistributions{Figure: made.Title, Duration: f.profile.EvalDuration, Seeds: f.profile.EvalSeeds}
	heuristics, learned := paper.ComparedPolicies()
	lines := len(heuristics) + len(f.runs)
	if len(f.runs) == 0 {
		lines += len(learned) * len(f.profile.TrainingSeeds)
	}
	bar := f.app.newBar("figure "+made.Number, len(cases)*lines*len(f.profile.EvalSeeds))
	defer bar.close()
	var done atomic.Int64
	for _, c := range cases {
		s, err := scenario.Load(c.Scenario, []string{fmt.Sprintf("duration=%g", f.profile.EvalDuration)})
		if err != nil {
			return err
		}
		list, err := f.contenders(s, c, trained)
		if err != nil {
			return err
		}
		shown := figure.CaseDistributions{Name: c.Name, Scenario: c.Scenario, Classes: s.ClassNames()}
		for _, one := range list {
			var requests []*figure.CompletionRecorder
			for _, t := range one.targets {
				err := f.watch(ctx, t, &done, bar, func(int) (env.Recorder, env.Sampler) {
					requests = append(requests, figure.NewCompletionRecorder(len(s.Workload.Classes)))
					return requests[len(requests)-1], nil
				})
				if err != nil {
					return err
				}
			}
			shown.Targets = append(shown.Targets, figure.TargetDistributions{Name: one.name, Runs: one.runs, ByClass: figure.Distributions(requests)})
		}
		data.Cases = append(data.Cases, shown)
	}
	if err := f.files(made.Number, func(w io.Writer) error { return report.WriteCompletionDistributionsCSV(w, data) },
		func(w io.Writer, format string) error { return chart.DrawCompletionDistributions(w, data, format) }); err != nil {
		return err
	}
	return report.WriteCompletionDistributionsText(f.app.stdout, data)
}

// trained returns the folders of the training runs of the paper's methods,
// after making those that the tables' folder lacks. With runs that the user
// named there are none.
func (f *figureMaker) trained(ctx context.Context, cases []paper.TestCase) (map[paper.Policy]string, error) {
	if len(f.runs) > 0 {
		return nil, nil
	}
	_, learned := paper.ComparedPolicies()
	var policies []paper.Policy
	for _, c := range cases {
		for _, row := range learned {
			for _, p := range c.Policies(row, f.profile) {
				if !slices.Contains(policies, p) {
					policies = append(policies, p)
				}
			}
		}
	}
	b := newBook(f.tables, f.profile)
	release, err := claim(f.tables)
	if err != nil {
		return nil, err
	}
	defer release()
	bar := f.app.newBar("training", len(policies))
	defer bar.close()
	var done atomic.Int64
	dirs := make([]string, len(policies))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for k, p := range policies {
		group.Go(func() error {
			var err error
			h := b.hyper(p)
			if dirs[k], err = b.trained(ctx, f.app, h, runName(&h)); err != nil {
				return fmt.Errorf("%s: %w", describe(p), err)
			}
			bar.set(int(done.Add(1)), "")
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	out := map[paper.Policy]string{}
	for k, p := range policies {
		out[p] = dirs[k]
	}
	return out, nil
}

// contenders are what is shown of a test case: heuristics, then the runs that
// the user named or else the paper's methods.
func (f *figureMaker) contenders(s scenario.Scenario, c paper.TestCase, trained map[paper.Policy]string) ([]contender, error) {
	heuristics, learned := paper.ComparedPolicies()
	var list []contender
	for _, name := range heuristics {
		list = append(list, contender{name, 0, []target{{Target: heuristicTarget(s, name), open: heuristicEnv(s, name)}}})
	}
	if len(f.runs) > 0 {
		named, err := f.namedRuns(c.Scenario)
		return append(list, named...), err
	}
	for _, row := range learned {
		one := contender{name: row.Method + " " + row.Reward}
		for _, p := range c.Policies(row, f.profile) {
			t, err := keptTarget(s, describe(p), trained[p])
			if err != nil {
				return nil, err
			}
			one.runs++
			one.targets = append(one.targets, t)
		}
		list = append(list, one)
	}
	return list, nil
}

// namedRuns are the runs that the user named, as they are shown of a test case.
func (f *figureMaker) namedRuns(name string) ([]contender, error) {
	s, err := scenario.Load(name, []string{fmt.Sprintf("duration=%g", f.profile.EvalDuration)})
	if err != nil {
		return nil, err
	}
	heuristics, _ := paper.ComparedPolicies()
	for k, run := range f.runs {
		if slices.Contains(heuristics, run) || slices.Contains(f.runs[:k], run) {
			return nil, usage("--run %q: is shown already", run)
		}
	}
	targets, err := parseTargets(s, f.runs, func() (target, error) {
		return target{}, usage("--run %q: must be a run's folder or a checkpoint", tunedName)
	})
	if err != nil {
		return nil, err
	}
	var list []contender
	for _, t := range targets {
		one := contender{name: t.Name, targets: []target{t}}
		if t.hash != "" {
			one.runs = 1
		}
		list = append(list, one)
	}
	return list, nil
}
