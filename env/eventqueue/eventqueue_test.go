package eventqueue

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	_ "fairlb/env/propertytest"
)

// TestQueue compares with a sorted list: by time, of equals the older first,
// also where the count of entries wraps around, through growth into a heap and
// back.
func TestQueue(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var h Queue
		var list []Entry
		order := rapid.SampledFrom([]uint32{0, math.MaxUint32 - 5}).Draw(t, "first order")
		pop := func() {
			k := 0
			for i := range list { // the list is in the order of entry
				if list[i].Time < list[k].Time {
					k = i
				}
			}
			require.Equal(t, list[k], *h.First())
			require.Equal(t, list[k], h.Pop())
			list = slices.Delete(list, k, k+1)
		}
		for range rapid.SampledFrom([]int{1, 20, 200}).Draw(t, "operations") {
			if len(list) > 0 && rapid.IntRange(0, 3).Draw(t, "pop") == 0 {
				pop()
				continue
			}
			x := Entry{Time: float64(rapid.IntRange(0, 9).Draw(t, "time")), Order: order, ID: uint32(len(list))}
			order++
			h.Push(x)
			list = append(list, x)
		}
		for len(list) > 0 {
			pop()
		}
		require.Zero(t, h.Len())
	})
}
