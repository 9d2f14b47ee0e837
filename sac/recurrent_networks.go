package sac

import (
	"math/rand/v2"

	"fairlb/agents/nn"
	"fairlb/replay"
)

// networkStates is the number of an agent's networks that have a state. Where states stand
// together they do so in this order: the actor's, those of both critics, and
// those of their targets.
const networkStates = 5

// The first of the states of each kind.
const (
	stateActor  = 0
	stateCritic = 1
	stateTarget = 3
)

// recurrentNetworks are the actor and the critics of one agent, in the paper's
// form (Yao & Ding, appendix E.2): flat, one row of inputs for all servers. The
// actor's row holds the features of all servers, a critic's also their centred
// actions; either has its outputs for each server. R is a number of rows, each
// a state of N servers.
type recurrentNetworks struct {
	head     *gaussian
	servers  int // N
	features int // F, of a server
	hidden   int // H, values of a state

	policy  *nn.RecurrentNet
	critics [2]*nn.RecurrentNet
}

// newRecurrentNetworks adds the networks to the arenas of actor and critics.
func newRecurrentNetworks(cfg *Config, h *gaussian, shape replay.Shape, actor, critic *nn.Arena, rng *rand.Rand) (*recurrentNetworks, error) {
	r := &recurrentNetworks{head: h, servers: shape.Servers, features: shape.Features, hidden: cfg.Hidden}
	s := nn.RecurrentNetShape{In: r.servers * r.features, Hidden: cfg.Hidden, LayersAfter: 1, Out: r.servers * h.outputs(), SmallOutput: true}
	var err error
	if r.policy, err = nn.NewRecurrentNet(actor, "actor", s, rng); err != nil {
		return nil, err
	}
	s.In, s.Out = r.servers*(r.features+h.lbs), r.servers
	for i, name := range []string{"critic1", "critic2"} {
		if r.critics[i], err = nn.NewRecurrentNet(critic, name, s, rng); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// actorOutputs adds the actor's outputs [R*N,2*LBs] and its states: of x [R,N*F],
// time after time, from the state before it.
func (r *recurrentNetworks) actorOutputs(b nn.Builder, x, state *nn.Node) (out, states *nn.Node) {
	out, states = r.policy.Apply(b, x, state)
	return r.rowPerServer(b, out, r.head.outputs()), states
}

// rowPerServer gives each server of rows [R,N*cols] a row of its own.
func (r *recurrentNetworks) rowPerServer(b nn.Builder, x *nn.Node, cols int) *nn.Node {
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

// q adds a critic's Q [R*N,1] of rows of criticRows, and its states.
func (r *recurrentNetworks) q(b nn.Builder, critic int, rows, state *nn.Node) (q, states *nn.Node) {
	q, states = r.critics[critic].Apply(b, rows, state)
	return r.rowPerServer(b, q, 1), states
}

// history runs all networks, each from a state of its own, over what happened:
// the features that were seen and the actions that were taken.
type history struct {
	plans  []*nn.Plan              // of the actor, the critics and their targets
	x, u   []*nn.Node              // of each plan: [T*B,N*F] and, but for the actor's, [T*B*N,LBs]
	start  [networkStates]*nn.Node // [B,H]: the states before the first step
	states [networkStates]*nn.Node // [T*B,H]: those after each step
}

// newHistory returns what runs the networks, at the present values of p, over
// steps of a batch.
func newHistory(r *recurrentNetworks, p *parameters, steps, batch int) (*history, error) {
	h := &history{}
	rows := steps * batch
	addPlan := func(values *nn.Arena) *nn.Plan {
		p := nn.NewPlan(values)
		h.plans = append(h.plans, p)
		h.x = append(h.x, p.Input("features", rows, r.servers*r.features))
		return p
	}
	addStates := func(k int, p *nn.Plan, net *nn.RecurrentNet, in *nn.Node) {
		h.start[k] = p.Input("state", batch, r.hidden)
		h.states[k] = net.States(p, in, h.start[k])
	}
	actor := addPlan(p.actor)
	addStates(stateActor, actor, r.policy, h.x[0])
	for _, twins := range []struct {
		first  int
		values *nn.Arena
	}{{stateCritic, p.critic}, {stateTarget, p.target}} {
		plan := addPlan(twins.values)
		u := plan.Input("actions", rows*r.servers, r.head.lbs)
		h.u = append(h.u, u)
		in := r.criticRows(plan, h.x[len(h.x)-1], u)
		for i, critic := range r.critics {
			addStates(twins.first+i, plan, critic, in)
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
