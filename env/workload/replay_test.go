package workload

import (
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// first reads the first requests of a recording, no more than the given number.
func first(t require.TestingT, rec Recording, seed uint64, most int) []traced {
	rec.SecondsPerN, rec.Shares = 1, []float64{1}
	s, err := NewReplay(rec).Open(seed)
	require.NoError(t, err)
	defer s.Close()
	var list []traced
	r := Request{Demand: make([]float64, 1)}
	for len(list) < most {
		err := s.Next(&r)
		if err == io.EOF {
			break
		}
		require.NoError(t, err)
		list = append(list, traced{r.Time, r.Demand[0]})
	}
	return list
}

// TestRepeat: the trace's second request follows the last as it follows the first.
func TestRepeat(t *testing.T) {
	t.Parallel()
	path := traceFile(t, 5, 7, 8)
	require.Equal(t, []traced{{0, 1}, {2, 2}, {3, 3}, {5, 2}, {6, 3}, {8, 2}, {9, 3}}, first(t, Recording{Path: path, Repeat: true}, 1, 7))
	list := first(t, Recording{Path: path, Repeat: true, Window: FromAnywhere}, 1, 1000)
	require.Len(t, list, 1000)
	require.InDelta(t, 1500, list[999].time, 3)

	for _, times := range [][]float64{{}, {4}, {4, 4, 4}} { // else an episode would never end
		for _, window := range []Window{FromBeginning, FromAnywhere} {
			require.LessOrEqual(t, len(first(t, Recording{Path: traceFile(t, times...), Repeat: true, Window: window}, 1, 100)), 10)
		}
	}
}

// TestSpeedUp divides times.
func TestSpeedUp(t *testing.T) {
	t.Parallel()
	require.Equal(t, []traced{{0, 1}, {0.5, 2}, {0.75, 3}}, first(t, Recording{Path: traceFile(t, 5, 7, 8), SpeedUp: 4}, 1, 9))
}

// TestRateFactor: the mean number of requests is what it says, each is as in the
// trace, and a copy comes before the next request.
func TestRateFactor(t *testing.T) {
	t.Parallel()
	const n = 20_000
	rng := rand.New(rand.NewPCG(1, 2))
	times := make([]float64, n)
	now := 0.0
	for i := range times {
		times[i] = math.Round(now*1000) / 1000
		now += rng.ExpFloat64()
	}
	path := traceFile(t, times...)
	for _, factor := range []float64{0.3, 1, 1.7, 4} {
		list := first(t, Recording{Path: path, RateFactor: factor}, 1, 10*n)
		require.InDelta(t, factor, float64(len(list))/n, 3*0.5/math.Sqrt(n))
		last := 0.0
		for _, x := range list {
			i := int(x.n) - 1
			require.GreaterOrEqual(t, x.time, max(last, times[i]))
			if i < n-1 {
				require.LessOrEqual(t, x.time, times[i+1])
			}
			last = x.time
		}
		require.Equal(t, list, first(t, Recording{Path: path, RateFactor: factor}, 1, 10*n))
	}
	_, err := NewReplay(Recording{Path: textFile(t, "0\t/?n=1", "1\t/"), RateFactor: 2, SecondsPerN: 1, Shares: []float64{1}}).Open(1)
	require.NoError(t, err)
}

// TestRateFactorFault: a fault is reported once the requests before it are out, at
// its own line.
func TestRateFactorFault(t *testing.T) {
	t.Parallel()
	path := textFile(t, "0\t/?n=1", "1\t/x", "2\t/?n=1")
	s, err := NewReplay(Recording{Path: path, RateFactor: 2, SecondsPerN: 1, Shares: []float64{1}}).Open(1)
	require.NoError(t, err)
	r := Request{Demand: make([]float64, 1)}
	require.NoError(t, s.Next(&r))
	require.NoError(t, s.Next(&r))
	for range 2 {
		require.EqualError(t, s.Next(&r), path+`:3: value "/x": a query must have a parameter n, a whole number up to 2^53`)
	}
}

// TestBlocksAreOfTheTrace: within a block the requests and their distances are the
// trace's, on random traces, against all that a block may hold.
func TestBlocksAreOfTheTrace(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		gaps := rapid.SliceOfN(rapid.IntRange(0, 5), 2, 30).Draw(rt, "gaps")
		times := []float64{3}
		for _, g := range gaps {
			times = append(times, times[len(times)-1]+float64(g))
		}
		length := times[len(times)-1] - times[0]
		if length == 0 {
			return
		}
		block := min(length, rapid.Float64Range(0.5, 12).Draw(rt, "block"))
		path := traceFile(t, times...)
		list := first(rt, Recording{Path: path, Window: InBlocks, Block: block}, rapid.Uint64().Draw(rt, "seed"), 200)
		require.Len(rt, list, 200, "blocks never end")
		k := -1
		for i, x := range list {
			if i > 0 {
				require.GreaterOrEqual(rt, x.time, list[i-1].time)
			}
			line := int(x.n) - 1
			if in := int(math.Floor(x.time/block + 1e-9)); in != k || i == 0 || math.Abs(x.time/block-math.Round(x.time/block)) < 1e-6 {
				k = in // a block's first request may be any
				continue
			}
			before := int(list[i-1].n) - 1
			gap := x.time - list[i-1].time
			if line == before+1 {
				require.InDelta(rt, times[line]-times[before], gap, 1e-9)
				continue
			}
			require.Equal(rt, []int{len(times) - 1, 1}, []int{before, line}, "only the end is followed by something else: by the second request")
			require.InDelta(rt, times[1]-times[0], gap, 1e-9)
		}
	})
}

