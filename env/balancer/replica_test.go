package balancer

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"fairlb/env"
	"fairlb/env/observe"
)

// TestAdopt: two replicas that decide in turns, each of which adopts the other's flows,
// choose as one Balancer does, under every rule.
func TestAdopt(t *testing.T) {
	t.Parallel()
	for _, name := range localRules() {
		t.Run("rule="+name, func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(t *rapid.T) {
				servers, seed := rapid.IntRange(1, 20).Draw(t, "servers"), rapid.Uint64().Draw(t, "seed")
				chance := rand.New(rand.NewPCG(seed, 1))
				all := [3]*Balancer{}
				for k := range all {
					all[k] = open(t, name, servers, seed)
				}
				var flows [][3]FlowID
				now := 0.0
				for range 100 {
					now += 0.1 * chance.ExpFloat64()
					if k := chance.IntN(len(flows) + 1); k < len(flows) && chance.IntN(2) == 0 {
						failed := chance.IntN(4) == 0
						for i, b := range all {
							b.End(now, flows[k][i], failed)
						}
						flows[k] = flows[len(flows)-1]
						flows = flows[:len(flows)-1]
						continue
					}
					var f [3]FlowID
					decides := 1 + chance.IntN(2)
					var want, got int
					f[0], want = all[0].Dispatch(now)
					f[decides], got = all[decides].Dispatch(now)
					require.Equal(t, want, got)
					f[3-decides] = all[3-decides].Adopt(now, got)
					flows = append(flows, f)
				}
				require.Equal(t, all[0].Ongoing(), all[1].Ongoing())
				require.Equal(t, all[0].Ongoing(), all[2].Ongoing())
			})
		})
	}
}

// TestAdoptAgainstTheRule: a replica adopts whatever another one has chosen, even a server
// that it would not have, and one that it believes to be out; a server on trial is
// not held for ever by a choice that was not made.
func TestAdoptAgainstTheRule(t *testing.T) {
	t.Parallel()
	for _, name := range localRules() {
		b := open(t, name, 3, 1)
		for j := range 3 {
			b.SetOut(j, true)
		}
		id := b.Adopt(1, 2)
		require.Equal(t, int32(1), b.Ongoing()[2], name)
		b.SetOut(1, false)
		_, server := b.Dispatch(2)
		require.Equal(t, 1, server, name)
		b.End(3, id, false)
		require.Equal(t, []int32{0, 1, 0}, b.Ongoing(), name)
	}

	b := open(t, "self-tuning", 2, 1)
	id, first := b.Dispatch(0)
	b.End(1, id, false)
	failing := b.Adopt(1, first)
	b.End(1, failing, true)      // it is on probation for the mean completion time, 1 s
	other := b.Adopt(3, 1-first) // though this one would have tried it
	b.End(4, other, false)       // so that both have no flows
	_, server := b.Dispatch(4)   // it is idle, and its trial is due
	_, second := b.Dispatch(4)   //
	require.ElementsMatch(t, []int{first, 1 - first}, []int{server, second})
}

// TestDispatchExcept: a flow that servers did not take goes to another one, which the
// rule chooses, and to none if there is no other; afterwards they get flows again.
func TestDispatchExcept(t *testing.T) {
	t.Parallel()
	for _, name := range localRules() {
		b := open(t, name, 4, 1)
		b.SetOut(3, true)
		for range 20 {
			_, server, ok := b.DispatchExcept(1, []int{0, 3, 0})
			require.True(t, ok, name)
			require.Contains(t, []int{1, 2}, server, name)
		}
		_, server, ok := b.DispatchExcept(1, []int{2, 0})
		require.True(t, ok)
		require.Equal(t, 1, server, name)
		before := append([]int32(nil), b.Ongoing()...)
		_, _, ok = b.DispatchExcept(1, []int{2, 0, 1})
		require.False(t, ok, name)
		require.Equal(t, before, b.Ongoing())
		seen := map[int]bool{}
		for range 60 {
			_, server := b.Dispatch(2)
			seen[server] = true
		}
		require.Equal(t, map[int]bool{0: true, 1: true, 2: true}, seen, "%s", name)
	}
}

// TestLimits: a server that is full gets nothing until one of its flows has ended, also
// one that a flow of another replica has filled.
func TestLimits(t *testing.T) {
	t.Parallel()
	for _, name := range localRules() {
		b := New(Config{Servers: 3, Rule: newRule(t, name, 3), Limits: []int32{1, 2, 2}})
		b.Reset(env.Stream(1, "choices"), nil)
		b.SetOut(2, true)
		var flows []FlowID
		for range 3 {
			require.Positive(t, b.Available(), name)
			id, _ := b.Dispatch(1)
			flows = append(flows, id)
		}
		require.Equal(t, []int32{1, 2, 0}, b.Ongoing(), name)
		require.Zero(t, b.Available(), name)
		require.Equal(t, 2, b.In(), name)
		b.SetOut(1, true)
		require.Zero(t, b.Available(), name)
		b.SetOut(1, false)
		require.Zero(t, b.Available(), name)
		f := b.End(2, flows[1], false)
		require.Equal(t, 1, b.Available(), name)
		_, server := b.Dispatch(3)
		require.Equal(t, int(f.Server), server, name)
		require.Zero(t, b.Available())
		b.SetOut(2, false)
		require.Equal(t, 1, b.Available(), name)
		b.Adopt(3, 2)
		b.Adopt(3, 2)
		require.Zero(t, b.Available(), name)
		b.Forget(4)
		require.Equal(t, 3, b.Available(), name)
	}
}

