package ppo

import (
	"fmt"
	"math"

	"fairlb/agents/nn"
)

// ratioReach bounds the logarithm of a ratio of probabilities, so that one that
// has run far away stays finite.
const ratioReach = 20

// policyLoss is the actor's loss: the clipped objective ([PPO], eq. 7) and the
// entropy bonus of eq. 9,
//
//	-mean_b sum_g min(rho A, clip(rho, 1 - Clip, 1 + Clip) A) - Bonus mean_r H_r
//
// with rho = exp(log pi - log pi_old), from log pi [B*N,1], log pi_old
// [B*N/Group,1], A [B,1] and the entropies H [B*N,1] -> [1]. The ratio is that
// of Group rows together: of N, one ratio of the whole action; of 1, a ratio
// for each server. log pi_old and A get no gradient.
type policyLoss struct {
	Servers, Group int
	Clip, Bonus    float64

	rows  int
	slope []float32 // [B*N/Group], by the log-ratio, of the last Forward

	kl      float64 // mean of rho - 1 - log rho over the last Forward's ratios
	clipped float64 // part of the ratios beyond the clip
}

var _ nn.Kernel = (*policyLoss)(nil)

// Name implements nn.Kernel.
func (k *policyLoss) Name() string { return "clipped policy loss" }

// Bind implements nn.Kernel.
func (k *policyLoss) Bind(in ...[]int) ([]int, error) {
	if len(in) != 4 || len(in[0]) != 2 || in[0][0]%k.Servers != 0 || k.Servers%k.Group != 0 {
		return nil, fmt.Errorf("%w: want log pi [B*%d,1], log pi_old, A, H", nn.ErrShape, k.Servers)
	}
	k.rows = in[0][0]
	k.slope = make([]float32, k.rows/k.Group)
	for i, rows := range []int{k.rows, len(k.slope), k.rows / k.Servers, k.rows} {
		if len(in[i]) != 2 || in[i][0] != rows || in[i][1] != 1 {
			return nil, fmt.Errorf("%w: shape %v, want [%d 1]", nn.ErrShape, in[i], rows)
		}
	}
	return []int{1}, nil
}

// Forward implements nn.Kernel. It sums in float64.
func (k *policyLoss) Forward(out []float32, in [][]float32) {
	states := float64(k.rows / k.Servers)
	var objective, entropy, kl float64
	clipped := 0
	for g := range k.slope {
		d := logRatio(in[0], in[1], g, k.Group)
		advantage := float64(in[2][g*k.Group/k.Servers])
		rho := math.Exp(d)
		kl += rho - 1 - d
		if rho < 1-k.Clip || rho > 1+k.Clip {
			clipped++
		}
		free, held := rho*advantage, min(max(rho, 1-k.Clip), 1+k.Clip)*advantage
		objective += min(free, held)
		k.slope[g] = 0
		if free <= held {
			k.slope[g] = float32(-free / states)
		}
	}
	for _, h := range in[3] {
		entropy += float64(h)
	}
	k.kl, k.clipped = kl/float64(len(k.slope)), float64(clipped)/float64(len(k.slope))
	out[0] = float32(-objective/states - k.Bonus*entropy/float64(k.rows))
}

// logRatio is log pi - log pi_old of the rows of group g.
func logRatio(now, old []float32, g, group int) float64 {
	d := -float64(old[g])
	for _, lp := range now[g*group : (g+1)*group] {
		d += float64(lp)
	}
	return min(max(d, -ratioReach), ratioReach)
}

// Backward implements nn.Kernel.
func (k *policyLoss) Backward(din [][]float32, dout, _ []float32, _ [][]float32) {
	for r := range din[0] {
		din[0][r] = dout[0] * k.slope[r/k.Group]
	}
	clear(din[1])
	clear(din[2])
	for r := range din[3] {
		din[3][r] = -dout[0] * float32(k.Bonus/float64(k.rows))
	}
}

// valueLoss is the mean over entries of the larger of (v - y)^2 and
// (clip(v, v_old - Clip, v_old + Clip) - y)^2, from v, v_old and y [R,1] -> [1];
// Clip 0 leaves the first alone. v_old and y get no gradient.
type valueLoss struct {
	Clip float32

	rows int
}

var _ nn.Kernel = (*valueLoss)(nil)

// Name implements nn.Kernel.
func (k *valueLoss) Name() string { return "value loss" }

// Bind implements nn.Kernel.
func (k *valueLoss) Bind(in ...[]int) ([]int, error) {
	if len(in) != 3 || len(in[0]) != 2 {
		return nil, fmt.Errorf("%w: want v, v_old, y [R,1]", nn.ErrShape)
	}
	k.rows = in[0][0]
	for _, s := range in {
		if len(s) != 2 || s[0] != k.rows || s[1] != 1 {
			return nil, fmt.Errorf("%w: shape %v, want [%d 1]", nn.ErrShape, s, k.rows)
		}
	}
	return []int{1}, nil
}

// error returns the error that counts and whether v moves it.
func (k *valueLoss) error(v, old, y float32) (d float32, free bool) {
	d = v - y
	if k.Clip == 0 {
		return d, true
	}
	held := min(max(v, old-k.Clip), old+k.Clip)
	if h := held - y; h*h > d*d {
		return h, false
	}
	return d, true
}

// Forward implements nn.Kernel. It sums in float64.
func (k *valueLoss) Forward(out []float32, in [][]float32) {
	sum := 0.0
	for r, v := range in[0] {
		d, _ := k.error(v, in[1][r], in[2][r])
		sum += float64(d) * float64(d)
	}
	out[0] = float32(sum / float64(k.rows))
}

// Backward implements nn.Kernel.
func (k *valueLoss) Backward(din [][]float32, dout, _ []float32, in [][]float32) {
	for r := range din[0] {
		d, free := k.error(in[0][r], in[1][r], in[2][r])
		din[0][r] = 0
		if free {
			din[0][r] = 2 * dout[0] * d / float32(k.rows)
		}
	}
	clear(din[1])
	clear(din[2])
}
