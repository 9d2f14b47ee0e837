package nn

import (
	"fmt"
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
	ELU // x where it is positive, else e^x - 1 (Clevert et al. 2016, alpha 1)
	Sigmoid
)

// activate adds bias to each row of x and applies the activation, in place.
func (a Activation) activate(x, bias []float32) {
	if a == ReLU {
		simd.AddRowReLU(x, bias)
		return
	}
	simd.AddRow(x, bias)
	a.apply(x)
}

// apply applies the activation to x, in place.
func (a Activation) apply(x []float32) {
	switch a {
	case ReLU:
		for i, v := range x {
			x[i] = max(v, 0)
		}
	case Tanh:
		simd.Tanh(x, x)
	case ELU:
		for i, v := range x {
			if v < 0 {
				x[i] = float32(math.Expm1(float64(v))) // e^x - 1 itself cancels near 0
			}
		}
	case Sigmoid:
		simd.Sigmoid(x, x)
	}
}

// derive sets dst to the gradient by the activation's inputs, given its outputs out
// and the gradient dout by them. ReLU's derivative at 0 is 0.
func (a Activation) derive(dst, out, dout []float32) {
	switch a {
	case Identity:
		copy(dst, dout)
	case ReLU:
		simd.ReLUGradient(dst, out, dout)
	case Tanh:
		simd.TanhGradient(dst, out, dout)
	case ELU:
		for i, v := range out {
			dst[i] = dout[i] * (1 + min(v, 0))
		}
	case Sigmoid:
		for i, v := range out {
			dst[i] = dout[i] * v * (1 - v)
		}
	}
}

// Activate applies an activation to each value of x, of any shape, as an operation of
// its own.
type Activate struct {
	Act Activation
}

var _ Kernel = (*Activate)(nil)

// Name implements Kernel.
func (k *Activate) Name() string { return "activate" }

// Bind implements Kernel.
func (k *Activate) Bind(in ...[]int) ([]int, error) {
	if len(in) != 1 {
		return nil, fmt.Errorf("%w: %d inputs, want 1", ErrShape, len(in))
	}
	return in[0], nil
}

// Forward implements Kernel.
func (k *Activate) Forward(out []float32, in [][]float32) {
	copy(out, in[0])
	k.Act.apply(out)
}

// Backward implements Kernel.
func (k *Activate) Backward(din [][]float32, dout, out []float32, _ [][]float32) {
	if din[0] != nil {
		k.Act.derive(din[0], out, dout)
	}
}

func tanh(x float32) float32 { return float32(math.Tanh(float64(x))) }
func exp(x float32) float32  { return float32(math.Exp(float64(x))) }
