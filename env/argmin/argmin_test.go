package argmin

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	_ "fairlb/env/propertytest"
)

func TestGroup(t *testing.T) {
	t.Parallel()
	empty := Empty()
	require.Equal(t, Key(math.Inf(1)), empty.Min())
	require.Equal(t, uint64(255), empty.Equal(Infinity))
	rapid.Check(t, func(t *rapid.T) {
		var numbers [8]float64
		var keys Group
		for i := range numbers {
			numbers[i] = rapid.OneOf(
				rapid.SampledFrom([]float64{0, 1, 2, math.SmallestNonzeroFloat64, math.MaxFloat64, math.Inf(1)}),
				rapid.Float64Range(0, 1e9),
			).Draw(t, "number")
			keys[i] = Key(numbers[i])
		}
		least := slices.Min(numbers[:])
		require.Equal(t, Key(least), keys.Min())
		for i, x := range numbers {
			require.Equal(t, x == least, keys.Equal(Key(least))>>i&1 == 1)
		}
	})
}
