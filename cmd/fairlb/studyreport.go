package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"

	"fairlb/env/scenario"
	"fairlb/eval/study"
	"fairlb/results/chart"
	"fairlb/results/report"
)

// This file is what a study came to: its report, measured and drawn.

// report writes what is there.
func (w *studied) report(command string) error {
	r := study.Report{
		Study: w.study, Name: w.study.Name, Command: command,
		TrainingSeeds: w.training, EvaluationSeeds: w.held, Duration: w.study.Duration,
	}
	pictures := map[string]string{}
	speeds := make([]speed, len(w.study.Methods))
	for k, c := range w.study.Scenarios {
		measured, runs, err := w.measured(k, &r)
		if err != nil {
			return err
		}
		if err := r.Add(c, measured); err != nil {
			return err
		}
		for m, dirs := range runs {
			for _, dir := range dirs {
				if err := speeds[m].add(dir); err != nil {
					return err
				}
			}
		}
		name := "curves-" + c.Name + ".png"
		drawn, err := w.draw(filepath.Join(w.shelf.dir, name), k, runs, measured)
		if err != nil {
			return err
		}
		if drawn {
			pictures[c.Name] = name
		}
	}
	r.Judge()
	for m, s := range speeds {
		if s.runs > 0 {
			r.Speeds = append(r.Speeds, s.of(w.study.Methods[m].Name))
		}
	}
	for ending, write := range map[string]func(io.Writer) error{
		"md": func(out io.Writer) error {
			return report.WriteStudyMarkdown(out, &r, func(s string) string { return pictures[s] })
		},
		"csv":  func(out io.Writer) error { return report.WriteStudyCSV(out, &r) },
		"json": func(out io.Writer) error { return report.WriteStudyJSON(out, &r) },
	} {
		if err := writeFile(filepath.Join(w.shelf.dir, "study."+ending), write); err != nil {
			return err
		}
	}
	if err := drawMeans(filepath.Join(w.shelf.dir, "means"), chart.StudyMeans(&r)); err != nil {
		return err
	}
	for _, v := range r.Verdicts {
		verdict := "missed"
		if v.Met {
			verdict = "met"
		}
		fmt.Fprintf(w.app.stdout, "%-14s %-28s %-8s %-10s %.3f  %s\n", v.Scenario, v.Rule, v.Family, v.Method, v.Ratio.Value, verdict)
	}
	w.app.log.WithField("file", filepath.Join(w.shelf.dir, "study.md")).Info("reported")
	return nil
}

// measured gathers the results of a scenario that are there, and the folders
// of the training runs by method; what is not there is noted as missing.
func (w *studied) measured(k int, r *study.Report) (study.RunsByTarget, [][]string, error) {
	c := &w.study.Scenarios[k]
	list := study.RunsByTarget{}
	runs := make([][]string, len(w.study.Methods))
	missing := func(what string) { r.Missing = append(r.Missing, what+" in "+c.Name) }
	add := func(s scenario.Scenario, what subject, target, label string, seed uint64) (there bool, err error) {
		result, there, err := w.shelf.kept(s, w.held, what)
		switch {
		case err != nil:
			return false, err
		case there:
			list[target] = append(list[target], study.Run{TrainingSeed: seed, Result: result})
		default:
			missing(label)
		}
		return there, nil
	}
	for _, name := range w.study.Heuristics {
		what, s, err := w.heuristic(context.Background(), k, name, false)
		if errors.Is(err, errNoSearch) {
			missing(name)
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		if _, err := add(s, what, name, name, 0); err != nil {
			return nil, nil, err
		}
	}
	s, err := w.scenario(c)
	if err != nil {
		return nil, nil, err
	}
	for m, method := range w.study.Methods {
		for _, seed := range w.training {
			dir, _, there, err := w.shelf.place(w.hyper(m, k, seed))
			if err != nil {
				return nil, nil, err
			}
			label := fmt.Sprintf("%s, seed %d,", method.Name, seed)
			if !there {
				missing(label)
				continue
			}
			what, err := trainedSubject(s, method.Name, method.Name, dir)
			if err != nil {
				return nil, nil, err
			}
			there, err = add(s, what, method.Name, label, seed)
			if err != nil {
				return nil, nil, err
			}
			if there {
				runs[m] = append(runs[m], dir)
			}
		}
	}
	return list, runs, nil
}

// draw draws the learning curves of a scenario, if there are any.
func (w *studied) draw(path string, k int, runs [][]string, measured study.RunsByTarget) (bool, error) {
	var families []chart.MethodCurves
	for m, dirs := range runs {
		f := chart.MethodCurves{Name: w.study.Methods[m].Name}
		for _, dir := range dirs {
			_, curve, err := readCurve(dir)
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
	c := &w.study.Scenarios[k]
	title := fmt.Sprintf("%s: learning, while exploring (number of runs)", c.Name)
	return true, writeFile(path, func(w io.Writer) error {
		return chart.DrawMethodCurves(w, title, families, math.Ceil(ceiling*105)/100, "png")
	})
}

// speed adds up what training runs took.
type speed struct {
	runs                         int
	play, update, steps, updates float64
}

// add adds a run by its record.
func (x *speed) add(dir string) error {
	h, err := runHyper(dir)
	if err != nil {
		return err
	}
	s, err := trainingScenario(&h)
	if err != nil {
		return err
	}
	list, err := readRounds(dir)
	if err != nil {
		return err
	}
	x.runs++
	for _, round := range list {
		x.play += round.PlaySeconds
		x.update += round.UpdateSeconds
		x.updates += float64(h.UpdatesPerRound)
	}
	x.steps += float64(h.Episodes) * s.Duration / s.StepInterval
	return nil
}

func (x *speed) of(method string) study.Speed {
	total := x.play + x.update
	return study.Speed{
		Method: method, Runs: x.runs, Seconds: total / float64(x.runs),
		Steps: x.steps / x.play, Updates: x.updates / x.update, Playing: x.play / total,
	}
}
