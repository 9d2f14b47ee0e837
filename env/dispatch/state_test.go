package dispatch

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"fairlb/env/snapshot"
)

// save returns the state of a rule, which is empty if it is no Stater.
func save(rule Rule) []byte {
	c := snapshot.Writer()
	if s, ok := rule.(snapshot.Stater); ok {
		s.State(c)
	}
	return c.Bytes()
}

func restore(rule Rule, data []byte) error {
	c := snapshot.Reader(data)
	if s, ok := rule.(snapshot.Stater); ok {
		s.State(c)
	}
	c.End()
	return c.Err()
}

// TestResume: a rule whose state is restored into a new one, whose View is then
// invalidated, goes on as the saved one does.
func TestResume(t *testing.T) {
	t.Parallel()
	for _, name := range variants() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(t *rapid.T) {
				n, seed := rapid.IntRange(1, 40).Draw(t, "servers"), rapid.Uint64().Draw(t, "seed")
				through, broken := newSimulatedLB(n, seed, true), newSimulatedLB(n, seed, true)
				a, err := newVariant(name, through.options(1))
				require.NoError(t, err)
				b, err := newVariant(name, through.options(1))
				require.NoError(t, err)
				for range rapid.IntRange(0, 400).Draw(t, "picks before") {
					require.Equal(t, through.step(a), broken.step(b))
				}
				data := save(b)
				fresh, err := newVariant(name, through.options(1))
				require.NoError(t, err)
				require.NoError(t, restore(fresh, data))
				require.Equal(t, data, save(fresh))
				broken.view.changed = nil
				for range 200 {
					require.Equal(t, through.step(a), broken.step(fresh))
				}
				require.Equal(t, save(a), save(fresh))
			})
		})
	}
}

// TestResetForgets: after Reset a rule acts as one that has just been made.
func TestResetForgets(t *testing.T) {
	t.Parallel()
	for _, name := range variants() {
		w := newSimulatedLB(20, 1, true)
		used, err := newVariant(name, w.options(0))
		require.NoError(t, err)
		for range 500 {
			w.step(used)
		}
		if r, ok := used.(Resetter); ok {
			r.Reset()
		}
		fresh, err := newVariant(name, w.options(0))
		require.NoError(t, err)
		require.Equal(t, save(fresh), save(used), name)
		a, b := newSimulatedLB(20, 2, true), newSimulatedLB(20, 2, true)
		for range 500 {
			require.Equal(t, a.step(fresh), b.step(used), name)
		}
	}
}

// TestDamagedState: state that is cut, or of another number of servers, is
// refused; with any byte changed it is refused or gives a rule that works.
func TestDamagedState(t *testing.T) {
	t.Parallel()
	for _, name := range variants() {
		w := newSimulatedLB(5, 3, true)
		used, err := newVariant(name, w.options(0))
		require.NoError(t, err)
		for range 100 {
			w.step(used)
		}
		data := save(used)
		fresh := func(n int) Rule {
			r, err := newVariant(name, newSimulatedLB(n, 3, true).options(0))
			require.NoError(t, err)
			return r
		}
		for n := range data {
			require.ErrorIs(t, restore(fresh(5), data[:n]), snapshot.ErrDamaged, "%s cut at %d", name, n)
			spoilt := append([]byte(nil), data...)
			spoilt[n] ^= 0xc0
			rule := fresh(5)
			if restore(rule, spoilt) != nil {
				continue
			}
			v := w.view
			v.changed = nil
			for range 5 {
				pick := rule.Pick(&v)
				require.True(t, pick >= 0 && pick < 5 && !v.Out[pick], "%s, byte %d", name, n)
				v.changed = []int32{int32(pick)}
				v.Now += 0.5
			}
		}
		if len(data) > 0 {
			require.ErrorIs(t, restore(fresh(6), data), snapshot.ErrDamaged, name)
		}
	}
}

// TestWeightsAreSaved: those that an agent has set.
func TestWeightsAreSaved(t *testing.T) {
	t.Parallel()
	a, err := NewShortestDelay([]float64{1, 1}, Options{})
	require.NoError(t, err)
	require.NoError(t, a.SetWeights([]float64{1, 3}))
	b, err := NewShortestDelay([]float64{1, 1}, Options{})
	require.NoError(t, err)
	b.Pick(&View{Ongoing: []int32{0, 3}})
	require.NoError(t, restore(b, save(a)))
	require.Equal(t, 1, b.Pick(&View{Ongoing: []int32{1, 2}, changed: []int32{}}))
	a.weights[1] = -1
	require.ErrorContains(t, restore(b, save(a)), "weight of server 1 is -1")
}
