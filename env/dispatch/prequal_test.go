package dispatch

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// reported is what servers tell: requests in flight and latency.
type reported [][2]float64

func (s reported) Probe(server int) (int32, float64) { return int32(s[server][0]), s[server][1] }

func (s reported) Load(int) (int, float64) { return 0, 0 }

// TestHotCold is the rule by hand.
func TestHotCold(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name        string
		probes      []probe
		hot         int32
		best, worst int
	}{
		{"cold: least latency", []probe{{inFlight: 1, latency: 3}, {inFlight: 5, latency: 1}, {inFlight: 0, latency: 2}}, 5, 1, 0},
		{"hot ones have no say", []probe{{inFlight: 6, latency: 1}, {inFlight: 2, latency: 9}, {inFlight: 7, latency: 0}}, 5, 1, 2},
		{"all hot: least in flight", []probe{{inFlight: 9, latency: 1}, {inFlight: 7, latency: 5}, {inFlight: 8, latency: 0}}, 5, 1, 0},
		{"tie of latency", []probe{{inFlight: 3, latency: 1}, {inFlight: 2, latency: 1}}, 5, 1, 0},
		{"tie of all: newer, older", []probe{{inFlight: 2, latency: 1}, {inFlight: 2, latency: 1}, {inFlight: 1, latency: 2}}, 5, 1, 2},
	} {
		p := probePool{probes: test.probes}
		require.Equal(t, test.best, p.best(test.hot), test.name)
		require.Equal(t, test.worst, p.worst(test.hot), test.name)
	}
	require.Equal(t, -1, (&probePool{}).worst(1))
}

// TestPoolKeepsTheLatest: one probe a server, the oldest goes when it is full
// or too old.
func TestPoolKeepsTheLatest(t *testing.T) {
	t.Parallel()
	p := probePool{size: 3}
	list := func() (servers []int32) {
		for _, x := range p.probes {
			servers = append(servers, x.server)
		}
		return servers
	}
	for k, server := range []int32{4, 5, 6} {
		p.add(probe{server: server, receivedAt: float64(k)})
	}
	p.add(probe{server: 5, receivedAt: 3})
	require.Equal(t, []int32{4, 6, 5}, list())
	p.add(probe{server: 7, receivedAt: 4})
	require.Equal(t, []int32{6, 5, 7}, list())
	p.dropBefore(3)
	require.Equal(t, []int32{5, 7}, list(), "what came at 3 is kept")
}

// TestQuantileAgainstSort: the sorted ring gives what sorting the latest gives.
func TestQuantileAgainstSort(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		q := newWindowQuantile(0.84, rapid.IntRange(1, 20).Draw(t, "window"))
		require.Zero(t, q.value())
		all := rapid.SliceOfN(rapid.Int32Range(0, 9), 1, 60).Draw(t, "numbers")
		for k, x := range all {
			q.add(x)
			latest := slices.Clone(all[max(0, k+1-q.window) : k+1])
			slices.Sort(latest)
			within := 0.0
			for _, y := range latest {
				if y <= q.value() {
					within++
				}
			}
			require.GreaterOrEqual(t, within, 0.84*float64(len(latest)))
			rank, _ := slices.BinarySearch(latest, q.value())
			require.Less(t, float64(rank), 0.84*float64(len(latest)), "not the least such number")
			require.Contains(t, latest, q.value())
		}
	})
}

// TestReuses is eq. (1) of the paper by hand: of 100 servers 2 / (0.84 * 3 - 1),
// of very many 2 / (3 - 1) = 1. Of 24 and fewer the quotient is not positive, and the
// maximum of it and 1 is 1.
func TestReuses(t *testing.T) {
	t.Parallel()
	require.InDelta(t, 2/1.52, prequalDefaults().reuses(100), 1e-12)
	require.InDelta(t, 13, prequalDefaults().reuses(26), 1e-9) // 2 / (10/26 * 3 - 1)
	require.InDelta(t, 1, prequalDefaults().reuses(1e9), 1e-7)
	for _, n := range []int{1, 8, 16, 20, 23, 24} {
		require.Equal(t, 1.0, prequalDefaults().reuses(n), n)
	}
	rng := rand.New(rand.NewPCG(1, 1))
	sum := 0.0
	for range 100_000 {
		n := roundAtRandom(1.3, rng)
		require.True(t, n == 1 || n == 2)
		sum += float64(n)
	}
	require.InDelta(t, 1.3, sum/100_000, 0.006)
	require.EqualValues(t, 2, roundAtRandom(2, nil))
}

