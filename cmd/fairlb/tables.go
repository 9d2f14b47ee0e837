package main

import (
	"context"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"fairlb/cmd/fairlb/internal/files"
	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/cmd/fairlb/internal/store"
	"fairlb/cmd/fairlb/internal/tables"
	"fairlb/eval/paper"
)

func (a *app) tablesCommand() *cobra.Command {
	var profile, out string
	var dryRun bool
	var workers int
	var queued queueFlags
	var kept storeFlags
	c := &cobra.Command{
		Use:         "tables NUMBER...",
		Annotations: finishing("saving the trainings that run"),
		Short:       "Print Tables 11 to 16 of the paper from our own runs, beside the published values",
		Long: `Print tables of the paper from our own runs, each value beside the published
one: of the requests that completed, as published, and with failed ones at their
timeout; both over SED's, with a mark where that is not significant. Rows are added
of rules that nobody trains and, beside QMix-LB, of independent Q-learning. Text is
120 columns wide.

What is missing is trained and evaluated, what is recorded in the folder is used
again; a training that was stopped goes on from its last checkpoint. Text goes to
stdout; CSV, JSON, Markdown and pictures into the folder: of the means, of the ratios
to SED with their 95 % intervals and, of Tables 14 and 15, of both over the rate.

Every profile evaluates episodes of 60 s from an empty system, as the paper does:
  smoke     2 of them, one short training a row by our own recipes
  standard  10, three trainings a row by our own recipes (train/recipes)
  paper     10, three trainings a row by the paper's own numbers (Table 9)

--dry-run says what is missing, and about how long it will take: by the times of
what is recorded in the folder, or else by one short run of each kind (a probe).
It writes nothing.

` + queueHelp,
		Example: "  fairlb tables 11 12 13 14 15 16 --profile smoke",
		Args:    queued.checked(cobra.MinimumNArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			args = queued.take(args)
			if err := queued.validate(c, &workers); err != nil {
				return err
			}
			p, err := paper.ProfileNamed(profile)
			if err != nil {
				return invalid.Errorf("--profile: %w", err)
			}
			list, err := namedTables(args)
			if err != nil {
				return err
			}
			if out == "" {
				out = filepath.Join("runs", "tables-"+p.Name)
			}
			jobs, err := tables.Jobs(list, p)
			if err != nil {
				return err
			}
			if dryRun {
				s := kept.open(out, nil)
				defer kept.logExceptions(a, s)
				return tables.NewResults(s, p, a.log).PrintPlan(c.Context(), a.stdout, jobs)
			}
			release, err := files.Lock(out)
			if err != nil {
				return err
			}
			defer release()
			command := "fairlb tables " + strings.Join(args, " ") + " --profile " + p.Name
			return queued.withExecutor(c.Context(), a, out, workers, func(ctx context.Context, x store.Executor) error {
				s := kept.open(out, x)
				defer kept.logExceptions(a, s)
				results := tables.NewResults(s, p, a.log)
				if err := results.Fill(ctx, jobs); err != nil {
					return err
				}
				return results.Print(a.stdout, list, command)
			})
		},
	}
	c.Flags().StringVar(&profile, "profile", "smoke", "smoke (minutes), standard (our own recipes) or paper (those of Table 9)")
	c.Flags().StringVar(&out, "out", "", "the folder of runs and results (default runs/tables-PROFILE)")
	c.Flags().IntVar(&workers, "workers", runtime.GOMAXPROCS(0), "jobs at a time in this process; 0 by default beside the URL of a queue")
	queued.add(c)
	kept.add(c)
	c.Flags().BoolVar(&dryRun, "dry-run", false, "say what would run and about how long, and run nothing")
	c.AddCommand(a.tablesPublishedCommand())
	return c
}

// namedTables returns the tables of these numbers.
func namedTables(numbers []string) ([]paper.Table, error) {
	var list []paper.Table
	for _, arg := range numbers {
		number, err := strconv.Atoi(arg)
		if err != nil {
			return nil, invalid.Errorf("table %q: must be a number, one of %v", arg, paper.Numbers())
		}
		t, err := paper.Get(number)
		if err != nil {
			return nil, invalid.Errorf("%w", err)
		}
		list = append(list, t)
	}
	return list, nil
}
