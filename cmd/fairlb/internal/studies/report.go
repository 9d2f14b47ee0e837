package studies

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"

	"fairlb/cmd/fairlb/internal/files"
	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/cmd/fairlb/internal/job"
	"fairlb/cmd/fairlb/internal/runfolder"
	"fairlb/cmd/fairlb/internal/store"
	"fairlb/eval/figure"
	"fairlb/eval/study"
	"fairlb/results/chart"
	"fairlb/results/report"
)

// ErrEmpty reports a folder that holds nothing of a study.
var ErrEmpty = errors.New("holds no results of the study")

// Report writes what is there of the study into the folder: study.md, study.csv
// and study.json, means and learning curves as pictures. It returns the verdicts
// on the bars. The command is what makes all of it again. Where nothing is there,
// it writes nothing and returns ErrEmpty.
func (s *Study) Report(ctx context.Context, kept *store.Store, command string) ([]study.Verdict, error) {
	r := study.Report{
		Study: s.Study, Name: s.Name, Command: command,
		TrainingSeeds: s.trainingSeeds, EvaluationSeeds: s.heldOut, Duration: s.Duration,
	}
	curves := map[string]string{} // the file of a scenario's learning curves
	costs := make([]trainingCost, len(s.Methods))
	for k, c := range s.Scenarios {
		if in, err := s.scenario(k); err == nil {
			for _, doubt := range in.EvaluationDoubts(len(s.heldOut)) {
				r.Warnings = append(r.Warnings, c.Name+": "+doubt)
			}
		}
		measured, runs, err := s.measured(ctx, kept, k, &r)
		if err != nil {
			return nil, err
		}
		if err := r.Add(c, measured); err != nil {
			return nil, err
		}
		for m, dirs := range runs {
			for _, dir := range dirs {
				if err := costs[m].add(dir); err != nil {
					return nil, err
				}
			}
		}
		name := "curves-" + c.Name + ".png"
		drawn, err := s.drawCurves(filepath.Join(kept.Dir, name), c.Name, runs)
		if err != nil {
			return nil, err
		}
		if drawn {
			curves[c.Name] = name
		}
	}
	if !slices.ContainsFunc(r.Scenarios, func(o study.ScenarioOutcome) bool { return len(o.Targets) > 0 }) {
		return nil, fmt.Errorf("%s: %w %s", kept.Dir, ErrEmpty, s.Name)
	}
	r.Judge()
	for m, cost := range costs {
		if cost.runs > 0 {
			r.Speeds = append(r.Speeds, cost.speed(s.Methods[m].Name))
		}
	}
	if err := files.WriteForms(filepath.Join(kept.Dir, "study"),
		files.Form{Ending: "csv", Write: func(out io.Writer) error { return report.WriteStudyCSV(out, &r) }},
		files.Form{Ending: "json", Write: func(out io.Writer) error { return report.WriteStudyJSON(out, &r) }},
		files.Form{Ending: "md", Write: func(out io.Writer) error {
			return report.WriteStudyMarkdown(out, &r, func(s string) string { return curves[s] })
		}},
	); err != nil {
		return nil, err
	}
	if m := chart.StudyMeans(&r); len(m.Panels) > 0 {
		draw := func(w io.Writer, format string) error { return chart.DrawMeans(w, m, format) }
		if err := files.WritePictures(filepath.Join(kept.Dir, "means"), draw); err != nil {
			return nil, err
		}
	}
	s.Log.WithField("file", filepath.Join(kept.Dir, "study.md")).Info("reported")
	return r.Verdicts, nil
}

// scenarioResults gathers what there is of one scenario.
type scenarioResults struct {
	kept   *store.Store
	report *study.Report // takes what is missing, and warnings
	name   string        // of the scenario

	results study.RunsByTarget
	runs    [][]string // the folders of the training runs, by method
}

// measured gathers the results of a scenario that are there, and the folders of
// the training runs by method; what is not there is noted as missing.
func (s *Study) measured(ctx context.Context, kept *store.Store, k int, r *study.Report) (study.RunsByTarget, [][]string, error) {
	m := scenarioResults{kept: kept, report: r, name: s.Scenarios[k].Name, results: study.RunsByTarget{}, runs: make([][]string, len(s.Methods))}
	for _, name := range s.Heuristics {
		e, found, err := s.heuristic(ctx, kept, k, name)
		switch {
		case err != nil:
			m.missing(name)
			err = m.unusable(name, err)
		case found:
			_, err = m.add(&e, name, 0)
		default:
			m.missing(name)
		}
		if err != nil {
			return nil, nil, err
		}
	}
	for method := range s.Methods {
		for _, seed := range s.trainingSeeds {
			if err := s.measuredRun(&m, method, k, seed); err != nil {
				return nil, nil, err
			}
		}
	}
	return m.results, m.runs, nil
}

