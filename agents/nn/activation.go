package nn

import "math"

// Activation is the function that a layer applies to its sums.
type Activation int

// The activations of the layers.
const (
	Identity Activation = iota
	ReLU
	Tanh
)

// activate applies a to x in place.
func (a Activation) activate(x []float32) {
	switch a {
	case ReLU:
		for i, v := range x {
			x[i] = max(v, 0)
		}
	case Tanh:
		for i, v := range x {
			x[i] = tanh(v)
		}
	}
}

// derive sets dst to the gradient by the sums, from the outputs and the
// gradient by them. At 0 ReLU's derivative is 0.
func (a Activation) derive(dst, out, dout []float32) {
	switch a {
	case Identity:
		copy(dst, dout)
	case ReLU:
		// Which units are active is a coin toss: a mask is faster than a branch.
		for i, v := range out {
			b := math.Float32bits(v) // zero exactly where the unit is inactive
			mask := uint32(int32(b|-b) >> 31)
			dst[i] = math.Float32frombits(math.Float32bits(dout[i]) & mask)
		}
	case Tanh:
		for i, v := range out {
			dst[i] = dout[i] * (1 - v*v)
		}
	}
}

func tanh(x float32) float32 { return float32(math.Tanh(float64(x))) }
func exp(x float32) float32  { return float32(math.Exp(float64(x))) }

// addRow adds row to each row of x.
func addRow(x, row []float32) {
	for r := 0; r < len(x); r += len(row) {
		for i, v := range row {
			x[r+i] += v
		}
	}
}

// sumRows sets dst to the sum of the rows of x.
func sumRows(dst, x []float32) {
	clear(dst)
	for r := 0; r < len(x); r += len(dst) {
		for i, v := range x[r : r+len(dst)] {
			dst[i] += v
		}
	}
}
