package nn

import (
	"fmt"

	"fairlb/agents/nn/simd"
)

// LogSoftmax turns logits [R,C] into log-probabilities: the head of a factored
// categorical policy, one categorical per row or, with Levels, one for each so
// many columns.
type LogSoftmax struct {
	Levels int // K, which divides C; 0 means C

	cols int
	p    []float32 // [R,K]
	norm []float32 // [R]
}

var _ Kernel = (*LogSoftmax)(nil)

// Name implements Kernel.
func (k *LogSoftmax) Name() string { return "log-softmax" }

// Bind implements Kernel.
func (k *LogSoftmax) Bind(in ...[]int) ([]int, error) {
	if err := wantInputs(in, 2); err != nil {
		return nil, err
	}
	k.cols = in[0][1]
	if k.Levels != 0 {
		k.cols = k.Levels
	}
	if k.cols < 1 || in[0][1]%k.cols != 0 {
		return nil, fmt.Errorf("%w: %d columns are no whole number of categoricals of %d levels", ErrShape, in[0][1], k.cols)
	}
	k.p, k.norm = make([]float32, sizeOf(in[0])), make([]float32, sizeOf(in[0])/k.cols)
	return in[0], nil
}

// Forward implements Kernel.
func (k *LogSoftmax) Forward(out []float32, in [][]float32) {
	for r := 0; r < len(out); r += k.cols {
		x := in[0][r : r+k.cols]
		top := x[0]
		for _, v := range x {
			top = max(top, v)
		}
		for i, v := range x {
			out[r+i] = v - top // first, for top may be large
		}
	}
	simd.Exp(k.p, out)
	for r := range k.norm {
		var sum float32
		for _, p := range k.p[r*k.cols : (r+1)*k.cols] {
			sum += p
		}
		k.norm[r] = sum
	}
	simd.Log(k.norm, k.norm)
	for r, norm := range k.norm {
		for i := r * k.cols; i < (r+1)*k.cols; i++ {
			out[i] -= norm
		}
	}
}

// Backward implements Kernel: dx = dout - p sum(dout).
func (k *LogSoftmax) Backward(din [][]float32, dout, out []float32, _ [][]float32) {
	dx := din[0]
	if dx == nil {
		return
	}
	simd.Exp(k.p, out)
	for r := 0; r < len(out); r += k.cols {
		var sum float32
		for _, d := range dout[r : r+k.cols] {
			sum += d
		}
		for i := r; i < r+k.cols; i++ {
			dx[i] = dout[i] - k.p[i]*sum
		}
	}
}

// Expectation is the exact mean of the values v [R,K] under the categorical of
// each row: sum_k exp(logp_k) v_k, from logp [R,K] and v -> [R,1].
type Expectation struct {
	rows, cols int
}

var _ Kernel = (*Expectation)(nil)

// Name implements Kernel.
func (k *Expectation) Name() string { return "expectation" }

// Bind implements Kernel.
func (k *Expectation) Bind(in ...[]int) ([]int, error) {
	if err := wantInputs(in, 2, 2); err != nil {
		return nil, err
	}
	k.rows, k.cols = in[0][0], in[0][1]
	return []int{k.rows, 1}, WantShape("values", in[1], k.rows, k.cols)
}

// Forward implements Kernel.
func (k *Expectation) Forward(out []float32, in [][]float32) {
	for r := range out {
		var sum float32
		for i := r * k.cols; i < (r+1)*k.cols; i++ {
			sum += exp(in[0][i]) * in[1][i]
		}
		out[r] = sum
	}
}

// Backward implements Kernel.
func (k *Expectation) Backward(din [][]float32, dout, _ []float32, in [][]float32) {
	for r, d := range dout {
		for i := r * k.cols; i < (r+1)*k.cols; i++ {
			p := exp(in[0][i])
			if din[0] != nil {
				din[0][i] = d * p * in[1][i]
			}
			if din[1] != nil {
				din[1][i] = d * p
			}
		}
	}
}

// Entropy is the entropy of the categorical of each row,
// -sum_k p_k log p_k, from log-probabilities [R,K] -> [R,1], in nats.
type Entropy struct {
	rows, cols int
}

var _ Kernel = (*Entropy)(nil)

// Name implements Kernel.
func (k *Entropy) Name() string { return "entropy" }

// Bind implements Kernel.
func (k *Entropy) Bind(in ...[]int) ([]int, error) {
	if err := wantInputs(in, 2); err != nil {
		return nil, err
	}
	k.rows, k.cols = in[0][0], in[0][1]
	return []int{k.rows, 1}, nil
}

// Forward implements Kernel.
func (k *Entropy) Forward(out []float32, in [][]float32) {
	for r := range out {
		var sum float32
		for _, lp := range in[0][r*k.cols : (r+1)*k.cols] {
			sum -= exp(lp) * lp
		}
		out[r] = sum
	}
}

// Backward implements Kernel.
func (k *Entropy) Backward(din [][]float32, dout, _ []float32, in [][]float32) {
	if din[0] == nil {
		return
	}
	for r, d := range dout {
		for i := r * k.cols; i < (r+1)*k.cols; i++ {
			lp := in[0][i]
			din[0][i] = -d * exp(lp) * (lp + 1)
		}
	}
}

// Gather takes one column of each row: from x [R,K] and index [R,1], whole
// numbers 0 to K-1 -> [R,1]. The index gets no gradient. Any other index
// panics: it is a fault of the program.
type Gather struct {
	rows, cols int
}

var _ Kernel = (*Gather)(nil)

// Name implements Kernel.
func (k *Gather) Name() string { return "gather" }

// Bind implements Kernel.
func (k *Gather) Bind(in ...[]int) ([]int, error) {
	if err := wantInputs(in, 2, 2); err != nil {
		return nil, err
	}
	k.rows, k.cols = in[0][0], in[0][1]
	return []int{k.rows, 1}, WantShape("index", in[1], k.rows, 1)
}

// Forward implements Kernel.
func (k *Gather) Forward(out []float32, in [][]float32) {
	for r := range out {
		out[r] = in[0][k.offset(r, in[1])]
	}
}

// Backward implements Kernel.
func (k *Gather) Backward(din [][]float32, dout, _ []float32, in [][]float32) {
	clear(din[1])
	if din[0] == nil {
		return
	}
	clear(din[0])
	for r, d := range dout {
		din[0][k.offset(r, in[1])] = d
	}
}

// offset returns where x holds what row r takes.
func (k *Gather) offset(r int, index []float32) int {
	v := index[r]
	if !(v >= 0 && v < float32(k.cols)) || v != float32(int(v)) {
		panic("nn: gather: an index is no column")
	}
	return r*k.cols + int(v)
}
