package replica

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"fairlb/env"
	"fairlb/env/balancer"
	"fairlb/env/dispatch"
	_ "fairlb/env/propertytest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// localRules are the rules that can decide in a live balancer, and the weights, as
// they and as the fallback decide.
func localRules() []string {
	unfit := []string{"oracle", "sed-true", "jsq", "sed-global", "prequal", "cswrr", dispatch.ClassAwareName}
	names := slices.DeleteFunc(dispatch.Names(), func(name string) bool { return slices.Contains(unfit, name) })
	return append(names, WeightsRule)
}

// newPool returns a pool of servers in the slots from 0 on.
func newPool(rule string, servers int, ties dispatch.Ties) *Pool {
	p := &Pool{Rule: rule, Fallback: "self-tuning", Limits: make([]int32, servers)}
	p.Options = dispatch.Options{LB: 1, LBs: 2, Ties: ties, Told: dispatch.NeedsTold(rule)}
	for j := range servers {
		p.Slots = append(p.Slots, uint32(j))
		p.Options.Capacity = append(p.Options.Capacity, float64(1+j%3))
	}
	return p
}

// history is what happens to one load balancer, one thing after another.
type history struct {
	now     float64
	servers int
	out     []bool
	flows   []uint32 // by number of the flow, the slot it was sent to
	open    []int    // numbers of the flows under way
}

// TestDecidesAsTheSimulator: the same arrivals, completions, failures, changes of
// membership and weights through one balancer, as package sim drives it, and through
// one, two and three replicas, to a random one of which each thing happens, give the same
// choices under every rule.
func TestDecidesAsTheSimulator(t *testing.T) {
	t.Parallel()
	for _, name := range localRules() {
		for replicas := 1; replicas <= 3; replicas++ {
			t.Run(fmt.Sprintf("rule=%s/replicas=%d", name, replicas), func(t *testing.T) {
				t.Parallel()
				rapid.Check(t, func(t *rapid.T) {
					seed := rapid.Uint64().Draw(t, "seed")
					servers := rapid.IntRange(1, 24).Draw(t, "servers")
					ties := rapid.SampledFrom([]dispatch.Ties{dispatch.FairTies, dispatch.PluginTies, dispatch.OrderedTies}).Draw(t, "ties")
					compare(t, newPool(name, servers, ties), replicas, seed)
				})
			})
		}
	}
}

// compare holds replicas to one balancer.
func compare(t *rapid.T, p *Pool, replicas int, seed uint64) {
	rule, err := p.newRule()
	require.NoError(t, err)
	servers := len(p.Slots)
	want := balancer.New(balancer.Config{Servers: servers, Rule: rule, Observe: true, Told: p.Options.Told})
	want.Reset(env.Stream(seed, "choices"), env.Stream(seed, "samples"))
	got, err := New(Config{Replicas: replicas, Pool: p, Seed: seed, Observe: true})
	require.NoError(t, err)

	chance := rand.New(rand.NewPCG(seed, 1))
	h := history{servers: servers, out: make([]bool, servers)}
	ids := map[int]balancer.FlowID{} // by number of the flow
	owner := map[int]*Replica{}
	for range 150 {
		h.now += 0.1 * chance.ExpFloat64()
		r := got[chance.IntN(replicas)]
		r.Catch()
		switch x := chance.IntN(100); {
		case x < 50:
			id, server := want.Dispatch(h.now)
			flow := len(h.flows)
			require.Equal(t, uint32(server), r.Dispatch(h.now, uint32(flow)))
			h.flows = append(h.flows, uint32(server))
			h.open = append(h.open, flow)
			ids[flow], owner[flow] = id, r
		case x < 85 && len(h.open) > 0:
			k := chance.IntN(len(h.open))
			flow, how := h.open[k], Ending(max(0, chance.IntN(7)-4))
			h.open = slices.Delete(h.open, k, k+1)
			owner[flow].Catch()
			if how == Abandoned {
				want.Abandon(h.now, ids[flow])
			} else {
				want.End(h.now, ids[flow], how == Failed)
			}
			owner[flow].End(h.now, uint32(flow), h.flows[flow], how)
		case x < 93:
			j := chance.IntN(servers)
			if out := !h.out[j]; !out || want.Available() > 1 {
				h.out[j] = out
				want.SetOut(j, out)
				r.SetOut(h.now, uint32(j), out)
			}
		case x < 98 && p.Options.Told:
			j, requests := chance.IntN(servers), int32(chance.IntN(20))
			want.Hear(j, requests, h.now)
			r.Hear(h.now, uint32(j), requests)
		case x < 97 && p.Rule == WeightsRule:
			weights := make([]float64, servers)
			for j := range weights {
				weights[j] = 0.5 + chance.Float64()
			}
			require.NoError(t, want.SetWeights(weights))
			require.NoError(t, r.SetWeights(h.now, weights))
		case x < 99 && p.Rule == WeightsRule:
			on := chance.IntN(2) == 0
			rule.(*steered).steer(on)
			r.Steer(h.now, on)
		}
	}
	for _, r := range got {
		r.Catch()
		require.Equal(t, want.Ongoing(), r.balancer.Ongoing())
		require.Equal(t, len(h.open), r.Flows())
		require.Equal(t, got[0].totals, r.totals)
	}
	obs, load := make([]float32, 11*servers), make([]float64, servers)
	wantObs, wantLoad := make([]float32, 11*servers), make([]float64, servers)
	want.Observe(h.now+1, wantObs, wantLoad)
	got[0].Observe(h.now+1, obs, load)
	require.Equal(t, wantObs, obs)
	require.Equal(t, wantLoad, load)
}

