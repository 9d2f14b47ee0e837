package figures

import (
	"context"
	"fmt"
	"io"
	"slices"
	"sync/atomic"

	"fairlb/cmd/fairlb/internal/files"
	"fairlb/cmd/fairlb/internal/fixedweights"
	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/cmd/fairlb/internal/tables"
	"fairlb/cmd/fairlb/internal/target"
	"fairlb/env/parallel"
	"fairlb/env/scenario"
	"fairlb/eval/figure"
	"fairlb/eval/paper"
	"fairlb/results/chart"
	"fairlb/results/report"
)

// line is what a figure of completion times shows as one line: a heuristic, or
// training runs that differ in their seed.
type line struct {
	name    string
	runs    int // 0 for a heuristic
	targets []target.Target
}

// completionDistributions makes a figure of the distributions of completion times
// in test cases.
func (m *Maker) completionDistributions(ctx context.Context, entry paper.Figure) error {
	cases := entry.TestCases()
	trained, err := m.trained(ctx, cases)
	if err != nil {
		return err
	}
	data := &figure.CompletionDistributions{Figure: m.title(entry), Live: m.Live, Duration: m.Profile.EvalDuration}
	shown, err := m.shownCases(cases, trained)
	if err != nil {
		return err
	}
	episodes := 0
	for _, c := range shown {
		for _, l := range c.lines {
			episodes += len(l.targets) * len(c.Seeds)
		}
	}
	if err := m.announceLive(shown); err != nil {
		return err
	}
	bar := &episodeBar{Bar: m.Progress.Bar("figure "+entry.Number, episodes)}
	defer bar.Close()
	for _, c := range shown {
		for _, l := range c.lines {
			var requests []*figure.CompletionRecorder
			for _, t := range l.targets {
				seen, notes, err := m.play(ctx, c.scenario, t, c.Seeds, bar, func() observed {
					return observed{Requests: figure.NewCompletionRecorder(len(c.Classes))}
				})
				if err != nil {
					return err
				}
				for _, o := range seen {
					requests = append(requests, o.Requests)
				}
				data.Notes = append(data.Notes, notes...)
			}
			if len(requests) > 0 {
				c.Targets = append(c.Targets, figure.TargetDistributions{Name: l.name, Runs: l.runs, ByClass: figure.Distributions(requests)})
			}
		}
		if len(c.Targets) == 0 {
			return fmt.Errorf("%s: %w", c.Scenario, errNoMeasurement)
		}
		data.Cases = append(data.Cases, c.CaseDistributions)
	}
	if err := m.write(entry.Number, func(w io.Writer) error { return report.WriteCompletionDistributionsCSV(w, data) },
		func(w io.Writer, format string) error { return chart.DrawCompletionDistributions(w, data, format) }); err != nil {
		return err
	}
	return report.WriteCompletionDistributionsText(m.Out, data)
}

// shownCase is a test case, and the lines that are shown of it.
type shownCase struct {
	figure.CaseDistributions
	scenario scenario.Scenario
	lines    []line
}

// shownCases returns the test cases with what is to be played in each.
func (m *Maker) shownCases(cases []paper.TestCase, trained map[paper.Policy]string) ([]shownCase, error) {
	var list []shownCase
	for _, c := range cases {
		s, err := scenario.Load(c.Scenario, []string{fmt.Sprintf("duration=%g", m.Profile.EvalDuration)})
		if err != nil {
			return nil, err
		}
		lines, err := m.lines(s, c, trained)
		if err != nil {
			return nil, err
		}
		shown := figure.CaseDistributions{Name: c.Name, Scenario: c.Scenario, Seeds: m.Profile.SeedsFor(c.Scenario), Classes: s.ClassNames()}
		list = append(list, shownCase{shown, s, lines})
	}
	return list, nil
}

// trained returns the folders of the training runs of the paper's methods,
// after making those that the tables' folder lacks. With runs that the user
// named there are none.
func (m *Maker) trained(ctx context.Context, cases []paper.TestCase) (map[paper.Policy]string, error) {
	if len(m.Runs) > 0 {
		return nil, nil
	}
	_, learned := paper.ComparedPolicies()
	var policies []paper.Policy
	for _, c := range cases {
		for _, row := range learned {
			for _, p := range c.Policies(row, m.Profile) {
				if !slices.Contains(policies, p) {
					policies = append(policies, p)
				}
			}
		}
	}
	kept := tables.NewResults(m.open(m.Tables), m.Profile, m.Log)
	release, err := files.Lock(m.Tables)
	if err != nil {
		return nil, err
	}
	defer release()
	bar := m.Progress.Bar("training", len(policies))
	defer bar.Close()
	var done atomic.Int64
	dirs := make([]string, len(policies))
	group, ctx := parallel.NewGroup(ctx)
	group.SetLimit(m.Executor.Parallelism())
	for k, p := range policies {
		group.Go(func() error {
			t, err := kept.Training(p)
			if err == nil {
				dirs[k], err = kept.Train(ctx, &t)
			}
			if err != nil {
				return fmt.Errorf("%s: %w", tables.Describe(p), err)
			}
			bar.Set(int(done.Add(1)), "")
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

// lines are what is shown of a test case: heuristics, then the runs that
// the user named or else the paper's methods.
func (m *Maker) lines(s scenario.Scenario, c paper.TestCase, trained map[paper.Policy]string) ([]line, error) {
	heuristics, learned := paper.ComparedPolicies()
	var list []line
	for _, name := range heuristics {
		list = append(list, line{name, 0, []target.Target{target.Heuristic(s, name)}})
	}
	if len(m.Runs) > 0 {
		named, err := m.namedRuns(c.Scenario)
		return append(list, named...), err
	}
	for _, row := range learned {
		l := line{name: row.Method + " " + row.Reward}
		for _, p := range c.Policies(row, m.Profile) {
			t, err := target.Stored(s, tables.Describe(p), trained[p])
			if err != nil {
				return nil, err
			}
			l.runs++
			l.targets = append(l.targets, t)
		}
		list = append(list, l)
	}
	return list, nil
}

// namedRuns are the runs that the user named, as they are shown of a test case.
func (m *Maker) namedRuns(name string) ([]line, error) {
	s, err := scenario.Load(name, []string{fmt.Sprintf("duration=%g", m.Profile.EvalDuration)})
	if err != nil {
		return nil, err
	}
	heuristics, _ := paper.ComparedPolicies()
	for k, run := range m.Runs {
		if slices.Contains(heuristics, run) || slices.Contains(m.Runs[:k], run) {
			return nil, invalid.Errorf("--run %q: is shown already", run)
		}
	}
	targets, err := target.ParseAll(s, m.Runs, refuseFixedWeights)
	if err != nil {
		return nil, err
	}
	var list []line
	for _, t := range targets {
		l := line{name: t.Name, targets: []target.Target{t}}
		if t.Hash != "" {
			l.runs = 1
		}
		list = append(list, l)
	}
	return list, nil
}

// refuseFixedWeights stands for a search of the best fixed weights, which are no run.
func refuseFixedWeights() (target.Target, error) {
	return target.Target{}, invalid.Errorf("--run %q: must be a run's folder or a checkpoint", fixedweights.TargetName)
}
