package peer

import (
	"fmt"

	"fairlb/agents/nn"
	"fairlb/agents/nn/simd"
)

// heads are the shapes of factored heads: N categoricals of K levels. A
// critic's row is V and N*K advantages U.
type heads struct{ servers, levels int }

func (h heads) logits() int { return h.servers * h.levels }
func (h heads) critic() int { return 1 + h.logits() }

// target is the critics' target ([SAC] eq. 3 with the exact expectation):
//
//	y_t = r_t + discount (min_i v_i + alpha H)(s_t+1),  v_i = V_i + sum_jk pi_jk U_ijk
//
// from log pi [(T+1)*B,N*K], the target critics' rows [(T+1)*B,1+N*K] twice,
// rewards [T*B,1] and alpha [1] -> [T*B,1]. It has no gradient.
type target struct {
	heads
	discount float32

	rows, batch int
	p           []float32
}

var _ nn.Kernel = (*target)(nil)

// Name implements nn.Kernel.
func (k *target) Name() string { return "critics' target" }

// Bind implements nn.Kernel.
func (k *target) Bind(in ...[]int) ([]int, error) {
	if len(in) != 5 || len(in[0]) != 2 || len(in[3]) != 2 {
		return nil, fmt.Errorf("%w: want log pi, two critics' rows, rewards and alpha", nn.ErrShape)
	}
	all := in[0][0]
	k.rows = in[3][0]
	k.batch = all - k.rows
	k.p = make([]float32, all*k.logits())
	return []int{k.rows, 1}, wantShapes(in, [][]int{{all, k.logits()}, {all, k.critic()}, {all, k.critic()}, {k.rows, 1}, {1}})
}

// Forward implements nn.Kernel.
func (k *target) Forward(out []float32, in [][]float32) {
	alpha, n := in[4][0], k.logits()
	simd.Exp(k.p, in[0])
	for r := range out {
		next := r + k.batch
		v1, v2 := in[1][next*k.critic()], in[2][next*k.critic()]
		u1, u2 := in[1][next*k.critic()+1:(next+1)*k.critic()], in[2][next*k.critic()+1:(next+1)*k.critic()]
		lp := in[0][next*n : (next+1)*n]
		var entropy float32
		for i, p := range k.p[next*n : (next+1)*n] {
			v1 += p * u1[i]
			v2 += p * u2[i]
			entropy -= p * lp[i]
		}
		out[r] = in[3][r] + k.discount*(min(v1, v2)+alpha*entropy)
	}
}

// Backward implements nn.Kernel.
func (k *target) Backward(din [][]float32, _, _ []float32, _ [][]float32) {
	for _, d := range din {
		clear(d)
	}
}

// criticLoss is the mean of (Q - y)^2 with Q = V + sum_j U_j(a_j), from a
// critic's rows [R,1+N*K], the actions' levels [R,N] and y [R,1] -> [1]. The
// rows alone get a gradient.
type criticLoss struct {
	heads

	rows  int
	delta []float32 // [R], Q - y
}

var _ nn.Kernel = (*criticLoss)(nil)

// Name implements nn.Kernel.
func (k *criticLoss) Name() string { return "critic loss" }

// Bind implements nn.Kernel.
func (k *criticLoss) Bind(in ...[]int) ([]int, error) {
	if len(in) != 3 || len(in[0]) != 2 {
		return nil, fmt.Errorf("%w: want a critic's rows, actions and targets", nn.ErrShape)
	}
	k.rows = in[0][0]
	k.delta = make([]float32, k.rows)
	return []int{1}, wantShapes(in, [][]int{{k.rows, k.critic()}, {k.rows, k.servers}, {k.rows, 1}})
}

// Forward implements nn.Kernel.
func (k *criticLoss) Forward(out []float32, in [][]float32) {
	var sum float64
	for r := range k.rows {
		row := in[0][r*k.critic() : (r+1)*k.critic()]
		q := row[0]
		for j, level := range in[1][r*k.servers : (r+1)*k.servers] {
			q += row[1+j*k.levels+int(level)]
		}
		d := q - in[2][r]
		k.delta[r] = d
		sum += float64(d) * float64(d)
	}
	out[0] = float32(sum / float64(k.rows))
}

