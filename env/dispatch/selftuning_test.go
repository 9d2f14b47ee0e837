package dispatch

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// TestSelfTuningByHand follows the weights of two servers through three completions.
func TestSelfTuningByHand(t *testing.T) {
	t.Parallel()
	r, err := NewSelfTuning(lbOf(2, 0), SelfTuningConfig{Exponent: 0.5, Window: 5, Prior: 2})
	require.NoError(t, err)
	weights := func() []float64 { return []float64{r.capacities.Weight(0), r.capacities.Weight(1)} }
	require.Equal(t, []float64{1, 1}, weights())

	r.Completed(Completion{Server: 0, Now: 3, Duration: 1, Ongoing: 4})
	require.InDelta(t, 1, weights()[0], 1e-15, "the pool's average is its own")
	r.Completed(Completion{Server: 1, Now: 4, Duration: 3, Ongoing: 2})

	k := math.Exp(-0.1) // of 2 servers and 5 completions each
	number, counts, times := k+1, 4*k+2, k+3
	capacity := (2 + 2*counts/number) / (3 + 2*times/number) / (counts / times)
	require.InDelta(t, math.Sqrt(capacity), weights()[1], 1e-12)
	require.Less(t, weights()[1], 1.0, "two in 3 s are fewer than four in 1 s")

	v := NewView(2)
	v.Invalidate()
	r.Pick(&v) // server 1's turn
	r.Pick(&v)
	capacity = (4*k + 2*counts/number) / (k + 2*times/number) / (counts / times)
	require.InDelta(t, math.Sqrt(capacity), weights()[0], 1e-12, "its own sums have decayed")
	require.Greater(t, weights()[0], 1.0)
}

// naiveSelfTuning computes the weights from a list of all completions, and looks at
// every server at each pick.
type naiveSelfTuning struct {
	cfg         SelfTuningConfig
	completions []Completion
	weight      []float64
	turn        int
}

func (r *naiveSelfTuning) tune(server int) {
	n := float64(len(r.weight))
	number, counts, times, own, ownTimes := 0.0, 0.0, 0.0, 0.0, 0.0
	for k, c := range r.completions {
		w := math.Exp(-float64(len(r.completions)-1-k) / (r.cfg.Window * n))
		number += w
		counts += w * float64(c.Ongoing)
		times += w * c.Duration
		if c.Server == server {
			own += w * float64(c.Ongoing)
			ownTimes += w * c.Duration
		}
	}
	if number > 0 {
		capacity := (own + r.cfg.Prior*counts/number) / (ownTimes + r.cfg.Prior*times/number)
		r.weight[server] = math.Pow(capacity*times/counts, r.cfg.Exponent)
	}
}

// TestSelfTuningAgainstNaive: through completions, servers that go out and come in
// and times without any request, the picks are those of a rule that remembers
// everything.
func TestSelfTuningAgainstNaive(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n, lb := rapid.IntRange(1, 40).Draw(t, "servers"), rapid.IntRange(0, 1).Draw(t, "lb")
		cfg := SelfTuningConfig{
			Exponent: rapid.Float64Range(0, 2).Draw(t, "exponent"),
			Window:   rapid.Float64Range(1, 300).Draw(t, "window"),
			Prior:    rapid.Float64Range(0.1, 20).Draw(t, "prior"),
		}
		rule, err := NewSelfTuning(lbOf(n, lb), cfg)
		require.NoError(t, err)
		naive := &naiveSelfTuning{cfg: cfg, weight: uniform(n)}
		w := newSimulatedLB(n, rapid.Uint64().Draw(t, "seed"), true)
		twin := completing{
			pick: func(v *View) int {
				naive.turn = (naive.turn + 1) % n
				naive.tune(naive.turn)
				pick := rule.Pick(v)
				for j := range n {
					require.InEpsilon(t, naive.weight[j], rule.capacities.Weight(j), 1e-9, "server %d", j)
					if v.Out[j] {
						continue
					}
					score, least := float64(v.Ongoing[j]+1)/naive.weight[j], float64(v.Ongoing[pick]+1)/naive.weight[pick]
					require.GreaterOrEqual(t, score, least*(1-1e-9), "server %d is better than %d", j, pick)
					// A tie is one of the rule's own weights, whose last bits may differ from the naive ones.
					tie := float64(v.Ongoing[j]+1)/rule.capacities.Weight(j) == float64(v.Ongoing[pick]+1)/rule.capacities.Weight(pick)
					if tie && lb == 0 {
						require.GreaterOrEqual(t, j, pick, "a tie")
					} else if tie {
						require.LessOrEqual(t, j, pick, "a tie")
					}
				}
				return pick
			},
			completed: func(c Completion) {
				c.Failed = false
				rule.Completed(c)
				naive.completions = append(naive.completions, c)
				naive.tune(c.Server)
			},
		}
		for range 150 {
			w.step(twin)
		}
	})
}

// completing is a Rule and Completer of two functions.
type completing struct {
	pick      func(v *View) int
	completed func(c Completion)
}

func (c completing) Pick(v *View) int       { return c.pick(v) }
func (c completing) Completed(x Completion) { c.completed(x) }

