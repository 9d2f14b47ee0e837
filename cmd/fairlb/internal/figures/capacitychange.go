package figures

import (
	"context"
	"fmt"
	"io"
	"math"
	"slices"

	"fairlb/cmd/fairlb/internal/files"
	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/cmd/fairlb/internal/simulate"
	"fairlb/cmd/fairlb/internal/target"
	"fairlb/env/scenario"
	"fairlb/eval/figure"
	"fairlb/eval/paper"
	"fairlb/eval/study"
	"fairlb/results/chart"
	"fairlb/results/report"
)

// capacityInterval (s) is over which the servers' samples are means.
const capacityInterval = 1

// capacityScenario is the scenario in which servers lose capacity, and the heuristics
// that are shown in it: those of the paper's or, in another scenario, SED.
func (m *Maker) capacityScenario() (scenario.Scenario, []string, error) {
	name, heuristics := paper.CapacityChangeRuns()
	if m.Scenario != "" {
		name, heuristics = m.Scenario, []string{study.Baseline}
	}
	s, err := scenario.Load(name, nil)
	if err != nil {
		return s, nil, invalid.Errorf("--scenario: %w", err)
	}
	if len(capacityChanges(s)) == 0 {
		return s, nil, invalid.Errorf("--scenario %s: no servers change at a given time of its episodes", name)
	}
	if s.Duration < capacityInterval {
		return s, nil, invalid.Errorf("--scenario %s: duration = %g: must be at least %d s, over which samples are means", name, s.Duration, capacityInterval)
	}
	return s, heuristics, nil
}

// capacityChanges lists the times at which servers change, rising.
func capacityChanges(s scenario.Scenario) []float64 {
	var times []float64
	for _, x := range s.Changes {
		if !x.ChangesLB() {
			times = append(times, x.At)
		}
	}
	for _, x := range s.RandomChanges {
		if x.Count > 0 {
			times = append(times, x.At)
		}
	}
	slices.Sort(times)
	return slices.DeleteFunc(slices.Compact(times), func(at float64) bool { return at <= 0 || at >= s.Duration })
}

// slowsSome says whether some servers, which are drawn for each episode, become slower while
// it lasts and never all of them, and nothing else changes.
func slowsSome(s scenario.Scenario) bool {
	slowed, servers := 0, 0
	for _, x := range s.RandomChanges {
		if x.Kind != "speed" || x.Count == 0 || x.High >= 1 || x.At <= 0 || x.At >= s.Duration {
			return false
		}
		slowed += x.Count
	}
	for _, g := range s.Servers {
		servers += g.Count
	}
	return len(s.Changes) == 0 && slowed > 0 && slowed < servers
}

// capacityTargets are the heuristics that are shown while servers lose capacity,
// and the runs that the user named.
func (m *Maker) capacityTargets() ([]target.Target, error) {
	s, names, err := m.capacityScenario()
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
	s, _, err := m.capacityScenario()
	if err != nil {
		return err
	}
	data := &figure.CapacityChange{Figure: m.title(entry), Live: m.Live, Scenario: s.Name, Duration: s.Duration, Interval: capacityInterval,
		Seeds: m.Profile.EvalSeeds, Changes: capacityChanges(s), Classes: s.ClassNames()}
	if m.Seeds != nil {
		data.Seeds = m.Seeds
	}
	if slowsSome(s) {
		data.Groups = []string{"servers that keep their speed", "servers that become slower"}
	} else {
		for _, g := range s.Servers {
			data.Groups = append(data.Groups, fmt.Sprintf("%d servers of %d CPUs", g.Count, g.CPUs))
		}
	}

	all := shownCase{figure.CaseDistributions{Seeds: data.Seeds}, s, []line{{targets: targets}}}
	if err := m.announceLive([]shownCase{all}); err != nil {
		return err
	}
	bar := &episodeBar{Bar: m.Progress.Bar("figure "+entry.Number, len(targets)*len(data.Seeds))}
	defer bar.Close()
	for _, t := range targets {
		shown, notes, err := m.playCapacity(ctx, s, t, data.Seeds, bar)
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
	name := ""
	if m.Scenario != "" {
		name = "-" + files.Name(s.Name)
	}
	if err := m.write(entry.Number+"a"+name, func(w io.Writer) error { return report.WriteCapacityChangeServersCSV(w, data) },
		func(w io.Writer, format string) error { return chart.DrawCapacityChangeServers(w, data, format) }); err != nil {
		return err
	}
	if err := m.write(entry.Number+"b"+name, func(w io.Writer) error { return report.WriteCapacityChangeCompletionsCSV(w, data) },
		func(w io.Writer, format string) error { return chart.DrawCapacityChangeCompletions(w, data, format) }); err != nil {
		return err
	}
	return report.WriteCapacityChangeText(m.Out, data)
}

// playCapacity plays the episodes of one target. Where none of them was a measurement,
// nothing is known of it.
func (m *Maker) playCapacity(ctx context.Context, s scenario.Scenario, t target.Target, seeds []uint64, bar *episodeBar) (out figure.CapacityChangeTarget, notes []string, err error) {
	group := simulate.GroupOfServer(s)
	if slowsSome(s) { // which server is in which group is known afterwards
		for j := range group {
			group[j] = j
		}
	}
	seen, notes, err := m.play(ctx, s, t, seeds, bar, func() observed {
		return observed{
			Requests: figure.NewCompletionRecorder(len(s.Workload.Classes)),
			Servers:  figure.NewTimeline(s.Duration, scenario.SampleInterval, group),
		}
	})
	if err != nil || len(seen) == 0 {
		return out, notes, err
	}
	var requests []*figure.CompletionRecorder
	var timelines []*figure.Timeline
	for _, o := range seen {
		if slowsSome(s) {
			if o.Servers, err = o.Servers.BySlowing(); err != nil {
				return out, notes, err
			}
		}
		requests, timelines = append(requests, o.Requests), append(timelines, o.Servers)
	}
	out = figure.CapacityChangeTarget{Name: t.Name, ByClass: figure.Distributions(requests)}
	out.Servers, err = figure.Bands(timelines, int(math.Round(capacityInterval/scenario.SampleInterval)))
	return out, notes, err
}
