package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"fairlb/cmd/fairlb/internal/files"
	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/cmd/fairlb/internal/job"
	"fairlb/cmd/fairlb/internal/store"
	"fairlb/cmd/fairlb/internal/studies"
	"fairlb/eval/study"
	"fairlb/results/text"
)

func (a *app) studyCommand() *cobra.Command {
	var out string
	var only []string
	var workers int
	var report, bars bool
	var queued queueFlags
	var kept storeFlags
	c := &cobra.Command{
		Use:         "study FILE",
		Annotations: finishing("saving the trainings that run"),
		Short:       "Train every method of a study file with several seeds, evaluate, judge by bars",
		Long: `Train every method of a study file on every scenario with several seeds, evaluate
all on held-out seeds beside the heuristics, and write what it came to: study.md
with tables, bars and learning curves, study.csv and study.json, and means.png and
means.svg: mean completion times with their 95 % intervals. What is recorded
in the folder is used again, so that a study that was stopped goes on, a training
in progress from its last checkpoint.

Paths in a study file begin at its folder. A recipe may also be one that the
program ships, by its name: es stands for train/recipes/es.yaml. Shipped:
` + recipeNames() + `
A line for each bar says whether it is met, and so do two rules that are judged in
every study (the mean is below wcmp's; the 99th percentile is at most 5 % above
the best of wcmp, lsq and sed). With --bars a bar of the study's file that is
missed, or of which nothing has run, makes the exit code 1; the two rules do not.

` + queueHelp,
		Example: "  fairlb study train/studies/smoke.yaml --out runs/smoke\n  fairlb study train/studies/moderate.yaml --only method=delay --only scenario=pure-cpu",
		Args:    queued.checked(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			args = queued.take(args)
			if err := queued.validate(c, &workers); err != nil {
				return err
			}
			study, err := studies.Load(args[0], only, a.log)
			if err != nil {
				return err
			}
			if bars && len(study.Study.Bars) == 0 {
				return invalid.Errorf("--bars: %s has no bars", args[0])
			}
			if out == "" {
				out = filepath.Join("runs", "study-"+files.Name(study.Name))
			}
			if report {
				if err := holdsResults(out); err != nil {
					return err
				}
			}
			release, err := files.Lock(out)
			if err != nil {
				return err
			}
			defer release()
			var failed error // of some of the jobs: the others are worth reporting
			if !report {
				failed = queued.withExecutor(c.Context(), a, out, workers, func(ctx context.Context, x store.Executor) error {
					s := kept.open(out, x)
					defer a.warnOfDamage(s)
					return study.Run(ctx, s)
				})
				if partial := (*job.PartialError)(nil); failed != nil && !errors.As(failed, &partial) {
					return failed
				}
			}
			s := kept.open(out, nil)
			defer kept.logExceptions(a, s)
			err = reportStudy(c.Context(), a.stdout, study, s, "fairlb study "+args[0], bars)
			switch {
			case failed == nil:
				return err
			case errors.Is(err, studies.ErrEmpty):
				return failed
			}
			return errors.Join(failed, err)
		},
	}
	c.Flags().StringVar(&out, "out", "", "the folder of runs and results (default runs/study-NAME)")
	c.Flags().StringArrayVar(&only, "only", nil, "method=NAME or scenario=NAME: run these alone (repeatable)")
	c.Flags().IntVar(&workers, "workers", runtime.GOMAXPROCS(0), "trainings at a time in this process; 0 by default beside the URL of a queue")
	queued.add(c)
	kept.add(c)
	c.Flags().BoolVar(&report, "report", false, "run nothing, report what is there")
	c.Flags().BoolVar(&bars, "bars", false, "fail (exit code 1) if a bar of the study's file is missed or cannot be judged")
	c.AddCommand(a.studyRatiosCommand())
	return c
}

// reportStudy writes the report of what is recorded of a study, which the command
// makes again, and prints the verdicts on its bars. If they must be met, it is an error
// that one is not.
func reportStudy(ctx context.Context, out io.Writer, s *studies.Study, kept *store.Store, command string, mustMeet bool) error {
	verdicts, err := s.Report(ctx, kept, command)
	if errors.Is(err, studies.ErrEmpty) {
		return invalid.Errorf("--report: %w", err)
	}
	if err == nil {
		err = printVerdicts(out, verdicts)
	}
	if err == nil && mustMeet {
		err = unmetBars(&s.Study, verdicts)
	}
	return err
}

// holdsResults reports a folder in which no results are that could be reported
// on: another was meant, and nothing must be made of it.
func holdsResults(dir string) error {
	if files.InUse(dir) {
		return nil // which Lock reports
	}
	if _, err := os.Stat(filepath.Join(dir, "eval")); errors.Is(err, fs.ErrNotExist) {
		return invalid.Errorf("--report: %s: holds no results of a study", dir)
	}
	return nil
}

// unmetBars reports the bars of the study's file that are missed, and those that no
// verdict is on.
func unmetBars(s *study.Study, verdicts []study.Verdict) error {
	var list []string
	for _, v := range verdicts {
		if !v.Met && !v.Common {
			list = append(list, fmt.Sprintf("%s: %s: missed by %s, %.3f", v.Scenario, v.Rule, v.Method, v.Ratio.Value))
		}
	}
	for _, b := range s.Bars {
		if !slices.ContainsFunc(verdicts, func(v study.Verdict) bool { return v.Bar == b && !v.Common }) {
			list = append(list, fmt.Sprintf("%s: mean at most %.3f x %s: nothing to judge has run", b.Scenario, b.AtMost, b.Of))
		}
	}
	if len(list) == 0 {
		return nil
	}
	return fmt.Errorf("--bars: %s not met:\n  %s", text.Count(len(list), "bar"), strings.Join(list, "\n  "))
}

// printVerdicts prints a line for each bar of a study.
func printVerdicts(out io.Writer, verdicts []study.Verdict) error {
	for _, v := range verdicts {
		verdict := "missed"
		if v.Met {
			verdict = "met"
		}
		if _, err := fmt.Fprintf(out, "%-14s %-28s %-8s %-10s %.3f  %s\n", v.Scenario, v.Rule, v.Family, v.Method, v.Ratio.Value, verdict); err != nil {
			return err
		}
	}
	return nil
}
