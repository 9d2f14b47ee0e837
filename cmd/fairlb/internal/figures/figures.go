// Package figures makes figures of the paper from our own runs: it plays the
// episodes that a figure shows, lets package eval/figure gather their data, and
// writes these as CSV and the pictures of package results. Which figures there
// are, and by which numbers, is the catalogue of eval/paper; each has a file
// here, named by what it shows, and a case of prepare.
package figures

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"sync/atomic"

	"github.com/sirupsen/logrus"

	"fairlb/cmd/fairlb/internal/files"
	"fairlb/cmd/fairlb/internal/fixedweights"
	"fairlb/cmd/fairlb/internal/progress"
	"fairlb/cmd/fairlb/internal/store"
	"fairlb/cmd/fairlb/internal/target"
	"fairlb/env"
	"fairlb/env/parallel"
	"fairlb/eval/paper"
)

// Maker makes figures into a folder.
type Maker struct {
	Dir      string
	Profile  paper.Profile
	Search   fixedweights.Settings // of the best fixed weights
	Runs     []string              // that the user names, for the figures that show them
	Executor store.Executor        // of the trainings and searches that figures need
	AnyBuild bool                  // take what other builds of the program have made, too
	Tables   string                // the folder of the tables' training runs

	Out      io.Writer // takes the tables of figures
	Log      logrus.FieldLogger
	Progress progress.Display
}

// Make makes figures and prints their tables. What is wrong with a run that the
// user named is said before any is made.
func (m *Maker) Make(ctx context.Context, figures []paper.Figure) error {
	makers := make([]func(context.Context) error, len(figures))
	for k, figure := range figures {
		var err error
		if makers[k], err = m.prepare(figure); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(m.Dir, 0o777); err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	for k, figure := range figures {
		if k > 0 {
			fmt.Fprintln(m.Out)
		}
		if err := makers[k](ctx); err != nil {
			return fmt.Errorf("figure %s: %w", figure.Number, err)
		}
	}
	m.Log.WithField("folder", m.Dir).Info("figures written as CSV, PNG and SVG")
	return nil
}

// prepare checks the runs that the user named for a figure of the catalogue, and
// returns what makes the figure.
func (m *Maker) prepare(figure paper.Figure) (func(context.Context) error, error) {
	switch figure.Kind {
	case paper.FairWeights:
		return func(ctx context.Context) error { return m.fairWeights(ctx, figure) }, nil
	case paper.BufferGrowth:
		return func(ctx context.Context) error { return m.bufferGrowth(ctx, figure) }, nil
	case paper.CompletionDistributions:
		_, err := m.namedRuns(figure.TestCases()[0].Scenario)
		return func(ctx context.Context) error { return m.completionDistributions(ctx, figure) }, err
	case paper.CapacityChange:
		targets, err := m.capacityTargets()
		return func(ctx context.Context) error { return m.capacityChange(ctx, figure, targets) }, err
	}
	return nil, fmt.Errorf("figure %s: of no kind that can be made", figure.Number)
}

// open returns the store of a folder.
func (m *Maker) open(dir string) *store.Store {
	s := store.New(dir, m.Executor)
	s.AnyBuild = m.AnyBuild
	return s
}

// write writes the data of the figure, or part of one, of that number, and its
// picture.
func (m *Maker) write(number string, data func(io.Writer) error, picture func(io.Writer, string) error) error {
	path := filepath.Join(m.Dir, "figure-"+number)
	if err := files.Write(path+".csv", data); err != nil {
		return err
	}
	return files.WritePictures(path, picture)
}

// play plays the episode of each seed in an environment of its own, as many at a time as there are cores. Observers gives what observes the
// k-th seed, before any is played.
func (m *Maker) play(ctx context.Context, t target.Target, seeds []uint64, done *atomic.Int64, bar progress.Bar, observers func(k int) (env.Recorder, env.Sampler)) error {
	group, ctx := parallel.NewGroup(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for k, seed := range seeds {
		rec, sampler := observers(k)
		group.Go(func() error {
			if err := t.Play(ctx, seed, rec, sampler); err != nil {
				return fmt.Errorf("%s, seed %d: %w", t.Name, seed, err)
			}
			bar.Set(int(done.Add(1)), "")
			return nil
		})
	}
	return group.Wait()
}
