package main

import (
	"io"
	"runtime"

	"github.com/spf13/cobra"

	"fairlb/cmd/fairlb/internal/bounds"
	"fairlb/cmd/fairlb/internal/figures"
	"fairlb/cmd/fairlb/internal/files"
	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/cmd/fairlb/internal/loopback"
	"fairlb/cmd/fairlb/internal/target"
	"fairlb/cmd/fairlb/internal/traced"
	"fairlb/eval"
	"fairlb/results/report"
)

// evaluationFlags are those of every command that evaluates targets, wherever it does.
type evaluationFlags struct {
	name, seeds, format, out string
	picture, trace           string
	set                      []string
	duration                 float64
	statistics               bool

	setup loopback.Setup // of testbed run
	scale float64        // of testbed run; 0 and 1: as the scenario is
}

// add adds the flags to a command, with what seeds and duration are by default.
func (f *evaluationFlags) add(c *cobra.Command, seeds string, duration float64, durationUsage string) {
	c.Flags().StringVar(&f.name, "scenario", "", "built-in scenario or scenario file (required)")
	c.Flags().StringArrayVar(&f.set, "set", nil, "path=value, put into the scenario (repeatable)")
	c.Flags().StringVar(&f.seeds, "seeds", seeds, "seeds of the episodes, such as 1000-1019,7")
	c.Flags().Float64Var(&f.duration, "duration", duration, durationUsage)
	c.Flags().StringVar(&f.format, "format", "text", report.EvaluationFormatNames())
	c.Flags().StringVar(&f.out, "out", "", "the file to write (default stdout)")
	c.Flags().StringVar(&f.trace, "trace", "", "a folder, for a trace of each episode that fairlb watch shows")
	c.Flags().StringVar(&f.picture, "picture", "", "a picture of the means: .svg, .png or .pdf")
}

// evaluation evaluates targets in the simulator or live, and prints or writes what came
// of it.
func (a *app) evaluation(c *cobra.Command, f *evaluationFlags, targets []string, live, compare bool) error {
	written, err := evaluationFormat(f.format)
	if err != nil {
		return err
	}
	if written.Binary && f.out == "" && isTerminal(a.stdout) {
		return invalid.Errorf("--format %s: a binary file does not belong on a terminal: name one by --out", f.format)
	}
	inputs := []string{f.name} // none of them is written over
	for _, t := range targets {
		inputs = append(inputs, target.CheckpointPath(t))
	}
	if f.out != "" {
		if err := files.CheckOutput("--out", f.out, inputs...); err != nil {
			return err // before the runs, not after
		}
	}
	drawn := ""
	if f.picture != "" {
		if drawn, err = files.PictureFormat("--picture", f.picture); err != nil {
			return err
		}
		if err := files.CheckOutput("--picture", f.picture, append(inputs, f.out)...); err != nil {
			return err
		}
	}
	switch {
	case f.name == "":
		return invalid.Errorf("--scenario: must name a built-in scenario (fairlb scenarios lists them) or a file")
	case len(targets) == 0: // eval has arguments by then
		return invalid.Errorf("--targets: must name at least one, such as sed")
	}
	seeds, err := eval.ParseSeeds(f.seeds)
	if err != nil {
		return invalid.Errorf("--seeds: %w", err)
	}
	s, err := loadOfDuration(f.name, f.set, f.duration, c.Flags().Changed("duration"))
	if err != nil {
		return err
	}
	switch servers, edge := f.setup.Servers, f.setup.Edge; {
	case servers != "" && servers != loopback.Emulated && servers != loopback.Apache:
		return invalid.Errorf("--servers %q: must be %s or %s", servers, loopback.Emulated, loopback.Apache)
	case edge != "" && edge != loopback.ECMP:
		return invalid.Errorf("--edge %q: must be %s", edge, loopback.ECMP)
	case c.Flags().Changed("scale") && !(f.scale > 0 && f.scale <= 1000):
		return invalid.Errorf("--scale %g: must be in (0, 1000]", f.scale)
	case f.scale > 0 && f.scale != 1:
		s = s.Scaled(f.scale)
	}
	workers := runtime.GOMAXPROCS(0)
	if live {
		workers = 1
	}
	if err := bounds.Episodes(s, false, "--seeds", float64(len(targets))*float64(len(seeds)), workers); err != nil {
		return err // before any target is made
	}
	if _, err := s.Config(); err != nil {
		return err // once, not by whichever seed comes to it first
	}
	var traces *traced.Folder
	if f.trace != "" {
		if traces, err = traced.NewFolder(f.trace, s); err != nil {
			return err
		}
	}
	var evaluation *eval.Evaluation
	search := func() (target.Target, error) { return a.searchWeights(c.Context(), f.name, f.set, s) }
	if live {
		evaluation, err = a.evaluateLive(c, s, f.setup, targets, seeds, search, compare, traces)
	} else {
		evaluation, err = a.evaluateSimulated(c.Context(), s, targets, seeds, search, traces)
	}
	if err != nil {
		return err
	}
	if f.picture != "" {
		if err := files.Write(f.picture, func(w io.Writer) error { return figures.DrawEvaluation(w, evaluation, drawn) }); err != nil {
			return err
		}
	}
	if f.out != "" {
		return files.Write(f.out, func(w io.Writer) error { return written.Write(w, evaluation, f.statistics) })
	}
	return written.Write(a.stdout, evaluation, f.statistics)
}
