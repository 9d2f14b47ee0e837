package nn

import (
	"fmt"

	"fairlb/agents/nn/simd"
)

// GRU runs a gated recurrent unit over a whole sequence, by PyTorch's equations
// and in its order of the gates:
//
//	r_t = sigmoid(x_t W_r + b_r + h_t-1 U_r + c_r)
//	z_t = sigmoid(x_t W_z + b_z + h_t-1 U_z + c_z)
//	n_t = tanh(x_t W_n + b_n + r_t (h_t-1 U_n + c_n))
//	h_t = (1 - z_t) n_t + z_t h_t-1
//
// with x [T*B,F], time after time (row t*B+b is step t of sequence b), the
// initial state h_0 [B,H], W [F,3H] and U [H,3H] with the columns of r, z and
// n side by side (the transposes of PyTorch's weight_ih and weight_hh), and the
// biases b and c [3H] -> all states [T*B,H]. The last B rows are the final
// state. Gradients flow to all six inputs.
type GRU struct {
	Steps int // T, at least 1

	batch, in, hidden int
	bias              []float32         // [4H]: b_r + c_r, b_z + c_z, b_n, c_n
	w, u              simd.PackedMatrix // W and U, as Forward needs them
	back              simd.PackedMatrix // the transpose of U
	gates             []float32         // [T*B,4H]: r, z, n and h U_n + c_n
	chunk             int               // steps whose x W are one product
	sumX              []float32         // [chunk*B,3H], x W
	sumH              []float32         // [B,3H], h U of a step

	dx, dh []float32 // [T*B,3H], gradients by x W + b and h U + c
	dstate []float32 // [B,H]

	// Of the present run: output and inputs, and the gradients by them.
	out, dout       []float32
	inputs, dinputs [][]float32
	dividedKernel
}

var (
	_ Kernel     = (*GRU)(nil)
	_ phasedWork = (*GRU)(nil)
)

// Name implements Kernel.
func (k *GRU) Name() string { return "GRU" }

// Bind implements Kernel.
func (k *GRU) Bind(in ...[]int) ([]int, error) {
	if err := wantInputs(in, 2, 2, 2, 2, 1, 1); err != nil {
		return nil, err
	}
	if k.Steps < 1 || in[0][0]%k.Steps != 0 {
		return nil, fmt.Errorf("%w: %d rows are no whole number of sequences of %d steps", ErrShape, in[0][0], k.Steps)
	}
	k.batch, k.in, k.hidden = in[0][0]/k.Steps, in[0][1], in[1][1]
	for _, w := range []struct {
		name string
		i    int
		want []int
	}{
		{"initial state", 1, []int{k.batch, k.hidden}},
		{"input weights", 2, []int{k.in, 3 * k.hidden}},
		{"state weights", 3, []int{k.hidden, 3 * k.hidden}},
		{"input bias", 4, []int{3 * k.hidden}},
		{"state bias", 5, []int{3 * k.hidden}},
	} {
		if err := WantShape(w.name, in[w.i], w.want...); err != nil {
			return nil, err
		}
	}
	k.bias = make([]float32, 4*k.hidden)
	k.gates = make([]float32, k.Steps*k.batch*4*k.hidden)
	k.chunk = min(k.Steps, (gruRows+k.batch-1)/k.batch)
	k.sumX = make([]float32, k.chunk*k.batch*3*k.hidden)
	k.sumH = make([]float32, k.batch*3*k.hidden)
	return []int{k.Steps * k.batch, k.hidden}, nil
}

// gruRows is the number of rows of x at which a product with W is about as fast per
// row as it can be.
const gruRows = 48

// The phases of the work, with what is divided over workers.
const (
	gruForward   = iota // sequences, from their first step to their last
	gruBackward         // sequences, from their last step to their first
	gruGradients        // rows of the gradients by x, W and U
)

// Forward implements Kernel.
func (k *GRU) Forward(out []float32, in [][]float32) {
	h := k.hidden
	for i := range h {
		k.bias[i] = in[4][i] + in[5][i]
		k.bias[h+i] = in[4][h+i] + in[5][h+i]
	}
	copy(k.bias[2*h:3*h], in[4][2*h:])
	copy(k.bias[3*h:], in[5][2*h:])
	if k.Steps > 1 { // for one step, packing would take longer than it saves
		k.w.Pack(false, k.in, 3*h, in[2], 3*h)
		k.u.Pack(false, h, 3*h, in[3], 3*h)
	}
	k.out, k.inputs = out, in
	k.workers.do(k, gruForward, k.batch)
}