// TestSelfTuningTies: before anything is known, LBs fill the servers in opposite order.
func TestSelfTuningTies(t *testing.T) {
	t.Parallel()
	for _, n := range []int{5, 20} {
		for lb := range 4 {
			r, err := NewSelfTuning(lbOf(n, lb), DefaultSelfTuning())
			require.NoError(t, err)
			v := NewView(n)
			for k := range 2 * n {
				want := k % n
				if lb%2 == 1 {
					want = n - 1 - want
				}
				require.Equal(t, want, r.Pick(&v), "pick %d of LB %d", k, lb)
				v.Sent(want)
			}
		}
	}
}

// TestSelfTuningIsFreeOfScale: with all times a thousand times as long the picks are
// the same, failures and probation included.
func TestSelfTuningIsFreeOfScale(t *testing.T) {
	t.Parallel()
	for _, n := range []int{4, 30} {
		plain, err := NewSelfTuning(lbOf(n, 0), DefaultSelfTuning())
		require.NoError(t, err)
		scaled, err := NewSelfTuning(lbOf(n, 0), DefaultSelfTuning())
		require.NoError(t, err)
		a, b := newSimulatedLB(n, 8, true), newSimulatedLB(n, 8, true)
		const scale = 1024
		slow := completing{
			pick: func(v *View) int {
				now := v.Now
				v.Now *= scale
				pick := scaled.Pick(v)
				v.Now = now
				return pick
			},
			completed: func(c Completion) {
				c.Now *= scale
				c.Duration *= scale
				scaled.Completed(c)
			},
		}
		for range 3000 {
			require.Equal(t, a.step(plain), b.step(slow))
		}
	}
}

// TestSelfTuningGoesBackToTheAverage: a server that looked slow and is not used is
// tried again, as others complete.
func TestSelfTuningGoesBackToTheAverage(t *testing.T) {
	t.Parallel()
	r, err := NewSelfTuning(lbOf(2, 0), SelfTuningConfig{Exponent: 1, Window: 50, Prior: 3})
	require.NoError(t, err)
	v := NewView(2)
	for range 20 {
		r.Completed(Completion{Server: 0, Duration: 1, Ongoing: 1})
		r.Completed(Completion{Server: 1, Duration: 9, Ongoing: 1})
	}
	v.Ongoing[0], v.Ongoing[1] = 2, 0
	v.Invalidate()
	r.Pick(&v)
	require.Zero(t, r.Pick(&v), "3 against 1 at a ninth of the speed")
	for k := 0; r.Pick(&v) == 0; k++ {
		require.Less(t, k, 500, "it is never tried again")
		r.Completed(Completion{Server: 0, Duration: 1, Ongoing: 2})
	}
}

func TestConstants(t *testing.T) {
	t.Parallel()
	o := Options{Capacity: []float64{1, 1}, LBs: 1}
	rule, err := New("self-tuning:exponent=0.5,window=7,prior=3", o)
	require.NoError(t, err)
	require.Equal(t, SelfTuningConfig{Exponent: 0.5, Window: 7, Prior: 3}, rule.(*SelfTuning).capacities.cfg)
	rule, err = New("self-tuning:window=7", o)
	require.NoError(t, err)
	want := DefaultSelfTuning()
	want.Window = 7
	require.Equal(t, want, rule.(*SelfTuning).capacities.cfg)
	for name, fault := range map[string]string{
		"sed:exponent=1":                      `sed takes no constants`,
		"self-tuning:":                        `unknown constant "" (known: exponent, window, prior, overflow)`,
		"self-tuning:tau=3":                   `unknown constant "tau"`,
		"self-tuning:window=1e":               `window="1e": must be a number`,
		"self-tuning:window":                  `window="": must be a number`,
		"self-tuning:window=3,window=3":       `constant window is given twice`,
		"self-tuning:window=0":                `window is 0: must be in [1, 1e9]`,
		"self-tuning:exponent=NaN":            `exponent is NaN: must be in [0, 2]`,
		"self-tuning:overflow=1.5":            `overflow is 1.5: must be in [0, 1]`,
		"universal:window=7":                  `unknown constant "window" (known: overflow)`,
		"self-tuning:exponent=-1,prior=0":     `prior is 0: must be in (0, 1e9]`,
		"selftuning:window=3":                 `unknown heuristic "selftuning:window=3"`,
		"self-tuning:exponent=0.5,exponent=1": `constant exponent is given twice`,
	} {
		require.ErrorContains(t, Check(name), fault, name)
	}
	require.NoError(t, Check("self-tuning:prior=0.5"))
	require.True(t, GivesConstants("self-tuning:tau=3"))
	require.True(t, GivesConstants("sed:x"))
	require.False(t, GivesConstants("self-tuning"))
	require.False(t, GivesConstants("runs:1"))
}

// BenchmarkPick is a request that is sent and one that ends, at one LB.
func BenchmarkPick(b *testing.B) {
	for _, name := range []string{"sed", "p2c", selfTuningName, UniversalName, CarriedName, UniversalCarriedName, ClassAwareName, leastTimeName, relativeName, twoChoicesAccrualName} {
		for _, n := range []int{8, 100, 1000} {
			b.Run(fmt.Sprintf("%s/servers=%d", name, n), func(b *testing.B) { benchmarkPick(b, name, n) })
		}
	}
}

