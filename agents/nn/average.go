package nn

import (
	"fairlb/agents/nn/simd"
)

// Polyak moves dst towards src by the part rate, in [0, 1]: dst += rate (src - dst).
// It panics if their lengths differ.
func Polyak(dst, src []float32, rate float32) {
	if len(dst) != len(src) {
		panic("nn: Polyak average of different lengths")
	}
	simd.Move(dst, src, rate)
}

// Mean returns the mean of values, of which there is at least one, summed in
// float64.
func Mean(x []float32) float64 {
	sum := 0.0
	for _, v := range x {
		sum += float64(v)
	}
	return sum / float64(len(x))
}
