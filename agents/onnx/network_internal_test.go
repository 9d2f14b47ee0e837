package onnx

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestWithin: a bound as a float32 does not exceed the bound, and is near it.
func TestWithin(t *testing.T) {
	t.Parallel()
	for _, v := range []float64{0.2, math.Exp(-1.5), math.Exp(1.5), 5, 1, 0.1, 0.7, 1.1, 3.3} {
		f := within(v)
		require.InEpsilon(t, v, f, 2e-7)
		require.True(t, v >= 1 && float64(f) <= v || v <= 1 && float64(f) >= v, "%g: %g", v, f)
	}
}