// measuredRun gathers one training run of a method in the k-th scenario.
func (s *Study) measuredRun(m *scenarioResults, method, k int, seed uint64) error {
	label := fmt.Sprintf("%s, seed %d,", s.Methods[method].Name, seed)
	t, err := s.training(method, k, seed)
	if err != nil {
		return err
	}
	dir, found, err := m.kept.RunFolder(&t)
	if err != nil {
		return err
	}
	if !found {
		m.missing(label)
		return nil
	}
	e, err := s.policy(m.kept, method, k, &t)
	if err != nil {
		m.missing(label)
		return m.unusable(label, err)
	}
	if found, err = m.add(&e, label, seed); err != nil || !found {
		return err
	}
	if err := new(trainingCost).add(dir); err != nil {
		return m.unusable(label, err)
	}
	m.runs[method] = append(m.runs[method], dir)
	return nil
}

// missing notes that something is not there.
func (m *scenarioResults) missing(label string) {
	m.report.Missing = append(m.report.Missing, label+" in "+m.name)
}

// unusable notes that something is there and cannot be used. That is the fault of one
// job, which the report does without; another error is returned.
func (m *scenarioResults) unusable(label string, err error) error {
	if !invalid.Is(err) {
		return err
	}
	m.report.Warnings = append(m.report.Warnings, label+" in "+m.name+": "+err.Error())
	return nil
}

// add adds the result of an evaluation, of a heuristic or of the training run with the
// given seed, if it is there.
func (m *scenarioResults) add(e *job.Evaluation, label string, seed uint64) (found bool, err error) {
	result, found, err := m.kept.Evaluated(e)
	switch {
	case err != nil:
		m.missing(label)
		return false, m.unusable(label, err)
	case found:
		m.results[e.Name] = append(m.results[e.Name], study.Run{TrainingSeed: seed, Result: result})
	default:
		m.missing(label)
	}
	return found, nil
}

// drawCurves draws the learning curves of a scenario, if there are any.
func (s *Study) drawCurves(path, scenarioName string, runs [][]string) (bool, error) {
	var families []figure.MethodCurves
	for m, dirs := range runs {
		f := figure.MethodCurves{Name: s.Methods[m].Name}
		for _, dir := range dirs {
			_, curve, err := runfolder.Curve(dir)
			if err != nil {
				return false, err
			}
			f.Curves = append(f.Curves, curve)
		}
		if len(f.Curves) > 0 && len(f.Curves[0].Episodes) > 1 {
			families = append(families, f)
		}
	}
	if len(families) == 0 {
		return false, nil
	}
	ceiling := 0.0
	for _, f := range families {
		first := f.Curves[0].Completion
		for _, x := range first[:min(5, len(first))] {
			ceiling = max(ceiling, x)
		}
	}
	title := fmt.Sprintf("%s: learning, while exploring (number of runs)", scenarioName)
	if !slices.ContainsFunc(families, func(f figure.MethodCurves) bool { return !f.Curves[0].Greedy }) {
		title = fmt.Sprintf("%s: learning, in validation without exploring (number of runs)", scenarioName)
	}
	return true, files.Write(path, func(w io.Writer) error {
		return chart.DrawMethodCurves(w, title, families, math.Ceil(ceiling*105)/100, "png")
	})
}

// trainingCost adds up what training runs took.
type trainingCost struct {
	runs                         int
	play, update, steps, updates float64 // the first two in s
}

// add adds a run by its record.
func (c *trainingCost) add(dir string) error {
	h, err := runfolder.Hyperparameters(dir)
	if err != nil {
		return err
	}
	s, err := runfolder.Scenario(dir)
	if err != nil {
		return err
	}
	rounds, err := runfolder.Rounds(dir)
	if err != nil {
		return err
	}
	c.runs++
	for _, round := range rounds {
		c.play += round.PlaySeconds
		c.update += round.UpdateSeconds
		c.updates += float64(h.UpdatesPerRound)
	}
	c.steps += float64(h.Episodes) * s.Duration / s.StepInterval
	return nil
}

// speed is what a run of a method took on average.
func (c *trainingCost) speed(method string) study.Speed {
	total := c.play + c.update
	return study.Speed{
		Method: method, Runs: c.runs, Seconds: total / float64(c.runs),
		Steps: c.steps / c.play, Updates: c.updates / c.update, Playing: c.play / total,
	}
}
