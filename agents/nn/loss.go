package nn

// MeanSquare is the mean of (x - y)^2 over all values of two tensors of one
// shape -> [1].
type MeanSquare struct {
	size int
}

var _ Kernel = (*MeanSquare)(nil)

// Name implements Kernel.
func (k *MeanSquare) Name() string { return "mean square" }

// Bind implements Kernel.
func (k *MeanSquare) Bind(in ...[]int) ([]int, error) {
	if len(in) != 2 {
		return nil, wantInputs(in, 2, 2)
	}
	k.size = sizeOf(in[0])
	return []int{1}, wantShape("target", in[1], in[0]...)
}

// Forward implements Kernel. It sums in float64.
func (k *MeanSquare) Forward(out []float32, in [][]float32) {
	var sum float64
	for i, x := range in[0] {
		d := float64(x) - float64(in[1][i])
		sum += d * d
	}
	out[0] = float32(sum / float64(k.size))
}

// Backward implements Kernel.
func (k *MeanSquare) Backward(din [][]float32, dout, _ []float32, in [][]float32) {
	scale := 2 * dout[0] / float32(k.size)
	for i, x := range in[0] {
		d := scale * (x - in[1][i])
		if din[0] != nil {
			din[0][i] = d
		}
		if din[1] != nil {
			din[1][i] = -d
		}
	}
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
		if err := wantShape("term", s, in[0]...); err != nil {
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
