package haproxy

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"fairlb/env/observe"
	_ "fairlb/env/propertytest"
)

func TestQuantiseKeepsRatios(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		scale := rapid.SampledFrom([]int{1, 32, 64, 256}).Draw(t, "scale")
		n := rapid.IntRange(1, 20).Draw(t, "n")
		weights, in, dst := make([]float64, n), make([]bool, n), make([]int, n)
		largest := 0.0
		for j := range weights {
			weights[j] = math.Exp(rapid.Float64Range(-300, 300).Draw(t, "log weight"))
			in[j] = rapid.Bool().Draw(t, "in")
			if in[j] {
				largest = max(largest, weights[j])
			}
		}
		quantise(dst, weights, in, scale)
		most := 0
		for j, w := range dst {
			most = max(most, w)
			if !in[j] {
				require.Zero(t, w)
				continue
			}
			require.True(t, w >= 1 && w <= scale)
			exact := weights[j] / largest * float64(scale)
			require.LessOrEqual(t, math.Abs(float64(w)-max(exact, 1)), 0.5+1e-9)
		}
		if largest > 0 {
			require.Equal(t, scale, most)
		}
	})
}

// HAProxy's leastconn compares whole numbers. The scale that is written for it loses less
// of the order that the weights mean than 256 does, for servers that differ by up to 8
// and have a few flows.
func TestScaleOfLeastConn(t *testing.T) {
	t.Parallel()
	lost := func(scale int) float64 {
		rng := rand.New(rand.NewPCG(1, 2))
		dst, in := make([]int, 2), []bool{true, true}
		sum := 0.0
		const n = 20000
		for range n {
			weights := []float64{1, math.Exp(rng.Float64() * math.Log(8))}
			quantise(dst, weights, in, scale)
			q := []int{1 + rng.IntN(8), 1 + rng.IntN(8)}
			cost := func(j int) float64 { return float64(q[j]+1) / weights[j] }
			key := func(j int) int { return (q[j] + 1) * 256 / dst[j] }
			best := min(cost(0), cost(1))
			switch {
			case key(0) < key(1):
				sum += cost(0)/best - 1
			case key(0) > key(1):
				sum += cost(1)/best - 1
			default: // either may be chosen
				sum += (cost(0)+cost(1))/2/best - 1
			}
		}
		return sum / n
	}
	t.Logf("mean loss of a choice: 256: %.4f, 64: %.4f, 32: %.4f, 16: %.4f", lost(256), lost(64), lost(32), lost(16))
	require.Less(t, lost(32), lost(256)/2)
	require.Less(t, lost(32), lost(16))
}

func TestOwnership(t *testing.T) {
	t.Parallel()
	var o ownership
	require.False(t, o.writable(), "nothing is known")
	require.False(t, o.observed(100, 0, true, 60))
	o.written = 50
	require.False(t, o.observed(50, 1, true, 60))
	w, needed := o.toRestore()
	require.True(t, needed)
	require.Equal(t, 100, w)

	require.True(t, o.observed(7, 10, true, 60), "another writer")
	require.False(t, o.writable())
	_, needed = o.toRestore()
	require.False(t, needed, "what another writes is its own")
	require.False(t, o.observed(7, 69, true, 60))
	require.False(t, o.writable())
	require.False(t, o.observed(7, 70, true, 60))
	require.True(t, o.writable(), "its time is over")
	require.Equal(t, 7, o.first)

	require.True(t, o.observed(9, 80, false, 60), "reassert")
	require.True(t, o.writable())
	require.Equal(t, 7, o.first)
	require.True(t, o.observed(0, 90, false, 60), "drained")
	require.False(t, o.writable())
	require.True(t, o.observed(5, 91, false, 60))
	require.True(t, o.writable())
	require.Equal(t, 7, o.first, "0 is not what comes back")

	o.written = 20
	o.restarted(20)
	require.Equal(t, 7, o.first, "HAProxy has kept what was written")
	o.restarted(100)
	require.Equal(t, ownership{known: true, first: 100, written: 100}, o)
}

