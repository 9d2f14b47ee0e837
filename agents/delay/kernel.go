package delay

import (
	"fmt"
	"math"

	"fairlb/agents/nn"
)

// mostU bounds u where exp(u) is taken, so that the loss stays finite.
const mostU = 30

// offset adds to each row of x [B*N,1] the offset b [N] of its server.
type offset struct{ servers int }

var _ nn.Kernel = (*offset)(nil)

// Name implements nn.Kernel.
func (k *offset) Name() string { return "offset" }

// Bind implements nn.Kernel.
func (k *offset) Bind(in ...[]int) ([]int, error) {
	if len(in) != 2 || len(in[0]) != 2 || in[0][1] != 1 || len(in[1]) != 1 || in[1][0] < 1 || in[0][0]%in[1][0] != 0 {
		return nil, fmt.Errorf("%w: offset of %v: want [B*N 1] and [N]", nn.ErrShape, in)
	}
	k.servers = in[1][0]
	return in[0], nil
}

// Forward implements nn.Kernel.
func (k *offset) Forward(out []float32, in [][]float32) {
	for r, x := range in[0] {
		out[r] = x + in[1][r%k.servers]
	}
}

// Backward implements nn.Kernel.
func (k *offset) Backward(din [][]float32, dout, _ []float32, _ [][]float32) {
	if din[0] != nil {
		copy(din[0], dout)
	}
	if db := din[1]; db != nil {
		clear(db)
		for r, d := range dout {
			db[r%k.servers] += d
		}
	}
}

// likelihood is minus the mean log-likelihood of exponential times,
//
//	sum_r (s_r exp(u_r) - n_r u_r) / sum_r n_r
//
// of n_r flows [R,1] whose times over q+1 sum to s_r [R,1] where the model
// says u_r [R,1] -> [1]; 0 if there are no flows. No gradient flows into n, s.
type likelihood struct{ flows float64 }

var _ nn.Kernel = (*likelihood)(nil)

// Name implements nn.Kernel.
func (k *likelihood) Name() string { return "likelihood" }

// Bind implements nn.Kernel.
func (k *likelihood) Bind(in ...[]int) ([]int, error) {
	ok := len(in) == 3
	for _, s := range in {
		ok = ok && len(s) == 2 && s[0] == in[0][0] && s[1] == 1
	}
	if !ok {
		return nil, fmt.Errorf("%w: likelihood of %v: want three of [R 1]", nn.ErrShape, in)
	}
	return []int{1}, nil
}

// Forward implements nn.Kernel. It sums in float64.
func (k *likelihood) Forward(out []float32, in [][]float32) {
	sum := 0.0
	k.flows = 0
	for r, u := range in[0] {
		n, s := float64(in[1][r]), float64(in[2][r])
		k.flows += n
		sum += s*math.Exp(min(float64(u), mostU)) - n*float64(u)
	}
	out[0] = float32(sum / max(k.flows, 1))
}

// Backward implements nn.Kernel.
func (k *likelihood) Backward(din [][]float32, dout, _ []float32, in [][]float32) {
	scale := float64(dout[0]) / max(k.flows, 1)
	if du := din[0]; du != nil {
		for r, u := range in[0] {
			du[r] = float32(scale * (float64(in[2][r])*math.Exp(min(float64(u), mostU)) - float64(in[1][r])))
		}
	}
	for _, d := range din[1:] {
		clear(d)
	}
}
