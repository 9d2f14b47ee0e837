package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"fairlb/agents/checkpoint"
	"fairlb/agents/methods"
	"fairlb/eval"
	"fairlb/eval/paper"
	"fairlb/results/chart"
	"fairlb/results/report"
)

func (a *app) tablesCommand() *cobra.Command {
	var profile, out string
	var dryRun bool
	var workers int
	var queued queueFlags
	c := &cobra.Command{
		Use:   "tables NUMBER...",
		Short: "Print Tables 11 to 16 of the paper from our own runs, beside the published values",
		Long: `Print tables of the paper from our own runs, each value beside the published
one. What is missing is trained and evaluated, what is recorded in the folder is
used again; a training that was stopped goes on from its last checkpoint. Text goes
to stdout; CSV, JSON, Markdown and a picture of the means
with their 95 % intervals into the folder.

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
				return usage("--profile: %w", err)
			}
			var tables []paper.Table
			for _, arg := range args {
				number, err := strconv.Atoi(arg)
				if err != nil {
					return usage("table %q: must be a number, one of %v", arg, paper.Numbers())
				}
				t, err := paper.Get(number)
				if err != nil {
					return usage("%w", err)
				}
				tables = append(tables, t)
			}
			if out == "" {
				out = filepath.Join("runs", "tables-"+p.Name)
			}
			if dryRun {
				return a.planTables(c.Context(), tables, p, out)
			}
			release, err := claim(out)
			if err != nil {
				return err
			}
			defer release()
			command := "fairlb tables " + strings.Join(args, " ") + " --profile " + p.Name
			return queued.with(c.Context(), a, out, workers, func(ctx context.Context, f *farm) error {
				b := newBook(out, p)
				b.farm, b.workers = f, workers
				return a.printTables(ctx, tables, b, command)
			})
		},
	}
	c.Flags().StringVar(&profile, "profile", "smoke", "smoke (minutes), standard (a quarter of an hour) or paper (the paper's episodes and runs)")
	c.Flags().StringVar(&out, "out", "", "the folder of runs and results (default runs/tables-PROFILE)")
	c.Flags().IntVar(&workers, "workers", runtime.GOMAXPROCS(0), "jobs at a time in this process; 0 by default beside the URL of a queue")
	queued.add(c)
	c.Flags().BoolVar(&dryRun, "dry-run", false, "say what would run and about how long, and run nothing")
	return c
}

// printTables runs what the tables lack and prints them.
func (a *app) printTables(ctx context.Context, tables []paper.Table, book *book, command string) error {
	p, dir := book.profile, book.dir
	jobs, err := jobsOf(tables, p)
	if err != nil {
		return err
	}
	if err := a.runJobs(ctx, book, jobs); err != nil {
		return err
	}
	for k, t := range tables {
		if k > 0 {
			fmt.Fprintln(a.stdout)
		}
		filled, err := paper.Fill(t, func(row, col int) (paper.Value, bool) { return book.cell(t, row, col) })
		if err != nil {
			return err
		}
		options := report.TableOptions{Profile: p, Command: command, Warnings: book.warnings()}
		if err := report.WriteTableText(a.stdout, filled, options); err != nil {
			return err
		}
		for ending, write := range map[string]func(io.Writer) error{
			"csv":  func(w io.Writer) error { return report.WriteTableCSV(w, filled) },
			"json": func(w io.Writer) error { return report.WriteTableJSON(w, filled, options) },
			"md":   func(w io.Writer) error { return report.WriteTableMarkdown(w, filled, options) },
		} {
			if err := writeFile(filepath.Join(dir, fmt.Sprintf("table%d.%s", t.Number, ending)), write); err != nil {
				return err
			}
		}
		if err := drawMeans(filepath.Join(dir, fmt.Sprintf("table%d", t.Number)), chart.TableMeans(filled)); err != nil {
			return err
		}
	}
	a.log.WithField("folder", dir).Info("tables written as CSV, JSON and Markdown, and drawn as PNG and SVG")
	return nil
}

// jobsOf lists what must run to fill tables.
func jobsOf(tables []paper.Table, p paper.Profile) ([]paper.Job, error) {
	var numbers []int
	for _, t := range tables {
		numbers = append(numbers, t.Number)
	}
	return paper.Jobs(numbers, p)
}

// runJobs runs the jobs of methods that exist, as many at a time as the book
// says; rows of other methods stay empty.
func (a *app) runJobs(ctx context.Context, b *book, jobs []paper.Job) error {
	todo := runnable(jobs)
	bar := b.newBar(a, "tables", len(todo))
	defer bar.close()
	var done atomic.Int64
	var failed failures
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(b.atOnce())
	for _, job := range todo {
		group.Go(func() error {
			if err := b.run(ctx, a, job); err != nil {
				return failed.take(fmt.Errorf("%s: %w", describe(job.Policy), err))
			}
			bar.set(int(done.Add(1)), "")
			a.log.WithFields(map[string]any{"done": done.Load(), "of": len(todo)}).Infof("%s", describe(job.Policy))
			return nil
		})
	}
	return failed.with(group.Wait())
}

// runnable lists the jobs of methods that exist.
func runnable(jobs []paper.Job) []paper.Job {
	return slices.DeleteFunc(slices.Clone(jobs), func(job paper.Job) bool {
		_, err := methods.Find(job.Method)
		return job.Learned() && err != nil
	})
}

// describe names a policy in a line.
func describe(p paper.Policy) string {
	if !p.Learned() {
		return p.Method
	}
	return fmt.Sprintf("%s %s, trained in %s, seed %d", p.Method, p.Reward, p.Training, p.Seed)
}

// cell sums up the recorded evaluations of a cell: a run for each pair of training
// and evaluation seeds.
func (b *book) cell(t paper.Table, row, col int) (paper.Value, bool) {
	list := b.cellRuns(t, row, col)
	if len(list) == 0 {
		return paper.Value{}, false
	}
	return paper.NewValue(list), true
}

// cellRuns returns a cell's values by training run, or one of a heuristic, and
// evaluation seed; nothing if any is missing.
func (b *book) cellRuns(t paper.Table, row, col int) eval.Replicates {
	column := t.Columns[col]
	var runs eval.Replicates
	for _, key := range t.Keys(row, col, b.profile) {
		result, ok := b.evaluated[key]
		if !ok {
			return nil
		}
		figures := result.Class(column.Class)
		if figures == nil {
			return nil
		}
		switch column.Metric {
		case paper.P95:
			runs = append(runs, figures.PerSeedP95)
		case paper.P99:
			runs = append(runs, figures.PerSeedP99)
		default:
			runs = append(runs, figures.PerSeed)
		}
	}
	return runs
}

// writeFile replaces a file as a whole, or leaves what was there.
func writeFile(path string, write func(io.Writer) error) error {
	if err := checkpoint.Replace(path, 0o644, write); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}