// TestTotals counts what happened to a server by hand.
func TestTotals(t *testing.T) {
	t.Parallel()
	type call struct {
		now  float64
		slot uint32
		how  Ending
	}
	var calls []call
	list, err := New(Config{Replicas: 2, Pool: newPool("lsq", 1, 0), Ended: func(now float64, slot uint32, how Ending) { calls = append(calls, call{now, slot, how}) }})
	require.NoError(t, err)
	a, b := list[0], list[1]
	a.Dispatch(1, 0)
	b.Catch()
	b.Dispatch(2, 0)
	b.Dispatch(3, 7)
	a.Catch()
	require.Equal(t, int32(3), a.Ongoing(0))
	b.End(5, 0, 0, Completed)
	b.End(6, 7, 0, Failed)
	a.Catch()
	a.End(8, 0, 0, Completed)
	a.Dispatch(9, 0)
	a.End(9.5, 0, 0, Abandoned)
	want := Totals{Dispatched: 4, Completed: 2, Failed: 1, Abandoned: 1, DurationSum: 3 + 7, CountSum: 3 + 1}
	require.Equal(t, want, a.Totals(0))
	b.Catch()
	require.Equal(t, want, b.Totals(0))
	require.Equal(t, []call{{5, 0, Completed}, {6, 0, Failed}, {8, 0, Completed}, {9.5, 0, Abandoned}}, calls, "replica 0 is told of each end, once")
	require.Zero(t, b.Flows())
	require.Zero(t, a.Totals(5))
}

// TestOverflow: a reader that does not read holds nobody up, and misses nothing.
func TestOverflow(t *testing.T) {
	t.Parallel()
	list, err := New(Config{Replicas: 3, Pool: newPool("lsq", 4, 0), Room: 8})
	require.NoError(t, err)
	a, b, c := list[0], list[1], list[2]
	for k := range 100 {
		a.Dispatch(float64(k), uint32(k))
		b.Catch()
	}
	require.Equal(t, 100, a.Behind())
	require.Equal(t, uint64(92), a.Overflow())
	for !a.Flush() {
		require.LessOrEqual(t, c.Catch(), 8)
		b.Catch()
	}
	b.Catch()
	c.Catch()
	require.Equal(t, 0, a.Behind())
	require.Equal(t, []int32{25, 25, 25, 25}, b.balancer.Ongoing())
	require.Equal(t, []int32{25, 25, 25, 25}, c.balancer.Ongoing())
}

// TestCausalOrder: an event is taken in after those that its loop knew of, whatever ring
// they are in.
func TestCausalOrder(t *testing.T) {
	t.Parallel()
	list, err := New(Config{Replicas: 3, Pool: newPool("lsq", 2, 0)})
	require.NoError(t, err)
	a, b, c := list[0], list[1], list[2]
	b.SetOut(1, 0, true)
	a.Catch()
	a.SetOut(2, 0, false)
	c.Catch() // a's ring comes before b's
	require.Equal(t, 2, c.Available())
	b.Catch()
	require.Equal(t, 2, b.Available())
}

