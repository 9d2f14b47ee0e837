package sac

import (
	"fmt"
	"math"

	"fairlb/agents/nn"
)

// policyLoss is the actor's loss of a reparameterised policy ([SAC], eq. 7,
// per server, with the mean of the twins):
//
//	mean_j [alpha log pi_j - (Q1_j + Q2_j) / 2]
//
// from log pi, Q1 and Q2 [R,1] and alpha [1] -> [1]. alpha gets no gradient. A
// fifth input masks rows: a mask [R,1], 1 for those that count and 0 for those
// that do not, as nn's losses have it.
type policyLoss struct {
	rows int
	left int // rows that the last Forward counted
}

var _ nn.Kernel = (*policyLoss)(nil)

// Name implements nn.Kernel.
func (k *policyLoss) Name() string { return "policy loss" }

// Bind implements nn.Kernel.
func (k *policyLoss) Bind(in ...[]int) ([]int, error) {
	if len(in) != 4 && len(in) != 5 || len(in[0]) != 2 {
		return nil, fmt.Errorf("%w: want log pi, Q1, Q2 [R,1], alpha and perhaps a mask", nn.ErrShape)
	}
	k.rows = in[0][0]
	for i, shape := range in {
		want := []int{k.rows, 1}
		if i == 3 {
			want = []int{1}
		}
		if err := nn.WantShape(fmt.Sprintf("input %d", i), shape, want...); err != nil {
			return nil, err
		}
	}
	return []int{1}, nil
}

// Forward implements nn.Kernel.
func (k *policyLoss) Forward(out []float32, in [][]float32) {
	alpha := float64(in[3][0])
	var sum float64
	k.left = 0
	for i, lp := range in[0] {
		if k.masked(in, i) {
			continue
		}
		k.left++
		sum += alpha*float64(lp) - (float64(in[1][i])+float64(in[2][i]))/2
	}
	out[0] = float32(sum / float64(max(k.left, 1)))
}

// masked reports whether a row does not count.
func (k *policyLoss) masked(in [][]float32, row int) bool { return len(in) == 5 && in[4][row] == 0 }

// Backward implements nn.Kernel.
func (k *policyLoss) Backward(din [][]float32, dout, _ []float32, in [][]float32) {
	d := dout[0] / float32(max(k.left, 1))
	for i, slope := range []float32{in[3][0], -0.5, -0.5} {
		for r := range din[i] {
			din[i][r] = d * slope
			if k.masked(in, r) {
				din[i][r] = 0
			}
		}
	}
	for _, constant := range din[3:] {
		clear(constant)
	}
}

// factoredPolicyLoss is the actor's loss of a factored categorical policy, with
// the exact expectation per server ([SAC] eq. 7; Christodoulou 2019, eq. 12):
//
//	mean_j sum_k pi_jk (alpha log pi_jk - U_jk)
//
// from log pi and U [R,K] and alpha [1] -> [1]. U and alpha get no gradient.
type factoredPolicyLoss struct{ rows, levels int }

var _ nn.Kernel = (*factoredPolicyLoss)(nil)

// Name implements nn.Kernel.
func (k *factoredPolicyLoss) Name() string { return "factored policy loss" }

// Bind implements nn.Kernel.
func (k *factoredPolicyLoss) Bind(in ...[]int) ([]int, error) {
	if len(in) != 3 || len(in[0]) != 2 {
		return nil, fmt.Errorf("%w: want log pi, U [R,K] and alpha", nn.ErrShape)
	}
	k.rows, k.levels = in[0][0], in[0][1]
	if err := nn.WantShape("U", in[1], in[0]...); err != nil {
		return nil, err
	}
	return []int{1}, nn.WantShape("alpha", in[2], 1)
}

// Forward implements nn.Kernel.
func (k *factoredPolicyLoss) Forward(out []float32, in [][]float32) {
	alpha := float64(in[2][0])
	var sum float64
	for i, lp := range in[0] {
		sum += math.Exp(float64(lp)) * (alpha*float64(lp) - float64(in[1][i]))
	}
	out[0] = float32(sum / float64(k.rows))
}

// Backward implements nn.Kernel.
func (k *factoredPolicyLoss) Backward(din [][]float32, dout, _ []float32, in [][]float32) {
	d := float64(dout[0]) / float64(k.rows)
	alpha := float64(in[2][0])
	for i := range din[0] {
		lp := float64(in[0][i])
		din[0][i] = float32(d * math.Exp(lp) * (alpha*lp - float64(in[1][i]) + alpha))
	}
	clear(din[1])
	clear(din[2])
}

// factoredQ is Q(s, a) = V(s) + sum_j U_j(s, a_j): from a critic's output
// [B*N, 1+K], of which V is the mean over servers of the first column and U_jk
// the others, and the levels chosen [B*N,1] (their indices) -> [B,1].
type factoredQ struct{ servers, cols int }

var _ nn.Kernel = (*factoredQ)(nil)

// Name implements nn.Kernel.
func (k *factoredQ) Name() string { return "factored Q" }

// Bind implements nn.Kernel.
func (k *factoredQ) Bind(in ...[]int) ([]int, error) {
	if len(in) != 2 || len(in[0]) != 2 || in[0][0]%k.servers != 0 {
		return nil, fmt.Errorf("%w: want critic outputs [B*%d,1+K] and levels", nn.ErrShape, k.servers)
	}
	k.cols = in[0][1]
	return []int{in[0][0] / k.servers, 1}, nn.WantShape("levels", in[1], in[0][0], 1)
}

// Forward implements nn.Kernel.
func (k *factoredQ) Forward(out []float32, in [][]float32) {
	clear(out)
	for r, level := range in[1] {
		row := in[0][r*k.cols:]
		out[r/k.servers] += row[0]/float32(k.servers) + row[1+int(level)]
	}
}

// Backward implements nn.Kernel; levels get no gradient.
func (k *factoredQ) Backward(din [][]float32, dout, _ []float32, in [][]float32) {
	clear(din[0])
	clear(din[1])
	if din[0] == nil {
		return
	}
	for r, level := range in[1] {
		d := dout[r/k.servers]
		din[0][r*k.cols] = d / float32(k.servers)
		din[0][r*k.cols+1+int(level)] = d
	}
}
