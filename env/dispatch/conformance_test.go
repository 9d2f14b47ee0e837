package dispatch

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	_ "fairlb/env/propertytest"
)

// variants names every heuristic, those that may have an overflow with one and, with a space
// and the name of the Ties behind their names, LSQ and SED under the other ways to break ties.
func variants() []string {
	names := Names()
	for _, name := range overflowing() {
		names = append(names, name+":overflow=0.2")
	}
	for _, ties := range []Ties{PluginTies, OrderedTies} {
		names = append(names, "lsq "+ties.String(), "sed "+ties.String())
	}
	return names
}

// newVariant returns the rule of a name of variants.
func newVariant(name string, o Options) (Rule, error) {
	name, ties, found := strings.Cut(name, " ")
	if found {
		var err error
		if o.Ties, err = ParseTies(ties); err != nil {
			return nil, err
		}
	}
	return New(name, o)
}

// TestOutIsNeverPicked: whatever servers go out and come in, no rule picks a server
// that is out, and every rule picks a server again that has come in.
func TestOutIsNeverPicked(t *testing.T) {
	t.Parallel()
	for _, name := range variants() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(t *rapid.T) {
				w := newSimulatedLB(rapid.IntRange(1, 40).Draw(t, "servers"), rapid.Uint64().Draw(t, "seed"), true)
				rule, err := newVariant(name, w.options(rapid.IntRange(0, 1).Draw(t, "lb")))
				require.NoError(t, err)
				for range 300 {
					pick := w.step(rule)
					require.False(t, w.view.Out[pick], "server %d is out", pick)
				}
				w.changing, w.frozen = false, true // as nothing ends, any server is the best one day
				for j := range w.view.Out {
					w.view.Out[j] = false
					w.noteChange(j)
				}
				for len(w.flights) > 0 {
					w.complete(rule, 0)
				}
				picked, patience := map[int]bool{}, 500
				if name == relativeName {
					patience = 10_000 // a server of the least health gets a hundredth of its part
				}
				for k := 0; len(picked) < len(w.outstanding); k++ {
					require.Less(t, k, patience*len(w.outstanding), "only %v of %d were picked", picked, len(w.outstanding))
					picked[w.step(rule)] = true
				}
			})
		})
	}
}

// TestOutWithoutChanges: rules follow Out, too, where the View never lists what
// changed, and where Out changes while no count does.
func TestOutWithoutChanges(t *testing.T) {
	t.Parallel()
	for _, name := range variants() {
		for _, n := range []int{3, 30} {
			w := newSimulatedLB(n, 5, false)
			rule, err := newVariant(name, w.options(0))
			require.NoError(t, err)
			rule.Pick(&w.view)
			w.view.changed = []int32{}
			for j := range n - 1 {
				w.view.Out[j] = true
				w.view.changed = append(w.view.changed[:0], int32(j))
				require.Greater(t, rule.Pick(&w.view), j, name)
			}
			w.view.changed = nil
			w.view.Out = make([]bool, n)
			for j := 1; j < n; j++ {
				w.view.Out[j] = true
			}
			require.Zero(t, rule.Pick(&w.view), name)
			w.view.Out, w.frozen = nil, true
			seen := map[int]bool{}
			for range 100 * n {
				seen[w.step(rule)] = true
				w.view.changed = nil
			}
			require.Len(t, seen, n, name)
		}
	}
}

// TestEmptyOut: an Out that has no server and a nil Out give the same picks and draw
// the same random numbers.
func TestEmptyOut(t *testing.T) {
	t.Parallel()
	for _, name := range variants() {
		with, without := newSimulatedLB(20, 9, false), newSimulatedLB(20, 9, false)
		without.view.Out = nil
		a, err := newVariant(name, with.options(1))
		require.NoError(t, err)
		b, err := newVariant(name, with.options(1))
		require.NoError(t, err)
		for range 1000 {
			require.Equal(t, with.step(a), without.step(b), name)
		}
		require.Equal(t, with.view.Rand.Uint64(), without.view.Rand.Uint64(), name)
	}
}

// TestChangesSuffice: a rule that is told what changed picks as one that looks
// at everything each time.
func TestChangesSuffice(t *testing.T) {
	t.Parallel()
	for _, name := range variants() {
		for _, n := range []int{1, 7, 16, 17, 100} {
			told, looking := newSimulatedLB(n, 4, true), newSimulatedLB(n, 4, true)
			a, err := newVariant(name, told.options(0))
			require.NoError(t, err)
			b, err := newVariant(name, told.options(0))
			require.NoError(t, err)
			for range 1000 {
				looking.view.changed = nil
				require.Equal(t, told.step(a), looking.step(b), "%s of %d servers", name, n)
			}
		}
	}
}

