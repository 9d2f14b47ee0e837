// Command fairlb is fairlb's side of the comparison in env/sim/peers: an M/M/c
// queue as one server of c processors behind one LB.
//
//	fairlb C LOAD ARRIVALS SEED
//
// prints the line that run.sh reads. The mean service time is 1 s.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"strconv"
	"time"

	"fairlb/env"
	"fairlb/env/sim"
	"fairlb/env/station"
	"fairlb/env/workload"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintf(os.Stderr, "fairlb: %v\n", err)
		os.Exit(1)
	}
}

// line is what every program of the comparison prints.
type line struct {
	Peer            string  `json:"peer"`
	Version         string  `json:"version"`
	C               int     `json:"c"`
	Load            float64 `json:"load"`
	Arrivals        int     `json:"arrivals"`
	Events          int     `json:"events"` // arrivals and completions
	Seconds         float64 `json:"seconds"`
	EventsPerSecond float64 `json:"events_per_second"`
	MeanCompletion  float64 `json:"mean_completion"` // s
}

// run simulates the queue once and writes its line to stdout.
func run(args []string, stdout io.Writer) error {
	if len(args) != 4 {
		return errors.New("usage: fairlb C LOAD ARRIVALS SEED")
	}
	c, errC := strconv.Atoi(args[0])
	load, errLoad := strconv.ParseFloat(args[1], 64)
	arrivals, errArrivals := strconv.Atoi(args[2])
	seed, errSeed := strconv.ParseUint(args[3], 10, 64)
	if err := errors.Join(errC, errLoad, errArrivals, errSeed); err != nil {
		return err
	}
	if c < 1 || !(load > 0 && load < 1) || arrivals < 1 {
		return fmt.Errorf("arguments C = %d, LOAD = %g, ARRIVALS = %d: must be at least 1, in (0, 1), at least 1", c, load, arrivals)
	}
	var done completions
	e, err := queue(c, load, arrivals, &done)
	if err != nil {
		return err
	}
	ctx := context.Background()
	if _, err := e.Reset(ctx, seed); err != nil {
		return err
	}
	start := time.Now()
	if _, err := e.Step(ctx, nil); err != nil {
		return err
	}
	if err := e.Drain(ctx); err != nil {
		return err
	}
	seconds := time.Since(start).Seconds()
	if err := e.Close(); err != nil {
		return err
	}
	if done.failed > 0 || done.n != arrivals {
		return fmt.Errorf("%d of %d requests completed, %d failed: all must complete", done.n, arrivals, done.failed)
	}
	return json.NewEncoder(stdout).Encode(line{
		Peer: "fairlb", Version: runtime.Version(),
		C: c, Load: load, Arrivals: arrivals, Events: e.Events(),
		Seconds: seconds, EventsPerSecond: float64(e.Events()) / seconds,
		MeanCompletion: done.sum / float64(done.n),
	})
}

// queue returns an environment whose one step is the whole run: the episode is
// twice as long as the arrivals take on average.
func queue(c int, load float64, arrivals int, recorder env.Recorder) (*sim.Env, error) {
	service, err := workload.NewLaw("exponential", 1, 0)
	if err != nil {
		return nil, err
	}
	rate := load * float64(c)
	duration := 2*float64(arrivals)/rate + 1000
	classes := []workload.Class{{Name: "job", Share: 1, Stages: []workload.Stage{{Resource: workload.CPU, Law: service}}}}
	return sim.New(sim.Config{
		Config: station.Config{Servers: []station.Server{{CPUs: c, Speed: 1}}, CPU: station.FIFO, Backlog: math.MaxInt32},
		LBs:    1, Timeout: 1,
		Duration: duration, StepInterval: duration,
		MaxLogWeight: 1, Heuristic: "lsq",
		Classes: classes, Recorder: recorder,
		Workload: func(seed uint64) (workload.Source, error) {
			all := workload.NewSynthetic(workload.Arrivals{Rate: rate}, classes, []float64{1}, seed)
			return &first{Source: all, left: arrivals}, nil
		},
	})
}

// first yields a number of requests of an endless source.
type first struct {
	workload.Source
	left int
}

// Next implements workload.Source.
func (f *first) Next(r *workload.Request) error {
	if f.left == 0 {
		return io.EOF
	}
	f.left--
	return f.Source.Next(r)
}

// completions sums completion times.
type completions struct {
	sum    float64 // s
	n      int
	failed int
}

// Record implements env.Recorder.
func (c *completions) Record(o env.Outcome) {
	c.sum += o.Completion
	c.n++
	if o.Failed {
		c.failed++
	}
}
