package sac

import (
	"math"

	"fairlb/agents/nn"
)

// perServerTarget sets y [B,N] to the critics' targets, one per server from
// its own reward stream ([SAC], eq. 3 and 5):
//
//	y_j = r_j + gamma (Q'_j - alpha log pi_j),
//
// all Q'_j of a state from the twin whose sum over servers is smaller. r, q1,
// q2 and logp are [B,N]; bootstrap [B] is 0 where there is no next state.
func perServerTarget(y, r, bootstrap, q1, q2, logp []float32, gamma, alpha float64) {
	n := len(y) / len(bootstrap)
	for b, future := range bootstrap {
		from, to := b*n, (b+1)*n
		var sum1, sum2 float64
		for j := from; j < to; j++ {
			sum1 += float64(q1[j])
			sum2 += float64(q2[j])
		}
		q := q1
		if sum2 < sum1 {
			q = q2
		}
		for j := from; j < to; j++ {
			soft := float64(q[j]) - alpha*float64(logp[j])
			y[j] = float32(float64(r[j]) + gamma*float64(future)*soft)
		}
	}
}

// factoredTarget sets y [B] to the critics' targets of a factored categorical
// policy, with exact expectations:
//
//	y = sum_j r_j + gamma (min_i [V'_i + sum_jk pi_jk U'_ijk] + alpha H),
//
// the minimum over the twins. r is [B,N], out1 and out2 the target critics'
// outputs [B*N,1+K] (see factoredQ), logp [B*N,K], bootstrap [B].
func factoredTarget(y, r, bootstrap, out1, out2, logp []float32, gamma, alpha float64) {
	n := len(r) / len(bootstrap)
	levels := len(logp) / len(r)
	for b, future := range bootstrap {
		var reward, entropy float64
		var value [2]float64
		for j := b * n; j < (b+1)*n; j++ {
			reward += float64(r[j])
			for i, out := range [2][]float32{out1, out2} {
				value[i] += float64(out[j*(1+levels)]) / float64(n)
			}
			for k, lp := range logp[j*levels : (j+1)*levels] {
				p := math.Exp(float64(lp))
				entropy -= p * float64(lp)
				for i, out := range [2][]float32{out1, out2} {
					value[i] += p * float64(out[j*(1+levels)+1+k])
				}
			}
		}
		soft := min(value[0], value[1]) + alpha*entropy
		y[b] = float32(reward + gamma*float64(future)*soft)
	}
}

// temperature is the weight alpha of entropy in the reward, tuned so that the
// policy's entropy per server comes to a target ([SAC], eq. 18, on log alpha).
type temperature struct {
	logAlpha  float64
	target    float64 // nats per server
	rate      float64
	low, high float64 // of log alpha
	adam      *nn.ScalarAdam
}

func newTemperature(cfg *Config, target float64) *temperature {
	return &temperature{
		logAlpha: math.Log(cfg.Alpha), target: target, rate: cfg.AlphaRate,
		low: math.Log(cfg.AlphaMin), high: math.Log(cfg.AlphaMax), adam: nn.NewScalarAdam(),
	}
}

func (t *temperature) alpha() float64 { return math.Exp(t.logAlpha) }

// step makes one Adam step on log alpha (H - target), and clamps.
func (t *temperature) step(entropy float64) {
	t.logAlpha = min(max(t.adam.Step(t.logAlpha, entropy-t.target, t.rate), t.low), t.high)
}
