package balancer

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"fairlb/env"
	"fairlb/env/dispatch"
	"fairlb/env/observe"
	_ "fairlb/env/propertytest"
	"fairlb/env/snapshot"
)

// columns are the places of some features in a server's row.
const (
	ongoing        = 0
	completionMean = 1
	elapsedMean    = 6
	elapsedP90     = 8
)

// observation returns what the Balancer shows of each server.
func observation(b *Balancer, now float64) (rows [][]float32, load []float64) {
	features := len(observe.Features())
	obs := make([]float32, features*len(b.view.Out))
	load = make([]float64, len(b.view.Out))
	b.Observe(now, obs, load)
	for ; len(obs) > 0; obs = obs[features:] {
		rows = append(rows, obs[:features])
	}
	return rows, load
}

// TestByHand follows two flows on two servers of the same weight.
func TestByHand(t *testing.T) {
	t.Parallel()
	require.Equal(t, []string{"ongoing", "completion_mean", "sampled_elapsed_mean", "sampled_elapsed_p90"},
		[]string{observe.Features()[ongoing].Name, observe.Features()[completionMean].Name, observe.Features()[elapsedMean].Name, observe.Features()[elapsedP90].Name})
	b := open(t, "lsq", 2, 1)
	first, one := b.Dispatch(1)
	second, other := b.Dispatch(2)
	require.Equal(t, 1-one, other, "the other server has fewer flows")
	require.Equal(t, []int32{1, 1}, b.Ongoing())
	rows, load := observation(b, 9)
	require.Equal(t, float32(1), rows[one][ongoing])
	require.Zero(t, rows[one][completionMean], "none has completed")
	require.Positive(t, load[other])
	require.Greater(t, load[one], load[other], "its flow has been ongoing for longer")
	require.InDelta(t, 8, rows[one][elapsedP90], 1, "of a flow that has been ongoing for 8 s, after 1 s without one")
	require.InDelta(t, 7, rows[other][elapsedP90], 1)

	require.Equal(t, Flow{Start: 1, Server: int32(one), Counted: true}, b.End(10, first, false))
	require.Equal(t, Flow{Start: 2, Server: int32(other), Counted: true}, b.End(11, second, true))
	require.Equal(t, []int32{0, 0}, b.Ongoing())
	rows, load = observation(b, 12)
	require.Equal(t, float32(9), rows[one][completionMean])
	require.Zero(t, rows[other][completionMean], "a failure is no completion")
	require.Positive(t, rows[one][elapsedMean], "the samples of an ended flow stay for a while")
	_, faded := observation(b, 52)
	require.Less(t, faded[one], 0.01*load[one], "an idle server's estimate fades")
	rows, _ = observation(b, 400)
	require.Zero(t, rows[one][elapsedMean])
	require.Equal(t, float32(9), rows[one][completionMean], "how fast a server is does not fade")
}

// TestObservingChangesNothing: how often a Balancer is observed, that is, the length
// of a step, changes neither its choices nor what is observed.
func TestObservingChangesNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		seed := rapid.Uint64().Draw(t, "seed")
		chance := rand.New(rand.NewPCG(seed, 1))
		often, once := open(t, "p2c", 3, seed), open(t, "p2c", 3, seed)
		var flows []FlowID
		now := 0.0
		for range 60 {
			until := now + 0.3*chance.ExpFloat64()
			for ; now < until; now += 0.05 {
				observation(often, now)
			}
			now = until
			if len(flows) > 0 && chance.IntN(2) == 0 {
				often.End(now, flows[0], false)
				once.End(now, flows[0], false)
				flows = flows[1:]
				continue
			}
			id, server := often.Dispatch(now)
			_, other := once.Dispatch(now)
			require.Equal(t, server, other)
			flows = append(flows, id)
		}
		rows, load := observation(often, now+1)
		otherRows, otherLoad := observation(once, now+1)
		require.Equal(t, rows, otherRows)
		require.Equal(t, load, otherLoad)
	})
}

// TestEstablished: where flows count from then on at which they are established, one
// that is not has no part in the counts and in what is observed, and one that ends
// before leaves them as they were.
func TestEstablished(t *testing.T) {
	t.Parallel()
	b := openCounting(t, "lsq", 2, 1, true)
	first, server := b.Dispatch(1)
	require.Equal(t, []int32{0, 0}, b.Ongoing())
	refused, _ := b.Dispatch(1)
	rows, load := observation(b, 5)
	require.Zero(t, rows[server][elapsedMean])
	require.Zero(t, load[server])
	b.Established(5, first)
	require.Equal(t, int32(1), b.Ongoing()[server])
	require.Equal(t, int32(0), b.Ongoing()[1-server])
	rows, _ = observation(b, 5.5)
	require.Equal(t, float32(1), rows[server][ongoing])
	require.InDelta(t, 4.25, rows[server][elapsedP90], 0.3, "since it was dispatched")
	_, other := b.Dispatch(6)
	require.Equal(t, 1-server, other)
	require.False(t, b.End(6, refused, true).Counted)
	require.Equal(t, int32(1), b.Ongoing()[server])
	require.PanicsWithValue(t, "balancer: the flow has ended or counts already", func() { b.Established(6, first) })
	require.PanicsWithValue(t, "balancer: the flow has ended or counts already", func() { b.Established(6, refused) })
	require.True(t, b.End(7, first, false).Counted)
	require.Equal(t, []int32{0, 0}, b.Ongoing())

	c := snapshot.Writer() // with a flow that does not count
	b.State(c)
	restart := open(t, "lsq", 2, 1)
	r := snapshot.Reader(c.Bytes())
	restart.State(r)
	require.ErrorContains(t, r.Err(), "a flow that does not count")
}

