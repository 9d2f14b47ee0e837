//go:build linux

package main

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"fairlb/env/testbed/bench/load"
	"fairlb/env/testbed/bench/process"
)

// sample is what one balancer did at one work in one turn.
type sample struct {
	Turn      int     `json:"turn"`
	Balancer  string  `json:"balancer"`
	Work      string  `json:"work"`
	CPU       float64 `json:"cpu_s"`     // processor time of the balancer
	Elapsed   float64 `json:"elapsed_s"` // from the first connection to the end of the last
	Completed int     `json:"completed"` // connections
	Failed    int     `json:"failed"`
	Bytes     int64   `json:"bytes"`
	P50       float64 `json:"p50_us"`
	P99       float64 `json:"p99_us"`
}

// does says whether a balancer takes part in a work.
func (b *balancer) does(w work) bool { return b.works == nil || slices.Contains(b.works, w.name) }

// warmUp lets every balancer do a part of every work, and finds the rate of the open
// loop if it is not given: half of what the slowest of them can do.
func (b *bench) warmUp(ctx context.Context, works []work) error {
	slowest := math.Inf(1)
	for _, balancer := range b.balancers {
		for _, w := range works {
			if !balancer.does(w) {
				continue
			}
			if w.open {
				w.open, w.clients = false, 64
			}
			w.connections = max(w.connections/10, 1)
			s, err := b.measure(ctx, balancer, w, 0)
			if err != nil {
				return err
			}
			if w.name != largeWork {
				slowest = min(slowest, float64(s.Completed)/s.Elapsed)
			}
		}
	}
	if b.rate == 0 {
		b.rate = math.Round(slowest / 2)
	}
	b.report.Rate = b.rate
	return nil
}

// turnsOf runs the turns. Each begins with another balancer.
func (b *bench) turnsOf(ctx context.Context, works []work) error {
	before, err := process.ReadTimes()
	if err != nil {
		return err
	}
	begin, own, err := b.ownTime()
	if err != nil {
		return err
	}
	for turn := range b.turns {
		fmt.Fprintf(b.log, "turn %d of %d\n", turn+1, b.turns)
		for _, w := range works {
			for k := range b.balancers {
				balancer := b.balancers[(turn+k)%len(b.balancers)]
				if !balancer.does(w) {
					continue
				}
				s, err := b.measure(ctx, balancer, w, turn+1)
				if err != nil {
					return err
				}
				b.report.Samples = append(b.report.Samples, s)
			}
		}
	}
	after, err := process.ReadTimes()
	if err != nil {
		return err
	}
	end, ownAfter, err := b.ownTime()
	if err != nil {
		return err
	}
	b.report.Others, b.report.Stolen = after.Since(before, end.Sub(begin), ownAfter-own)
	return nil
}

// ownTime returns the processor time that this command and the balancers have used.
func (b *bench) ownTime() (time.Time, time.Duration, error) {
	sum, err := process.Self()
	for _, balancer := range b.balancers {
		if err != nil {
			break
		}
		var used time.Duration
		used, err = balancer.process.CPUTime()
		sum += used
	}
	return time.Now(), sum, err
}

// measure has a balancer do a work.
func (b *bench) measure(ctx context.Context, balancer *balancer, w work, turn int) (sample, error) {
	l := load.Load{
		Target: balancer.address, Response: w.response, Connections: w.connections,
		Clients: w.clients, Timeout: timeout, Seed: uint64(turn),
	}
	if w.open {
		l.Rate = b.rate
	}
	before, err := balancer.process.CPUTime()
	if err != nil {
		return sample{}, err
	}
	result, err := b.loop.Run(ctx, l)
	if err != nil {
		return sample{}, fmt.Errorf("bench: %s, work %s: %w", balancer.name, w.name, err)
	}
	after, err := balancer.process.CPUTime()
	if err != nil {
		return sample{}, err
	}
	return sample{
		Turn: turn, Balancer: balancer.name, Work: w.name,
		CPU: (after - before).Seconds(), Elapsed: result.Elapsed.Seconds(),
		Completed: result.Completed, Failed: result.Failed, Bytes: result.Bytes,
		P50: float64(result.Latency.ValueAtPercentile(50)), P99: float64(result.Latency.ValueAtPercentile(99)),
	}, nil
}
