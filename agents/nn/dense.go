package nn

import "fairlb/agents/nn/simd"

// Dense is act(x W + b): x [R,F], W [F,H], b [H] -> [R,H].
type Dense struct {
	Act Activation

	rows, in, out int
	dsum          []float32 // [R,H], gradient by x W + b

	// Of the present run: output and inputs, and the gradients by them.
	y, dy           []float32
	inputs, dinputs [][]float32
	dividedKernel
}

var (
	_ Kernel     = (*Dense)(nil)
	_ phasedWork = (*Dense)(nil)
)

// Name implements Kernel.
func (k *Dense) Name() string { return "dense" }

// Bind implements Kernel.
func (k *Dense) Bind(in ...[]int) ([]int, error) {
	if err := wantInputs(in, 2, 2, 1); err != nil {
		return nil, err
	}
	k.rows, k.in, k.out = in[0][0], in[0][1], in[1][1]
	if err := WantShape("weights", in[1], k.in, k.out); err != nil {
		return nil, err
	}
	return []int{k.rows, k.out}, WantShape("bias", in[2], k.out)
}

// The phases of the work, with what is divided over workers.
const (
	denseForward  = iota // rows of the output
	denseBackward        // rows of the gradients by x W + b and by x
	denseWeights         // rows of the gradient by W
)

// Forward implements Kernel.
func (k *Dense) Forward(out []float32, in [][]float32) {
	k.y, k.inputs = out, in
	k.workers.do(k, denseForward, k.rows)
}

// Backward implements Kernel.
func (k *Dense) Backward(din [][]float32, dout, out []float32, in [][]float32) {
	k.dsum = sized(k.dsum, len(out))
	k.y, k.dy, k.inputs, k.dinputs = out, dout, in, din
	k.workers.do(k, denseBackward, k.rows)
	if din[1] != nil {
		k.workers.do(k, denseWeights, k.in)
	}
	if db := din[2]; db != nil {
		simd.SumRows(db, k.dsum)
	}
}

func (k *Dense) run(phase, part, parts int) {
	x, w := k.inputs[0], k.inputs[1]
	from, to := partOf(k.rows, tileRows, part, parts)
	switch phase {
	case denseForward:
		y := k.y[from*k.out : to*k.out]
		MatMul(NN, to-from, k.out, k.in, x[from*k.in:], w, 0, y)
		k.Act.activate(y, k.inputs[2])
	case denseBackward:
		dsum := k.dsum[from*k.out : to*k.out]
		k.Act.derive(dsum, k.y[from*k.out:to*k.out], k.dy[from*k.out:to*k.out])
		if dx := k.dinputs[0]; dx != nil {
			MatMul(NT, to-from, k.in, k.out, dsum, w, 0, dx[from*k.in:])
		}
	case denseWeights:
		from, to := partOf(k.in, tileRows, part, parts)
		simd.Gemm(true, false, to-from, k.out, k.rows, 1, x[from:], k.in, k.dsum, k.out, 0, k.dinputs[1][from*k.out:], k.out)
	}
}