// TestPool: the pool changes while flows are under way to servers that stay and to one
// that goes, and events of a loop that has not heard of it yet arrive afterwards.
func TestPool(t *testing.T) {
	t.Parallel()
	list, err := New(Config{Replicas: 2, Pool: newPool("lsq", 3, 0)})
	require.NoError(t, err)
	a, b := list[0], list[1]
	slots := map[uint32]uint32{} // by flow of b
	for flow := range uint32(6) {
		slots[flow] = b.Dispatch(1, flow)
	}
	a.Catch()
	next := newPool("lsq", 3, 0)
	next.Slots = []uint32{3, 2, 1} // slot 0 goes, 3 comes
	require.NoError(t, a.SetPool(2, next))
	require.Equal(t, []int32{0, 2, 2}, a.balancer.Ongoing())
	require.Equal(t, 6, a.Flows())

	slots[6] = b.Dispatch(3, 6) // b does not know yet
	slots[7] = b.Dispatch(3, 7)
	slots[8] = b.Dispatch(3, 8)
	a.Catch()
	require.Equal(t, []int32{0, 3, 3}, a.balancer.Ongoing(), "one went to slot 0")
	b.Catch()
	require.Equal(t, []int32{0, 3, 3}, b.balancer.Ongoing())
	require.Equal(t, uint32(3), b.Dispatch(4, 9))
	slots[9] = 3
	for flow := range uint32(10) {
		b.End(5, flow, slots[flow], Completed)
	}
	a.Catch()
	for _, r := range list {
		require.Zero(t, r.Flows())
		require.Equal(t, []int32{0, 0, 0}, r.balancer.Ongoing())
		require.Equal(t, Totals{Dispatched: 3, Completed: 3}, zeroSums(r.Totals(0)), "of the server that left")
		require.Equal(t, Totals{Dispatched: 1, Completed: 1}, zeroSums(r.Totals(3)))
	}

	again := newPool("lsq", 1, 0)
	again.Slots = []uint32{0} // which is now another server's
	require.NoError(t, a.SetPool(6, again))
	require.Zero(t, a.Totals(0))
	b.Catch()
	require.Zero(t, b.Totals(0))
	require.Equal(t, uint32(0), b.Dispatch(7, 0))

	wrong := newPool("lsq", 1, 0)
	wrong.Rule = "nonsense"
	require.Error(t, a.SetPool(8, wrong))
	require.Same(t, again, a.Pool())
}

// TestHear: every replica learns what a server says, whoever hears it; what is said of a
// server that stays outlives a change of the pool, and what is said of one that has left,
// or where servers tell nothing, has no effect.
func TestHear(t *testing.T) {
	t.Parallel()
	list, err := New(Config{Replicas: 2, Pool: newPool(dispatch.CarriedName, 2, dispatch.OrderedTies)})
	require.NoError(t, err)
	a, b := list[0], list[1]
	first, other := b.Dispatch(0, 0), b.Dispatch(0, 1)
	require.NotEqual(t, first, other)
	b.End(10, 0, first, Completed) // so slow are requests, and so long is heeded what servers say
	b.End(10, 1, other, Completed)
	a.Catch()
	a.Hear(11, first, 50)
	a.Hear(11, other, 0)
	b.Catch()
	for flow := range uint32(4) {
		require.Equal(t, other, b.Dispatch(11, flow), "the first has 50 requests")
	}
	a.Catch()
	a.Hear(12, first, 0)
	next := newPool(dispatch.CarriedName, 2, dispatch.OrderedTies)
	next.Slots = []uint32{5, first}
	next.Options.Capacity = []float64{1, 1}
	require.NoError(t, a.SetPool(12, next))
	a.Hear(12, other, 7) // it has left
	b.Catch()
	for k, r := range list {
		for flow := range uint32(4) {
			require.Equal(t, first, r.Dispatch(12, 10+flow), "it had none just now, and some 25 are usual")
		}
		list[1-k].Catch()
	}

	deaf, err := New(Config{Replicas: 1, Pool: newPool("lsq", 2, 0)})
	require.NoError(t, err)
	deaf[0].Hear(1, 0, 50)
}

func zeroSums(t Totals) Totals {
	return Totals{Dispatched: t.Dispatched, Completed: t.Completed, Failed: t.Failed}
}

// TestPoolOutOfOrder: a flow to a server of which this replica has not heard is counted
// all the same.
func TestPoolOutOfOrder(t *testing.T) {
	t.Parallel()
	list, err := New(Config{Replicas: 2, Pool: newPool("lsq", 1, 0)})
	require.NoError(t, err)
	next := newPool("lsq", 2, 0)
	require.NoError(t, list[0].SetPool(1, next))
	list[1].apply(&event{kind: dispatched, time: 1, flow: 0, slot: 1}, 0)
	require.Equal(t, []int32{0, 1}, list[1].balancer.Ongoing())
	list[1].Catch() // the news that it knows already
	require.Equal(t, []int32{0, 1}, list[1].balancer.Ongoing())
}

