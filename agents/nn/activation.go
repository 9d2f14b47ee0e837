package nn

import (
	"math"

	"fairlb/agents/nn/simd"
)

// Activation is the function that a layer applies to its sums.
type Activation int

// The activations of the layers.
const (
	Identity Activation = iota
	ReLU
	Tanh
)

// activate adds bias to each row of x and applies a, in place.
func (a Activation) activate(x, bias []float32) {
	if a == ReLU {
		simd.AddRowReLU(x, bias)
		return
	}
	simd.AddRow(x, bias)
	if a == Tanh {
		simd.Tanh(x, x)
	}
}

// derive sets dst to the gradient by the sums, from the outputs and the
// gradient by them. At 0 ReLU's derivative is 0.
func (a Activation) derive(dst, out, dout []float32) {
	switch a {
	case Identity:
		copy(dst, dout)
	case ReLU:
		simd.ReLUGradient(dst, out, dout)
	case Tanh:
		simd.TanhGradient(dst, out, dout)
	}
}

func tanh(x float32) float32 { return float32(math.Tanh(float64(x))) }
func exp(x float32) float32  { return float32(math.Exp(float64(x))) }
