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
	var dryRun, trainLive, again bool
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

In real time, on real traffic over loopback (fairlb testbed run), beside the
simulator's values of the same policies and requests:
  live        10, one training a row, in the simulator by our own recipes; with
              --train-live in real time, too, which takes two hours a row
  live-smoke  three rows, in episodes of 2 s: minutes
What is missing is trained and simulated first. Then live runs are played one after
another, each alone on the machine, which should have nothing else to do; about how
long that takes is said first. Each run is kept, so that the same command goes on
after anything. One in which the machine did not keep up is played again, twice at
most, and then left out and marked. --out of a folder that profile standard has
filled takes the trainings and simulations of that.

--dry-run says what is missing, and about how long it will take: by the times of
what is recorded in the folder, or else by one short run of each kind (a probe).
It writes nothing.

Table 7 (complexities of operations) is fairlb theory complexity, Table 8 (a survey of
testbeds) fairlb tables testbeds.

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
			if err := checkLive(c, p, &queued); err != nil {
				return err
			}
			p.TrainLive = trainLive
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
				results := tables.NewResults(s, p, a.log)
				results.Again = again
				return results.PrintPlan(c.Context(), a.stdout, jobs)
			}
			release, err := files.Lock(out)
			if err != nil {
				return err
			}
			defer release()
			command := "fairlb tables " + strings.Join(args, " ") + " --profile " + p.Name
			if trainLive {
				command += " --train-live"
			}
			return queued.withExecutor(c.Context(), a, out, workers, func(ctx context.Context, x store.Executor) error {
				s := kept.open(out, x)
				defer kept.logExceptions(a, s)
				results := tables.NewResults(s, p, a.log)
				results.Again = again
				if err := results.Fill(ctx, jobs); err != nil {
					return err
				}
				return results.Print(a.stdout, list, command)
			})
		},
	}
	c.Flags().StringVar(&profile, "profile", "smoke", "smoke (minutes), standard (our own recipes), paper (those of Table 9), live-smoke or live")
	c.Flags().StringVar(&out, "out", "", "the folder of runs and results (default runs/tables-PROFILE)")
	c.Flags().IntVar(&workers, "workers", runtime.GOMAXPROCS(0), "jobs at a time in this process; 0 by default beside the URL of a queue")
	queued.add(c)
	kept.add(c)
	c.Flags().BoolVar(&dryRun, "dry-run", false, "say what would run and about how long, and run nothing")
	c.Flags().BoolVar(&trainLive, "train-live", false, "with a live profile: train in real time, too")
	c.Flags().BoolVar(&again, "again", false, "with a live profile: play those runs again that were no measurement")
	c.AddCommand(a.tablesPublishedCommand(), a.tablesTestbedsCommand())
	return c
}

// checkLive says what is wrong with the flags that a live profile has, or has not.
func checkLive(c *cobra.Command, p paper.Profile, queued *queueFlags) error {
	if p.Live {
		if queued.url != "" {
			return invalid.Errorf("--queue: runs in real time are played by this process alone: fill the folder by --profile standard --queue, and then without --queue")
		}
		return nil
	}
	for _, name := range []string{"train-live", "again"} {
		if c.Flags().Changed(name) {
			return invalid.Errorf("--%s: goes with --profile live or live-smoke", name)
		}
	}
	return nil
}

// namedTables returns the tables of these numbers.
func namedTables(numbers []string) ([]paper.Table, error) {
	var list []paper.Table
	for _, arg := range numbers {
		number, err := strconv.Atoi(arg)
		if err != nil {
			return nil, invalid.Errorf("table %q: must be a number, one of %v", arg, paper.Numbers())
		}
		if command, ok := otherTables()[number]; ok {
			return nil, invalid.Errorf("table %d is not one of trainings: see fairlb %s --help", number, command)
		}
		t, err := paper.Get(number)
		if err != nil {
			return nil, invalid.Errorf("%w", err)
		}
		list = append(list, t)
	}
	return list, nil
}

// otherTables are the commands of the paper's tables for which nothing is trained.
func otherTables() map[int]string {
	return map[int]string{7: "theory complexity", 8: "tables testbeds"}
}
