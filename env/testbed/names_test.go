package testbed

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestCompareNames(t *testing.T) {
	t.Parallel()
	want := []string{"", "a", "a2", "a02", "a10", "a10b", "a11", "b"}
	got := slices.Clone(want)
	slices.Reverse(got)
	slices.SortFunc(got, CompareNames)
	require.Equal(t, []string{"", "a", "a02", "a2", "a10", "a10b", "a11", "b"}, got)
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringMatching(`[ab019]{0,5}`)
		a, b, c := name.Draw(t, "a"), name.Draw(t, "b"), name.Draw(t, "c")
		require.Equal(t, a == b, CompareNames(a, b) == 0)
		require.Equal(t, CompareNames(a, b), -CompareNames(b, a))
		if CompareNames(a, b) <= 0 && CompareNames(b, c) <= 0 {
			require.LessOrEqual(t, CompareNames(a, c), 0)
		}
	})
}