// TestLimitsAgainstCounts: which servers are available follows from counts and who is
// out, whatever happened before.
func TestLimitsAgainstCounts(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		seed := rapid.Uint64().Draw(t, "seed")
		chance := rand.New(rand.NewPCG(seed, 1))
		limits := []int32{1, 3, 0, 2}
		b := New(Config{Servers: 4, Rule: newRule(t, "lsq", 4), Limits: limits})
		b.Reset(env.Stream(seed, "choices"), nil)
		var flows []FlowID
		for range 200 {
			switch x := chance.IntN(10); {
			case x < 5 && b.Available() > 0:
				id, server := b.Dispatch(1)
				require.False(t, b.Out(server))
				require.True(t, limits[server] == 0 || b.Ongoing()[server] <= limits[server])
				flows = append(flows, id)
			case x < 8 && len(flows) > 0:
				b.End(1, flows[0], chance.IntN(2) == 0)
				flows = flows[1:]
			default:
				b.SetOut(chance.IntN(4), chance.IntN(2) == 0)
			}
			want := 0
			for j, q := range b.Ongoing() {
				if !b.Out(j) && (limits[j] == 0 || q < limits[j]) {
					want++
				}
			}
			require.Equal(t, want, b.Available())
		}
	})
}

// TestInherit: the Balancer of a pool that has changed goes on with what the former one
// knows of the servers that stay.
func TestInherit(t *testing.T) {
	t.Parallel()
	old := open(t, "self-tuning", 3, 1)
	old.SetOut(1, true)
	for k := range 40 { // server 2 takes five times as long as server 0
		quick, slow := old.Adopt(float64(k), 0), old.Adopt(float64(k), 2)
		old.End(float64(k)+0.2, quick, false)
		old.End(float64(k)+1, slow, false)
	}
	var kept, gone []FlowID
	for range 8 {
		id, server := old.Dispatch(50)
		if server == 2 {
			kept = append(kept, id)
		} else {
			gone = append(gone, id)
		}
	}
	require.NotEmpty(t, kept)
	require.NotEmpty(t, gone)
	count := old.Ongoing()[2]
	rows, load := observation(old, 60)

	b := open(t, "self-tuning", 4, 1) // servers 2 and 1 stay, between two new ones
	b.Inherit(old, []int{-1, 2, 1, -1})
	require.Equal(t, []int32{0, count, 0, 0}, b.Ongoing())
	require.Equal(t, 3, b.Available())
	require.True(t, b.Out(2))
	nowRows, nowLoad := observation(b, 60)
	require.Equal(t, rows[2], nowRows[1])
	require.Equal(t, load[2], nowLoad[1])
	require.Equal(t, make([]float32, len(observe.Features())), nowRows[0])
	for _, id := range gone {
		require.False(t, b.Has(id))
	}
	for _, id := range kept {
		require.True(t, b.Has(id))
		require.Equal(t, Flow{Start: 50, Server: 1, Counted: true}, withoutPlace(b.End(61, id, false)))
	}
	for range 30 { // slots of flows that are gone are used again
		b.Dispatch(62)
	}
	ongoing := b.Ongoing()
	require.Equal(t, int32(30), ongoing[0]+ongoing[1]+ongoing[3])
	require.Less(t, ongoing[1], ongoing[0], "the slow one is known to be slow")
}

// withoutPlace returns what a caller knows of a flow.
func withoutPlace(f Flow) Flow { return Flow{Start: f.Start, Server: f.Server, Counted: f.Counted} }

// TestInheritLimits: servers that are full in the former pool are full in the next one,
// by its limits.
func TestInheritLimits(t *testing.T) {
	t.Parallel()
	old := New(Config{Servers: 2, Rule: newRule(t, "lsq", 2), Limits: []int32{1, 5}})
	old.Reset(env.Stream(1, "choices"), nil)
	for range 2 {
		old.Dispatch(1)
	}
	b := New(Config{Servers: 2, Rule: newRule(t, "lsq", 2), Limits: []int32{0, 1}})
	b.Reset(env.Stream(1, "choices"), nil)
	b.Inherit(old, []int{0, 1})
	require.Equal(t, 1, b.Available())
	_, server := b.Dispatch(2)
	require.Zero(t, server)
}
