package sac

import (
	"fmt"
	"math"
	"math/rand/v2"

	"fairlb/agents/nn"
	"fairlb/agents/policy"
)

// factoredCritics are the critics of a categorical policy with exact
// expectations: Q(s, a) = V(s) + sum_j U_j(s, a_j) over servers j (factoredQ). No
// server's U depends on another's level, so that expectations over all joint
// actions are sums over servers, and the actor needs no samples (Christodoulou
// 2019, "Soft Actor-Critic for Discrete Action Settings").
type factoredCritics struct {
	servers, features int
	policy            *categorical
	actor             *nn.ServerNet
	twins             [2]*nn.ServerNet
}

var _ criticHead = (*factoredCritics)(nil)

// newFactoredCritics adds the critics to an arena.
func newFactoredCritics(p *categorical, actor *nn.ServerNet, arena *nn.Arena, size nn.ServerNetShape, initial *rand.Rand) (*factoredCritics, error) {
	h := &factoredCritics{servers: size.Servers, features: size.In, policy: p, actor: actor}
	size.Out = 1 + len(p.levels)
	var err error
	h.twins, err = newTwins(arena, [2]string{"critic1", "critic2"}, size, initial)
	return h, err
}

// encode implements criticHead: the index of the level nearest to u.
func (h *factoredCritics) encode(dst, u []float32) { h.policy.levels.Encode(dst, u) }

func (h *factoredCritics) actionColumns() int { return 1 }

func (h *factoredCritics) targetRows(batch int) int { return batch }

// criticLoss implements criticHead: both twins fit mean (Q - y)^2.
func (h *factoredCritics) criticLoss(b nn.Builder, x, action, y *nn.Node, loss squareLoss) criticNodes {
	var c criticNodes
	var losses [2]*nn.Node
	for i, critic := range h.twins {
		c.out[i] = critic.Apply(b, x)
		c.q[i] = b.Apply(&factoredQ{servers: h.servers}, c.out[i], action)
		losses[i] = loss(c.q[i], y)
	}
	c.loss = b.Apply(&nn.WeightedSum{Weights: []float32{1, 1}}, losses[0], losses[1])
	return c
}

// actorLoss implements criticHead; extra is U [R,K]. The mode of the penalty on
// change is the expected level, which has a gradient.
func (h *factoredCritics) actorLoss(b nn.Builder, in actorInputs, smoothness float32) actorNodes {
	rows := in.extra.Shape()[0]
	both := b.Apply(new(nn.LogSoftmax), h.actor.Apply(b, in.x))
	logp := b.Apply(&nn.Rows{From: 0, To: rows}, both)
	objective := b.Apply(new(factoredPolicyLoss), logp, in.extra, in.alpha)
	smooth := smoothnessPenalty(b, h.servers, h.policy.expected(b, both, 2*rows), rows)
	return actorNodes{
		loss:       b.Apply(&nn.WeightedSum{Weights: []float32{1, smoothness}}, objective, smooth),
		smoothness: smooth,
		entropy:    b.Apply(new(nn.Entropy), logp),
	}
}

func (h *factoredCritics) extraColumns() int { return len(h.policy.levels) }

// setExtra implements criticHead: U, the mean of the twins. Each knows U only up
// to a constant per server, which differs between the two, so that an element-wise
// minimum would mean nothing.
func (h *factoredCritics) setExtra(extra []float32, c *criticNodes, _ *rand.Rand) {
	k := len(h.policy.levels)
	out1, out2 := c.out[0].Data(), c.out[1].Data()
	for i := range extra {
		row := i/k*(1+k) + 1 + i%k
		extra[i] = (out1[row] + out2[row]) / 2
	}
}

// factoredNext gives the policy's log-probabilities and the target critics'
// outputs in the states that followed.
type factoredNext struct {
	servers          int
	policy, critics  *nn.Plan
	policyX, criticX *nn.Node
	logp             *nn.Node
	out              [2]*nn.Node
}

// nextValues implements criticHead.
func (h *factoredCritics) nextValues(p *parameters, batch int) (nextValues, error) {
	rows := batch * h.servers
	s := &factoredNext{servers: h.servers, policy: nn.NewPlan(p.actor), critics: nn.NewPlan(p.target)}
	s.policyX = s.policy.Input("next states", rows, h.features)
	s.logp = s.policy.Apply(new(nn.LogSoftmax), h.actor.Apply(s.policy, s.policyX))
	s.criticX = s.critics.Input("next states", rows, h.features)
	for i, critic := range h.twins {
		s.out[i] = critic.Apply(s.critics, s.criticX)
	}
	if err := s.policy.Err(); err != nil {
		return nil, err
	}
	return s, s.critics.Err()
}

func (s *factoredNext) run(x []float32) {
	copy(s.policyX.Data(), x)
	s.policy.Run()
	copy(s.criticX.Data(), x)
	s.critics.Run()
}

// targets implements nextValues; the expectation is exact and draws nothing.
func (s *factoredNext) targets(y, x, r, bootstrap []float32, gamma, alpha float64, _ *rand.Rand) {
	s.run(x)
	factoredTarget(y, r, bootstrap, s.out[0].Data(), s.out[1].Data(), s.logp.Data(), gamma, alpha)
}

// values implements nextValues.
func (s *factoredNext) values(x []float32, rng *rand.Rand) (q [2][]float64) {
	s.run(x)
	levels := s.logp.Shape()[1]
	for k := range q {
		q[k] = make([]float64, s.logp.Shape()[0]/s.servers)
		for row := range s.logp.Shape()[0] {
			level := policy.SampleIndex(s.logp.Data()[row*levels:(row+1)*levels], rng)
			for _, out := range s.out {
				values := out.Data()[row*(1+levels):]
				q[k][row/s.servers] += (float64(values[0])/float64(s.servers) + float64(values[1+level])) / 2
			}
		}
	}
	return q
}

// factoredTarget sets y [B] to the critics' targets of a factored categorical
// policy, with exact expectations:
//
//	y = sum_j r_j + gamma (min_i [V'_i + sum_jk pi_jk U'_ijk] + alpha H),
//
// the minimum over the twins. r is [B,N], out1 and out2 the target critics'
// outputs [B*N,1+K] (see factoredQ), logp [B*N,K]; bootstrap [B] as in nextValues.
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