// TestOut: a server that is out gets no flow, keeps those that it has, and gets
// new ones once it is in again.
func TestOut(t *testing.T) {
	t.Parallel()
	b := open(t, "lsq", 2, 1)
	id, server := b.Dispatch(0)
	b.SetOut(server, true)
	require.Equal(t, 1, b.Available())
	for range 5 {
		_, other := b.Dispatch(1)
		require.Equal(t, 1-server, other)
	}
	require.Equal(t, int32(1), b.Ongoing()[server])
	b.End(2, id, false)
	b.SetOut(server, false)
	require.Equal(t, 2, b.Available())
	_, again := b.Dispatch(3)
	require.Equal(t, server, again, "it has none, the other five")
}

// TestForget: after a crash flows and samples are gone; who is out is not, and
// the random streams do not start again.
func TestForget(t *testing.T) {
	t.Parallel()
	b := open(t, "ecmp", 40, 1)
	b.SetOut(3, true)
	draw := func() (list []int) {
		for range 20 {
			_, server := b.Dispatch(1)
			list = append(list, server)
		}
		return list
	}
	first := draw()
	id, server := b.Dispatch(1)
	b.End(2, id, false)
	b.Forget(2)
	require.Equal(t, make([]int32, 40), b.Ongoing())
	require.Equal(t, 39, b.Available())
	rows, _ := observation(b, 3)
	require.Zero(t, rows[server][completionMean])
	require.NotEqual(t, first, draw())
	b.Reset(env.Stream(1, "choices"), env.Stream(1, "samples"))
	require.Equal(t, 40, b.Available())
	require.NotContains(t, b.view.Out, true)
	b.SetOut(3, true)
	require.Equal(t, first, draw(), "a reset starts the streams again")
}

// TestEndTwice: a flow ends once; a FlowID that is wrong is a fault that shows.
func TestEndTwice(t *testing.T) {
	t.Parallel()
	b := open(t, "lsq", 3, 1)
	id, _ := b.Dispatch(0)
	b.Dispatch(0)
	b.End(1, id, false)
	require.PanicsWithValue(t, "balancer: the flow has ended already", func() { b.End(1, id, false) })
	again, _ := b.Dispatch(2)
	require.Equal(t, id, again, "its slot is used again")
	require.Len(t, b.flows.slots, 2)
}

// TestWeights: they steer the flows to come; a rule that has none says so.
func TestWeights(t *testing.T) {
	t.Parallel()
	b := open(t, "", 2, 1)
	require.NoError(t, b.SetWeights([]float64{1, 1000}))
	for range 10 {
		_, server := b.Dispatch(0)
		require.Equal(t, 1, server)
	}
	require.ErrorContains(t, b.SetWeights([]float64{1}), "1 weights for 2 servers")
	require.ErrorIs(t, open(t, "prequal", 2, 1).SetWeights([]float64{1, 1}), ErrNoWeights)
}

// asking is a rule that picks the server with the fewest requests in flight, by
// the servers' own reports, and the last one where there are none.
type asking struct{}

func (asking) Pick(v *dispatch.View) int {
	best := len(v.Ongoing) - 1
	for j := range v.Ongoing {
		if v.Reports == nil {
			return best
		}
		mine, _ := v.Reports.Probe(j)
		if least, _ := v.Reports.Probe(best); mine < least {
			best = j
		}
	}
	return best
}

// TestReports: the rule sees no reports before the first, then the last of each
// server, and none after a crash; a source of reports goes before them.
func TestReports(t *testing.T) {
	t.Parallel()
	pick := func(b *Balancer) int {
		_, server := b.Dispatch(0)
		return server
	}
	begin := func(reports dispatch.Reports) *Balancer {
		b := New(Config{Servers: 3, Rule: asking{}, Reports: reports})
		b.Reset(env.Stream(1, "choices"), nil)
		return b
	}
	b := begin(nil)
	require.Equal(t, 2, pick(b))
	b.Report(2, Report{InFlight: 5})
	b.Report(0, Report{InFlight: 2})
	require.Equal(t, 1, pick(b), "it has not reported any")
	b.Report(1, Report{InFlight: 3})
	require.Equal(t, 0, pick(b))
	b.Report(0, Report{InFlight: 4})
	require.Equal(t, 1, pick(b))
	b.Forget(0)
	require.Equal(t, 2, pick(b))

	b = begin(&reportTable{[]Report{{InFlight: 1}, {InFlight: 1}, {InFlight: 0}}})
	b.Report(2, Report{InFlight: 9})
	require.Equal(t, 2, pick(b))
	b.Forget(0)
	require.NotNil(t, b.view.Reports)
}