// TestBlocksAreUniformInTime: a trace of a busy and a calm half, in which each half
// must make up half of the time, however many bytes it has; and so must be the rate.
func TestBlocksAreUniformInTime(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	var lines []string
	for i := range 100_000 { // 1000 s at 90/s, then 1000 s at 10/s
		time := float64(i) / 90
		if i >= 90_000 {
			time = 1000 + float64(i-90_000)/10
		}
		b.Reset()
		fmt.Fprintf(&b, "%.4f\t/?n=%d", time, i)
		lines = append(lines, b.String())
	}
	replay := NewReplay(Recording{Path: textFile(t, lines...), SecondsPerN: 1, Shares: []float64{1}, Window: InBlocks, Block: 20})
	requests, busy := 0.0, 0.0
	const seeds, duration = 40, 2000.0
	for seed := range uint64(seeds) {
		s, err := replay.Open(seed)
		require.NoError(t, err)
		r := Request{Demand: make([]float64, 1)}
		for s.Next(&r) == nil && r.Time < duration {
			requests++
			if r.Demand[0] < 90_000 {
				busy++
			}
		}
		require.NoError(t, s.Close())
	}
	// 4000 blocks, of whose time a half is busy: +-3 sd of a binomial is 2.4 %.
	require.InDelta(t, 0.5, busy/90/(seeds*duration), 0.025)
	require.InDelta(t, 50, requests/(seeds*duration), 2)
}

// TestBlocksDiffer: seeds have blocks of their own, one seed has the same.
func TestBlocksDiffer(t *testing.T) {
	t.Parallel()
	path := traceFile(t, 1, 2, 4, 7, 11, 16, 22, 29)
	rec := Recording{Path: path, Window: InBlocks, Block: 5}
	require.Equal(t, first(t, rec, 7, 50), first(t, rec, 7, 50))
	require.NotEqual(t, first(t, rec, 7, 50), first(t, rec, 8, 50))
	for _, bad := range []struct {
		path  string
		block float64
		want  string
	}{
		{path, 28.1, "the trace is 28 s long, too short for blocks of 28.1 s"},
		{traceFile(t), 1, "blocks need requests at two different times"},
		{traceFile(t, 3, 3), 1, "blocks need requests at two different times"},
	} {
		_, err := NewReplay(Recording{Path: bad.path, SecondsPerN: 1, Window: InBlocks, Block: bad.block, Shares: []float64{1}}).Open(1)
		require.EqualError(t, err, bad.path+": "+bad.want)
		require.ErrorAs(t, err, new(*TraceError))
	}
}
