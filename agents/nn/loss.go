package nn

import (
	"fmt"
	"math"
)

// pair is what the losses over x and its target y share: two tensors of one
// shape and, optionally, a mask of that shape, 1 for the entries that count and
// 0 for those that do not. What masked entries hold changes nothing, be it NaN
// or infinite; a mask that leaves nothing gives 0 and zero gradients. The mask
// gets no gradient.
type pair struct {
	size int
	left int // entries that the last Forward counted
}

func (p *pair) bind(in [][]int) error {
	if len(in) != 2 && len(in) != 3 {
		return fmt.Errorf("%w: %d inputs, want 2 or, with a mask, 3", ErrShape, len(in))
	}
	if err := WantShape("target", in[1], in[0]...); err != nil {
		return err
	}
	p.size = sizeOf(in[0])
	if len(in) == 3 {
		return WantShape("mask", in[2], in[0]...)
	}
	return nil
}

// masked reports whether entry i does not count.
func (p *pair) masked(in [][]float32, i int) bool { return len(in) == 3 && in[2][i] == 0 }

// mean is the mean of term(x - y) over the entries that count.
func (p *pair) mean(in [][]float32, term func(d float64) float64) float32 {
	var sum float64
	p.left = 0
	for i, x := range in[0] {
		if p.masked(in, i) {
			continue
		}
		p.left++
		sum += term(float64(x) - float64(in[1][i]))
	}
	if p.left == 0 {
		return 0
	}
	return float32(sum / float64(p.left))
}

// gradient writes slope(x - y) as the gradient by x, and its negative by y.
func (p *pair) gradient(din [][]float32, in [][]float32, slope func(d float32) float32) {
	for i, x := range in[0] {
		var d float32
		if !p.masked(in, i) {
			d = slope(x - in[1][i])
		}
		if din[0] != nil {
			din[0][i] = d
		}
		if din[1] != nil {
			din[1][i] = -d
		}
	}
	if len(din) == 3 {
		clear(din[2])
	}
}

// MeanSquare is the mean of (x - y)^2 over two tensors of one shape -> [1]; a
// third input masks entries (see pair).
type MeanSquare struct{ pair }

var _ Kernel = (*MeanSquare)(nil)

// Name implements Kernel.
func (k *MeanSquare) Name() string { return "mean square" }

// Bind implements Kernel.
func (k *MeanSquare) Bind(in ...[]int) ([]int, error) { return []int{1}, k.bind(in) }

// Forward implements Kernel. It sums in float64.
func (k *MeanSquare) Forward(out []float32, in [][]float32) {
	out[0] = k.mean(in, func(d float64) float64 { return d * d })
}

// Backward implements Kernel.
func (k *MeanSquare) Backward(din [][]float32, dout, _ []float32, in [][]float32) {
	scale := 2 * dout[0] / float32(k.left)
	k.gradient(din, in, func(d float32) float32 { return scale * d })
}

// Huber is the mean of Huber's loss of d = x - y, quadratic near 0 and linear
// far out (Huber 1964, in PyTorch's form):
//
//	d^2 / 2                    where |d| <= Delta
//	Delta (|d| - Delta / 2)    elsewhere
//
// over two tensors of one shape -> [1]; a third input masks entries (see pair).
type Huber struct {
	Delta float64 // positive; 0 means 1

	pair
	delta float64
}

var _ Kernel = (*Huber)(nil)

// Name implements Kernel.
func (k *Huber) Name() string { return "Huber loss" }

// Bind implements Kernel.
func (k *Huber) Bind(in ...[]int) ([]int, error) {
	k.delta = orDefault(k.Delta, 1)
	var f faults
	f.check(positive(k.delta), "Delta", k.Delta, "must be positive and finite, or 0 for 1")
	if err := f.err(); err != nil {
		return nil, err
	}
	return []int{1}, k.bind(in)
}

// Forward implements Kernel. It sums in float64.
func (k *Huber) Forward(out []float32, in [][]float32) {
	out[0] = k.mean(in, func(d float64) float64 {
		if a := math.Abs(d); a > k.delta {
			return k.delta * (a - k.delta/2)
		}
		return d * d / 2
	})
}

// Backward implements Kernel.
func (k *Huber) Backward(din [][]float32, dout, _ []float32, in [][]float32) {
	scale, delta := dout[0]/float32(k.left), float32(k.delta)
	k.gradient(din, in, func(d float32) float32 { return scale * min(max(d, -delta), delta) })
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
