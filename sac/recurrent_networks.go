package sac

import (
	"math/rand/v2"

	"fairlb/agents/nn"
	"fairlb/replay"
)

// memories is the number of networks with a state of their own: actor, critics
// and their targets, in this order.
const memories = 5

// recurrentNetworks are the actor and the critics of one learner: flat, in the
// paper's form. The actor's row holds the features of all servers, a critic's
// also their centred actions; either has an output, or two, per server. R is a
// number of rows, each a state of N servers.
type recurrentNetworks struct {
	head     *gaussian
	servers  int // N
	features int // of a server
	hidden   int

	policy  *nn.RecurrentNet
	critics [2]*nn.RecurrentNet
}

// newRecurrentNetworks adds the networks to the arenas of the result.
func newRecurrentNetworks(cfg *Config, h *gaussian, shape replay.Shape, rng *rand.Rand) (*recurrentNetworks, *networks, error) {
	r := &recurrentNetworks{head: h, servers: shape.Servers, features: shape.Features, hidden: cfg.Hidden}
	n := &networks{servers: r.servers, features: r.features, smoothness: float32(cfg.Smoothness),
		actor: nn.NewArena(), critic: nn.NewArena()}
	actorOut, criticExtra, criticOut := h.columns()
	s := nn.RecurrentNetShape{In: r.servers * r.features, Hidden: cfg.Hidden, After: 1, Out: r.servers * actorOut, Small: true}
	var err error
	if r.policy, err = nn.NewRecurrentNet(n.actor, "actor", s, rng); err != nil {
		return nil, nil, err
	}
	s.In, s.Out = r.servers*(r.features+criticExtra), r.servers*criticOut
	for i, name := range []string{"critic1", "critic2"} {
		if r.critics[i], err = nn.NewRecurrentNet(n.critic, name, s, rng); err != nil {
			return nil, nil, err
		}
	}
	n.target, n.average = n.critic.Clone(), n.actor.Clone()
	return r, n, nil
}

// act adds the actor's outputs [R*N,2*LBs] and its states: x [R,N*F], time
// after time, from state.
func (r *recurrentNetworks) act(b nn.Builder, x, state *nn.Node) (out, states *nn.Node) {
	out, states = r.policy.Apply(b, x, state)
	return r.perServer(b, out, 2*r.head.lbs), states
}

// perServer gives each server of rows [R,N*cols] a row of its own.
func (r *recurrentNetworks) perServer(b nn.Builder, x *nn.Node, cols int) *nn.Node {
	if b.Err() != nil {
		return x
	}
	return b.Apply(&nn.Reshape{To: []int{x.Shape()[0] * r.servers, cols}}, x)
}

// criticRows adds the critics' input of features x [R,N*F] and actions
// u [R*N,LBs].
func (r *recurrentNetworks) criticRows(b nn.Builder, x, u *nn.Node) *nn.Node {
	if b.Err() != nil {
		return x
	}
	flat := &nn.Reshape{To: []int{x.Shape()[0], r.servers * r.head.lbs}}
	return b.Apply(new(nn.Concat), x, b.Apply(flat, b.Apply(&nn.Centre{Servers: r.servers}, u)))
}

// value adds a critic's Q [R*N,1] and its states.
func (r *recurrentNetworks) value(b nn.Builder, critic int, rows, state *nn.Node) (q, states *nn.Node) {
	q, states = r.critics[critic].Apply(b, rows, state)
	return r.perServer(b, q, 1), states
}

// history runs every network over what happened, each from its own state: the
// features and the actions that were taken, no others.
type history struct {
	batch  int
	plans  []*nn.Plan         // of the actor, the critics and their targets
	x, u   []*nn.Node         // of each plan: [T*B,N*F] and, but for the actor's, [T*B*N,LBs]
	start  [memories]*nn.Node // [B,H]
	states [memories]*nn.Node // [T*B,H]
}

// newHistory returns what runs the networks of n over steps of a batch.
func newHistory(r *recurrentNetworks, n *networks, steps, batch int) (*history, error) {
	h := &history{batch: batch}
	rows := steps * batch
	add := func(values *nn.Arena) *nn.Plan {
		p := nn.NewPlan(values)
		h.plans = append(h.plans, p)
		h.x = append(h.x, p.Input("features", rows, r.servers*r.features))
		return p
	}
	states := func(k int, p *nn.Plan, net *nn.RecurrentNet, in *nn.Node) {
		h.start[k] = p.Input("state", batch, r.hidden)
		h.states[k] = net.States(p, in, h.start[k])
	}
	p := add(n.actor)
	states(0, p, r.policy, h.x[0])
	for k, values := range []*nn.Arena{n.critic, n.target} {
		p := add(values)
		u := p.Input("actions", rows*r.servers, r.head.lbs)
		h.u = append(h.u, u)
		in := r.criticRows(p, h.x[1+k], u)
		for i, critic := range r.critics {
			states(1+2*k+i, p, critic, in)
		}
	}
	for _, p := range h.plans {
		if err := p.Err(); err != nil {
			return nil, err
		}
	}
	return h, nil
}

// run computes the states from start, given features and actions.
func (h *history) run(x, u []float32) {
	for _, n := range h.x {
		copy(n.Data(), x)
	}
	for _, n := range h.u {
		copy(n.Data(), u)
	}
	for _, p := range h.plans {
		p.Run()
	}
}
