package nn

// Dense is act(x W + b): x [R,F], W [F,H], b [H] -> [R,H].
type Dense struct {
	Act Activation

	rows, in, out int
	dsum          []float32 // [R,H], gradient by the sums
}

var _ Kernel = (*Dense)(nil)

// Name implements Kernel.
func (k *Dense) Name() string { return "dense" }

// Bind implements Kernel.
func (k *Dense) Bind(in ...[]int) ([]int, error) {
	if err := wantInputs(in, 2, 2, 1); err != nil {
		return nil, err
	}
	k.rows, k.in, k.out = in[0][0], in[0][1], in[1][1]
	if err := wantShape("weights", in[1], k.in, k.out); err != nil {
		return nil, err
	}
	return []int{k.rows, k.out}, wantShape("bias", in[2], k.out)
}

// Forward implements Kernel.
func (k *Dense) Forward(out []float32, in [][]float32) {
	MatMul(NN, k.rows, k.out, k.in, in[0], in[1], 0, out)
	addRow(out, in[2])
	k.Act.activate(out)
}

// Backward implements Kernel.
func (k *Dense) Backward(din [][]float32, dout, out []float32, in [][]float32) {
	k.dsum = sized(k.dsum, len(out))
	k.Act.derive(k.dsum, out, dout)
	if dx := din[0]; dx != nil {
		MatMul(NT, k.rows, k.in, k.out, k.dsum, in[1], 0, dx)
	}
	if dw := din[1]; dw != nil {
		MatMul(TN, k.in, k.out, k.rows, in[0], k.dsum, 0, dw)
	}
	if db := din[2]; db != nil {
		sumRows(db, k.dsum)
	}
}