// Backward implements nn.Kernel.
func (k *criticLoss) Backward(din [][]float32, dout, _ []float32, in [][]float32) {
	clear(din[1])
	clear(din[2])
	if din[0] == nil {
		return
	}
	clear(din[0])
	scale := 2 * dout[0] / float32(k.rows)
	for r, d := range k.delta {
		row := din[0][r*k.critic() : (r+1)*k.critic()]
		row[0] = scale * d
		for j, level := range in[1][r*k.servers : (r+1)*k.servers] {
			row[1+j*k.levels+int(level)] = scale * d
		}
	}
}

// policyLoss is the actor's loss, the exact expectation per server
// (Christodoulou 2019, eq. 12), over the first R rows of log pi:
//
//	mean_r sum_jk pi_jk (alpha log pi_jk - min_i U_ijk)
//
// from log pi [(T+1)*B,N*K], two critics' rows [R,1+N*K] and alpha [1] -> [1].
// log pi alone gets a gradient; entropy is the mean entropy of the rows.
type policyLoss struct {
	heads

	rows    int
	p       []float32 // [R,N*K]
	gain    []float32 // [R,N*K], alpha log pi - min U
	entropy float64
}

var _ nn.Kernel = (*policyLoss)(nil)

// Name implements nn.Kernel.
func (k *policyLoss) Name() string { return "policy loss" }

// Bind implements nn.Kernel.
func (k *policyLoss) Bind(in ...[]int) ([]int, error) {
	if len(in) != 4 || len(in[0]) != 2 || len(in[1]) != 2 || in[1][0] > in[0][0] {
		return nil, fmt.Errorf("%w: want log pi, two critics' rows, no more than of log pi, and alpha", nn.ErrShape)
	}
	k.rows = in[1][0]
	k.p, k.gain = make([]float32, k.rows*k.logits()), make([]float32, k.rows*k.logits())
	return []int{1}, wantShapes(in, [][]int{{in[0][0], k.logits()}, {k.rows, k.critic()}, {k.rows, k.critic()}, {1}})
}

// Forward implements nn.Kernel.
func (k *policyLoss) Forward(out []float32, in [][]float32) {
	alpha, n := in[3][0], k.logits()
	lp := in[0][:len(k.p)]
	simd.Exp(k.p, lp)
	var loss, entropy float64
	for r := range k.rows {
		u1, u2 := in[1][r*k.critic()+1:(r+1)*k.critic()], in[2][r*k.critic()+1:(r+1)*k.critic()]
		gain, p, lp := k.gain[r*n:(r+1)*n], k.p[r*n:(r+1)*n], lp[r*n:(r+1)*n]
		var l, h float32
		for i := range gain {
			g := alpha*lp[i] - min(u1[i], u2[i])
			gain[i] = g
			l += p[i] * g
			h -= p[i] * lp[i]
		}
		loss += float64(l)
		entropy += float64(h)
	}
	k.entropy = entropy / float64(k.rows)
	out[0] = float32(loss / float64(k.rows))
}

// Backward implements nn.Kernel: by log pi_jk it is pi_jk (gain_jk + alpha).
func (k *policyLoss) Backward(din [][]float32, dout, _ []float32, in [][]float32) {
	for _, d := range din[1:] {
		clear(d)
	}
	if din[0] == nil {
		return
	}
	clear(din[0][len(k.p):])
	scale, alpha := dout[0]/float32(k.rows), in[3][0]
	for i, p := range k.p {
		din[0][i] = scale * p * (k.gain[i] + alpha)
	}
}

// wantShapes checks the shapes of all inputs.
func wantShapes(got, want [][]int) error {
	for i, w := range want {
		if err := nn.WantShape(fmt.Sprintf("input %d", i), got[i], w...); err != nil {
			return err
		}
	}
	return nil
}
