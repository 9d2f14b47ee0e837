package figures

import (
	"context"
	"fmt"
	"io"
	"slices"
	"sync/atomic"

	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/cmd/fairlb/internal/progress"
	"fairlb/cmd/fairlb/internal/simulate"
	"fairlb/cmd/fairlb/internal/target"
	"fairlb/env"
	"fairlb/env/scenario"
	"fairlb/eval/figure"
	"fairlb/eval/paper"
	"fairlb/results/chart"
	"fairlb/results/report"
)

// capacityTargets are the heuristics that are shown while servers lose capacity,
// and the runs that the user named.
func (m *Maker) capacityTargets() ([]target.Target, error) {
	name, names := paper.CapacityChangeRuns()
	s, err := scenario.Load(name, nil)
	if err != nil {
		return nil, err
	}
	for _, run := range m.Runs {
		if slices.Contains(names, run) {
			return nil, invalid.Errorf("--run %q: is shown already", run)
		}
		names = append(names, run)
	}
	return target.ParseAll(s, names, refuseFixedWeights)
}

// capacityChange makes both parts of the figure of servers that lose capacity, in
// episodes of the scenario's own duration.
func (m *Maker) capacityChange(ctx context.Context, entry paper.Figure, targets []target.Target) error {
	name, _ := paper.CapacityChangeRuns()
	s, err := scenario.Load(name, nil)
	if err != nil {
		return err
	}
	data := &figure.CapacityChange{Figure: entry.Title, Scenario: s.Name, Duration: s.Duration, Interval: scenario.SampleInterval, Seeds: m.Profile.EvalSeeds, Classes: s.ClassNames()}
	for _, g := range s.Servers {
		data.Groups = append(data.Groups, fmt.Sprintf("%d servers of %d CPUs", g.Count, g.CPUs))
	}
	for _, change := range s.Changes {
		if change.At > 0 && change.At < s.Duration && !slices.Contains(data.Changes, change.At) {
			data.Changes = append(data.Changes, change.At)
		}
	}
	slices.Sort(data.Changes)

	bar := m.Progress.Bar("figure "+entry.Number, len(targets)*len(m.Profile.EvalSeeds))
	defer bar.Close()
	var done atomic.Int64
	for _, t := range targets {
		shown, err := m.playCapacity(ctx, s, t, &done, bar)
		if err != nil {
			return err
		}
		data.Targets = append(data.Targets, shown)
		for _, warning := range t.Warnings {
			m.Log.Warn(warning)
		}
	}
	if err := m.write(entry.Number+"a", func(w io.Writer) error { return report.WriteCapacityChangeServersCSV(w, data) },
		func(w io.Writer, format string) error { return chart.DrawCapacityChangeServers(w, data, format) }); err != nil {
		return err
	}
	if err := m.write(entry.Number+"b", func(w io.Writer) error { return report.WriteCapacityChangeCompletionsCSV(w, data) },
		func(w io.Writer, format string) error { return chart.DrawCapacityChangeCompletions(w, data, format) }); err != nil {
		return err
	}
	return report.WriteCapacityChangeText(m.Out, data)
}

// playCapacity plays the episodes of one target.
func (m *Maker) playCapacity(ctx context.Context, s scenario.Scenario, t target.Target, done *atomic.Int64, bar progress.Bar) (figure.CapacityChangeTarget, error) {
	out := figure.CapacityChangeTarget{Name: t.Name}
	seeds := len(m.Profile.EvalSeeds)
	requests, timelines := make([]*figure.CompletionRecorder, seeds), make([]*figure.Timeline, seeds)
	err := m.play(ctx, t, m.Profile.EvalSeeds, done, bar, func(k int) (env.Recorder, env.Sampler) {
		requests[k] = figure.NewCompletionRecorder(len(s.Workload.Classes))
		timelines[k] = figure.NewTimeline(s.Duration, scenario.SampleInterval, simulate.GroupOfServer(s))
		return requests[k], timelines[k]
	})
	if err != nil {
		return out, err
	}
	out.ByClass = figure.Distributions(requests)
	out.Servers, err = figure.Bands(timelines)
	return out, err
}
