package eight

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestKeys(t *testing.T) {
	t.Parallel()
	none := Nobody()
	require.Equal(t, Key(math.Inf(1)), none.Least())
	require.Equal(t, uint64(255), none.Have(Never))
	rapid.Check(t, func(t *rapid.T) {
		var numbers [8]float64
		var keys Keys
		for i := range numbers {
			numbers[i] = rapid.OneOf(
				rapid.SampledFrom([]float64{0, 1, 2, math.SmallestNonzeroFloat64, math.MaxFloat64, math.Inf(1)}),
				rapid.Float64Range(0, 1e9),
			).Draw(t, "number")
			keys[i] = Key(numbers[i])
		}
		least := slices.Min(numbers[:])
		require.Equal(t, Key(least), keys.Least())
		for i, x := range numbers {
			require.Equal(t, x == least, keys.Have(Key(least))>>i&1 == 1)
		}
	})
}
