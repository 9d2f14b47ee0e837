package nn

import (
	"fmt"
	"math"
)

// RowProduct multiplies each row of x by a matrix of its own, as the layers of
// a mixing network do whose weights a hypernetwork makes of the state:
//
//	out[r,e] = sum_a x[r,a] |w[r,a,e]|
//
// with x [R,A] and w [R,A*E], row r of which is a matrix [A,E] -> [R,E]. The
// absolute values make the output rise with every x (Rashid et al. 2018,
// section 4); the gradient of |w| at 0 is 0.
type RowProduct struct {
	Abs bool // whether w acts by its absolute value; if not, w itself

	rows, in, out int
}

var _ Kernel = (*RowProduct)(nil)

// Name implements Kernel.
func (k *RowProduct) Name() string { return "row product" }

// Bind implements Kernel.
func (k *RowProduct) Bind(in ...[]int) ([]int, error) {
	if err := wantInputs(in, 2, 2); err != nil {
		return nil, err
	}
	k.rows, k.in = in[0][0], in[0][1]
	if in[1][0] != k.rows || k.in < 1 || in[1][1]%k.in != 0 {
		return nil, fmt.Errorf("%w: weights have shape %v, want [%d, %d*E]", ErrShape, in[1], k.rows, k.in)
	}
	k.out = in[1][1] / k.in
	return []int{k.rows, k.out}, nil
}

// weight is what w acts by.
func (k *RowProduct) weight(w float32) float32 {
	if k.Abs {
		return math.Float32frombits(math.Float32bits(w) &^ (1 << 31))
	}
	return w
}

// Forward implements Kernel.
func (k *RowProduct) Forward(out []float32, in [][]float32) {
	clear(out)
	for i, x := range in[0] { // i = r*A + a
		y := out[i/k.in*k.out:][:k.out]
		for e, w := range in[1][i*k.out:][:k.out] {
			y[e] += x * k.weight(w)
		}
	}
}

// Backward implements Kernel.
func (k *RowProduct) Backward(din [][]float32, dout, _ []float32, in [][]float32) {
	for i, x := range in[0] {
		d, w := dout[i/k.in*k.out:][:k.out], in[1][i*k.out:][:k.out]
		if din[0] != nil {
			var sum float32
			for e, v := range d {
				sum += v * k.weight(w[e])
			}
			din[0][i] = sum
		}
		if din[1] == nil {
			continue
		}
		dw := din[1][i*k.out:][:k.out]
		for e, v := range d {
			switch {
			case !k.Abs || w[e] > 0:
				dw[e] = v * x
			case w[e] < 0:
				dw[e] = -v * x
			default:
				dw[e] = 0
			}
		}
	}
}
