package nn

import (
	"errors"
	"math"

	"fairlb/agents/nn/simd"
	"fairlb/env/snapshot"
)

// ErrDiverged reports a gradient that is not finite.
var ErrDiverged = errors.New("nn: the gradient is not finite")

// AdamConfig holds the numbers of an optimiser. The zero value is Adam with
// the defaults of its authors, without clipping.
type AdamConfig struct {
	Beta1   float64 // decay of the mean; 0 means 0.9
	Beta2   float64 // decay of the mean square; 0 means 0.999
	Epsilon float64 // added to the root; 0 means 1e-8

	// WeightDecay is the part of the values, times the learning rate, that a
	// step takes away before it moves them: AdamW (Loshchilov and Hutter 2019,
	// algorithm 2, in PyTorch's form). 0 is Adam.
	WeightDecay float64

	// MaxNorm is the length to which longer gradients are cut; 0 for no limit.
	MaxNorm float64
}

// Adam is the optimiser of Kingma and Ba 2015, algorithm 1, or AdamW, over one
// flat slice.
type Adam struct {
	cfg          AdamConfig
	step         int
	mean, square []float32
}

// NewAdam returns an optimiser of size values.
func NewAdam(size int, cfg AdamConfig) *Adam {
	set := func(v *float64, usual float64) {
		if *v == 0 {
			*v = usual
		}
	}
	set(&cfg.Beta1, 0.9)
	set(&cfg.Beta2, 0.999)
	set(&cfg.Epsilon, 1e-8)
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
	rootCorrection := math.Sqrt(1 - math.Pow(c.Beta2, t))
	// rate * (m / c1) / (sqrt(v / c2) + eps), with the corrections taken out of the loop
	simd.Adam{
		Scale: float32(scale), Beta1: float32(c.Beta1), Beta2: float32(c.Beta2),
		Size:    float32(rate * rootCorrection / (1 - math.Pow(c.Beta1, t))),
		Epsilon: float32(c.Epsilon * rootCorrection),
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
