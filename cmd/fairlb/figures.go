package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"fairlb/agents"
	"fairlb/env"
	"fairlb/env/scenario"
	"fairlb/eval/episodes"
	"fairlb/eval/paper"
)

func (a *app) figuresCommand() *cobra.Command {
	var profile, out, shelves string
	var runs []string
	c := &cobra.Command{
		Use:   "figures NAME...",
		Short: "Make figures of the paper from our own runs: " + strings.Join(paper.FigureNumbers(), ", "),
		Long: `Make figures of the paper from our own runs: their data as CSV and pictures as
PNG and SVG into the folder, a table of them to stdout.

  2a   which weights are fair, by application profile: the requests that the
       Oracle sends to a large server over those to a small one, in windows of
       10 s, beside the best fixed weights and SED's
  8    the distribution of completion times in each period of the web traffic,
       by class; for heuristics, and the runs that --run names or, without any,
       the paper's methods, trained as fairlb tables does. Periods III and IV have
       the same printed rate, so that here they are the same. Times are on a
       logarithmic axis; lines end with the requests that did not fail
  4b   the same of the first period
  10a  the replay buffer that agents share who are trained together, as it grows
       with episodes and load balancers
  12   servers that lose capacity: (a) busy workers, CPU use and work left over
       time, (b) the distribution of completion times; for heuristics, and the
       runs that --run names`,
		Example: "  fairlb figures 2a 8 10a 12 --profile standard --run runs/a-seed1",
		Args:    checked(cobra.MinimumNArgs(1)),
		RunE: func(c *cobra.Command, numbers []string) error {
			var figures []paper.Figure
			for k, number := range numbers {
				figure, err := paper.FigureNumbered(number)
				if err != nil {
					return usage("%w", err)
				}
				if slices.Contains(numbers[:k], number) {
					return usage("figure %q is given twice", number)
				}
				figures = append(figures, figure)
			}
			p, err := paper.ProfileNamed(profile)
			if err != nil {
				return usage("--profile: %w", err)
			}
			if len(runs) > 0 && !slices.ContainsFunc(figures, paper.Figure.ShowsRuns) {
				return usage("--run: only figures 4b, 8 and 12 show runs")
			}
			if out == "" {
				out = filepath.Join("runs", "figures-"+p.Name)
			}
			if shelves == "" {
				shelves = filepath.Join("runs", "tables-"+p.Name)
			}
			f := figureMaker{app: a, dir: out, profile: p, search: defaultSearch(), runs: runs, tables: shelves}
			return f.make(c.Context(), figures)
		},
	}
	c.Flags().StringVar(&profile, "profile", "smoke", "smoke (2 seeds), standard or paper (10 seeds)")
	c.Flags().StringVar(&out, "out", "", "the folder of data and pictures (default runs/figures-PROFILE)")
	c.Flags().StringArrayVar(&runs, "run", nil, "a run's folder or checkpoint to show in figures 4b, 8 and 12 (repeatable)")
	c.Flags().StringVar(&shelves, "tables", "", "the folder of fairlb tables whose training runs figures 4b and 8 show, and which takes what it lacks (default runs/tables-PROFILE)")
	return c
}

// figureMaker makes figures into a folder.
type figureMaker struct {
	app     *app
	dir     string
	profile paper.Profile
	search  searchSettings // of the best fixed weights
	runs    []string       // to show in Figures 4 (b), 8 and 12
	tables  string         // the folder of the tables' training runs
}

// make makes figures and prints their tables.
func (f *figureMaker) make(ctx context.Context, figures []paper.Figure) error {
	var changing []target            // of figures that show a change of capacity
	for _, figure := range figures { // what is wrong with a run is said at once
		var err error
		switch figure.Shows {
		case paper.CompletionDistributions:
			_, err = f.namedRuns(figure.TestCases()[0].Scenario)
		case paper.CapacityChange:
			changing, err = f.capacityChangeTargets()
		}
		if err != nil {
			return err
		}
	}
	if err := os.MkdirAll(f.dir, 0o777); err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	for k, figure := range figures {
		if k > 0 {
			fmt.Fprintln(f.app.stdout)
		}
		var err error
		switch figure.Shows {
		case paper.FairWeights:
			err = f.fairWeights(ctx, figure)
		case paper.CompletionDistributions:
			err = f.completionDistributions(ctx, figure)
		case paper.BufferGrowth:
			err = f.bufferGrowth(ctx, figure)
		case paper.CapacityChange:
			err = f.capacityChange(ctx, figure, changing)
		}
		if err != nil {
			return fmt.Errorf("figure %s: %w", figure.Number, err)
		}
	}
	f.app.log.WithField("folder", f.dir).Info("figures written as CSV, PNG and SVG")
	return nil
}

// files writes the data of the figure, or part of one, of that number, and its
// picture.
func (f *figureMaker) files(number string, data func(io.Writer) error, picture func(io.Writer, string) error) error {
	path := filepath.Join(f.dir, "figure-"+number)
	if err := writeFile(path+".csv", data); err != nil {
		return err
	}
	for _, format := range []string{"png", "svg"} {
		if err := writeFile(path+"."+format, func(w io.Writer) error { return picture(w, format) }); err != nil {
			return err
		}
	}
	return nil
}

// watch plays the episode of each seed of the profile in an environment of its
// own, as many at a time as there are cores. begin gives what watches the k-th
// seed, before any is played.
func (f *figureMaker) watch(ctx context.Context, t target, done *atomic.Int64, bar *bar, begin func(k int) (env.Recorder, env.Sampler)) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for k, seed := range f.profile.EvalSeeds {
		rec, sampler := begin(k)
		group.Go(func() error {
			if err := t.play(ctx, seed, rec, sampler); err != nil {
				return fmt.Errorf("%s, seed %d: %w", t.Name, seed, err)
			}
			bar.set(int(done.Add(1)), "")
			return nil
		})
	}
	return group.Wait()
}

// play plays one episode, watched.
func (t *target) play(ctx context.Context, seed uint64, rec env.Recorder, sampler env.Sampler) error {
	e, err := t.open(rec, sampler)
	if err != nil {
		return err
	}
	defer e.Close()
	var actor agents.Actor
	if t.Actor != nil {
		if actor, err = t.Actor(); err != nil {
			return err
		}
	}
	return episodes.Play(ctx, e, actor, seed)
}

// groupOf returns the group of each server of a scenario.
func groupOf(s scenario.Scenario) []int {
	var list []int
	for g, group := range s.Servers {
		for range group.Count {
			list = append(list, g)
		}
	}
	return list
}