// Flows are simulated of which everything is known. What is inferred from counts and
// endings agrees with it: as many flows, and elapsed times that are wrong by half a window
// at most.
func TestFlowsAreInferred(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(3, 4))
	const interval, horizon = 0.1, 120.0
	type flow struct{ start, end float64 }
	var all []flow
	for now := 0.0; now < horizon; now += rng.ExpFloat64() / 20 {
		all = append(all, flow{now, now + rng.ExpFloat64()*0.3})
	}
	f := newServerFlows(0, 0, rng)
	truth := observe.New(1)
	truth.Reset(rand.New(rand.NewPCG(5, 6)))
	for k := 1; float64(k)*interval < horizon; k++ {
		now := float64(k) * interval
		var ended []endedFlow
		count := 0
		for _, x := range all {
			if x.end > now-interval && x.end <= now {
				ended = append(ended, endedFlow{at: x.end, duration: x.end - x.start, completed: true})
			}
			if x.start <= now && x.end > now {
				count++
			}
		}
		f.window(now, count, ended)
		require.Equal(t, count, f.Count(0))
		var true0 []float64
		for _, x := range all {
			if x.start <= now && x.end > now {
				true0 = append(true0, x.start)
			}
		}
		for j, start := range true0 {
			require.InDelta(t, start, f.starts[j].at, interval, "flow %d at %g", j, now)
		}
	}
	obs, load := make([]float32, 11), make([]float64, 1)
	f.observer.Write(obs, load, []int32{0})
	require.InDelta(t, 0.3, obs[1], 0.1, "completion times are exact")
	require.InDelta(t, 0.3, obs[6], 0.12, "the elapsed time of a flow under way, of exponential ones, has their mean")
}

func TestFlowsWhoseEndsAreNotTold(t *testing.T) {
	t.Parallel()
	f := newServerFlows(0, 3, rand.New(rand.NewPCG(1, 1)))
	f.window(0.1, 1, nil)
	require.Equal(t, 3, f.Count(0), "the lines may be late")
	f.window(0.2, 1, []endedFlow{{at: 0.1, duration: 0.1}})
	require.Equal(t, 2, f.Count(0))
	f.window(0.9, 1, nil)
	require.Equal(t, 2, f.Count(0))
	f.window(1.2, 1, nil)
	require.Equal(t, 1, f.Count(0), "they are lost")
	require.EqualValues(t, 1, f.lost)
	f.window(1.3, 1<<40, nil)
	require.Equal(t, maxStarts, f.Count(0), "a count that nobody has is bounded")
}

func TestTheFlowThatEnds(t *testing.T) {
	t.Parallel()
	window := func(at, from float64) beginning { return beginning{at, from, from + 1} }
	for _, test := range []struct {
		start float64
		want  int // which of the flows ends
	}{
		{0.1, 0}, {1.05, 1}, // nearer to the flow before, which began in another window
		{1.9, 2}, {2.2, 3}, {2.4, 3}, {2.6, 4}, {9, 4},
	} {
		f := serverFlows{starts: []beginning{window(0.9, 0), window(1.4, 1), window(1.8, 1), window(2.3, 2), window(2.7, 2)}}
		want := f.starts[test.want]
		f.end(test.start)
		require.NotContains(t, f.starts, want, "%g", test.start)
		require.Len(t, f.starts, 4)
	}
}

// A line that comes while HAProxy is asked is of the next window: the count may include
// its flow or not.
func TestLinesThatComeWhileHAProxyIsAsked(t *testing.T) {
	t.Parallel()
	p := Plane{servers: make([]server, 2)}
	p.info.pid = 7
	at := func(s float64, slot int32, pid uint64) pendingFlow {
		return pendingFlow{endedFlow: endedFlow{at: s}, slot: slot, pid: pid}
	}
	p.pending = []pendingFlow{at(1, 0, 7), at(1, 1, 8), at(3, 1, 7), at(2, 1, 7)}
	require.Equal(t, [][]pendingFlow{{at(1, 0, 7)}, {at(2, 1, 7)}}, p.endedBy(2))
	require.Equal(t, []pendingFlow{at(3, 1, 7)}, p.pending)
	require.EqualValues(t, 1, p.status.LinesDropped)
}
