package dispatch

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// newCarriedRule returns the rule carried of LB 0 for servers of such capacities.
func newCarriedRule(t *testing.T, name string, capacity ...float64) *SelfTuning {
	t.Helper()
	rule, err := New(name, Options{Capacity: capacity, LBs: 2, Told: true})
	require.NoError(t, err)
	return rule.(*SelfTuning)
}

// TestCarriedByHand follows what is expected of the others at two equal servers.
func TestCarriedByHand(t *testing.T) {
	t.Parallel()
	r := newCarriedRule(t, "carried:age=2,memory=10,order=0", 1, 1)
	v := NewView(2)
	v.KeepTold()
	expected := func() []float64 {
		return []float64{r.tuned.(*carriedScore).servers[0].expected, r.tuned.(*carriedScore).servers[1].expected}
	}
	require.Equal(t, 0, r.Pick(&v))
	require.Equal(t, []float64{0, 0}, expected(), "nobody has said anything")
	v.Sent(0)

	v.Now = 4
	v.Ended(0, 0)
	v.Hear(0, 6, 3)
	r.Completed(Completion{Server: 0, Now: 4, Duration: 4, Ongoing: 1, Total: 7})
	require.Equal(t, 1, r.Pick(&v), "the other server has six")
	// The pool's average is as it was when it was last summed up, before the server spoke.
	usual, fresh := 6/(1+2.0), math.Exp(-1/(2*4/7.0))
	require.InDelta(t, usual+fresh*(6-usual), expected()[0], 1e-12)
	require.Zero(t, expected()[1])
	v.Sent(1)

	v.Now = 5
	r.Pick(&v) // server 0's turn to be weighed, and the pool's to be summed up: 6 of one report
	v.Now = 1000
	r.Pick(&v)
	require.InDelta(t, (6+2*6)/3.0, expected()[0], 1e-12, "in the end what is usual")
	require.InDelta(t, 6, expected()[1], 1e-12, "of a server that said nothing, what is usual in the pool")
}

// TestCarriedOwnPart: what a server says of the LB's own requests is no part of what the
// others have.
func TestCarriedOwnPart(t *testing.T) {
	t.Parallel()
	v := NewView(1)
	v.KeepTold()
	for range 3 {
		v.Sent(0)
	}
	v.Hear(0, 5, 1)
	require.Equal(t, int32(2), v.Told[0].Others())
	v.Hear(0, 9, 0.5)
	require.Equal(t, Told{Requests: 5, Said: 1, Own: 3}, v.Told[0], "it is older")
	v.Ended(0, 0)
	v.Sent(0)
	v.Sent(0)
	require.Equal(t, Told{Requests: 5, Said: 1, Own: 3, Sent: 2, Ended: 1}, v.Told[0])
	v.Hear(0, 1, 2)
	require.Zero(t, v.Told[0].Others(), "own requests are under way to it")
}

// TestCarriedTotals: a server is weighed by what it gets through for all LBs, whichever
// part of that is the LB's own.
func TestCarriedTotals(t *testing.T) {
	t.Parallel()
	r := newCarriedRule(t, "carried:exponent=1", 1, 1)
	v := NewView(2)
	v.KeepTold()
	for k := range 400 {
		v.Now = float64(k)
		r.Completed(Completion{Server: 0, Now: v.Now, Duration: 1, Ongoing: 1, Total: 8})
		r.Completed(Completion{Server: 1, Now: v.Now, Duration: 1, Ongoing: 2, Total: 2})
		r.Pick(&v)
	}
	require.InEpsilon(t, 4, r.tuned.(*carriedScore).weights.servers[0].weight/r.tuned.(*carriedScore).weights.servers[1].weight, 0.05)
}

// TestCarriedRefuses constants that are out of their ranges.
func TestCarriedRefuses(t *testing.T) {
	t.Parallel()
	_, err := New("carried:age=0,memory=0.5,order=-1,window=0", Options{Capacity: []float64{1}, LBs: 1, Told: true})
	for _, want := range []string{
		"dispatch: carried: age is 0: must be in [1e-06, 1e+06]", "carried: memory is 0.5: must be in [1, 1e+09]",
		"carried: order is -1: must be in [0, 100]", "window is 0: must be in [1, 1e9]",
	} {
		require.ErrorContains(t, err, want)
	}
}

