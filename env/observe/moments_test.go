package observe

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	_ "fairlb/env/propertytest"
	"fairlb/env/snapshot"
)

// estimates returns the estimates of the servers' loads.
func estimates(o *Observer) []float64 {
	n := len(o.elapsed)
	load := make([]float64, n)
	o.Write(make([]float32, n*featureCount), load, make([]int32, n))
	return load
}

// TestFade: the estimate of a server whose flow has ended falls by what the discount
// and the reservoir's own forgetting say, 0.9^t and exp(-10 t/128), and goes to 0;
// that of a server that keeps its flows stays.
func TestFade(t *testing.T) {
	t.Parallel()
	const busy, trials = 100, 100
	for _, idle := range []float64{3, 9.5, 30} {
		faded, kept := 0.0, 0.0
		for trial := range trials {
			o := New(2)
			o.Reset(rand.New(rand.NewPCG(1, uint64(trial))))
			for now := 0.0; now < busy; now += SampleInterval {
				// Both hold flows that have been ongoing for 2 s.
				o.Sample(now, flows{{now - 2}, {now - 2}})
			}
			require.InDeltaSlice(t, []float64{2, 2}, estimates(o), SampleInterval)
			for now := float64(busy); now < busy+idle; now += SampleInterval {
				o.Sample(now, flows{nil, {now - 2}})
			}
			load := estimates(o)
			faded += load[0] / trials
			kept += load[1] / trials
		}
		want := 2 * math.Exp(idle*(math.Log(Discount)-1/(SampleInterval*Slots)))
		require.InDelta(t, want, faded, 0.1, "after %g s", idle)
		require.InDelta(t, 2, kept, SampleInterval, "after %g s", idle)
	}
}

// TestShortFlowsAreSeen: flows of 3 ms that begin every 10 ms, in step with the
// sampling intervals, are seen for what they are: 0.3 of the time there is one, which
// has been ongoing for 1.5 ms on average.
func TestShortFlowsAreSeen(t *testing.T) {
	t.Parallel()
	o := New(1)
	o.Reset(rand.New(rand.NewPCG(1, 2)))
	sum, n := 0.0, 0
	for k := range 60000 {
		begin := float64(k) * 0.01
		o.Sample(begin, flows{nil})
		o.Sample(begin+0.003, flows{{begin}})
		if k%100 == 99 {
			sum += estimates(o)[0]
			n++
		}
	}
	require.InEpsilon(t, 0.3*0.0015, sum/float64(n), 0.1)
}

// TestMissedMoments: after a day without news the observer does a bounded amount of
// work, and has seen that the server was idle.
func TestMissedMoments(t *testing.T) {
	t.Parallel()
	o := New(1)
	o.Reset(rand.New(rand.NewPCG(1, 2)))
	o.Sample(100, flows{{0}})
	require.Positive(t, estimates(o)[0])
	counted := &countingFlows{}
	o.Sample(86400, counted)
	require.LessOrEqual(t, counted.asked, maxMissed+1)
	require.Zero(t, estimates(o)[0])
	o.Sample(86401, flows{nil})
	require.InDelta(t, 86401, o.moments.next, 2*SampleInterval)
}

// countingFlows are none, and count how often they are asked for.
type countingFlows struct{ asked int }

func (f *countingFlows) Count(int) int          { f.asked++; return 0 }
func (f *countingFlows) Start(int, int) float64 { panic("there is none") }

// span is a flow on a server, from start to end (s).
type span struct {
	server     int
	start, end float64
}

