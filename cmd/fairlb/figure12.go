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
	"fairlb/results"
)

// dynamicTargets are the heuristics of Figure 12 and the runs that the user
// named.
func (f *figureMaker) dynamicTargets() ([]target, error) {
	name, names := paper.Dynamic()
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

// figure12 makes both parts of Figure 12, in episodes of the scenario's own
// duration.
func (f *figureMaker) figure12(ctx context.Context, targets []target) error {
	name, _ := paper.Dynamic()
	s, err := scenario.Load(name, nil)
	if err != nil {
		return err
	}
	data := &figure.Dynamic{Scenario: s.Name, Duration: s.Duration, Interval: sampleInterval, Seeds: f.profile.EvalSeeds, Classes: s.ClassNames()}
	for _, g := range s.Servers {
		data.Groups = append(data.Groups, fmt.Sprintf("%d servers of %d CPUs", g.Count, g.CPUs))
	}
	for _, change := range s.Changes {
		if change.At > 0 && change.At < s.Duration && !slices.Contains(data.Changes, change.At) {
			data.Changes = append(data.Changes, change.At)
		}
	}
	slices.Sort(data.Changes)

	bar := f.app.newBar("figure 12", len(targets)*len(f.profile.EvalSeeds))
	defer bar.close()
	var done atomic.Int64
	for _, t := range targets {
		shown, err := f.dynamicTarget(ctx, s, t, &done, bar)
		if err != nil {
			return err
		}
		data.Targets = append(data.Targets, shown)
		for _, warning := range t.warnings {
			f.app.log.Warn(warning)
		}
	}
	if err := f.files("12a", func(w io.Writer) error { return results.WriteTimelineCSV(w, data) },
		func(w io.Writer, format string) error { return results.DrawTimeline(w, data, format) }); err != nil {
		return err
	}
	if err := f.files("12b", func(w io.Writer) error { return results.WriteCompletionCSV(w, data) },
		func(w io.Writer, format string) error { return results.DrawCompletion(w, data, format) }); err != nil {
		return err
	}
	return results.WriteDynamicText(f.app.stdout, data)
}

// dynamicTarget plays the episodes of one target.
func (f *figureMaker) dynamicTarget(ctx context.Context, s scenario.Scenario, t target, done *atomic.Int64, bar *bar) (figure.DynamicTarget, error) {
	out := figure.DynamicTarget{Name: t.Name}
	seeds := len(f.profile.EvalSeeds)
	requests, timelines := make([]*figure.Requests, seeds), make([]*figure.Timeline, seeds)
	err := f.watch(ctx, t, done, bar, func(k int) (env.Recorder, env.Sampler) {
		requests[k] = figure.NewRequests(len(s.Workload.Classes))
		timelines[k] = figure.NewTimeline(s.Duration, sampleInterval, groupOf(s))
		return requests[k], timelines[k]
	})
	if err != nil {
		return out, err
	}
	out.Completions = figure.Distribute(requests)
	out.Bands, err = figure.Bands(timelines)
	return out, err
}
