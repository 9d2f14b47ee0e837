package sim

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/env/station"
	"fairlb/env/workload"
)

// web is the shape of web-moderate: 7 servers of 32 workers, two classes,
// latency, 2 LBs.
func web(t testing.TB, heuristic string) Config {
	classes := []workload.Class{
		{Name: "wiki", Share: 0.44, Stages: []workload.Stage{
			{Resource: workload.CPU, Law: law(t, "log-normal", 0.055, 1)},
			{Resource: workload.IO, Law: law(t, "exponential", 0.001, 0)},
		}},
		{Name: "static", Share: 0.56, Stages: []workload.Stage{{Resource: workload.CPU, Law: law(t, "exponential", 0.003, 0)}}},
	}
	return Config{
		Config: station.Config{Servers: []station.Server{{CPUs: 4, Speed: 1}, {CPUs: 4, Speed: 1}, {CPUs: 4, Speed: 1}, {CPUs: 4, Speed: 1}, {CPUs: 2, Speed: 1}, {CPUs: 2, Speed: 1}, {CPUs: 2, Speed: 1}}, CPU: station.ProcessorSharing, Workers: 32, Backlog: 128},
		LBs:    2, Timeout: 40,
		LatencyLow: 1e-4, LatencyHigh: 1e-3,
		Duration: 60, StepInterval: 0.25, MaxLogWeight: 1.5, Heuristic: heuristic, Classes: classes,
		Workload: func(seed uint64) (workload.Source, error) {
			a := workload.Arrivals{Rate: 784.522, BurstFactor: 1.2, BurstMean: 1, CalmMean: 4}
			return workload.NewSynthetic(a, classes, []float64{0.5, 0.5}, seed), nil
		},
	}
}

// BenchmarkEvents reports events a second on one core; an event is an arrival
// or the completion of a stage.
func BenchmarkEvents(b *testing.B) {
	for _, heuristic := range []string{"sed", "wcmp", "oracle"} {
		b.Run("web-moderate/"+heuristic, func(b *testing.B) { benchmark(b, web(b, heuristic)) })
	}
	b.Run("web-moderate/sed/no-latency", func(b *testing.B) {
		cfg := web(b, "sed")
		cfg.LatencyLow, cfg.LatencyHigh = 0, 0
		benchmark(b, cfg)
	})
}

// BenchmarkGrowth shows what an event costs as servers and LBs grow: SED on
// servers of one and two processors in turn, at 85 % load.
func BenchmarkGrowth(b *testing.B) {
	for _, size := range []struct{ servers, lbs int }{{8, 2}, {16, 2}, {64, 2}, {256, 2}, {1000, 2}, {64, 8}, {64, 64}} {
		b.Run(fmt.Sprintf("servers=%d/lbs=%d", size.servers, size.lbs), func(b *testing.B) {
			rate := 0.85 * 1.5 * float64(size.servers)
			cfg := poisson(rate, nil, workload.Stage{Resource: workload.CPU, Law: law(b, "exponential", 1, 0)})
			for j := range size.servers {
				cfg.Servers = append(cfg.Servers, station.Server{CPUs: 1 + j%2, Speed: 1})
			}
			shares := make([]float64, size.lbs)
			for i := range shares {
				shares[i] = 1 / float64(size.lbs)
			}
			cfg.LBs, cfg.Heuristic, cfg.Duration, cfg.StepInterval = size.lbs, "sed", 20_000/rate, 20_000/rate
			cfg.Workload = func(seed uint64) (workload.Source, error) {
				return workload.NewSynthetic(workload.Arrivals{Rate: rate}, cfg.Classes, shares, seed), nil
			}
			benchmark(b, cfg)
		})
	}
}

// BenchmarkSeeds runs episodes of different seeds on all cores, which share
// nothing: with -cpu 1,2 it shows what the second core brings.
func BenchmarkSeeds(b *testing.B) {
	var events, seed atomic.Int64
	b.RunParallel(func(pb *testing.PB) {
		e, err := New(web(b, "sed"))
		require.NoError(b, err)
		for pb.Next() {
			_, err := e.Reset(context.Background(), uint64(seed.Add(1)))
			require.NoError(b, err)
			for range e.Spec().Steps {
				_, err = e.Step(context.Background(), nil)
				require.NoError(b, err)
			}
			events.Add(int64(e.Events()))
		}
	})
	b.ReportMetric(float64(events.Load())/b.Elapsed().Seconds(), "events/s")
	b.ReportMetric(0, "ns/op")
}

// benchmark runs one episode after another.
func benchmark(b *testing.B, cfg Config) {
	e, err := New(cfg)
	require.NoError(b, err)
	b.ReportAllocs()
	events := 0
	for k := 0; b.Loop(); k++ {
		_, err := e.Reset(context.Background(), uint64(k))
		require.NoError(b, err)
		for range e.Spec().Steps {
			_, err = e.Step(context.Background(), nil)
			require.NoError(b, err)
		}
		events += e.Events()
	}
	b.ReportMetric(float64(events)/b.Elapsed().Seconds(), "events/s")
	b.ReportMetric(0, "ns/op")
}
