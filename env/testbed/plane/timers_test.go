package plane

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	_ "fairlb/env/propertytest"
)

// TestWheel: timers go off as a list of moments says, whatever is set, set anew and
// removed, and however far time jumps.
func TestWheel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		now := rapid.Int64Range(0, 5000).Draw(t, "start")
		w := newWheel(now)
		due := map[int32]int64{} // the naive twin
		for range rapid.IntRange(1, 200).Draw(t, "steps") {
			k := int32(rapid.IntRange(0, 20).Draw(t, "number"))
			switch rapid.IntRange(0, 2).Draw(t, "what") {
			case 0:
				at := now + rapid.Int64Range(-5, 3*wheelBuckets).Draw(t, "due")
				w.set(k, at)
				due[k] = max(at, now+1)
			case 1:
				w.remove(k)
				delete(due, k)
			case 2:
				now += rapid.OneOf(rapid.Int64Range(0, 5), rapid.Int64Range(0, 4*wheelBuckets)).Draw(t, "later")
				var want, got []int32
				for k, at := range due {
					if at <= now {
						want = append(want, k)
						delete(due, k)
					}
				}
				w.expire(now, func(k int32) { got = append(got, k) })
				slices.Sort(want)
				slices.Sort(got)
				require.Equal(t, want, got)
			}
			require.Equal(t, len(due), w.waiting)
		}
	})
}

// TestWheelChangesWhileItExpires: whoever is woken may set its own timer anew and remove
// another one's.
func TestWheelChangesWhileItExpires(t *testing.T) {
	t.Parallel()
	w := newWheel(0)
	for k := range int32(10) {
		w.set(k, 5)
	}
	woken := 0
	w.expire(5, func(k int32) {
		woken++
		w.remove(9 - k)
		w.set(k, 5)
	})
	require.Equal(t, 5, woken)
	require.Equal(t, 5, w.waiting)
}

// TestPassive: failures in a row put a server out, for twice as long after each return
// that fails; one that goes well ends that.
func TestPassive(t *testing.T) {
	t.Parallel()
	p := passive{failures: 3, penalty: 2}
	in := func(now float64) (slots []uint32) {
		p.back(now, func(slot uint32) { slots = append(slots, slot) })
		return slots
	}
	require.False(t, p.failed(1, 0, true))
	require.False(t, p.failed(1, 0, true))
	p.completed(1)
	require.False(t, p.failed(1, 0, true))
	require.False(t, p.failed(1, 0, true))
	require.True(t, p.failed(1, 0, true))
	require.False(t, p.failed(1, 1, true), "it is out already")
	require.Empty(t, in(1.9))
	require.Equal(t, []uint32{1}, in(2))
	require.True(t, p.failed(1, 3, true), "one more failure is enough")
	require.Empty(t, in(6.9))
	require.Equal(t, []uint32{1}, in(7))
	p.completed(1)
	require.False(t, p.failed(1, 8, true))
	require.False(t, p.failed(1, 8, true))
	require.False(t, p.failed(1, 8, false), "the last one stays")
	require.True(t, p.failed(1, 8, true))
	require.True(t, p.forgive(1))
	require.Empty(t, in(100))
	require.False(t, p.forgive(1))
	none := passive{penalty: 2}
	for range 100 {
		require.False(t, none.failed(0, 0, true))
	}
}
