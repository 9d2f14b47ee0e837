package ppo

import (
	"fmt"
	"math"
	"math/rand/v2"

	"fairlb/agents"
	"fairlb/agents/nn"
	"fairlb/agents/normalise"
	"fairlb/agents/policy"
	"fairlb/replay"
)

// actor is the policy of one LB and what trains it. N is the number of servers, F
// of features, B of transitions of a minibatch, S of states of a round. Of the
// rows of a state, Group servers have one ratio of probabilities together.
type actor struct {
	index, servers, features int
	cfg                      *Config
	head                     head
	minibatches              minibatches

	net             *nn.ServerNet
	values, average *nn.Arena // the parameters, and the averaged ones that are evaluated
	normal          *normalise.Features
	adam            *nn.Adam

	loss      *policyLoss
	program   *nn.Program // of the loss
	x, action *nn.Node    // its inputs: [B*N,F], [B*N,1]
	old, adv  *nn.Node    // [B*N/Group,1], [B,1]
	entropy   *nn.Node    // [B*N,1]
	behaviour behaviour

	states    []float32 // [S,N,F] of the round, normalised
	actions   []float32 // [S,N], as the head encodes them
	oldLogp   []float32 // [S,N/Group], when the round was collected
	advantage []float32 // [S]

	sums  actorSums
	share float64 // of the variance of the round's advantages that actions explain
}

// behaviour computes the log-probabilities of actions under the parameters that
// collected a round: those of the moment before it is learned from.
type behaviour struct {
	plan            *nn.Plan
	x, action, logp *nn.Node
}

// actorSums add up figures of the updates of a round.
type actorSums struct {
	updates                          int
	loss, entropy, kl, clipped, norm float64
}

func newActor(cfg *Config, index int, shape replay.Shape, seed uint64) (*actor, error) {
	a := &actor{
		index: index, servers: shape.Servers, features: shape.Features, cfg: cfg, head: newHead(cfg),
		minibatches: newMinibatches(seed, uint64(4*index+1)),
		values:      nn.NewArena(), normal: normalise.NewFeatures(shape.Features),
	}
	bias := a.head.bias()
	var err error
	a.net, err = nn.NewServerNet(a.values, "actor", nn.ServerNetShape{
		Servers: shape.Servers, In: shape.Features, Out: len(bias), Bias: bias,
		Embedding: cfg.Embedding, Hidden: cfg.Hidden, Layers: cfg.Layers,
	}, rand.New(rand.NewPCG(seed, uint64(4*index))))
	if err != nil {
		return nil, err
	}
	a.average = a.values.Clone()
	a.adam = nn.NewAdam(len(a.values.Values()), nn.AdamConfig{WeightDecay: cfg.WeightDecay, MaxNorm: cfg.GradientNorm})
	a.loss = &policyLoss{Servers: a.servers, Group: a.group(), Clip: cfg.Clip, Bonus: cfg.Entropy}

	rows := cfg.Batch * a.servers
	p := nn.NewPlan(a.values)
	a.behaviour = behaviour{plan: p, x: p.Input("states", rows, a.features), action: p.Input("actions", rows, 1)}
	a.behaviour.logp, _ = a.head.logProb(p, a.net.Apply(p, a.behaviour.x), a.behaviour.action)
	if err := p.Err(); err != nil {
		return nil, err
	}
	g := nn.NewGraph(a.values)
	a.program, err = g.Compile(a.build(g))
	return a, err
}

// group returns the number of servers that have one ratio together.
func (a *actor) group() int {
	if a.cfg.Ratio == Server {
		return 1
	}
	return a.servers
}

// build adds the inputs of a minibatch and its loss.
func (a *actor) build(b nn.Builder) *nn.Node {
	rows := a.cfg.Batch * a.servers
	a.x, a.action = b.Input("states", rows, a.features), b.Input("actions", rows, 1)
	a.old, a.adv = b.Input("old log-probabilities", rows/a.loss.Group, 1), b.Input("advantages", a.cfg.Batch, 1)
	var logp *nn.Node
	logp, a.entropy = a.head.logProb(b, a.net.Apply(b, a.x), a.action)
	return b.Apply(a.loss, logp, a.old, a.adv, a.entropy)
}

// prepare reads a round, while the parameters and the statistics of the features
// are still those that collected it, and computes the log-probabilities of its
// actions. If fit is set it then adds the round's episodes to the statistics and
// normalises the states by what these have become.
func (a *actor) prepare(r *round, fit bool) {
	a.states = sized(a.states, r.states*a.servers*a.features)
	a.actions = sized(a.actions, r.states*a.servers)
	a.oldLogp = sized(a.oldLogp, r.states*a.servers/a.loss.Group)
	clear(a.actions) // an episode's last state has none
	r.each(func(ep *replay.Episode, first int) {
		for t := range ep.Steps {
			u := ep.LogWeight[(t*ep.Agents+a.index)*a.servers:][:a.servers]
			a.head.encode(a.actions[(first+t)*a.servers:][:a.servers], u)
		}
	})
	a.normaliseStates(r)
	a.setOldLogp(r.states)
	if fit {
		r.each(func(ep *replay.Episode, _ int) { a.normal.Add(ep, a.index) })
		a.normal.Fit()
		a.normaliseStates(r)
	}
}

