package nn

import (
	"math"
	"math/rand/v2"
)

// Init writes the first values of a parameter.
type Init func(dst []float32)

// HeUniform draws from U(-b, b) with b = sqrt(6 / fanIn), which keeps the
// variance of activations through ReLU layers (He et al. 2015, eq. 10).
func HeUniform(rng *rand.Rand, fanIn int) Init {
	return Uniform(rng, math.Sqrt(6/float64(fanIn)))
}

// Uniform draws from U(-bound, bound).
func Uniform(rng *rand.Rand, bound float64) Init {
	return func(dst []float32) {
		for i := range dst {
			dst[i] = float32(bound * (2*rng.Float64() - 1))
		}
	}
}

// Constant sets every value to v.
func Constant(v float32) Init {
	return func(dst []float32) {
		for i := range dst {
			dst[i] = v
		}
	}
}
