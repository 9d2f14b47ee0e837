package dispatch

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// newClassRule returns the rule class-aware of LB 0 for equal servers and some classes.
func newClassRule(t *testing.T, name string, servers, classes int) *SelfTuning {
	t.Helper()
	rule, err := New(name, Options{Capacity: uniform(servers), LBs: 2, Classes: classes})
	require.NoError(t, err)
	return rule.(*SelfTuning)
}

// TestClassAwareByHand: what classes cost, how requests of each count for each other, and
// which server the next one of each class goes to.
func TestClassAwareByHand(t *testing.T) {
	t.Parallel()
	r := newClassRule(t, ClassAwareName, 2, 2)
	s := r.tuned.(*classScore)
	v := NewView(2)
	v.KeepClasses(2)
	require.Equal(t, []float64{1, 1}, s.costs.cost, "nothing is known")
	for range 4000 {
		for class, duration := range []float64{1, 9} {
			for server := range 2 {
				r.Completed(Completion{Server: server, Now: v.Now, Duration: duration, Ongoing: 1, Class: uint8(class)})
			}
		}
		r.Pick(&v)
	}
	require.InDelta(t, 0.2, s.costs.cost[0], 0.01, "1 s of 5 s on average")
	require.InDelta(t, 1.8, s.costs.cost[1], 0.01)
	require.InDelta(t, 1.0/9, s.costs.parts[1][0], 5e-3)
	require.Equal(t, 1.0, s.costs.parts[0][1], "one that is there for longer counts as one")
	require.InEpsilon(t, 1, r.capacities.Weight(0)/r.capacities.Weight(1), 0.01)

	send := func(server int, class uint8) {
		v.Class = class
		v.Sent(server)
		v.Invalidate()
	}
	pick := func(class uint8) int {
		v.Class = class
		return r.Pick(&v)
	}
	send(0, 0)
	send(0, 0)
	send(0, 0)
	send(1, 1)
	send(1, 1)
	require.Equal(t, []int32{3, 0}, v.OfClasses(0))
	require.Equal(t, 1, pick(0), "for a short request two are fewer than three")
	require.Equal(t, 0, pick(1), "for a long one three short ones are less than one long one")
	require.InDelta(t, 1+3.0/9, s.score(&v, 0, 1)*r.capacities.Weight(0), 0.02)
	require.InDelta(t, 3, s.score(&v, 1, 0)*r.capacities.Weight(1), 1e-9)
}

// TestClassAwareCapacities: a server does not seem slow because it got the long requests.
func TestClassAwareCapacities(t *testing.T) {
	t.Parallel()
	aware := newClassRule(t, ClassAwareName, 3, 2)
	plain, err := NewSelfTuning(lbOf(3, 0), DefaultSelfTuning())
	require.NoError(t, err)
	v := NewView(3)
	v.KeepClasses(2)
	for k := range 3000 {
		for _, r := range []*SelfTuning{aware, plain} {
			// The first server gets short requests alone, the second long ones, the third both.
			r.Completed(Completion{Server: 0, Duration: 1, Ongoing: 1, Class: 0})
			r.Completed(Completion{Server: 1, Duration: 9, Ongoing: 1, Class: 1})
			r.Completed(Completion{Server: 2, Duration: float64(1 + 8*(k%2)), Ongoing: 1, Class: uint8(k % 2)})
			r.Pick(&v)
		}
	}
	require.InEpsilon(t, 1, aware.capacities.Weight(0)/aware.capacities.Weight(1), 0.02)
	require.InEpsilon(t, 1, aware.capacities.Weight(2)/aware.capacities.Weight(1), 0.02)
	require.Greater(t, plain.capacities.Weight(0)/plain.capacities.Weight(1), 2.0)
}

// TestClassAwareOfOneClass is self-tuning, choice by choice.
func TestClassAwareOfOneClass(t *testing.T) {
	t.Parallel()
	for _, n := range []int{3, 40} {
		one, other := newSimulatedLB(n, 8, true), newSimulatedLB(n, 8, true)
		one.classes, other.classes = 1, 1
		one.view.KeepClasses(1)
		aware, err := New(ClassAwareName, Options{Capacity: one.capacity(), LB: 1, LBs: 2, Classes: 1})
		require.NoError(t, err)
		plain, err := New(selfTuningName, other.options(1))
		require.NoError(t, err)
		for range 3000 {
			require.Equal(t, other.step(plain), one.step(aware))
		}
	}
}

// TestClassAwareInherits: what classes have cost outlives the pool, unless others are told
// apart; and self-tuning's estimates are taken over, as it takes over those.
func TestClassAwareInherits(t *testing.T) {
	t.Parallel()
	w := newSimulatedLB(3, 3, false)
	old, err := New(ClassAwareName, w.options(0))
	require.NoError(t, err)
	for range 500 {
		w.step(old)
	}
	young := newClassRule(t, ClassAwareName, 2, simulatedClasses)
	young.Inherit(old, []int{2, -1})
	require.Equal(t, old.(*SelfTuning).tuned.(*classScore).classes, young.tuned.(*classScore).classes)
	require.NotEqual(t, 1.0, young.tuned.(*classScore).costs.cost[1])
	require.Equal(t, old.(*SelfTuning).tuned.meanDuration(), young.tuned.meanDuration())

	fewer := newClassRule(t, ClassAwareName, 2, 2)
	fewer.Inherit(old, []int{2, -1})
	require.Equal(t, []float64{1, 1}, fewer.tuned.(*classScore).costs.cost)
	plain, err := NewSelfTuning(lbOf(2, 0), DefaultSelfTuning())
	require.NoError(t, err)
	plain.Inherit(old, []int{2, -1})
	require.Equal(t, fewer.capacities.Weight(0), plain.capacities.Weight(0))
}