// normaliseStates writes the states of a round, normalised.
func (a *actor) normaliseStates(r *round) {
	width := a.servers * a.features
	r.each(func(ep *replay.Episode, first int) {
		for t := range ep.Steps + 1 {
			a.normal.Apply(a.states[(first+t)*width:][:width], ep.Obs[(t*ep.Agents+a.index)*width:][:width])
		}
	})
}

// setOldLogp computes oldLogp of so many states, a batch at a time.
func (a *actor) setOldLogp(states int) {
	n, group := a.servers, a.loss.Group
	for from := 0; from < states; from += a.cfg.Batch {
		count := min(a.cfg.Batch, states-from)
		copy(a.behaviour.x.Data(), a.states[from*n*a.features:][:count*n*a.features])
		copy(a.behaviour.action.Data(), a.actions[from*n:][:count*n])
		a.behaviour.plan.Run()
		for g := range count * n / group {
			sum := 0.0
			for _, lp := range a.behaviour.logp.Data()[g*group : (g+1)*group] {
				sum += float64(lp)
			}
			a.oldLogp[from*n/group+g] = float32(sum)
		}
	}
}

// setAdvantages makes the advantages of a round of those that the value function
// has found for each server, byServer [S,N]: their sums over servers, brought to
// mean 0 and standard deviation 1.
func (a *actor) setAdvantages(r *round, byServer []float32) {
	a.advantage = sized(a.advantage, r.states)
	var sum, square float64
	for _, s := range r.transitions {
		total := 0.0
		for _, v := range byServer[s*a.servers:][:a.servers] {
			total += float64(v)
		}
		a.advantage[s] = float32(total)
		sum += total
		square += total * total
	}
	count := float64(len(r.transitions))
	mean := sum / count
	sd := math.Sqrt(max(0, square/count-mean*mean))
	for _, s := range r.transitions {
		a.advantage[s] = float32((float64(a.advantage[s]) - mean) / (sd + 1e-8))
	}
	a.share = a.shareOfActions(r)
}

// shareOfActions returns the part of the variance of the round's advantages that
// a linear function of the actions explains.
func (a *actor) shareOfActions(r *round) float64 {
	y, x := make([]float64, 0, len(r.transitions)), make([]float64, 0, len(r.transitions)*a.servers)
	for _, s := range r.transitions {
		y = append(y, float64(a.advantage[s]))
		for _, u := range a.actions[s*a.servers:][:a.servers] {
			x = append(x, float64(u))
		}
	}
	return adjustedR2(y, x, a.servers)
}

// train makes n updates on minibatches of the round.
func (a *actor) train(r *round, n int, rate float64) error {
	a.minibatches.begin(r.transitions)
	a.sums = actorSums{}
	row, width, ratios := a.servers, a.servers*a.features, a.servers/a.loss.Group
	for range n {
		for b := range a.cfg.Batch {
			s := a.minibatches.next()
			copy(a.x.Data()[b*width:][:width], a.states[s*width:])
			copy(a.action.Data()[b*row:][:row], a.actions[s*row:])
			copy(a.old.Data()[b*ratios:][:ratios], a.oldLogp[s*ratios:])
			a.adv.Data()[b] = a.advantage[s]
		}
		a.program.Run()
		norm, err := a.adam.Step(a.values.Values(), a.program.Gradient(), rate)
		if err != nil {
			return fmt.Errorf("actor of LB %d: %w", a.index, err)
		}
		nn.Polyak(a.average.Values(), a.values.Values(), float32(1-a.cfg.Average))
		a.sums.updates++
		a.sums.loss += float64(a.program.Loss())
		a.sums.kl += a.loss.kl
		a.sums.clipped += a.loss.clipped
		a.sums.norm += norm
		for _, h := range a.entropy.Data() {
			a.sums.entropy += float64(h) / float64(len(a.entropy.Data()))
		}
	}
	return nil
}

// policy returns the policy on a copy of its parameters: the present ones, sampled,
// if explore is set; else the mode of the averaged ones.
func (a *actor) policy(explore bool) (policy.Policy, error) {
	values := a.average
	if explore {
		values = a.values
	}
	plan := nn.NewPlan(values.Clone())
	p := policy.Policy{LBs: []int{a.index}, Features: a.normal.Clone(), Obs: plan.Input("observation", a.servers, a.features)}
	p.Decide = a.head.act(plan, a.net.Apply(plan, p.Obs), explore)
	if err := plan.Err(); err != nil {
		return p, fmt.Errorf("ppo: actor of LB %d: %w", a.index, err)
	}
	return p, nil
}

// parameters lists what the evaluated policy depends on.
func (a *actor) parameters() []agents.Parameter {
	prefix := fmt.Sprintf("lb%d.", a.index)
	return append(a.average.Parameters(prefix), a.normal.Parameters(prefix)...)
}

// report adds the means of the last round to stats. valued is the part of the
// variance of the returns that the values of the states explain. The figure
// action_share is the part that the actions explain: their share of what the
// values leave. It is a bound from below, as only what is linear in the actions
// counts.
func (a *actor) report(stats agents.Stats, valued float64) {
	s, n := &a.sums, float64(a.sums.updates)
	set := func(name string, sum float64) { stats[fmt.Sprintf("%s/%d", name, a.index)] = sum / n }
	set("actor_loss", s.loss)
	set("entropy", s.entropy)
	set("kl", s.kl)
	set("clip_fraction", s.clipped)
	set("grad_norm_actor", s.norm)
	stats[fmt.Sprintf("action_share/%d", a.index)] = min(1, a.share*(1-valued))
}
