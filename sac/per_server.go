package sac

import (
	"cmp"
	"fmt"
	"math/rand/v2"

	"fairlb/agents/nn"
)

// perServerCritics are twin critics that learn one Q_j per server, from that
// server's own rewards, under a policy whose actions have a gradient. A critic's
// row of server j holds the server's features and the LBs' centred actions
// u_j - mean(u) on it.
type perServerCritics struct {
	servers, features int
	lbs               int // that the agent steers
	policy            sampledHead
	actor             *nn.ServerNet
	twins             qNetworks
}

var _ criticHead = (*perServerCritics)(nil)

// newPerServerCritics adds the critics to an arena.
func newPerServerCritics(cfg *Config, p sampledHead, actor *nn.ServerNet, lbs int, arena *nn.Arena, size nn.ServerNetShape, initial *rand.Rand) (*perServerCritics, error) {
	h := &perServerCritics{servers: size.Servers, features: size.In, lbs: lbs, policy: p, actor: actor}
	ofStates := size
	size.In, size.Out, ofStates.Out = size.In+lbs, 1, 1
	q, err := newTwins(arena, [2]string{"critic1", "critic2"}, size, initial)
	if err != nil {
		return nil, err
	}
	h.twins = plainQ(q)
	if cfg.Baseline == Advantage {
		v, err := newTwins(arena, [2]string{"value1", "value2"}, ofStates, initial)
		if err != nil {
			return nil, err
		}
		h.twins = &duelingQ{advantage: q, value: v, scale: float32(cmp.Or(cfg.AdvantageScale, 1))}
	}
	return h, nil
}

// qNetworks are the twins' networks.
type qNetworks interface {
	// q adds the twins' values Q [R,1] of features x. rows makes a critic's input
	// of x and actions [R,LBs]; u are the actions and mode gives those of the
	// policy's mode.
	q(b nn.Builder, x, u *nn.Node, mode func() *nn.Node, rows func(x, u *nn.Node) *nn.Node) [2]*nn.Node
}

// plainQ are critics of which each is one network of state and action.
type plainQ [2]*nn.ServerNet

// q implements qNetworks.
func (n plainQ) q(b nn.Builder, x, u *nn.Node, _ func() *nn.Node, rows func(x, u *nn.Node) *nn.Node) (q [2]*nn.Node) {
	in := rows(x, u)
	for i, net := range n {
		q[i] = net.Apply(b, in)
	}
	return q
}

// duelingQ are critics of which each is the sum of a value of the state and an
// advantage over the policy's mode (Config.Baseline, advantage):
//
//	Q_j(s, u) = V_j(s) + A_j(s, u) - A_j(s, m(s)),
//
// m being the policy's mode, a constant to every gradient: V is the value of the
// mode, the advantage is 0 there, and the slope by u is that of A (Wang et al.
// 2016, "Dueling Network Architectures"; Gu et al. 2016, "Continuous Deep
// Q-Learning with Model-based Acceleration").
type duelingQ struct {
	advantage, value [2]*nn.ServerNet
	scale            float32 // of the features, as the advantage sees them
}

// q implements qNetworks.
func (n *duelingQ) q(b nn.Builder, x, u *nn.Node, mode func() *nn.Node, rows func(x, u *nn.Node) *nn.Node) (q [2]*nn.Node) {
	seen := x
	if n.scale != 1 {
		seen = b.Apply(&nn.WeightedSum{Weights: []float32{n.scale}}, x)
	}
	in := rows(seen, u)
	modeRows := rows(seen, mode())
	for i, net := range n.advantage {
		a := net.Apply(b, in)
		q[i] = b.Apply(&nn.WeightedSum{Weights: []float32{1, 1, -1}}, n.value[i].Apply(b, x), a, net.Apply(b, modeRows))
	}
	return q
}

// q adds the twins' values [R,1] of features x [R,F] and actions u [R,LBs].
func (h *perServerCritics) q(b nn.Builder, x, u *nn.Node, mode func() *nn.Node) [2]*nn.Node {
	return h.twins.q(b, x, u, mode, func(x, u *nn.Node) *nn.Node {
		return b.Apply(new(nn.Concat), x, b.Apply(&nn.Centre{Servers: h.servers}, u))
	})
}

// encode implements criticHead: critics read log-weights as they are.
func (h *perServerCritics) encode(dst, u []float32) { copy(dst, u) }

func (h *perServerCritics) actionColumns() int { return h.lbs }

func (h *perServerCritics) targetRows(batch int) int { return batch * h.servers }

// criticLoss implements criticHead: both twins fit mean_j (Q_j - y_j)^2.
func (h *perServerCritics) criticLoss(b nn.Builder, x, action, y *nn.Node, loss squareLoss) criticNodes {
	q := h.q(b, x, action, func() *nn.Node { return h.policy.mode(b, h.actor.Apply(b, x)) })
	sum := b.Apply(&nn.WeightedSum{Weights: []float32{1, 1}}, loss(q[0], y), loss(q[1], y))
	return criticNodes{out: q, q: q, loss: sum}
}

