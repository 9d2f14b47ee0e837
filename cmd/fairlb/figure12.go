package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"sync/atomic"

	"fairlb/env"
	"fairlb/env/scenario"
	"fairlb/eval/figure"
	"fairlb/eval/paper"
	"fairlb/results/chart"
	"fairlb/results/report"
)

// capacityChangeTargets are the heuristics that are shown while servers lose
// capacity, and the runs that the user named.
func (f *figureMaker) capacityChangeTargets() ([]target, error) {
	name, names := paper.CapacityChangeRuns()
	s, err := scenario.Load(name, nil)
	if err != nil {
		return nil, err
	}
	for _, run := range f.runs {
		if slices.Contains(names, run) {
			return nil, usage("--run %q: is shown already", run)
		}
		names = append(names, run)
	}
	return parseTargets(s, names, func() (target, error) {
		return target{}, usage("--run %q: must be a run's folder or a checkpoint", tunedName)
	})
}

// capacityChange makes both parts of the figure of servers that lose capacity, in
// episodes of the scenario's own duration.
func (f *figureMaker) capacityChange(ctx context.Context, made paper.Figure, targets []target) error {
	name, _ := paper.CapacityChangeRuns()
	s, err := scenario.Load(name, nil)
	if err != nil {
		return err
	}
	data := &figure.CapacityChange{Figure: made.Title, Scenario: s.Name, Duration: s.Duration, Interval: sampleInterval, Seeds: f.profile.EvalSeeds, Classes: s.ClassNames()}
	for _, g := range s.Servers {
		data.Groups = append(data.Groups, fmt.Sprintf("%d servers of %d CPUs", g.Count, g.CPUs))
	}
	for _, change := range s.Changes {
		if change.At > 0 && change.At < s.Duration && !slices.Contains(data.Changes, change.At) {
			data.Changes = append(data.Changes, change.At)
		}
	}
	slices.Sort(data.Changes)

	bar := f.app.newBar("figure "+made.Number, len(targets)*len(f.profile.EvalSeeds))
	defer bar.close()
	var done atomic.Int64
	for _, t := range targets {
		shown, err := f.capacityChangeTarget(ctx, s, t, &done, bar)
		if err != nil {
			return err
		}
		data.Targets = append(data.Targets, shown)
		for _, warning := range t.warnings {
			f.app.log.Warn(warning)
		}
	}
	if err := f.files(made.Number+"a", func(w io.Writer) error { return report.WriteCapacityChangeServersCSV(w, data) },
		func(w io.Writer, format string) error { return chart.DrawCapacityChangeServers(w, data, format) }); err != nil {
		return err
	}
	if err := f.files(made.Number+"b", func(w io.Writer) error { return report.WriteCapacityChangeCompletionsCSV(w, data) },
		func(w io.Writer, format string) error { return chart.DrawCapacityChangeCompletions(w, data, format) }); err != nil {
		return err
	}
	return report.WriteCapacityChangeText(f.app.stdout, data)
}

// capacityChangeTarget plays the episodes of one target.
func (f *figureMaker) capacityChangeTarget(ctx context.Context, s scenario.Scenario, t target, done *atomic.Int64, bar *bar) (figure.CapacityChangeTarget, error) {
	out := figure.CapacityChangeTarget{Name: t.Name}
	seeds := len(f.profile.EvalSeeds)
	requests, timelines := make([]*figure.CompletionRecorder, seeds), make([]*figure.Timeline, seeds)
	err := f.watch(ctx, t, done, bar, func(k int) (env.Recorder, env.Sampler) {
		requests[k] = figure.NewCompletionRecorder(len(s.Workload.Classes))
		timelines[k] = figure.NewTimeline(s.Duration, sampleInterval, groupOf(s))
		return requests[k], timelines[k]
	})
	if err != nil {
		return out, err
	}
	out.ByClass = figure.Distributions(requests)
	out.Servers, err = figure.Bands(timelines)
	return out, err
}
