package nn

import "fmt"

// Reshape gives x another shape of as many values, in the same order.
type Reshape struct {
	To []int
}

var _ Kernel = (*Reshape)(nil)

// Name implements Kernel.
func (k *Reshape) Name() string { return "reshape" }

// Bind implements Kernel.
func (k *Reshape) Bind(in ...[]int) ([]int, error) {
	if len(in) != 1 || sizeOf(in[0]) != sizeOf(k.To) {
		return nil, fmt.Errorf("%w: %v to %v: as many values", ErrShape, in, k.To)
	}
	return k.To, nil
}

// Forward implements Kernel.
func (k *Reshape) Forward(out []float32, in [][]float32) { copy(out, in[0]) }

// Backward implements Kernel.
func (k *Reshape) Backward(din [][]float32, dout, _ []float32, _ [][]float32) { copy(din[0], dout) }

// SumColumns is the sum of each row of x [R,F] -> [R,1].
type SumColumns struct {
	cols int
}

var _ Kernel = (*SumColumns)(nil)

// Name implements Kernel.
func (k *SumColumns) Name() string { return "sum columns" }

// Bind implements Kernel.
func (k *SumColumns) Bind(in ...[]int) ([]int, error) {
	if err := wantInputs(in, 2); err != nil {
		return nil, err
	}
	k.cols = in[0][1]
	return []int{in[0][0], 1}, nil
}

// Forward implements Kernel.
func (k *SumColumns) Forward(out []float32, in [][]float32) {
	for r := range out {
		var sum float32
		for _, v := range in[0][r*k.cols : (r+1)*k.cols] {
			sum += v
		}
		out[r] = sum
	}
}

// Backward implements Kernel.
func (k *SumColumns) Backward(din [][]float32, dout, _ []float32, _ [][]float32) {
	dx := din[0]
	for i := range dx {
		dx[i] = dout[i/k.cols]
	}
}