// Backward implements Kernel.
func (k *GRU) Backward(din [][]float32, dout, out []float32, in [][]float32) {
	rows, h := k.Steps*k.batch, k.hidden
	k.dx, k.dh = sized(k.dx, rows*3*h), sized(k.dh, rows*3*h)
	k.dstate = sized(k.dstate, k.batch*h)
	k.back.Pack(true, 3*h, h, in[3], 3*h)
	k.out, k.inputs, k.dout, k.dinputs = out, in, dout, din
	k.workers.do(k, gruBackward, k.batch)
	if din[1] != nil {
		copy(din[1], k.dstate)
	}
	k.workers.do(k, gruGradients, rows)
	if din[4] != nil {
		simd.SumRows(din[4], k.dx)
	}
	if din[5] != nil {
		simd.SumRows(din[5], k.dh)
	}
}

func (k *GRU) run(phase, part, parts int) {
	from, to := partOf(k.batch, 1, part, parts)
	switch phase {
	case gruForward:
		k.forward(from, to)
	case gruBackward:
		k.backward(from, to)
	default:
		k.gradients(part, parts)
	}
}

// state returns the rows from and on of the state before step t.
func (k *GRU) state(t, from, to int) []float32 {
	if t == 0 {
		return k.inputs[1][from*k.hidden : to*k.hidden]
	}
	row := (t - 1) * k.batch
	return k.out[(row+from)*k.hidden : (row+to)*k.hidden]
}

// forward computes all steps of the sequences from to to.
func (k *GRU) forward(from, to int) {
	h, n := k.hidden, to-from
	x := k.inputs[0]
	chunk := k.chunk
	if n < k.batch {
		chunk = 1 // rows of other parts lie between
	}
	sumH := k.sumH[from*3*h : to*3*h]
	for t := range k.Steps {
		row := t*k.batch + from
		first := t%chunk*k.batch + from
		if t%chunk == 0 {
			k.multiply(&k.w, k.inputs[2], min(chunk, k.Steps-t)*n, k.in, x[row*k.in:], k.sumX[first*3*h:])
		}
		old := k.state(t, from, to)
		k.multiply(&k.u, k.inputs[3], n, h, old, sumH)
		simd.GRU(h, k.gates[row*4*h:(row+n)*4*h], k.out[row*h:(row+n)*h], k.sumX[first*3*h:(first+n)*3*h], sumH, k.bias, old)
	}
}

// multiply sets c [m,3H] to a [m,depth] times weights.
func (k *GRU) multiply(laid *simd.PackedMatrix, weights []float32, m, depth int, a, c []float32) {
	if k.Steps > 1 {
		laid.Multiply(false, m, a, depth, 0, c, 3*k.hidden)
		return
	}
	MatMul(NN, m, 3*k.hidden, depth, a, weights, 0, c)
}

// backward sets dx, dh and dstate for the sequences from to to.
func (k *GRU) backward(from, to int) {
	h, n := k.hidden, to-from
	dstate := k.dstate[from*h : to*h]
	clear(dstate)
	for t := k.Steps - 1; t >= 0; t-- {
		row := t*k.batch + from
		simd.AddRow(dstate, k.dout[row*h:(row+n)*h])
		dx, dh := k.dx[row*3*h:(row+n)*3*h], k.dh[row*3*h:(row+n)*3*h]
		simd.GRUGradient(h, dx, dh, dstate, k.gates[row*4*h:(row+n)*4*h], k.state(t, from, to))
		k.back.Multiply(false, n, dh, 3*h, 1, dstate, h)
	}
}

// gradients computes a part of the rows of the gradients by x, W and U.
func (k *GRU) gradients(part, parts int) {
	rows, h := k.Steps*k.batch, k.hidden
	x, w := k.inputs[0], k.inputs[2]
	if dx := k.dinputs[0]; dx != nil {
		from, to := partOf(rows, tileRows, part, parts)
		MatMul(NT, to-from, k.in, 3*h, k.dx[from*3*h:], w, 0, dx[from*k.in:])
	}
	if dw := k.dinputs[2]; dw != nil {
		from, to := partOf(k.in, tileRows, part, parts)
		simd.Gemm(true, false, to-from, 3*h, rows, 1, x[from:], k.in, k.dx, 3*h, 0, dw[from*3*h:], 3*h)
	}
	if du := k.dinputs[3]; du != nil {
		from, to := partOf(h, tileRows, part, parts)
		first := k.batch // step 0 starts from h_0, the others from the states before
		simd.Gemm(true, false, to-from, 3*h, first, 1, k.inputs[1][from:], h, k.dh, 3*h, 0, du[from*3*h:], 3*h)
		if k.Steps > 1 {
			simd.Gemm(true, false, to-from, 3*h, rows-first, 1, k.out[from:], h, k.dh[first*3*h:], 3*h, 1, du[from*3*h:], 3*h)
		}
	}
}
