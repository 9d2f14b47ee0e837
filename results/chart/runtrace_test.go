package chart

import (
	"bytes"
	"image/png"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/results/runtrace"
)

// runOf is a trace of some seconds of so many load balancers and servers.
func runOf(lbs, servers int, weighted bool) *runtrace.Run {
	run := &runtrace.Run{Header: runtrace.Header{Scenario: "s", Target: "sed", Interval: 0.25, Duration: 5, LBs: lbs}}
	for range servers {
		run.Header.Servers = append(run.Header.Servers, runtrace.Server{Name: "a", CPUs: 2})
	}
	for k := range 21 {
		s := runtrace.Step{Time: 0.25 * float64(k), Ended: runtrace.EndedOf([]float64{0.01, 0.1, float64(k)}, 0)}
		for j := range servers {
			s.Queue = append(s.Queue, (j*k)%7)
			s.Capacity = append(s.Capacity, float64(1+k/10))
		}
		for i := range lbs {
			counts, weights := make([]int, servers), make([]float64, servers)
			for j := range counts {
				counts[j], weights[j] = j+i, 1+math.Sin(float64(i+j+k))/2
			}
			s.Sent = append(s.Sent, counts)
			if weighted && k > 0 {
				s.Weights = append(s.Weights, weights)
			}
		}
		run.Steps = append(run.Steps, s)
	}
	run.Steps = append(run.Steps, runtrace.Step{Time: 5, End: true})
	return run
}

// TestDrawRunTrace: pictures of few and many servers and load balancers have a panel for each
// load balancer that has weights, up to eight, and the same data gives the same bytes.
func TestDrawRunTrace(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		lbs, servers int
		weighted     bool
	}{{1, 2, true}, {2, 7, false}, {2, 12, true}, {12, 60, true}} {
		var first, second bytes.Buffer
		run := runOf(x.lbs, x.servers, x.weighted)
		require.NoError(t, DrawRunTrace(&first, run, "svg"))
		require.NoError(t, DrawRunTrace(&second, run, "svg"))
		require.Equal(t, first.Bytes(), second.Bytes())
		require.Equal(t, x.weighted, bytes.Contains(first.Bytes(), []byte("weights of load balancer 0")))
		require.Equal(t, x.lbs > mostLBs, bytes.Contains(first.Bytes(), []byte("(there are 12)")))
	}
	var picture bytes.Buffer
	require.NoError(t, DrawRunTrace(&picture, runOf(2, 3, true), "png"))
	decoded, err := png.Decode(&picture)
	require.NoError(t, err)
	require.Equal(t, 12*printDPI, decoded.Bounds().Dx())
}

// TestDrawRunTraceOfLittle: what is not known has no panel, and too little is refused.
func TestDrawRunTraceOfLittle(t *testing.T) {
	t.Parallel()
	run := runOf(2, 3, true)
	short := &runtrace.Run{Header: run.Header, Steps: run.Steps[:2]}
	require.ErrorIs(t, DrawRunTrace(&bytes.Buffer{}, short, "png"), ErrFigure)
	for k := range run.Steps {
		s := &run.Steps[k]
		s.Queue, s.Sent, s.Weights, s.Capacity, s.Ended = nil, nil, nil, nil, runtrace.Ended{}
		s.Completed = [][]int{{1, 0, 2}, {0, 0, 0}}
	}
	var picture bytes.Buffer
	require.NoError(t, DrawRunTrace(&picture, run, "svg"))
	require.Contains(t, picture.String(), "requests ended at each server")
	require.NotContains(t, picture.String(), "requests with each server")
}

// TestHeat: a number has the colour of its place between the least and the greatest.
func TestHeat(t *testing.T) {
	t.Parallel()
	h := heat{stops: risingStops(), low: 0, high: 8}
	require.Equal(t, risingStops()[0], h.colourOf(-1))
	require.Equal(t, risingStops()[2], h.colourOf(4))
	require.Equal(t, risingStops()[4], h.colourOf(100))
	require.Len(t, wholeTicks{}.Ticks(-0.5, 6.5), 7)
	require.LessOrEqual(t, len(wholeTicks{}.Ticks(-0.5, 249.5)), 11)
}