func benchmarkPick(b *testing.B, name string, n int) {
	w := newSimulatedLB(n, 1, false)
	rule, err := New(name, Options{Capacity: w.capacity(), LBs: 1, Told: true, Classes: simulatedClasses})
	require.NoError(b, err)
	if name != ClassAwareName {
		w.view.Classes, w.view.ByClass = 0, nil
	}
	completer, _ := rule.(Completer)
	queue := make([]int, 2*n) // servers of the flows under way, the oldest first
	for k := range queue {
		w.view.Class = uint8(k % simulatedClasses)
		queue[k] = rule.Pick(&w.view)
		w.view.Sent(queue[k])
	}
	b.ReportAllocs()
	for k := 0; b.Loop(); k++ {
		oldest := &queue[k%len(queue)]
		w.view.Now += 0.01
		ongoing := w.view.Ongoing[*oldest]
		w.view.Class = uint8(k % len(queue) % simulatedClasses)
		w.view.Ended(*oldest, w.view.Now-0.01*float64(len(queue)))
		w.view.Hear(*oldest, ongoing+int32(k%3), w.view.Now)
		if completer != nil {
			completer.Completed(Completion{Server: *oldest, Now: w.view.Now, Duration: 0.01 * float64(len(queue)), Ongoing: ongoing, Total: ongoing + 1 + int32(k%3), Class: w.view.Class})
		}
		*oldest = rule.Pick(&w.view)
		w.view.Sent(*oldest)
	}
}

// TestSelfTuningWithoutCounts: a completion and a failure change the choice, too, where
// they change no count, so that the View does not tell of them.
func TestSelfTuningWithoutCounts(t *testing.T) {
	t.Parallel()
	for _, n := range []int{3, 30} {
		r, err := NewSelfTuning(lbOf(n, 0), DefaultSelfTuning())
		require.NoError(t, err)
		v := NewView(n)
		require.Zero(t, r.Pick(&v))
		v.changed = []int32{}
		for range n + 5 { // more than the rule keeps a list of
			r.Completed(Completion{Server: 2, Duration: 1, Ongoing: 1})
		}
		r.Completed(Completion{Server: 1, Duration: 0.1, Ongoing: 1})
		require.Equal(t, 1, r.Pick(&v), "the fastest")
		r.Completed(Completion{Server: 1, Ongoing: 1, Failed: true})
		require.NotEqual(t, 1, r.Pick(&v), "on probation")
	}
}

// TestCapacitiesOfManyCompletions: completions that are added together weigh what they
// weigh when added one by one, and a server that has left takes its part of the pool
// with it.
func TestCapacitiesOfManyCompletions(t *testing.T) {
	t.Parallel()
	together, err := NewCapacities(2, DefaultSelfTuning())
	require.NoError(t, err)
	single, err := NewCapacities(2, DefaultSelfTuning())
	require.NoError(t, err)
	for range 200 {
		together.Add(0, 4, 12, 2)
		together.Add(1, 2, 6, 3)
		for range 4 {
			single.Add(0, 1, 3, 0.5)
		}
		for range 2 {
			single.Add(1, 1, 3, 1.5)
		}
	}
	for j := range 2 {
		together.Refresh(j)
		single.Refresh(j)
		require.InEpsilon(t, single.Weight(j), together.Weight(j), 0.01)
	}
	require.InEpsilon(t, 6, together.Rate(0), 0.02, "three at a time in half a second")
	require.InEpsilon(t, 5.0/6, together.MeanDuration(), 0.02)

	together.Forget(1)
	together.Grow(3)
	require.InEpsilon(t, 0.5, together.MeanDuration(), 1e-9, "what is left is of server 0")
	together.Refresh(0)
	require.InEpsilon(t, 1, together.Weight(0), 1e-9)
	for j := 1; j < 3; j++ {
		together.Refresh(j)
		require.InEpsilon(t, 1, together.Weight(j), 1e-9, "nothing is known of it")
	}
}

// TestAbandonedTrial: a request that its client gives up says nothing of its server, which
// awaits another one to be tried with.
func TestAbandonedTrial(t *testing.T) {
	t.Parallel()
	p := newProbation(2)
	p.reset()
	p.fail(Completion{Server: 1, Now: 1, Duration: 0.5, Ongoing: 1, Failed: true}, 2)
	require.False(t, p.abandon(1), "it waits")
	require.Equal(t, 1, p.endWait(3))
	require.True(t, p.sent(1))
	require.True(t, p.holds(1))
	require.True(t, p.abandon(1))
	require.False(t, p.holds(1))
	require.True(t, p.sent(1), "the next one is the trial")
	require.False(t, p.abandon(0))
}

// lbOf returns the options of an LB that has equal servers.
func lbOf(servers, lb int) Options {
	return Options{Capacity: uniform(servers), LB: lb, LBs: lb + 1}
}
