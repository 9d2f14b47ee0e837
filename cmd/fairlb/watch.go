package main

import (
	"bytes"
	"io/fs"
	"math"
	"os"
	"time"

	"github.com/spf13/cobra"

	"fairlb/cmd/fairlb/internal/files"
	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/cmd/fairlb/internal/watch"
	"fairlb/env/file"
	"fairlb/env/testbed"
	"fairlb/results/chart"
	"fairlb/results/runtrace"
	"fairlb/results/runtrace/frame"
)

func (a *app) watchCommand() *cobra.Command {
	var at, speed float64
	var picture string
	c := &cobra.Command{
		Use:   "watch TRACE|SOCKET",
		Short: "Watch an episode on a terminal, as it goes on or afterwards, or a load balancer",
		Long: `Show the trace of an episode, which eval and testbed run write with --trace: how
many requests a second come, end and fail, how long they take, how many are with the
servers over time, and of each server its queue, its share of the requests and its
weight at each load balancer.

A trace that is still written is shown as it grows, until the episode ends. One that is
whole goes at the pace of its episode, or --speed times as fast. --at shows one moment,
as does a standard output that is no terminal: the last. Rates, shares and quantiles
are of the last 5 s.

--chart draws the whole episode instead.

The socket of a load balancer that runs (admin.socket of fairlb lb) shows that: queues
are the connections that it has open to servers. Where the standard output is no
terminal, it is watched for 5 s.`,
		Example: "  fairlb eval sed --scenario web-moderate/period-1 --seeds 1000 --trace runs/traces\n  fairlb watch runs/traces/sed-seed1000.jsonl --speed 10",
		Args:    checked(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			if !c.Flags().Changed("at") {
				at = math.NaN()
			} else if !(at >= 0) || math.IsInf(at, 0) {
				return invalid.Errorf("--at %g: must be finite and not negative", at)
			}
			if !(speed > 0) || math.IsInf(speed, 0) {
				return invalid.Errorf("--speed %g: must be positive and finite", speed)
			}
			size := func() frame.Size {
				columns, rows := sizeOf(a.stdout)
				return frame.Size{Columns: columns, Rows: rows}
			}
			to := &watch.Terminal{Out: a.stdout.Writer, Size: size, Colour: coloured()}
			if info, err := os.Stat(args[0]); err == nil && info.Mode().Type() == fs.ModeSocket {
				if picture != "" || !math.IsNaN(at) {
					return invalid.Errorf("%s: a load balancer has no --at and no --chart: they are of traces", args[0])
				}
				b := watch.NewBalancer(c.Context(), args[0], testbed.SystemClock{})
				if !drawable(a.stdout) {
					const recent = time.Duration(frame.Recent * float64(time.Second))
					return watch.Sample(c.Context(), a.stdout, b, recent, frame.Size{}, testbed.SystemClock{})
				}
				return watch.Follow(c.Context(), to, b, 1, testbed.SystemClock{})
			}
			if picture != "" {
				return a.drawTrace(args[0], picture)
			}
			f, err := file.Open(args[0])
			if err != nil {
				return err
			}
			defer f.Close()
			trace := runtrace.NewReader(args[0], f)
			if !math.IsNaN(at) || !drawable(a.stdout) {
				return watch.One(a.stdout, trace, at, frame.Size{Columns: columnsOf(a.stdout)})
			}
			return watch.Follow(c.Context(), to, trace, speed, testbed.SystemClock{})
		},
	}
	c.Flags().Float64Var(&at, "at", 0, "s since the episode began: show that moment alone")
	c.Flags().Float64Var(&speed, "speed", 1, "how many times as fast as it was a whole episode goes")
	c.Flags().StringVar(&picture, "chart", "", "a picture of the whole episode: .svg, .png or .pdf")
	return c
}

// drawTrace draws a trace as a picture.
func (a *app) drawTrace(trace, picture string) error {
	format, err := files.PictureFormat("--chart", picture)
	if err != nil {
		return err
	}
	if err := files.CheckOutput("--chart", picture, trace); err != nil {
		return err
	}
	run, err := runtrace.Read(trace)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := chart.DrawRunTrace(&b, run, format); err != nil {
		return err
	}
	if err := files.WriteBytes(picture, b.Bytes()); err != nil {
		return err
	}
	a.log.WithField("file", picture).Info("drawn")
	return nil
}
