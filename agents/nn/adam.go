package nn

import (
	"errors"
	"math"

	"fairlb/agents/nn/simd"
)

// ErrDiverged reports a gradient that is not finite.
var ErrDiverged = errors.New("nn: the gradient is not finite")

// Adam is the optimiser of Kingma and Ba 2015, algorithm 1, over one flat
// slice, after clipping the gradient's norm.
type Adam struct {
	beta1, beta2, eps, maxNorm float64
	step                       int
	mean, square               []float32
}

// NewAdam returns an optimiser of size values with beta1 0.9, beta2 0.999 and
// epsilon 1e-8. Gradients longer than maxNorm are shortened to it; 0 leaves
// them as they are.
func NewAdam(size int, maxNorm float64) *Adam {
	return &Adam{
		beta1: 0.9, beta2: 0.999, eps: 1e-8, maxNorm: maxNorm,
		mean: make([]float32, size), square: make([]float32, size),
	}
}

// Step moves values against gradient at the given learning rate and returns
// the gradient's norm before clipping. It fails with ErrDiverged, and changes
// nothing, if that is not finite.
func (o *Adam) Step(values, gradient []float32, rate float64) (norm float64, err error) {
	if len(values) != len(o.mean) || len(gradient) != len(o.mean) {
		panic("nn: optimiser step of another length")
	}
	for _, g := range gradient {
		norm += float64(g) * float64(g)
	}
	norm = math.Sqrt(norm)
	if math.IsNaN(norm) || math.IsInf(norm, 0) {
		return norm, ErrDiverged
	}
	scale := 1.0
	if o.maxNorm > 0 && norm > o.maxNorm {
		scale = o.maxNorm / norm
	}
	o.step++
	t := float64(o.step)
	rootCorrection := math.Sqrt(1 - math.Pow(o.beta2, t))
	// rate * (m / c1) / (sqrt(v / c2) + eps), with the corrections taken out of the loop
	simd.Adam{
		Scale: float32(scale), Beta1: float32(o.beta1), Beta2: float32(o.beta2), Decay: 1,
		Size:    float32(rate * rootCorrection / (1 - math.Pow(o.beta1, t))),
		Epsilon: float32(o.eps * rootCorrection),
	}.Step(values, gradient, o.mean, o.square)
	return norm, nil
}
