package replay

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// TestTreeFindsAsALoopDoes: whole numbers, of which sums are exact.
func TestTreeFindsAsALoopDoes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.IntRange(0, 3), 1, 20).Draw(t, "values")
		tree := newSumTree(slices.Repeat([]float64{2}, len(values)))
		sum := 0.0
		for i, v := range values {
			tree.set(i, float64(v))
			require.Equal(t, float64(v), tree.value(i))
			sum += float64(v)
		}
		require.Equal(t, sum, tree.total())
		x := 0.0
		for i, v := range values {
			for k := range 2 * v { // at each half
				got, rest := tree.find(x + float64(k)/2)
				require.Equal(t, i, got)
				require.Equal(t, float64(k)/2, rest)
			}
			x += float64(v)
		}
		if sum > 0 { // rounding may leave a draw at the very end
			last, _ := tree.find(sum)
			require.Positive(t, values[last])
			for _, v := range values[last+1:] {
				require.Zero(t, v)
			}
		}
	})
}

// TestTreeForgets: sums follow from the values, whatever was there before.
func TestTreeForgets(t *testing.T) {
	t.Parallel()
	want := newSumTree([]float64{0.1, 0.2, 0.3, 0.4, 0.5})
	got := newSumTree([]float64{1e9, 1e9, 1e9, 1e9, 1e9})
	for _, i := range []int{3, 0, 4, 1, 2} {
		got.set(i, want.value(i))
	}
	require.Equal(t, want, got)
	none := newSumTree(nil)
	require.Zero(t, none.total())
}
