package sim

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

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
		Servers: []Server{{4, 1}, {4, 1}, {4, 1}, {4, 1}, {2, 1}, {2, 1}, {2, 1}},
		LBs:     2, CPU: ProcessorSharing, Workers: 32, Backlog: 128, Timeout: 40,
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
		b.Run("web-moderate/"+heuristic, func(b *testing.B) {
			e, err := New(web(b, heuristic))
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
		})
	}
}
