package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"runtime"

	"github.com/spf13/cobra"

	"fairlb/cmd/fairlb/internal/files"
	"fairlb/cmd/fairlb/internal/job"
	"fairlb/cmd/fairlb/internal/store"
	"fairlb/cmd/fairlb/internal/studies"
	"fairlb/eval/study"
)

func (a *app) studyCommand() *cobra.Command {
	var out string
	var only []string
	var workers int
	var report bool
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
			if out == "" {
				out = filepath.Join("runs", "study-"+files.Name(study.Name))
			}
			release, err := files.Lock(out)
			if err != nil {
				return err
			}
			defer release()
			var failed error // of some of the jobs: the others are worth reporting
			if !report {
				failed = queued.withExecutor(c.Context(), a, out, workers, func(ctx context.Context, x store.Executor) error {
					return study.Run(ctx, kept.open(out, x))
				})
				if partial := (*job.PartialError)(nil); failed != nil && !errors.As(failed, &partial) {
					return failed
				}
			}
			s := kept.open(out, nil)
			defer kept.note(a, s)
			verdicts, err := study.Report(c.Context(), s, "fairlb study "+args[0])
			if err == nil {
				err = printVerdicts(a.stdout, verdicts)
			}
			if failed != nil {
				return errors.Join(failed, err)
			}
			return err
		},
	}
	c.Flags().StringVar(&out, "out", "", "the folder of runs and results (default runs/study-NAME)")
	c.Flags().StringArrayVar(&only, "only", nil, "method=NAME or scenario=NAME: run these alone (repeatable)")
	c.Flags().IntVar(&workers, "workers", runtime.GOMAXPROCS(0), "trainings at a time in this process; 0 by default beside the URL of a queue")
	queued.add(c)
	kept.add(c)
	c.Flags().BoolVar(&report, "report", false, "run nothing, report what is there")
	c.AddCommand(a.studyRatiosCommand())
	return c
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
