package qmix

import (
	"fmt"

	"fairlb/agents/nn"
)

// pool makes utilities of the values of the chosen levels, x [B*N,1]: their
// sum over the N servers of each state -> [B,1] or, if apart is set, each of
// them -> [B,N].
type pool struct {
	servers int
	apart   bool
}

var _ nn.Kernel = (*pool)(nil)

// Name implements nn.Kernel.
func (k *pool) Name() string { return "pool" }

// Bind implements nn.Kernel.
func (k *pool) Bind(in ...[]int) ([]int, error) {
	if len(in) != 1 || len(in[0]) != 2 || in[0][1] != 1 || in[0][0]%k.servers != 0 {
		return nil, fmt.Errorf("%w: want [B*%d,1]", nn.ErrShape, k.servers)
	}
	if states := in[0][0] / k.servers; !k.apart {
		return []int{states, 1}, nil
	}
	return []int{in[0][0] / k.servers, k.servers}, nil
}

// Forward implements nn.Kernel.
func (k *pool) Forward(out []float32, in [][]float32) {
	if k.apart {
		copy(out, in[0])
		return
	}
	clear(out)
	for r, v := range in[0] {
		out[r/k.servers] += v
	}
}

// Backward implements nn.Kernel.
func (k *pool) Backward(din [][]float32, dout, _ []float32, _ [][]float32) {
	if k.apart {
		copy(din[0], dout)
		return
	}
	for r := range din[0] {
		din[0][r] = dout[r/k.servers]
	}
}