// TestSampleNaively compares, on random flows, with a recomputation from all of
// them: at each moment those that were ongoing are looked for, and figures are made of
// what a plain list kept, with ages that count from now.
func TestSampleNaively(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		seed, servers := rapid.Uint64().Draw(t, "seed"), rapid.IntRange(1, 4).Draw(t, "servers")
		chance := rand.New(rand.NewPCG(seed, 2))
		var spans []span
		for range rapid.IntRange(0, 40).Draw(t, "flows") {
			start := 20 * chance.Float64()
			spans = append(spans, span{chance.IntN(servers), start, start + 3*chance.ExpFloat64()})
		}
		ongoing := func(now float64) flows {
			list := make(flows, servers)
			for _, s := range spans {
				if s.start < now && now <= s.end {
					list[s.server] = append(list[s.server], s.start)
				}
			}
			return list
		}
		var events []float64
		for _, s := range spans {
			events = append(events, s.start, s.end)
		}
		slices.Sort(events)
		const end = 30.0
		o := New(servers)
		o.Reset(rand.New(rand.NewPCG(seed, 1)))
		for _, now := range append(events[:len(events):len(events)], end) {
			if now <= end {
				o.Sample(now, ongoing(now)) // those of the time until now
			}
		}

		rng := rand.New(rand.NewPCG(seed, 1))
		kept := make([]naive, servers)
		for k := 0; ; k++ {
			moment := (float64(k) + rng.Float64()) * SampleInterval
			if moment > end {
				break
			}
			list := ongoing(moment)
			for j := range kept {
				value := 0.0
				if n := len(list[j]); n > 0 {
					value = moment - list[j][rng.IntN(n)]
				}
				kept[j].insert(moment, value, rng)
			}
		}
		for j := range kept {
			got, want := o.elapsed[j].Statistics(), kept[j].statistics(end)
			require.InDelta(t, want.Mean, got.Mean, 1e-12)
			require.InDelta(t, want.SD, got.SD, 1e-12)
			require.Equal(t, want.P90, got.P90)
			require.InDelta(t, want.DiscountedMean, got.DiscountedMean, 1e-9)
			require.InDelta(t, want.DiscountedP90, got.DiscountedP90, 1e-12)
		}
	})
}

// TestPermutedServers: with the servers in another order the observer sees the same,
// in that order; the samples that are kept are others, so the means of many runs are
// compared.
func TestPermutedServers(t *testing.T) {
	t.Parallel()
	order := []int{2, 0, 1}
	held := []float64{0.2, 1, 5} // s, for how long each server's flow has been ongoing
	const trials = 200
	mean := func(order []int) []float64 {
		sum := make([]float64, len(order))
		for trial := range trials {
			o := New(len(order))
			o.Reset(rand.New(rand.NewPCG(7, uint64(trial))))
			for k := range 300 {
				now, list := float64(k)*SampleInterval, make(flows, len(order))
				for j, from := range order {
					if k%(from+2) > 0 { // idle at some moments
						list[j] = []float64{now - held[from]}
					}
				}
				o.Sample(now, list)
			}
			for j, l := range estimates(o) {
				sum[j] += l / trials
			}
		}
		return sum
	}
	straight, permuted := mean([]int{0, 1, 2}), mean(order)
	for j, from := range order {
		require.InEpsilon(t, straight[from], permuted[j], 0.03)
	}
}

// TestStateOfMoments: a restored observer samples at the moments at which the saved
// one would have; moments that cannot be are refused.
func TestStateOfMoments(t *testing.T) {
	t.Parallel()
	save := func(o *Observer) []byte {
		c := snapshot.Writer()
		o.State(c)
		return c.Bytes()
	}
	restore := func(data []byte) (*Observer, error) {
		o := New(2)
		o.Reset(rand.New(rand.NewPCG(9, 9)))
		c := snapshot.Reader(data)
		o.State(c)
		c.End()
		return o, c.Err()
	}
	pcg := rand.NewPCG(1, 2)
	o := New(2)
	o.Reset(rand.New(pcg))
	o.Sample(7, flows{{1, 2}, nil})
	again, err := restore(save(o))
	require.NoError(t, err)
	stream, err := pcg.MarshalBinary()
	require.NoError(t, err)
	copied := rand.NewPCG(0, 0)
	require.NoError(t, copied.UnmarshalBinary(stream))
	again.rng = rand.New(copied)
	for _, x := range []*Observer{o, again} {
		x.Sample(20, flows{{1}, {3, 6}})
	}
	require.Equal(t, save(o), save(again))

	for _, spoil := range []func(m *moments){
		func(m *moments) { m.interval = -1 },
		func(m *moments) { m.next += 1 },
		func(m *moments) { m.next = math.NaN() },
	} {
		wrong, err := restore(save(o))
		require.NoError(t, err)
		spoil(&wrong.moments)
		_, err = restore(save(wrong))
		require.ErrorContains(t, err, "elapsed times are sampled at")
	}
}