// TestBlend: estimates that may differ by chance from what is told leave the told
// capacities; those that surely differ are believed, and so is that what is told says
// nothing of them.
func TestBlend(t *testing.T) {
	t.Parallel()
	told := []float64{1, 1, 1, 1, 2, 2, 2, 2}
	weights := func(completions float64, capacity ...float64) []float64 {
		b := newBlend(told, 0.8)
		for range 2 {
			for j := range told {
				b.set(j, completions, math.Log(capacity[j]))
			}
			b.sum()
		}
		var list []float64
		for j := range told {
			b.set(j, completions, math.Log(capacity[j]))
			list = append(list, b.servers[j].weight/b.servers[0].weight)
		}
		return list
	}
	require.InDeltaSlice(t, told, weights(0, 1, 1, 1, 1, 1, 1, 1, 1), 0.3, "one completion says little")
	require.InDeltaSlice(t, told, weights(100, 1, 1.1, 1, 0.9, 2, 1.8, 2.2, 2), 0.1, "noise")
	require.InDeltaSlice(t, []float64{1, 1, 1, 1, 1, 1, 1, 1}, weights(1e6, 1, 1, 1, 1, 1, 1, 1, 1), 1e-3, "what is told is not so")
	for j, w := range weights(1e6, 1, 4, 1, 4, 2, 8, 2, 8) {
		require.InDelta(t, []float64{1, math.Pow(4, 0.8), 1, math.Pow(4, 0.8), 2, 2 * math.Pow(4, 0.8), 2, 2 * math.Pow(4, 0.8)}[j], w, 1e-3, "both have a part in it")
	}
}

// teachOthers has a rule of three servers learn that the last one has many requests of others.
func teachOthers(r *SelfTuning) {
	v := NewView(3)
	v.KeepTold()
	for k := range 300 {
		v.Now = float64(k)
		v.Hear(2, 7, v.Now)
		r.Completed(Completion{Server: 2, Now: v.Now, Duration: 3, Ongoing: 1, Total: 8})
		r.Completed(Completion{Server: 0, Now: v.Now, Duration: 1, Ongoing: 1, Total: 1})
		r.Pick(&v)
	}
}

// TestCarriedInherits: servers that stay keep their weights and what is usual there.
func TestCarriedInherits(t *testing.T) {
	t.Parallel()
	old, young := newCarriedRule(t, CarriedName, 1, 1, 2), newCarriedRule(t, CarriedName, 2, 1, 1)
	teachOthers(old)
	young.Inherit(old, []int{2, -1, 0})
	require.Equal(t, old.tuned.(*carriedScore).servers[2].usual, young.tuned.(*carriedScore).servers[0].usual)
	require.Equal(t, old.tuned.(*carriedScore).weights.servers[0], young.tuned.(*carriedScore).weights.servers[2])
	require.InDelta(t, 2, young.tuned.meanDuration(), 0.1)
	other, err := NewSelfTuning(lbOf(3, 0), DefaultSelfTuning())
	require.NoError(t, err)
	before := save(young)
	young.Inherit(other, []int{0, 1, 2})
	require.Equal(t, before, save(young), "of another kind")
}

// TestLearnedCarriedInherits: universal-carried takes over from another all that it knows, and
// universal and universal-carried from each other what they know of an LB's own requests.
func TestLearnedCarriedInherits(t *testing.T) {
	t.Parallel()
	for _, from := range []string{UniversalName, UniversalCarriedName} {
		for _, to := range []string{UniversalName, UniversalCarriedName} {
			old, young := newCarriedRule(t, from, 1, 1, 2), newCarriedRule(t, to, 2, 1, 1)
			teachOthers(old)
			young.Inherit(old, []int{2, -1, 0})
			for k, j := range []int{2, 0} {
				for _, of := range []func(*LearnedScore) *Capacities{
					func(s *LearnedScore) *Capacities { return s.long }, func(s *LearnedScore) *Capacities { return s.recent },
				} {
					_, want := of(learnedOf(old.tuned)).known(j)
					_, got := of(learnedOf(young.tuned)).known(2 * k)
					require.InDelta(t, want, got, 1e-9, "%s from %s", to, from)
					require.NotZero(t, got)
				}
			}
			if a, ok := old.tuned.(*learnedCarriedScore); ok && from == to {
				b := young.tuned.(*learnedCarriedScore)
				require.Equal(t, a.servers[2].usual, b.servers[0].usual)
				_, want := a.carriedScore.capacities.known(2)
				_, got := b.carriedScore.capacities.known(0)
				require.InDelta(t, want, got, 1e-9, "by the requests of all")
			}
		}
	}
}

// TestUnusualOthersCount: as many others as usual count nothing. Of two servers alike the one that has just
// said that others have more requests there than usual gets none, at first; and no score is below 0.
func TestUnusualOthersCount(t *testing.T) {
	t.Parallel()
	r := newCarriedRule(t, UniversalCarriedName, 1, 1)
	v := NewView(2)
	v.KeepTold()
	for k := range 300 {
		v.Now = float64(k)
		for j := range 2 {
			v.Hear(j, 4, v.Now)
			r.Completed(Completion{Server: j, Now: v.Now, Duration: 5, Ongoing: 1, Total: 5})
		}
		r.Pick(&v)
	}
	learned := learnedOf(r.tuned)
	for server := range 2 {
		require.InEpsilon(t, learned.Offset(server)/learned.Weight(server), r.tuned.score(&v, server, 0), 0.01)
	}
	for server := range 2 {
		v.Now += 0.01
		v.Hear(server, 12, v.Now)
		v.Hear(1-server, 4, v.Now)
		require.Equal(t, 1-server, r.Pick(&v))
		v.Now += 0.01
		v.Hear(1-server, 0, v.Now)
		r.Pick(&v)
		require.Positive(t, r.tuned.score(&v, 1-server, 0))
	}
}
