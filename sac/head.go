package sac

import (
	"math/rand/v2"

	"fairlb/agents/nn"
)

// head is what differs between kinds of policy. R = B*N is the number of rows
// of a batch of B states of N servers, F the number of features.
type head interface {
	// columns gives the outputs of the actor per server, the inputs of a
	// critic beside the features and its outputs.
	columns() (actorOut, criticExtra, criticOut int)

	// actions is the number of actions on a server.
	actions() int

	// bias is the first bias of the actor's outputs, at which the mode is the
	// log-weight nearest to 0: an untrained policy treats servers alike.
	bias() []float32

	// targetEntropy is the entropy per server, in nats, that the temperature
	// is tuned for.
	targetEntropy() float64

	// targets is the number of the critics' targets of B states.
	targets(batch int) int

	// encode turns log-weights u [R,actions] into the critics' action input.
	encode(dst, u []float32)

	// critic adds both critics and their loss: x [R,F], action [R,actions],
	// y [targets,1] and its weights in the loss, of that shape, or nil.
	critic(b nn.Builder, n *networks, x, action, y, weight *nn.Node) criticNodes

	// actor adds the actor and its loss on consecutive states.
	actor(b nn.Builder, n *networks, in actorInputs) actorNodes

	// extraColumns is the width of actorInputs.extra, which prepare fills
	// after the critics' graph has run on the same batch.
	extraColumns() int
	prepare(extra []float32, c *criticNodes, rng *rand.Rand)

	// next returns what computes targets for batches of B states.
	next(n *networks, batch int) (nextState, error)

	// act adds the policy of one state to a plan and returns its observation
	// [N,F] and a function that, after the plan's inputs are set, runs it and
	// writes the log-weights [N,actions]: sampled if explore is set, else the
	// mode.
	act(plan *nn.Plan, policy *nn.ServerNet, explore bool) (obs *nn.Node, decide func(u []float64, rng *rand.Rand))
}

// criticNodes are the critics' outputs, their Q on the batch and their loss.
type criticNodes struct {
	out, q [2]*nn.Node
	loss   *nn.Node
}

// actorInputs feed the actor's loss: x [2R,F], the states and, behind them,
// the states that followed; extra [R,extraColumns]; alpha [1].
type actorInputs struct {
	x, extra, alpha *nn.Node
}

// actorNodes are the actor's loss, its penalty, and its entropy [R,1].
type actorNodes struct {
	loss, smoothness, entropy *nn.Node
}

// nextState computes targets from the states that followed.
type nextState interface {
	// targets writes y from the next states x [R,F], normalised rewards
	// r [B,N] and bootstrap [B].
	targets(y, x, r, bootstrap []float32, gamma, alpha float64, rng *rand.Rand)

	// values returns the target critics' Q(s, a) of the states x [R,F], the sum
	// over servers and the mean of the twins, at two actions that the policy
	// draws for each.
	values(x []float32, rng *rand.Rand) [2][]float64
}

// networks are the networks of one LB. target and average are clones of the
// critics' and the actor's arena.
type networks struct {
	servers, features int
	smoothness        float32

	policy  *nn.ServerNet
	critics [2]*nn.ServerNet
	values  [2]*nn.ServerNet // of the state, where critics are advantages; else nil

	actor, critic   *nn.Arena
	target, average *nn.Arena
}

func newNetworks(cfg *Config, h head, servers, features int, rng *rand.Rand) (*networks, error) {
	actorOut, criticExtra, criticOut := h.columns()
	n := &networks{
		servers: servers, features: features, smoothness: float32(cfg.Smoothness),
		actor: nn.NewArena(), critic: nn.NewArena(),
	}
	shape := nn.ServerNetShape{
		Servers: servers, In: features, Out: actorOut, Bias: h.bias(),
		Embedding: cfg.Embedding, Hidden: cfg.Hidden, Layers: cfg.Layers,
	}
	var err error
	if n.policy, err = nn.NewServerNet(n.actor, "actor", shape, rng); err != nil {
		return nil, err
	}
	shape.In, shape.Out, shape.Bias = features+criticExtra, criticOut, nil
	for i, name := range []string{"critic1", "critic2"} {
		if n.critics[i], err = nn.NewServerNet(n.critic, name, shape, rng); err != nil {
			return nil, err
		}
	}
	if cfg.Baseline == Advantage {
		shape.In = features
		for i, name := range []string{"value1", "value2"} {
			if n.values[i], err = nn.NewServerNet(n.critic, name, shape, rng); err != nil {
				return nil, err
			}
		}
	}
	n.target, n.average = n.critic.Clone(), n.actor.Clone()
	return n, nil
}

// splits says whether critics are advantages beside values of the state.
func (n *networks) splits() bool { return n.values[0] != nil }

// smoothnessPenalty is mean_j (m_j(s) - m_j(s'))^2 of the centred actions
// m [2*rows,1] of states and the states that followed (DESIGN section 6).
func smoothnessPenalty(b nn.Builder, n *networks, mode *nn.Node, rows int) *nn.Node {
	m := b.Apply(&nn.Centre{Servers: n.servers}, mode)
	return b.Apply(new(nn.MeanSquare),
		b.Apply(&nn.Rows{From: 0, To: rows}, m), b.Apply(&nn.Rows{From: rows, To: 2 * rows}, m))
}
