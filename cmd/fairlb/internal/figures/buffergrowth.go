package figures

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"sync/atomic"

	"fairlb/cmd/fairlb/internal/simulate"
	"fairlb/env"
	"fairlb/env/parallel"
	"fairlb/env/scenario"
	"fairlb/eval/figure"
	"fairlb/eval/paper"
	"fairlb/replay"
	"fairlb/results/chart"
	"fairlb/results/report"
	"fairlb/train"
)

// bufferCapacity is the number of episodes in a buffer (Table 9), curvePoints
// about that of points of a curve.
const (
	bufferCapacity = 3000
	curvePoints    = 12
)

// bufferGrowth makes the figure of a growing replay buffer: it plays training
// episodes with several numbers of agents and measures the buffer that they fill.
func (m *Maker) bufferGrowth(ctx context.Context, entry paper.Figure) error {
	p := m.Profile
	name, method, counts := paper.BufferGrowthRuns()
	data := &figure.BufferGrowth{Figure: entry.Title, Scenario: name, Method: method, Duration: p.EpisodeDuration, Buffers: make([]figure.BufferCurve, len(counts))}
	bar := m.Progress.Bar("figure "+entry.Number, len(counts)*p.Episodes)
	defer bar.Close()
	var done atomic.Int64
	played := func() { bar.Set(int(done.Add(1)), "") }
	group, ctx := parallel.NewGroup(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for k, agents := range counts {
		group.Go(func() error {
			s, err := scenario.Load(name, []string{fmt.Sprintf("lbs=%d", agents)})
			if err != nil {
				return err
			}
			s.Duration = p.EpisodeDuration
			if data.Buffers[k], err = fillBuffer(ctx, s, method, p.Episodes, played); err != nil {
				return fmt.Errorf("%d agents: %w", agents, err)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	err := m.write(entry.Number, func(w io.Writer) error { return report.WriteBufferGrowthCSV(w, data) },
		func(w io.Writer, format string) error { return chart.DrawBufferGrowth(w, data, format) })
	if err != nil {
		return err
	}
	return report.WriteBufferGrowthText(m.Out, data)
}

// fillBuffer plays episodes of a scenario into one buffer, and weighs it now
// and then and at the end.
func fillBuffer(ctx context.Context, s scenario.Scenario, method string, episodes int, played func()) (figure.BufferCurve, error) {
	out := figure.BufferCurve{Agents: s.LBs}
	h := train.DefaultHyperparameters()
	h.Method = method
	reward, err := h.RewardFunction()
	if err != nil {
		return out, err
	}
	var buffer *replay.Buffer
	every := max(1, episodes/curvePoints)
	open := func() (env.Env, error) { return simulate.Training(s, reward, method)(nil, nil) }
	err = train.Collect(ctx, &h, open, episodes, func(ep *replay.Episode) error {
		if buffer == nil {
			if buffer, err = replay.NewBuffer(ep.Shape, bufferCapacity); err != nil {
				return err
			}
			out.Servers, out.Features = ep.Servers, ep.Features
		}
		if err := buffer.Add(ep); err != nil {
			return err
		}
		played()
		if n := buffer.Len(); n%every == 0 || n == episodes {
			var sent counter
			if err := buffer.Save(&sent); err != nil {
				return err
			}
			out.Points = append(out.Points, figure.BufferSize{Episodes: n, Transitions: buffer.Transitions(), Memory: buffer.Bytes(), Saved: int(sent)})
		}
		return nil
	})
	return out, err
}

// counter counts the bytes that are written to it.
type counter int

// Write implements io.Writer.
func (c *counter) Write(b []byte) (int, error) {
	*c += counter(len(b))
	return len(b), nil
}