// TestWeights: they decide while somebody steers, and self-tuning else, which has
// learned meanwhile; a new server gets the mean of the others.
func TestWeights(t *testing.T) {
	t.Parallel()
	list, err := New(Config{Replicas: 2, Pool: newPool(WeightsRule, 3, 0)})
	require.NoError(t, err)
	a, b := list[0], list[1]
	require.NoError(t, a.SetWeights(0, []float64{1, 1, 1e6}))
	a.Steer(0, true)
	b.Catch()
	for flow := range uint32(50) { // server 2 gets everything, and takes long
		require.Equal(t, uint32(2), b.Dispatch(float64(flow), flow))
		b.End(float64(flow)+0.9, flow, 2, Completed)
	}
	b.Dispatch(50, 0) // one on each, by both
	a.Catch()
	a.Steer(51, false)
	b.Catch()
	require.NotEqual(t, uint32(2), b.Dispatch(51, 1), "the fallback")
	next := newPool(WeightsRule, 4, 0)
	require.NoError(t, a.SetPool(52, next))
	a.Steer(52, true)
	b.Catch()
	require.Equal(t, []float64{1, 1, 1e6, (1 + 1 + 1e6) / 3}, b.rule.weights)
	require.Equal(t, uint32(2), b.Dispatch(53, 2))
	require.Error(t, a.SetWeights(54, []float64{-1}))
	require.ErrorIs(t, must(New(Config{Replicas: 1, Pool: newPool("lsq", 3, 0)}))[0].SetWeights(0, []float64{1}), balancer.ErrNoWeights)
}

func must[T any](x T, err error) T {
	if err != nil {
		panic(err)
	}
	return x
}

// TestConcurrent: loops that decide at the same time, each in a goroutine of its own, know
// the same in the end, and by LSQ have kept the counts together.
func TestConcurrent(t *testing.T) {
	t.Parallel()
	const replicas, servers, rounds = 3, 5, 2000
	list, err := New(Config{Replicas: replicas, Pool: newPool("lsq", servers, 0), Room: 64})
	require.NoError(t, err)
	var group sync.WaitGroup
	for k, r := range list {
		group.Go(func() {
			chance := rand.New(rand.NewPCG(1, uint64(k)))
			var free []uint32
			slots := map[uint32]uint32{}
			next := uint32(0)
			for n := range rounds {
				now := float64(n)
				r.Flush()
				r.Catch()
				if len(slots) > 20 || len(slots) > 0 && chance.IntN(2) == 0 {
					for flow, slot := range slots {
						r.End(now, flow, slot, Ending(chance.IntN(9)/7))
						delete(slots, flow)
						free = append(free, flow)
						break
					}
					continue
				}
				flow := next
				if len(free) > 0 {
					flow, free = free[len(free)-1], free[:len(free)-1]
				} else {
					next++
				}
				slots[flow] = r.Dispatch(now, flow)
			}
			for flow, slot := range slots {
				r.End(rounds, flow, slot, Completed)
			}
		})
	}
	group.Wait()
	for range 2 * replicas * rounds / 64 {
		for _, r := range list {
			r.Flush()
			r.Catch()
		}
	}
	for _, r := range list {
		require.Zero(t, r.Behind())
		require.Zero(t, r.Flows())
		require.Equal(t, make([]int32, servers), r.balancer.Ongoing())
		for j := range uint32(servers) {
			require.Equal(t, list[0].Totals(j).Dispatched, r.Totals(j).Dispatched)
			require.Equal(t, list[0].Totals(j).Failed, r.Totals(j).Failed)
		}
	}
}

// TestAllocations: once warm, a flow costs no allocation, neither where it is decided nor
// where it is heard of.
func TestAllocations(t *testing.T) {
	for _, rule := range []string{WeightsRule, dispatch.CarriedName} {
		list, err := New(Config{Replicas: 2, Pool: newPool(rule, 7, 0), Observe: true})
		require.NoError(t, err)
		a, b := list[0], list[1]
		now := 0.0
		require.Zero(t, testing.AllocsPerRun(1000, func() {
			now++
			a.Catch()
			slot := a.Dispatch(now, 0)
			a.Hear(now, slot, 3)
			b.Catch()
			a.End(now, 0, slot, Completed)
			b.Catch()
		}))
	}
}
