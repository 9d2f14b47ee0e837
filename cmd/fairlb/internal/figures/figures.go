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
	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/cmd/fairlb/internal/progress"
	"fairlb/cmd/fairlb/internal/store"
	"fairlb/cmd/fairlb/internal/target"
	"fairlb/env"
	"fairlb/env/parallel"
	"fairlb/env/scenario"
	"fairlb/env/testbed/overhead"
	"fairlb/eval/figure"
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
	Scenario string                // of servers that lose capacity, in the simulator, in place of the paper's
	Seeds    []uint64              // of its episodes; nil: the profile's
	Live     bool                  // play the episodes of figures that show policies in real time, one after another
	Again    bool                  // play those live episodes again that were no measurement

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
	case paper.Probing:
		return func(ctx context.Context) error { return m.probing(ctx, figure) }, nil
	case paper.CommunicationLatency:
		if err := overhead.Available(); err != nil {
			return nil, invalid.Errorf("figure %s: %w", figure.Number, err)
		}
		return func(ctx context.Context) error { return m.communicationLatency(ctx, figure) }, nil
	case paper.CollectionLatency:
		return func(ctx context.Context) error { return m.collectionLatency(ctx, figure) }, nil
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

// observed is what is seen of one episode.
type observed struct {
	Requests *figure.CompletionRecorder `json:"requests"`
	Servers  *figure.Timeline           `json:"servers,omitempty"` // nil: not looked at
}

// play plays the episode of target t in s of each seed, in the simulator several at a time.
// In real time one is played after another, and those that were no measurement are left
// out, which the notes say.
func (m *Maker) play(ctx context.Context, s scenario.Scenario, t target.Target, seeds []uint64, bar *episodeBar, observe func() observed) (list []observed, notes []string, err error) {
	if m.Live {
		return m.playLive(ctx, s, t, seeds, bar, observe)
	}
	list = make([]observed, len(seeds))
	for k := range list {
		list[k] = observe()
	}
	return list, nil, m.simulate(ctx, t, seeds, bar, func(k int) (env.Recorder, env.Sampler) { return list[k].Requests, list[k].sampler() })
}

// sampler is what looks at the servers; nil if nothing does.
func (o observed) sampler() env.Sampler {
	if o.Servers == nil {
		return nil
	}
	return o.Servers
}

// simulate plays the episode of each seed in the simulator, in an environment of its own, as
// many at a time as there are cores. Observers gives what observes the k-th seed, before
// any is played.
func (m *Maker) simulate(ctx context.Context, t target.Target, seeds []uint64, bar *episodeBar, observers func(k int) (env.Recorder, env.Sampler)) error {
	group, ctx := parallel.NewGroup(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for k, seed := range seeds {
		rec, sampler := observers(k)
		group.Go(func() error {
			if err := t.Play(ctx, seed, rec, sampler); err != nil {
				return fmt.Errorf("%s, seed %d: %w", t.Name, seed, err)
			}
			bar.add()
			return nil
		})
	}
	return group.Wait()
}

// episodeBar counts the episodes that are played on a bar.
type episodeBar struct {
	progress.Bar
	done atomic.Int64
}

// add counts one more.
func (c *episodeBar) add() { c.Set(int(c.done.Add(1)), "") }

// title is that of a figure of the paper, made here.
func (m *Maker) title(entry paper.Figure) string {
	if m.Live {
		return entry.Title + ", on real traffic"
	}
	return entry.Title
}
