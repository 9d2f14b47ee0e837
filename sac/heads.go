package sac

import (
	"math/rand/v2"

	"fairlb/agents/nn"
	"fairlb/agents/policy"
)

// policyHead is a kind of policy: it turns the outputs of an actor into a
// distribution over the log-weights of the servers. R is the number of rows, one
// for each server of each state. An agent that steers several LBs has an action
// for each of them on every server; the entropy of a server is that of all of
// them.
type policyHead interface {
	// outputs is the number of outputs of the actor per server.
	outputs() int

	// bias is the first bias of these outputs, or nil for zeros. At it the mode
	// is the log-weight nearest to 0: an untrained policy treats servers alike.
	bias() []float32

	// targetEntropy is the entropy per server, in nats, that the temperature is
	// tuned for after a part of training.
	targetEntropy(progress float64) float64

	// decide adds the choice of one state's log-weights to a plan, given the
	// actor's outputs [servers,outputs], and returns a Policy's Decide: sampled
	// if explore is set, else the mode.
	decide(plan *nn.Plan, out *nn.Node, servers int, explore bool) func(u []float64, noise *policy.Noise)
}

// sampledHead is a policyHead whose actions are a differentiable function of the
// actor's outputs and of noise: the critics' gradient by the action reaches the
// actor through it ([SAC], section 4.2).
type sampledHead interface {
	policyHead

	// noiseColumns is the width of the noise of a row, which drawNoise draws.
	noiseColumns() int
	drawNoise(dst []float32, rng *rand.Rand)

	// draw adds the actions u [rows,LBs] that outputs [rows,outputs] and noise
	// [rows,noiseColumns] give and, per server, the logarithm of their
	// probability, or its mean over actions, [rows,1].
	draw(b nn.Builder, out, noise *nn.Node, rows int) (u, logp *nn.Node)

	// mode adds the actions without noise [rows,LBs].
	mode(b nn.Builder, out *nn.Node) *nn.Node
}

// newPolicyHead returns the kind of policy that the configuration names.
func newPolicyHead(cfg *Config, lbs int) policyHead {
	head := categorical{lbs: lbs, levels: cfg.Levels, entropyShare: cfg.EntropyShare}
	switch {
	case cfg.Head == policy.Gaussian:
		return newGaussian(cfg, lbs)
	case cfg.Discrete == StraightThrough:
		return &straightThrough{head}
	default:
		return &head
	}
}

// criticHead is a kind of twin critics, and what follows from it: the actions
// that they read, their loss, the actor's loss by them, and the values of the
// states that follow. It holds the critics' networks and knows the policy's.
type criticHead interface {
	// encode turns log-weights that were in force, u [R,LBs], into the critics'
	// action input [R,actionColumns].
	encode(dst, u []float32)
	actionColumns() int

	// targetRows is the number of the targets of a batch of states.
	targetRows(batch int) int

	// criticLoss adds both critics and the sum of their losses to b: of states
	// x [R,F], actions [R,actionColumns] and targets y [targetRows,1].
	criticLoss(b nn.Builder, x, action, y *nn.Node, loss squareLoss) criticNodes

	// actorLoss adds the actor and its loss, with the penalty on change times
	// smoothness.
	actorLoss(b nn.Builder, in actorInputs, smoothness float32) actorNodes

	// setExtra fills actorInputs.extra, after the critics' graph has run on the
	// same batch; extraColumns is its width.
	setExtra(extra []float32, c *criticNodes, rng *rand.Rand)
	extraColumns() int

	// nextValues returns what computes targets for batches of that many states.
	nextValues(p *parameters, batch int) (nextValues, error)
}

// criticNodes are the critics' outputs, their Q in the batch and the sum of
// their losses [1].
type criticNodes struct {
	out, q [2]*nn.Node
	loss   *nn.Node
}

// actorInputs are the inputs of the actor's loss: x [2R,F], the states and,
// behind them, the states that followed; extra [R,extraColumns], noise or what
// the critics say; alpha [1], the temperature.
type actorInputs struct {
	x, extra, alpha *nn.Node
}

// actorNodes are the actor's loss [1], its penalty on change [1], and the
// policy's entropy [R,1].
type actorNodes struct {
	loss, smoothness, entropy *nn.Node
}

// nextValues values the states that followed, by the present policy and the
// target critics.
type nextValues interface {
	// targets writes the critics' targets to y [targetRows], from the next
	// states x [R,F], normalised rewards r [B,N] and bootstrap [B], which is 0
	// where there is no next state and elsewhere the power of gamma, over gamma,
	// by which it counts.
	targets(y, x, r, bootstrap []float32, gamma, alpha float64, rng *rand.Rand)

	// values returns the target critics' Q(s, a) of the states x [R,F], the sum
	// over servers and the mean of the twins, at two actions that the policy
	// draws for each.
	values(x []float32, rng *rand.Rand) [2][]float64
}

// newTwins adds two networks of one size to an arena.
func newTwins(arena *nn.Arena, names [2]string, size nn.ServerNetShape, initial *rand.Rand) (twins [2]*nn.ServerNet, err error) {
	for i, name := range names {
		if twins[i], err = nn.NewServerNet(arena, name, size, initial); err != nil {
			return twins, err
		}
	}
	return twins, nil
}

// smoothnessPenalty adds the mean of (m_j(s) - m_j(s'))^2 over servers j, where
// m [2*rows,LBs] are the modes of the policy in states s and, behind them, in
// the states s' that followed, centred over servers: only ratios of weights
// matter.
func smoothnessPenalty(b nn.Builder, servers int, mode *nn.Node, rows int) *nn.Node {
	m := b.Apply(&nn.Centre{Servers: servers}, mode)
	return b.Apply(new(nn.MeanSquare),
		b.Apply(&nn.Rows{From: 0, To: rows}, m), b.Apply(&nn.Rows{From: rows, To: 2 * rows}, m))
}

// reshape gives x rows and columns: what several LBs do on a server stands in
// one row for the critics, and in a row for each LB for the policy. It is for
// agents that steer several LBs: for a single one either form is x itself.
func reshape(b nn.Builder, x *nn.Node, lbs, rows, cols int) *nn.Node {
	if lbs == 1 {
		return x
	}
	return b.Apply(&nn.Reshape{To: []int{rows, cols}}, x)
}
