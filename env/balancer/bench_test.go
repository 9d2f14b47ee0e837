package balancer

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fairlb/env/dispatch"
)

// BenchmarkDecision is what a flow costs a balancer with an agent's weights, while two a
// server are under way on average: flows end in rows of 64, and as many are dispatched
// after them.
func BenchmarkDecision(b *testing.B) {
	for _, n := range []int{7, 20, 1000} {
		b.Run(fmt.Sprintf("servers=%d", n), func(b *testing.B) { benchmarkDecision(b, n) })
	}
}

func benchmarkDecision(b *testing.B, servers int) {
	rng := rand.New(rand.NewPCG(1, 2))
	weights := make([]float64, servers)
	for j := range weights {
		weights[j] = 0.5 + rng.Float64()
	}
	rule, err := dispatch.NewShortestDelay(weights, dispatch.Options{LBs: 1})
	require.NoError(b, err)
	lb := New(Config{Servers: servers, Rule: rule})
	lb.Reset(rand.NewPCG(1, 3), nil)
	require.NoError(b, lb.SetWeights(weights))
	flows := make([]FlowID, 2*servers)
	now := 0.0
	for k := range flows {
		flows[k], _ = lb.Dispatch(now)
	}
	order := rng.Perm(len(flows))
	row := min(64, len(flows))
	var dispatching, ending time.Duration
	b.ReportAllocs()
	for k := 0; b.Loop(); k += row {
		now += 0.01
		begin := time.Now()
		for i := range row {
			lb.End(now, flows[order[(k+i)%len(order)]], false)
		}
		ended := time.Now()
		for i := range row {
			flows[order[(k+i)%len(order)]], _ = lb.Dispatch(now)
		}
		dispatching += time.Since(ended)
		ending += ended.Sub(begin)
	}
	b.ReportMetric(float64(dispatching.Nanoseconds())/float64(b.N*row), "ns/decision")
	b.ReportMetric(float64(ending.Nanoseconds())/float64(b.N*row), "ns/end")
}
