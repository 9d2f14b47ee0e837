package nn

import "fairlb/agents/nn/simd"

// Equivariant is a dense layer that shares its weights over the servers and
// lets them see each other through their mean:
//
//	act(x W + mean_j(x) C + b)
//
// with x [B*N,F], W and C [F,H], b [H] -> [B*N,H], and the mean over the N
// servers of each state. Permuting the servers of its input permutes its
// output (Zaheer et al. 2017, lemma 3).
type Equivariant struct {
	Servers int // N
	Act     Activation

	rows, in, out int
	mean          []float32 // [B,F]
	context       []float32 // [B,H]
	dsum          []float32 // [B*N,H], gradient by what act is applied to
	dcontext      []float32 // [B,H]
	dmean         []float32 // [B,F]
}

var _ Kernel = (*Equivariant)(nil)

// Name implements Kernel.
func (k *Equivariant) Name() string { return "equivariant" }

// Bind implements Kernel.
func (k *Equivariant) Bind(in ...[]int) ([]int, error) {
	if err := wantInputs(in, 2, 2, 2, 1); err != nil {
		return nil, err
	}
	k.rows, k.in, k.out = in[0][0], in[0][1], in[1][1]
	if err := wantServers(k.rows, k.Servers); err != nil {
		return nil, err
	}
	if err := WantShape("weights", in[1], k.in, k.out); err != nil {
		return nil, err
	}
	if err := WantShape("context weights", in[2], k.in, k.out); err != nil {
		return nil, err
	}
	states := k.rows / k.Servers
	k.mean = make([]float32, states*k.in)
	k.context = make([]float32, states*k.out)
	return []int{k.rows, k.out}, WantShape("bias", in[3], k.out)
}

// Forward implements Kernel.
func (k *Equivariant) Forward(out []float32, in [][]float32) {
	states := k.rows / k.Servers
	serverMeans(k.mean, in[0], k.Servers, k.in)
	MatMul(NN, states, k.out, k.in, k.mean, in[2], 0, k.context)
	simd.AddRow(k.context, in[3])
	MatMul(NN, k.rows, k.out, k.in, in[0], in[1], 0, out)
	block := k.Servers * k.out
	for s := range states {
		k.Act.activate(out[s*block:(s+1)*block], k.context[s*k.out:(s+1)*k.out])
	}
}

// Backward implements Kernel.
func (k *Equivariant) Backward(din [][]float32, dout, out []float32, in [][]float32) {
	states := k.rows / k.Servers
	k.dsum = sized(k.dsum, len(out))
	k.dcontext = sized(k.dcontext, states*k.out)
	k.Act.derive(k.dsum, out, dout)
	block := k.Servers * k.out
	for s := range states {
		simd.SumRows(k.dcontext[s*k.out:(s+1)*k.out], k.dsum[s*block:(s+1)*block])
	}
	if dx := din[0]; dx != nil {
		k.dmean = sized(k.dmean, states*k.in)
		MatMul(NT, states, k.in, k.out, k.dcontext, in[2], 0, k.dmean)
		serverMeansGradient(dx, k.dmean, k.Servers, k.in)
		MatMul(NT, k.rows, k.in, k.out, k.dsum, in[1], 1, dx)
	}
	if dw := din[1]; dw != nil {
		MatMul(TN, k.in, k.out, k.rows, in[0], k.dsum, 0, dw)
	}
	if dc := din[2]; dc != nil {
		MatMul(TN, k.in, k.out, states, k.mean, k.dcontext, 0, dc)
	}
	if db := din[3]; db != nil {
		simd.SumRows(db, k.dcontext)
	}
}