// TestPrequalByHand: three servers, all asked each time; the answers count
// from the next request after 1 ms, and go after a second.
func TestPrequalByHand(t *testing.T) {
	t.Parallel()
	r, err := NewPrequal(3)
	require.NoError(t, err)
	v := &View{Ongoing: make([]int32, 3), Rand: rand.New(rand.NewPCG(1, 2)), Reports: reported{{4, 2}, {4, 1}, {4, 3}}, changed: []int32{}}
	first := r.Pick(v)
	require.Empty(t, r.pool.probes, "nothing is here yet")
	require.Len(t, r.sent, 3)
	for _, x := range r.sent {
		want := int32(4)
		if int(x.server) == first {
			want = 5
		}
		require.Equal(t, want, x.inFlight, "the request itself counts")
	}
	v.Now = 0.0005
	r.Pick(v)
	require.Empty(t, r.pool.probes)

	v.Now = 0.0015
	require.Equal(t, 1, r.Pick(v), "least latency; 0.84 of those seen have as few in flight")
	require.Len(t, r.pool.probes, 1, "one has served, one is removed")

	// All of the last are hot but server 2, whose latency is the worst.
	r.Reset()
	for range 40 {
		r.inFlight.add(4)
	}
	v.Now, v.Reports = 1, reported{{9, 2}, {8, 1}, {3, 9}}
	r.Pick(v)
	v.Now = 1.001
	require.Equal(t, 2, r.Pick(v))

	v.Now = 5
	r.sent = r.sent[:0]
	r.Pick(v)
	require.Empty(t, r.pool.probes, "too old")
}

// TestPrequalRemovesInTurn: the oldest, then the worst.
func TestPrequalRemovesInTurn(t *testing.T) {
	t.Parallel()
	r, err := NewPrequal(5)
	require.NoError(t, err)
	r.inFlight.add(9)
	for j, latency := range []float64{5, 1, 7, 2} {
		r.pool.add(probe{server: int32(j), latency: latency, uses: 9})
	}
	r.remove()
	require.EqualValues(t, 1, r.pool.probes[0].server)
	r.remove()
	require.Len(t, r.pool.probes, 2)
	require.EqualValues(t, 1, r.pool.probes[0].server)
	require.EqualValues(t, 3, r.pool.probes[1].server, "7 s went")
	r.remove()
	require.EqualValues(t, 3, r.pool.probes[0].server, "the oldest again")
}

// TestPrequalUses: a probe serves for as many requests as it may, counting
// each of them.
func TestPrequalUses(t *testing.T) {
	t.Parallel()
	r, err := NewPrequal(4)
	require.NoError(t, err)
	v := &View{Rand: rand.New(rand.NewPCG(1, 1))}
	r.inFlight.add(2)
	r.pool.add(probe{server: 0, inFlight: 1, latency: 1, uses: 3})
	r.pool.add(probe{server: 1, inFlight: 2, latency: 2, uses: 3})
	r.pool.add(probe{server: 2, inFlight: 2, latency: 3, uses: 1})
	var got []int
	for range 4 {
		got = append(got, r.choose(v))
	}
	// 0 has 2 in flight, then 3: hot. Then 1, which has 3: hot. Then 2, cold;
	// its probe is used up.
	require.Equal(t, []int{0, 0, 1, 2}, got)
	require.Len(t, r.pool.probes, 2)
}

// TestPrequalFallsBack: without answers, at random over those that are in;
// without reports, the lesser of two (5/9 becomes 2/3: the two are distinct).
func TestPrequalFallsBack(t *testing.T) {
	t.Parallel()
	r, err := NewPrequal(3)
	require.NoError(t, err)
	v := &View{Ongoing: []int32{4, 1, 4}, Rand: rand.New(rand.NewPCG(5, 6)), Reports: reported{{9, 1}, {0, 0}, {9, 9}}}
	const draws = 30_000
	var random, lesser [3]float64
	for range draws {
		random[r.Pick(v)]++ // time stands still: no answer comes
		r.Reset()
	}
	v.Reports = nil
	for range draws {
		lesser[r.Pick(v)]++
	}
	for j, want := range []float64{1. / 6, 2. / 3, 1. / 6} {
		require.InDelta(t, 1./3, random[j]/draws, 0.01)
		require.InDelta(t, want, lesser[j]/draws, 0.01)
	}
}

// TestPrequalAsksAtRandom: each server as often, none twice with a request.
func TestPrequalAsksAtRandom(t *testing.T) {
	t.Parallel()
	r, err := NewPrequal(6)
	require.NoError(t, err)
	v := &View{Rand: rand.New(rand.NewPCG(5, 6)), Reports: make(reported, 6)}
	counts := make([]float64, 6)
	for range 20_000 {
		r.sent = r.sent[:0]
		r.send(v)
		require.Len(t, r.sent, 3)
		seen := map[int32]bool{}
		for _, x := range r.sent {
			counts[x.server]++
			seen[x.server] = true
		}
		require.Len(t, seen, 3)
	}
	for _, n := range counts {
		require.InDelta(t, 10_000, n, 300)
	}
}

// TestPrequalRestoresWithoutThoseOut: a rule that saw a server out before it was
// restored drops a restored probe of that server, which is out again.
func TestPrequalRestoresWithoutThoseOut(t *testing.T) {
	t.Parallel()
	saved, err := NewPrequal(2)
	require.NoError(t, err)
	saved.pool.add(probe{server: 0, latency: 1, uses: 9})
	saved.pool.add(probe{server: 1, latency: 2, uses: 9})
	restored, err := NewPrequal(2)
	require.NoError(t, err)
	v := NewView(2)
	v.Rand, v.Reports = rand.New(rand.NewPCG(1, 1)), reported{{0, 1}, {0, 2}}
	v.SetOut(0, true)
	require.Equal(t, 1, restored.Pick(&v))
	require.NoError(t, restore(restored, save(saved)))
	v.Invalidate()
	for range 20 {
		require.Equal(t, 1, restored.Pick(&v), "server 0 is out")
	}
}