// TestPickAllocatesNothing, servers coming and going included.
func TestPickAllocatesNothing(t *testing.T) {
	for _, name := range variants() {
		for _, n := range []int{8, 100} {
			w := newSimulatedLB(n, 6, true)
			rule, err := newVariant(name, w.options(0))
			require.NoError(t, err)
			completer, _ := rule.(Completer)
			for range 3000 {
				w.step(rule)
			}
			w.view.changed = append(make([]int32, 0, 4), w.view.changed...)
			k := 0
			require.Zero(t, testing.AllocsPerRun(500, func() {
				k++
				j := k % n
				w.view.Out[j] = !w.view.Out[j] && j > 0
				w.view.Now += 0.01
				pick := rule.Pick(&w.view)
				w.view.changed = append(w.view.changed[:0], int32(pick), int32((k+1)%n))
				if completer != nil {
					completer.Completed(Completion{Server: pick, Now: w.view.Now, Duration: 0.5, Ongoing: 1})
				}
			}), "%s of %d servers", name, n)
		}
	}
}

// TestRandomOverThoseThatAreIn: the table gives each server that is in its
// share of their weights, and nothing to the rest.
func TestRandomOverThoseThatAreIn(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 20).Draw(t, "servers")
		weights := rapid.SliceOfN(rapid.Float64Range(0.01, 10), n, n).Draw(t, "weights")
		out := rapid.SliceOfN(rapid.Bool(), n, n).Draw(t, "out")
		out[rapid.IntRange(0, n-1).Draw(t, "in")] = false
		r, err := NewRandom(weights)
		require.NoError(t, err)
		r.Pick(&View{Out: out, Rand: rand.New(rand.NewPCG(1, 1))})
		total, got := 0.0, make([]float64, n)
		for j, w := range weights {
			if !out[j] {
				total += w
			}
		}
		for c, keep := range r.keep {
			got[r.members.in[c]] += keep / float64(len(r.keep))
			got[r.members.in[r.alias[c]]] += (1 - keep) / float64(len(r.keep))
		}
		for j, w := range weights {
			if out[j] {
				w = 0
			}
			require.InDelta(t, w/total, got[j], 1e-13, "server %d", j)
		}
	})
}

// TestGlobalFollowsTheLog: with the log of changes the rule picks as without it,
// also where more has changed than the log holds.
func TestGlobalFollowsTheLog(t *testing.T) {
	t.Parallel()
	for _, n := range []int{2, 40} {
		w := newSimulatedLB(n, 11, true)
		logged, err := NewGlobalShortestDelay(w.capacity())
		require.NoError(t, err)
		plain, err := NewGlobalShortestDelay(w.capacity())
		require.NoError(t, err)
		followed := 0
		for k := range 2000 {
			if k%100 == 50 {
				for range 5 * n {
					w.addOutstanding(w.random.IntN(n), 1)
				}
			}
			w.step(check(func(v *View) int {
				again := *v
				again.Rand = rand.New(rand.NewPCG(uint64(k), 3))
				want := *v
				want.Rand = rand.New(rand.NewPCG(uint64(k), 3))
				want.Global = withoutLog{w}
				pick := logged.Pick(&again)
				require.Equal(t, plain.Pick(&want), pick)
				if logged.view.changed != nil {
					followed++
				}
				return pick
			}))
		}
		require.True(t, followed > 1000 && followed < 2000, "followed %d times", followed)
	}
}

// withoutLog hides the log.
type withoutLog struct{ GlobalState }

// check is a Rule of one function.
type check func(v *View) int

func (c check) Pick(v *View) int { return c(v) }

// TestLeastWeights: scores of the least weights are still those of servers.
func TestLeastWeights(t *testing.T) {
	t.Parallel()
	for _, n := range []int{3, 17} {
		weights := uniform(n)
		for j := range weights {
			weights[j] = math.SmallestNonzeroFloat64
		}
		r, err := NewShortestDelay(weights, Options{})
		require.NoError(t, err)
		v := &View{Ongoing: make([]int32, n), Rand: rand.New(rand.NewPCG(1, 1))}
		for range 100 {
			require.Less(t, r.Pick(v), n)
		}
	}
}