// TestUnobserved: without Observe no list of flows and no reservoir is kept, and
// asking for them is a fault.
func TestUnobserved(t *testing.T) {
	t.Parallel()
	b := New(Config{Servers: 2, Rule: newRule(t, "lsq", 2)})
	b.Reset(env.Stream(1, "choices"), nil)
	id, _ := b.Dispatch(0)
	b.End(1, id, false)
	require.Nil(t, b.flows.byServer)
	require.PanicsWithValue(t, "balancer: nothing is observed", func() { b.Observe(2, nil, nil) })
}

// TestFlowsAllocateNothing: once the slices have grown, no flow, no observation
// and no news of a server allocates.
func TestFlowsAllocateNothing(t *testing.T) {
	for k, name := range localRules() {
		established := k%2 == 0
		b := openCounting(t, name, 20, 1, established)
		obs, load := make([]float32, 20*len(observe.Features())), make([]float64, 20)
		var flows []FlowID
		now, k := 0.0, 0
		flow := func() {
			now += 0.01
			k++
			id, _ := b.Dispatch(now)
			flows = append(flows, id)
			if n := len(flows); established && n > 5 {
				b.Established(now, flows[n-5])
			}
			if len(flows) > 30 {
				b.End(now, flows[0], k%7 == 0)
				flows = append(flows[:0], flows[1:]...)
			}
			b.SetOut(k%20, k%3 == 0)
			if b.Available() == 0 {
				b.SetOut(k%20, false)
			}
			b.Report(k%20, Report{InFlight: int32(k % 5)})
			if k%50 == 0 {
				b.Observe(now, obs, load)
			}
		}
		for range 5000 {
			flow()
		}
		require.Less(t, testing.AllocsPerRun(2000, flow), 0.01, "rule %q", name)
	}
}

// someState returns the state of a Balancer of 4 servers with flows under way,
// slots without a flow, and a server that is out.
func someState(t require.TestingT, name string) []byte {
	b := open(t, name, 4, 1)
	var flows []FlowID
	for k := range 40 {
		now := 0.05 * float64(k)
		id, _ := b.Dispatch(now)
		flows = append(flows, id)
		if k%3 > 0 {
			b.End(now, flows[0], false)
			flows = flows[1:]
		}
	}
	b.End(2, flows[0], true)
	b.SetOut(2, true)
	c := snapshot.Writer()
	b.State(c)
	return c.Bytes()
}

// restored returns a Balancer with the given state.
func restored(t require.TestingT, name string, servers int, data []byte) (*Balancer, error) {
	b := open(t, name, servers, 2)
	c := snapshot.Reader(data)
	b.State(c)
	c.End()
	return b, c.Err()
}

// requireWorks lets a Balancer end all its flows and begin one more.
func requireWorks(t require.TestingT, b *Balancer) {
	observation(b, 3)
	for id := range b.flows.slots {
		if b.flows.slots[id].Server != vacant {
			b.End(3, FlowID(id), false)
		}
	}
	if b.Available() == 0 {
		b.SetOut(0, false)
	}
	_, server := b.Dispatch(4)
	want := make([]int32, len(b.Ongoing()))
	want[server] = 1
	require.Equal(t, want, b.Ongoing())
}

// TestDamagedState: state that is cut, or of another number of servers, is
// refused; with any byte changed it is refused, or gives a Balancer that works.
func TestDamagedState(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"lsq", "peak-ewma", ""} {
		data := someState(t, name)
		_, err := restored(t, name, 5, data)
		require.ErrorIs(t, err, snapshot.ErrDamaged)
		works := 0
		for n := range data {
			_, err := restored(t, name, 4, data[:n])
			require.ErrorIs(t, err, snapshot.ErrDamaged, "cut at %d", n)
			for _, bit := range []byte{1, 0x80} {
				spoilt := append([]byte(nil), data...)
				spoilt[n] ^= bit
				if b, err := restored(t, name, 4, spoilt); err == nil {
					works++
					requireWorks(t, b)
				}
			}
		}
		require.Positive(t, works)
	}
}

// TestCircularSlots: a list of vacant slots that never ends is refused.
func TestCircularSlots(t *testing.T) {
	t.Parallel()
	b, err := restored(t, "lsq", 4, someState(t, "lsq"))
	require.NoError(t, err)
	require.NotEqual(t, uint32(noSlot), b.flows.free)
	b.flows.slots[b.flows.free].place = b.flows.free
	c := snapshot.Writer()
	b.State(c)
	_, err = restored(t, "lsq", 4, c.Bytes())
	require.ErrorContains(t, err, "is not vacant")
}

// FuzzState: whatever bytes are restored, they are refused or give a Balancer that
// works.
func FuzzState(f *testing.F) {
	f.Add(someState(f, "peak-ewma"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if b, err := restored(t, "peak-ewma", 4, data); err == nil {
			requireWorks(t, b)
		}
	})
}
