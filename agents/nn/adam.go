package nn

import (
	"errors"
	"math"

	"fairlb/agents/nn/simd"
	"fairlb/env/snapshot"
)

// ErrDiverged reports a gradient that is not finite.
var ErrDiverged = errors.New("nn: the gradient is not finite")

// What the authors of Adam propose (Kingma and Ba 2015, algorithm 1).
const (
	adamBeta1   = 0.9   // decay of the mean of the gradients
	adamBeta2   = 0.999 // decay of the mean of their squares
	adamEpsilon = 1e-8  // added to the root of the mean square
)

// AdamConfig holds the numbers of an optimiser that learners set. The zero
// value is Adam without clipping.
type AdamConfig struct {
	// WeightDecay is the part of the values, times the learning rate, that a
	// step takes away before it moves them: AdamW (Loshchilov and Hutter 2019,
	// algorithm 2, in PyTorch's form). 0 is Adam.
	WeightDecay float64

	// MaxNorm is the length to which longer gradients are cut; 0 for no limit.
	MaxNorm float64
}

// Adam is the optimiser of Kingma and Ba 2015, algorithm 1, or AdamW, over one
// flat slice of parameters.
type Adam struct {
	cfg          AdamConfig
	step         int
	mean, square []float32
}

// NewAdam returns an optimiser of size values.
func NewAdam(size int, cfg AdamConfig) *Adam {
	return &Adam{cfg: cfg, mean: make([]float32, size), square: make([]float32, size)}
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
	c := o.cfg
	scale := 1.0
	if c.MaxNorm > 0 && norm > c.MaxNorm {
		scale = c.MaxNorm / norm
	}
	o.step++
	t := float64(o.step)
	rootCorrection := math.Sqrt(1 - math.Pow(adamBeta2, t))
	// rate * (m / c1) / (sqrt(v / c2) + eps), with the corrections taken out of the loop
	simd.Adam{
		Scale: float32(scale), Beta1: adamBeta1, Beta2: adamBeta2,
		Size:    float32(rate * rootCorrection / (1 - math.Pow(adamBeta1, t))),
		Epsilon: float32(adamEpsilon * rootCorrection),
		Decay:   float32(1 - rate*c.WeightDecay),
	}.Step(values, gradient, o.mean, o.square)
	return norm, nil
}

// State implements snapshot.Stater: the moments and the number of steps.
func (o *Adam) State(c *snapshot.Codec) {
	snapshot.Int(c, &o.step)
	c.Float32s(o.mean)
	c.Float32s(o.square)
}

// ScalarAdam is Adam of a single number in float64, such as the logarithm of a
// temperature, where Adam works on float32 slices.
type ScalarAdam struct {
	mean, square   float64
	power1, power2 float64 // beta1^t and beta2^t after t steps
}

// NewScalarAdam returns an optimiser that has made no step.
func NewScalarAdam() *ScalarAdam { return &ScalarAdam{power1: 1, power2: 1} }

// Step returns value moved against its gradient at the given learning rate.
func (o *ScalarAdam) Step(value, gradient, rate float64) float64 {
	o.mean = adamBeta1*o.mean + (1-adamBeta1)*gradient
	o.square = adamBeta2*o.square + (1-adamBeta2)*gradient*gradient
	o.power1 *= adamBeta1
	o.power2 *= adamBeta2
	step := o.mean / (1 - o.power1) / (math.Sqrt(o.square/(1-o.power2)) + adamEpsilon)
	return value - rate*step
}

// State implements snapshot.Stater: the moments and the powers.
func (o *ScalarAdam) State(c *snapshot.Codec) {
	for _, x := range []*float64{&o.mean, &o.square, &o.power1, &o.power2} {
		c.Float64(x)
	}
}