// actorLoss implements criticHead; extra is the policy's noise.
func (h *perServerCritics) actorLoss(b nn.Builder, in actorInputs, smoothness float32) actorNodes {
	rows := in.extra.Shape()[0]
	out := h.actor.Apply(b, in.x)
	first := func(x *nn.Node) *nn.Node { return b.Apply(&nn.Rows{From: 0, To: rows}, x) }
	u, logp := h.policy.draw(b, first(out), in.extra, rows)
	mode := h.policy.mode(b, out)
	q := h.q(b, first(in.x), u, func() *nn.Node { return b.Detach(first(mode)) })
	objective := b.Apply(new(policyLoss), logp, q[0], q[1], in.alpha)
	smooth := smoothnessPenalty(b, h.servers, mode, rows)
	return actorNodes{
		loss:       b.Apply(&nn.WeightedSum{Weights: []float32{1, smoothness}}, objective, smooth),
		smoothness: smooth,
		entropy:    b.Apply(&nn.WeightedSum{Weights: []float32{-1}}, logp),
	}
}

func (h *perServerCritics) extraColumns() int { return h.policy.noiseColumns() }

// setExtra implements criticHead: the policy's noise.
func (h *perServerCritics) setExtra(extra []float32, _ *criticNodes, rng *rand.Rand) {
	h.policy.drawNoise(extra, rng)
}

// perServerNext draws actions of the policy in the states that followed and
// values them by the target critics.
type perServerNext struct {
	servers          int
	head             sampledHead
	policy, critics  *nn.Plan
	policyX, criticX *nn.Node
	noise, logp      *nn.Node
	actions          []passed // from the policy to the critics
	q                [2]*nn.Node
}

// passed is what one plan computes and another takes in.
type passed struct{ from, to *nn.Node }

// nextValues implements criticHead.
func (h *perServerCritics) nextValues(p *parameters, batch int) (nextValues, error) {
	rows := batch * h.servers
	s := &perServerNext{servers: h.servers, head: h.policy, policy: nn.NewPlan(p.actor), critics: nn.NewPlan(p.target)}
	s.policyX = s.policy.Input("next states", rows, h.features)
	s.noise = s.policy.Input("noise", rows, h.policy.noiseColumns())
	out := h.actor.Apply(s.policy, s.policyX)
	pass := func(name string, action *nn.Node) *nn.Node {
		in := s.critics.Input(name, rows, h.lbs)
		s.actions = append(s.actions, passed{from: action, to: in})
		return in
	}
	s.criticX = s.critics.Input("next states", rows, h.features)
	var u *nn.Node
	u, s.logp = h.policy.draw(s.policy, out, s.noise, rows)
	s.q = h.q(s.critics, s.criticX, pass("next actions", u), func() *nn.Node {
		return pass("next modes", h.policy.mode(s.policy, out))
	})
	if err := s.policy.Err(); err != nil {
		return nil, err
	}
	return s, s.critics.Err()
}

// run draws actions in the states x and values them.
func (s *perServerNext) run(x []float32, rng *rand.Rand) {
	copy(s.policyX.Data(), x)
	s.head.drawNoise(s.noise.Data(), rng)
	s.policy.Run()
	copy(s.criticX.Data(), x)
	for _, a := range s.actions {
		copy(a.to.Data(), a.from.Data())
	}
	s.critics.Run()
}

// targets implements nextValues.
func (s *perServerNext) targets(y, x, r, bootstrap []float32, gamma, alpha float64, rng *rand.Rand) {
	s.run(x, rng)
	perServerTarget(y, r, bootstrap, s.q[0].Data(), s.q[1].Data(), s.logp.Data(), gamma, alpha)
}

// values implements nextValues.
func (s *perServerNext) values(x []float32, rng *rand.Rand) (q [2][]float64) {
	for k := range q {
		s.run(x, rng)
		q[k] = sumServers(s.q[0].Data(), s.q[1].Data(), s.servers)
	}
	return q
}

// perServerTarget sets y [B,N] to the critics' targets, one per server from
// its own reward stream ([SAC], eq. 3 and 5):
//
//	y_j = r_j + gamma (Q'_j - alpha log pi_j),
//
// all Q'_j of a state from the twin whose sum over servers is smaller. r, q1,
// q2 and logp are [B,N]; bootstrap [B] is as in nextValues.
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

// policyLoss is the actor's loss of a reparameterised policy ([SAC], eq. 7,
// per server, with the mean of the twins):
//
//	mean_j [alpha log pi_j - (Q1_j + Q2_j) / 2]
//
// from log pi, Q1 and Q2 [R,1] and alpha [1] -> [1]. alpha gets no gradient. A
// fifth input masks rows: a mask [R,1], 1 for those that count and 0 for those
// that do not, as nn's losses have it.
type policyLoss struct {
	rows    int
	counted int // rows that the last Forward has counted
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
	k.counted = 0
	for i, lp := range in[0] {
		if k.masked(in, i) {
			continue
		}
		k.counted++
		sum += alpha*float64(lp) - (float64(in[1][i])+float64(in[2][i]))/2
	}
	out[0] = float32(sum / float64(max(k.counted, 1)))
}

// masked reports whether a row does not count.
func (k *policyLoss) masked(in [][]float32, row int) bool { return len(in) == 5 && in[4][row] == 0 }

// Backward implements nn.Kernel.
func (k *policyLoss) Backward(din [][]float32, dout, _ []float32, in [][]float32) {
	d := dout[0] / float32(max(k.counted, 1))
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
