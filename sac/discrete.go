package sac

import (
	"math"
	"math/rand/v2"

	"fairlb/agents/nn"
	"fairlb/agents/policy"
)

// discrete is the head of a categorical over levels of log-weight per server,
// with critics Q(s, a) = V(s) + sum_j U_j(s, a_j) (factoredQ).
type discrete struct {
	levels       policy.Levels
	entropyShare float64
	servers      int
}

var _ head = (*discrete)(nil)

func (h *discrete) columns() (actorOut, criticExtra, criticOut int) {
	return len(h.levels), 0, 1 + len(h.levels)
}

// levelBias is the first logit of the level nearest to 0: enough to make it
// the mode, hardly enough to be seen in the probabilities.
const levelBias = 0.2

func (h *discrete) bias() []float32 { return h.levels.Bias(levelBias) }

func (h *discrete) targetEntropy() float64 {
	return h.entropyShare * math.Log(float64(len(h.levels)))
}

func (h *discrete) actions() int { return 1 }

func (h *discrete) targets(batch int) int { return batch }

// encode implements head: the index of the level nearest to u.
func (h *discrete) encode(dst, u []float32) { h.levels.Encode(dst, u) }

// critic implements head: both twins fit mean (Q - y)^2.
func (h *discrete) critic(b nn.Builder, n *networks, x, action, y, weight *nn.Node) criticNodes {
	var c criticNodes
	var losses [2]*nn.Node
	for i, critic := range n.critics {
		c.out[i] = critic.Apply(b, x)
		c.q[i] = b.Apply(&factoredQ{servers: h.servers}, c.out[i], action)
		losses[i] = squareLoss(b, c.q[i], y, weight)
	}
	c.loss = b.Apply(&nn.WeightedSum{Weights: []float32{1, 1}}, losses[0], losses[1])
	return c
}

// actor implements head; extra is U [R,K], the mean of the twins. The mode of
// the smoothness penalty is the expected level, which has a gradient.
func (h *discrete) actor(b nn.Builder, n *networks, in actorInputs) actorNodes {
	rows := in.extra.Shape()[0]
	both := b.Apply(new(nn.LogSoftmax), n.policy.Apply(b, in.x))
	logp := b.Apply(&nn.Rows{From: 0, To: rows}, both)
	levels := b.Input("levels", 2*rows, len(h.levels))
	for i := range levels.Data() {
		levels.Data()[i] = float32(h.levels[i%len(h.levels)])
	}
	objective := b.Apply(new(factoredPolicyLoss), logp, in.extra, in.alpha)
	smooth := smoothnessPenalty(b, n, b.Apply(new(nn.Expectation), both, levels), rows)
	return actorNodes{
		loss:       b.Apply(&nn.WeightedSum{Weights: []float32{1, n.smoothness}}, objective, smooth),
		smoothness: smooth,
		entropy:    b.Apply(new(nn.Entropy), logp),
	}
}

func (h *discrete) extraColumns() int { return len(h.levels) }

// prepare implements head. The mean of the twins: each knows U only up to a
// constant per server, so an element-wise minimum would compare unlike things.
func (h *discrete) prepare(extra []float32, c *criticNodes, _ *rand.Rand) {
	k := len(h.levels)
	out1, out2 := c.out[0].Data(), c.out[1].Data()
	for i := range extra {
		at := i/k*(1+k) + 1 + i%k
		extra[i] = (out1[at] + out2[at]) / 2
	}
}

// discreteNext gives next log-probabilities and the target critics' outputs.
type discreteNext struct {
	servers              int
	policy, critics      *nn.Plan
	policyObs, criticObs *nn.Node
	logp                 *nn.Node
	out                  [2]*nn.Node
}

// next implements head.
func (h *discrete) next(n *networks, batch int) (nextState, error) {
	rows := batch * n.servers
	s := &discreteNext{servers: n.servers, policy: nn.NewPlan(n.actor), critics: nn.NewPlan(n.target)}
	s.policyObs = s.policy.Input("next states", rows, n.features)
	s.logp = s.policy.Apply(new(nn.LogSoftmax), n.policy.Apply(s.policy, s.policyObs))
	s.criticObs = s.critics.Input("next states", rows, n.features)
	for i, critic := range n.critics {
		s.out[i] = critic.Apply(s.critics, s.criticObs)
	}
	if err := s.policy.Err(); err != nil {
		return nil, err
	}
	return s, s.critics.Err()
}

// values implements nextState.
func (s *discreteNext) values(x []float32, rng *rand.Rand) (q [2][]float64) {
	copy(s.policyObs.Data(), x)
	s.policy.Run()
	copy(s.criticObs.Data(), x)
	s.critics.Run()
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

// targets implements nextState; the expectation is exact and draws nothing.
func (s *discreteNext) targets(y, x, r, bootstrap []float32, gamma, alpha float64, _ *rand.Rand) {
	copy(s.policyObs.Data(), x)
	s.policy.Run()
	copy(s.criticObs.Data(), x)
	s.critics.Run()
	factoredTarget(y, r, bootstrap, s.out[0].Data(), s.out[1].Data(), s.logp.Data(), gamma, alpha)
}

// act implements head.
func (h *discrete) act(plan *nn.Plan, actor *nn.ServerNet, explore bool) (*nn.Node, func([]float64, *rand.Rand)) {
	obs := plan.Input("observation", h.servers, actor.In())
	return obs, h.levels.Decide(plan, plan.Apply(new(nn.LogSoftmax), actor.Apply(plan, obs)), explore)
}
