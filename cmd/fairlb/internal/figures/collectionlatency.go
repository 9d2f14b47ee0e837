package figures

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"time"

	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/cmd/fairlb/internal/realtime"
	"fairlb/env/observe"
	"fairlb/env/scenario"
	"fairlb/env/testbed/machine"
	"fairlb/env/testbed/probing"
	"fairlb/env/testbed/shm"
	"fairlb/eval/figure"
	"fairlb/eval/paper"
	"fairlb/results/chart"
	"fairlb/results/report"
)

// RespondCommand are the arguments by which the program is the process that publishes
// features and answers probes.
func RespondCommand() []string { return []string{"figures", "respond"} }

const (
	// readingPause is before those readings that do not follow at once: long enough that the
	// processors have gone idle or to others.
	readingPause = 2 * time.Millisecond
	// pausedPart is how many of the readings without a pause there are with one, which take
	// so much longer.
	pausedPart = 0.4
	// readingWarmup is the part of the readings that are made before any is timed.
	readingWarmup = 0.05
)

// collectionLatency makes the figure of how long it takes to get features: it starts a
// process that has them, and reads them by every way in turns.
func (m *Maker) collectionLatency(ctx context.Context, entry paper.Figure) error {
	s, err := scenario.Load(paper.CollectionScenario(), nil)
	if err != nil {
		return err
	}
	servers := 0
	for _, g := range s.Servers {
		servers += g.Count
	}
	cfg := probing.Config{
		Servers:     servers,
		Completions: max(1, int(math.Round(s.Workload.Arrivals.Rate*s.StepInterval/float64(s.LBs*servers)))),
		Elapsed:     int(math.Round(s.StepInterval / observe.SampleInterval)),
	}
	data := &figure.CollectionLatency{Figure: entry.Title, Scenario: s.Name, Servers: servers, Features: len(observe.Features()),
		Machine: machine.Name(), Measured: time.Now().Format(time.DateOnly)}
	release, err := realtime.Alone(ctx, m.Log)
	if err != nil {
		return err
	}
	defer release()
	watch := machine.NewWatch()
	err = m.readInTurns(ctx, entry, cfg, data)
	if errors.Is(err, shm.ErrUnsupported) {
		return invalid.Errorf("%w", err)
	}
	if err != nil {
		return err
	}
	load := watch.Load()
	data.Others, data.Stolen = load.Others, load.Stolen
	err = m.write(entry.Number, func(w io.Writer) error { return report.WriteCollectionLatencyCSV(w, data) },
		func(w io.Writer, format string) error { return chart.DrawCollectionLatency(w, data, format) })
	if err != nil {
		return err
	}
	return report.WriteCollectionLatencyText(m.Out, data)
}

// readInTurns reads by every way, without a pause and with one.
func (m *Maker) readInTurns(ctx context.Context, entry paper.Figure, cfg probing.Config, data *figure.CollectionLatency) (err error) {
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("the program's own file: %w", err)
	}
	source, err := probing.Start(ctx, program, RespondCommand(), cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	var plans []probing.Plan
	turns, done := 0, 0
	for _, pause := range []time.Duration{0, readingPause} {
		readings := m.Profile.Readings
		if pause > 0 {
			readings = max(1, int(pausedPart*float64(readings)))
		}
		// A writer at full rate is measured by itself: what follows it in a turn would be late.
		for _, kinds := range [][]probing.Kind{slices.DeleteFunc(probing.Kinds(), probing.Kind.Flooded), {probing.SharedV2Flood}} {
			p := probing.Plan{Kinds: kinds, Readings: readings, Warmup: int(readingWarmup * float64(readings)), Pauses: []time.Duration{pause}}
			plans, turns = append(plans, p), turns+p.Turns()
		}
	}
	bar := m.Progress.Bar("figure "+entry.Number, turns)
	defer bar.Close()
	for _, p := range plans {
		p.Progress = func() {
			done++
			bar.Set(done, "")
		}
		list, err := probing.Measure(ctx, source, p)
		if err != nil {
			return err
		}
		for _, series := range list {
			times := make([]float64, len(series.Times))
			for k, took := range series.Times {
				times[k] = took.Seconds()
			}
			data.Readings = append(data.Readings, figure.CollectionReadings{
				Way: series.Kind.String(), Title: series.Kind.Title(), Pause: series.Pause.Seconds(), Again: series.Again, Bytes: series.Bytes, Times: figure.NewDistribution(times),
			})
		}
	}
	return nil
}
