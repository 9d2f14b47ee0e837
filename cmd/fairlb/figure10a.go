package main

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"fairlb/env"
	"fairlb/env/scenario"
	"fairlb/eval/figure"
	"fairlb/eval/paper"
	"fairlb/replay"
	"fairlb/results"
	"fairlb/rewards"
	"fairlb/train"
)

// sharedCapacity is the number of episodes in a buffer (Table 9), sharedPoints
// about that of points of a curve.
const (
	sharedCapacity = 3000
	sharedPoints   = 12
)

// figure10a makes Figure 10 (a): it plays training episodes with several
// numbers of agents and weighs the buffer that has been filled.
func (f *figureMaker) figure10a(ctx context.Context) error {
	p := f.profile
	name, method, counts := paper.Sharing()
	data := &figure.Sharing{Scenario: name, Method: method, Duration: p.EpisodeDuration, Teams: make([]figure.Team, len(counts))}
	bar := f.app.newBar("figure 10a", len(counts)*p.Episodes)
	defer bar.close()
	var done atomic.Int64
	played := func() { bar.set(int(done.Add(1)), "") }
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for k, agents := range counts {
		group.Go(func() error {
			s, err := scenario.Load(name, []string{fmt.Sprintf("lbs=%d", agents)})
			if err != nil {
				return err
			}
			s.Duration = p.EpisodeDuration
			if data.Teams[k], err = fillShared(ctx, s, method, p.Episodes, played); err != nil {
				return fmt.Errorf("%d agents: %w", agents, err)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	err := f.files("10a", func(w io.Writer) error { return results.WriteSharingCSV(w, data) },
		func(w io.Writer, format string) error { return results.DrawSharing(w, data, format) })
	if err != nil {
		return err
	}
	return results.WriteSharingText(f.app.stdout, data)
}

// fillShared plays episodes of a scenario into one buffer, and weighs it now
// and then and at the end.
func fillShared(ctx context.Context, s scenario.Scenario, method string, episodes int, played func()) (figure.Team, error) {
	out := figure.Team{Agents: s.LBs}
	h := train.DefaultHyperparameters()
	h.Method = method
	reward, err := rewards.New(h.Reward)
	if err != nil {
		return out, err
	}
	var buffer *replay.Buffer
	every := max(1, episodes/sharedPoints)
	open := func() (env.Env, error) { return trainingEnv(s, reward, method)(nil, nil) }
	err = train.Collect(ctx, &h, open, episodes, func(ep *replay.Episode) error {
		if buffer == nil {
			if buffer, err = replay.NewBuffer(ep.Shape, sharedCapacity); err != nil {
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
			out.Points = append(out.Points, figure.SharedBuffer{Episodes: n, Transitions: buffer.Transitions(), Memory: buffer.Bytes(), Saved: int(sent)})
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
