package agentprocess

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"time"

	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/env/parallel"
)

// Run steers until ctx is done, and then gives the planes back and returns nil. It
// returns early with an error that waiting does not mend.
func Run(ctx context.Context, cfg Config) (err error) {
	if err := cfg.complete(); err != nil {
		return err
	}
	if cfg.Policy != nil {
		for _, w := range cfg.Policy.Warnings {
			cfg.Logger.Warn(w)
		}
	}
	var listener net.Listener
	if cfg.Listen != "" {
		if listener, err = new(net.ListenConfig).Listen(ctx, "tcp", cfg.Listen); err != nil {
			return invalid.Errorf("--listen %s: %w", cfg.Listen, err)
		}
	}
	lines, times := newDecisionLog(cfg.Log, cfg.Logger), newHistograms()
	var list []*steerer
	for k, source := range cfg.Planes {
		s, err := newSteerer(&cfg, cfg.LB+k, source, lines, times)
		if err != nil {
			if listener != nil {
				listener.Close()
			}
			return err
		}
		list = append(list, s)
	}
	group, ctx := parallel.NewGroup(ctx)
	outputs, _ := parallel.NewGroup(context.WithoutCancel(ctx))
	outputs.Go(lines.run)
	if listener != nil {
		group.Go(func() error { return serve(ctx, listener, handler(list, lines, times, &cfg)) })
	}
	for _, s := range list {
		group.Go(func() error { return s.run(ctx) })
	}
	err = group.Wait()
	lines.close()
	if failed := outputs.Wait(); err == nil {
		err = failed
	}
	if errors.Is(err, context.Canceled) {
		err = nil
	}
	return err
}

// run serves the intervals of a plane until ctx is done, and gives the plane back.
func (s *steerer) run(ctx context.Context) (err error) {
	defer func() {
		if closing := s.close(); closing != nil {
			err = errors.Join(err, fmt.Errorf("%s: giving the plane back: %w", s.source.Name, closing))
		}
	}()
	start := s.cfg.Clock.Now()
	length := duration(s.cfg.Interval)
	for k := int64(1); ; k++ {
		moment := start.Add(time.Duration(k) * length)
		if err := s.cfg.Clock.WaitUntil(ctx, moment); err != nil {
			return nil
		}
		now := s.cfg.Clock.Now()
		late := max(0, now.Sub(moment))
		missed := int64(late / length)
		k += missed
		late -= time.Duration(missed) * length
		s.status.punctuality(late > length/10, uint64(missed))
		s.step.Time, s.step.Late = float64(k)*s.cfg.Interval, late.Seconds()
		s.status.step = k
		begin := s.cfg.Clock.Now()
		if err := s.interval(ctx, now); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return errStopped(s.source.Name, err)
		}
		s.times.observe(s.source.Name, s.cfg.Clock.Now().Sub(begin), late)
	}
}

// age returns how long ago a time was (s), NaN if it never was.
func age(now, t time.Time) float64 {
	if t.IsZero() {
		return math.NaN()
	}
	return now.Sub(t).Seconds()
}
