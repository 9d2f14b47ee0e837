package figures

import (
	"context"
	"fmt"
	"io"
	"slices"

	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/cmd/fairlb/internal/simulate"
	"fairlb/cmd/fairlb/internal/target"
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
	data := &figure.CapacityChange{Figure: m.title(entry), Live: m.Live, Scenario: s.Name, Duration: s.Duration, Interval: scenario.SampleInterval, Seeds: m.Profile.EvalSeeds, Classes: s.ClassNames()}
	for _, g := range s.Servers {
		data.Groups = append(data.Groups, fmt.Sprintf("%d servers of %d CPUs", g.Count, g.CPUs))
	}
	for _, change := range s.Changes {
		if change.At > 0 && change.At < s.Duration && !slices.Contains(data.Changes, change.At) {
			data.Changes = append(data.Changes, change.At)
		}
	}
	slices.Sort(data.Changes)

	all := shownCase{figure.CaseDistributions{Seeds: data.Seeds}, s, []line{{targets: targets}}}
	if err := m.announceLive([]shownCase{all}); err != nil {
		return err
	}
	bar := &episodeBar{Bar: m.Progress.Bar("figure "+entry.Number, len(targets)*len(data.Seeds))}
	defer bar.Close()
	for _, t := range targets {
		shown, notes, err := m.playCapacity(ctx, s, t, bar)
		if err != nil {
			return err
		}
		data.Notes = append(data.Notes, notes...)
		if len(shown.ByClass) > 0 {
			data.Targets = append(data.Targets, shown)
		}
		for _, warning := range t.Warnings {
			m.Log.Warn(warning)
		}
	}
	if len(data.Targets) == 0 {
		return fmt.Errorf("%s: %w", s.Name, errNoMeasurement)
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

// playCapacity plays the episodes of one target. Where none of them was a measurement,
// nothing is known of it.
func (m *Maker) playCapacity(ctx context.Context, s scenario.Scenario, t target.Target, bar *episodeBar) (out figure.CapacityChangeTarget, notes []string, err error) {
	seen, notes, err := m.play(ctx, s, t, m.Profile.EvalSeeds, bar, func() observed {
		return observed{
			Requests: figure.NewCompletionRecorder(len(s.Workload.Classes)),
			Servers:  figure.NewTimeline(s.Duration, scenario.SampleInterval, simulate.GroupOfServer(s)),
		}
	})
	if err != nil || len(seen) == 0 {
		return out, notes, err
	}
	var requests []*figure.CompletionRecorder
	var timelines []*figure.Timeline
	for _, o := range seen {
		requests, timelines = append(requests, o.Requests), append(timelines, o.Servers)
	}
	out = figure.CapacityChangeTarget{Name: t.Name, ByClass: figure.Distributions(requests)}
	out.Servers, err = figure.Bands(timelines)
	return out, notes, err
}
