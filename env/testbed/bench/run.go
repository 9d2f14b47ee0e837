//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"time"

	"fairlb/env/testbed/bench/load"
	"fairlb/env/testbed/bench/process"
)

// bench is one run of the command.
type bench struct {
	settings
	balancers []*balancer
	loop      *load.Loop
	log       io.Writer
	report    report
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	s, err := parse(args, stderr)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(s.out, 0o755); err != nil {
		return fmt.Errorf("bench: %w", err)
	}
	b := &bench{settings: s, log: stderr}
	if err := b.chooseCores(); err != nil {
		return err
	}
	if b.balancers, err = balancers(ctx, s, stderr); err != nil {
		return err
	}
	if b.report.Machine, err = process.Describe(); err != nil {
		return err
	}
	if err := b.compare(ctx); err != nil {
		return err
	}
	if !s.skips(goBenchmarks) {
		if b.report.Benchmarks, err = runGoBenchmarks(ctx, s, stderr); err != nil {
			return err
		}
	}
	return errors.Join(b.report.write(stdout), b.report.save(s.out))
}

// chooseCores fills in the cores that the settings leave open.
func (b *bench) chooseCores() error {
	cores, err := process.Cores()
	if err != nil {
		return err
	}
	if b.cores[0] < 0 {
		b.cores = [2]int{cores[0], cores[min(1, len(cores)-1)]}
	}
	if b.cores[0] == b.cores[1] {
		b.report.warn("balancers share a core with servers and clients, which slows all of them")
	}
	return nil
}

// compare runs the balancers in turns.
func (b *bench) compare(ctx context.Context) error {
	works := b.works()
	if len(works) == 0 || len(b.balancers) == 0 {
		return nil
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := process.PinSelf(b.cores[1]); err != nil {
		return err
	}
	loop, err := load.New()
	if err != nil {
		return err
	}
	b.loop = loop
	defer loop.Close()
	servers, err := loop.Serve(b.servers)
	if err != nil {
		return err
	}
	defer b.stop()
	for _, balancer := range b.balancers {
		if err := balancer.start(ctx, b.settings, servers); err != nil {
			return err
		}
		b.report.Balancers = append(b.report.Balancers, named{balancer.name, balancer.version})
	}
	if err := b.warmUp(ctx, works); err != nil {
		return err
	}
	return b.turnsOf(ctx, works)
}

// stop ends all balancers that were started.
func (b *bench) stop() {
	for _, balancer := range b.balancers {
		if balancer.process != nil {
			balancer.process.Stop(2 * time.Second)
		}
	}
}
