package nn

import "fmt"

// MeanSquare is the mean of (x - y)^2 over two tensors of one shape -> [1].
//
// A third input of that shape is a mask, 1 for the entries that count and 0 for
// those that do not. What masked entries hold changes nothing, be it NaN or
// infinite; a mask that leaves nothing gives 0 and zero gradients. The mask gets
// no gradient.
type MeanSquare struct {
	counted int // entries that the last Forward has counted
}

var _ Kernel = (*MeanSquare)(nil)

// Name implements Kernel.
func (k *MeanSquare) Name() string { return "mean square" }

// Bind implements Kernel.
func (k *MeanSquare) Bind(in ...[]int) ([]int, error) {
	if len(in) != 2 && len(in) != 3 {
		return nil, fmt.Errorf("%w: %d inputs, want 2 or, with a mask, 3", ErrShape, len(in))
	}
	if err := WantShape("target", in[1], in[0]...); err != nil {
		return nil, err
	}
	if len(in) == 3 {
		return []int{1}, WantShape("mask", in[2], in[0]...)
	}
	return []int{1}, nil
}

// Forward implements Kernel. It sums in float64.
func (k *MeanSquare) Forward(out []float32, in [][]float32) {
	mask := optional(in, 2)
	var sum float64
	k.counted = 0
	for i, x := range in[0] {
		if mask != nil && mask[i] == 0 {
			continue
		}
		d := float64(x) - float64(in[1][i])
		sum += d * d
		k.counted++
	}
	out[0] = 0
	if k.counted > 0 {
		out[0] = float32(sum / float64(k.counted))
	}
}

// Backward implements Kernel.
func (k *MeanSquare) Backward(din [][]float32, dout, _ []float32, in [][]float32) {
	mask := optional(in, 2)
	scale := 2 * dout[0] / float32(k.counted)
	for i, x := range in[0] {
		var d float32
		if mask == nil || mask[i] != 0 {
			d = scale * (x - in[1][i])
		}
		if din[0] != nil {
			din[0][i] = d
		}
		if din[1] != nil {
			din[1][i] = -d
		}
	}
	clear(optional(din, 2))
}

// optional returns input i, or nil if there are fewer.
func optional(in [][]float32, i int) []float32 {
	if i < len(in) {
		return in[i]
	}
	return nil
}

// WeightedSum is sum_i Weights[i] * in[i] of tensors of one shape, as many as
// there are weights: the sum of the terms of a loss.
type WeightedSum struct {
	Weights []float32
}

var _ Kernel = (*WeightedSum)(nil)

// Name implements Kernel.
func (k *WeightedSum) Name() string { return "weighted sum" }

// Bind implements Kernel.
func (k *WeightedSum) Bind(in ...[]int) ([]int, error) {
	if len(in) == 0 || len(in) != len(k.Weights) {
		return nil, wantInputs(in, make([]int, len(k.Weights))...)
	}
	for _, s := range in[1:] {
		if err := WantShape("term", s, in[0]...); err != nil {
			return nil, err
		}
	}
	return in[0], nil
}

// Forward implements Kernel.
func (k *WeightedSum) Forward(out []float32, in [][]float32) {
	clear(out)
	for t, w := range k.Weights {
		for i, v := range in[t] {
			out[i] += w * v
		}
	}
}

// Backward implements Kernel.
func (k *WeightedSum) Backward(din [][]float32, dout, _ []float32, _ [][]float32) {
	for t, w := range k.Weights {
		for i := range din[t] {
			din[t][i] = w * dout[i]
		}
	}
}
