package figures

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"

	"fairlb/cmd/fairlb/internal/target"
	"fairlb/env"
	"fairlb/env/parallel"
	"fairlb/env/scenario"
	"fairlb/eval/figure"
	"fairlb/eval/paper"
	"fairlb/eval/visibility"
	"fairlb/results/chart"
	"fairlb/results/report"
)

// errNoCounts reports an environment that does not tell what its load balancers count, or
// not what its servers do.
var errNoCounts = errors.New("an environment without the counts of load balancers or the state of servers")

// probing makes the figure of servers that are probed.
func (m *Maker) probing(ctx context.Context, entry paper.Figure) error {
	name, heuristic, frequencies := paper.ProbingRuns()
	set := []string{fmt.Sprintf("duration=%g", m.Profile.EvalDuration)}
	if !m.Live { // where what load balancers count costs nothing, it is looked at as often as the servers
		set = append(set, fmt.Sprintf("step_interval=%g", visibility.Spacing))
	}
	s, err := scenario.Load(name, set)
	if err != nil {
		return err
	}
	t := target.Heuristic(s, heuristic)
	servers := 0
	for _, g := range s.Servers {
		servers += g.Count
	}
	data := &figure.Probing{Figure: m.title(entry), Live: m.Live, Scenario: name, Target: heuristic, Servers: servers, LBs: s.LBs, Duration: s.Duration}
	seeds := m.Profile.SeedsFor(name)
	bar := &episodeBar{Bar: m.Progress.Bar("figure "+entry.Number, len(seeds))}
	defer bar.Close()
	var list []figure.ProbingEpisode
	if m.Live {
		list, data.Notes, err = m.probeLive(ctx, s, t, seeds, frequencies, bar)
	} else {
		list, err = probeSimulated(ctx, s, t, seeds, frequencies, bar)
	}
	if err != nil {
		return err
	}
	if len(list) == 0 {
		return fmt.Errorf("%s: %w", s.Name, errNoMeasurement)
	}
	data.SetEpisodes(frequencies, list)
	if err := m.write(entry.Number, func(w io.Writer) error { return report.WriteProbingCSV(w, data) },
		func(w io.Writer, format string) error { return chart.DrawProbing(w, data, format) }); err != nil {
		return err
	}
	return report.WriteProbingText(m.Out, data)
}

// probeSimulated plays the episode of each seed in the simulator, as many at a time as there
// are cores, and probes its servers.
func probeSimulated(ctx context.Context, s scenario.Scenario, t target.Target, seeds []uint64, frequencies []float64, bar *episodeBar) ([]figure.ProbingEpisode, error) {
	list := make([]figure.ProbingEpisode, len(seeds))
	group, ctx := parallel.NewGroup(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for k, seed := range seeds {
		group.Go(func() error {
			cfg, err := s.Config()
			if err != nil {
				return err
			}
			servers := len(cfg.Servers)
			prober := visibility.NewProber(visibility.Config{
				Servers: servers, Frequencies: frequencies, LatencyLow: s.Latency.Low, LatencyHigh: s.Latency.High, Duration: s.Duration,
			}, seed)
			e, err := t.Open(nil, prober)
			if err != nil {
				return err
			}
			defer e.Close()
			var counts visibility.Counts
			if err := playCounted(ctx, e, seed, visibility.Warmup(s.Duration), &counts, func() {}); err != nil {
				return fmt.Errorf("%s, seed %d: %w", t.Name, seed, err)
			}
			list[k] = probingEpisode(prober.Observation(), prober.Answers(), &counts)
			for _, f := range frequencies {
				list[k].Traffic = append(list[k].Traffic, figure.ProbeTraffic{
					Answers: visibility.AnswersRate(servers, f), Payload: visibility.PayloadRate(servers, f), Wire: visibility.WireRate(servers, f),
				})
			}
			bar.add()
			return nil
		})
	}
	return list, group.Wait()
}

// playCounted plays the episode of a seed, and adds what load balancers count at the end of
// each step from a time (s) on. begun is called as the episode has begun.
func playCounted(ctx context.Context, e env.Env, seed uint64, from float64, counts *visibility.Counts, begun func()) error {
	counting, ok := e.(interface{ KeepCounts() })
	servers, known := e.(env.GroundTruth)
	if !ok || !known {
		return errNoCounts
	}
	counting.KeepCounts()
	step, err := e.Reset(ctx, seed)
	if err != nil {
		return err
	}
	begun()
	var truth env.Truth
	for !step.Terminated && !step.Truncated {
		if err := ctx.Err(); err != nil {
			return err
		}
		if step, err = e.Step(ctx, nil); err != nil {
			return err
		}
		if err := servers.Truth(&truth); err != nil {
			return err
		}
		if step.Time > from {
			counts.Add(step.Counts, &truth)
		}
	}
	return nil
}

// probingEpisode compares what was believed in an episode with what was seen of its servers,
// by frequency.
func probingEpisode(truth *visibility.Observation, answers [][][]visibility.Answer, counts *visibility.Counts) figure.ProbingEpisode {
	e := figure.ProbingEpisode{Counts: figure.ProbingQuality{Quality: counts.Quality()}}
	for _, list := range answers {
		var row []figure.ProbingQuality
		for m := range visibility.NumMeasures {
			row = append(row, figure.ProbingQuality{Quality: visibility.Compare(truth.Load(m), truth.Believed(m, list))})
		}
		e.Probes = append(e.Probes, row)
	}
	return e
}
