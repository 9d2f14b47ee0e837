package nn

import (
	"math"

	"fairlb/agents/nn/simd"
)

// Polyak moves dst towards src by the part rate: dst += rate * (src - dst).
func Polyak(dst, src []float32, rate float32) {
	if len(dst) != len(src) {
		panic("nn: Polyak average of different lengths")
	}
	simd.Move(dst, src, rate)
}

// EMA is an exponential moving average of parameters, each step of which keeps
// the part Decay, in [0, 1), of what it was. It is corrected for its start as
// Adam's moments are (Kingma and Ba 2015, section 3): after the first step it
// is what it averages, and where it started from has no weight.
type EMA struct {
	Decay float64

	steps int
}

// Step takes src into the average dst.
func (e *EMA) Step(dst, src []float32) {
	e.steps++
	if e.steps == 1 {
		copy(dst, src)
		return
	}
	// The weight of the newest of n values, (1-d) / (1-d^n), keeps dst the
	// corrected average.
	Polyak(dst, src, float32((1-e.Decay)/(1-math.Pow(e.Decay, float64(e.steps)))))
}
