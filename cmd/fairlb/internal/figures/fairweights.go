package figures

import (
	"context"
	"fmt"
	"io"
	"slices"

	"fairlb/cmd/fairlb/internal/job"
	"fairlb/cmd/fairlb/internal/simulate"
	"fairlb/cmd/fairlb/internal/target"
	"fairlb/env"
	"fairlb/env/scenario"
	"fairlb/eval/figure"
	"fairlb/eval/paper"
	"fairlb/results/chart"
	"fairlb/results/report"
)

const (
	fairWindow = 10 // s, of a window in which work is summed up: about a hundred requests
	fairWarmup = 20 // s at the beginning of an episode that do not count, while queues fill

	// fairTolerance is by which part the mean completion time of fixed weights may
	// be above that of the best for them to be nearly as good.
	fairTolerance = 0.005
)

// fairWeights makes the figure of fair weights, by application profile.
func (m *Maker) fairWeights(ctx context.Context, entry paper.Figure) error {
	p := m.Profile
	data := &figure.FairWeights{Figure: entry.Title, Window: fairWindow, Warmup: fairWarmup, Duration: p.EvalDuration, Seeds: p.EvalSeeds, Tolerance: fairTolerance}
	applications := paper.Applications()
	bar := &episodeBar{Bar: m.Progress.Bar("figure "+entry.Number, len(applications)*len(p.EvalSeeds))}
	defer bar.Close()
	for _, application := range applications {
		profile, err := m.fairProfile(ctx, application, bar)
		if err != nil {
			return fmt.Errorf("%s: %w", application.Scenario, err)
		}
		data.Profiles = append(data.Profiles, profile)
	}
	err := m.write(entry.Number, func(w io.Writer) error { return report.WriteFairWeightsCSV(w, data) },
		func(w io.Writer, format string) error { return chart.DrawFairWeights(w, data, format) })
	if err != nil {
		return err
	}
	return report.WriteFairWeightsText(m.Out, data)
}

// fairProfile runs the Oracle on one application profile, and searches its
// best fixed weights in episodes of the scenario's own duration.
func (m *Maker) fairProfile(ctx context.Context, application paper.Application, bar *episodeBar) (figure.FairWeightsProfile, error) {
	out := figure.FairWeightsProfile{Name: application.Name, Scenario: application.Scenario}
	own, err := scenario.Load(application.Scenario, nil)
	if err != nil {
		return out, err
	}
	if len(own.Servers) != 2 {
		return out, fmt.Errorf("%d groups of servers: the figure compares two", len(own.Servers))
	}
	small, large := 0, 1
	if own.Servers[small].CPUs > own.Servers[large].CPUs {
		small, large = large, small
	}
	s := own
	s.Duration = m.Profile.EvalDuration
	windows := make([]*figure.WorkRecorder, len(m.Profile.EvalSeeds))
	for k, seed := range m.Profile.EvalSeeds {
		work, err := simulate.Demands(ctx, s, seed)
		if err != nil {
			return out, err
		}
		if windows[k], err = figure.NewWorkRecorder(s.Duration, fairWarmup, fairWindow, simulate.GroupOfServer(s), work); err != nil {
			return out, err
		}
	}
	oracle := target.Heuristic(s, "oracle")
	if err := m.simulate(ctx, oracle, m.Profile.EvalSeeds, bar, func(k int) (env.Recorder, env.Sampler) { return windows[k], nil }); err != nil {
		return out, err
	}
	for _, w := range windows {
		out.WorkRatios = append(out.WorkRatios, w.WorkRatios(large, small)...)
		out.RequestRatios = append(out.RequestRatios, w.RequestRatios(large, small)...)
	}
	slices.Sort(out.WorkRatios)
	slices.Sort(out.RequestRatios)

	search := m.Search
	search.Tolerance = fairTolerance
	x, err := job.NewSearch(ctx, own, search)
	if err != nil {
		return out, err
	}
	best, err := m.open(m.Dir).Search(ctx, &x, m.Dir)
	if err != nil {
		return out, err
	}
	out.BestFixed = best.Best.Weights[large] / best.Best.Weights[small]
	// One of the two groups is the first, whose range is one weight.
	out.LeastGood = best.Ranges[large].Low / best.Ranges[small].High
	out.GreatestGood = best.Ranges[large].High / best.Ranges[small].Low
	out.Processors = float64(own.Servers[large].CPUs) / float64(own.Servers[small].CPUs)
	return out, nil
}
