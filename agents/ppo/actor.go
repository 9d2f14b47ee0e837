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

// actor is the policy of one LB and what trains it.
type actor struct {
	index, servers, features int
	cfg                      *Config
	head                     head
	sampler                  sampler

	net              *nn.ServerNet
	values, average  *nn.Arena
	normal           *normalise.Features
	adam             *nn.Adam
	program          *nn.Program
	loss             *policyLoss
	x, action        *nn.Node // of the loss: [B*N,F], [B*N,1]
	old, adv         *nn.Node // [B*N/Group,1], [B,1]
	entropy          *nn.Node // [B*N,1]
	past             *nn.Plan // log-probabilities at the time of collection
	pastX, pastTaken *nn.Node
	pastLogp         *nn.Node

	states    []float32 // [S,N,F] of the round, normalised
	actions   []float32 // [S,N], as the head encodes them
	oldLogp   []float32 // [S,N/Group]
	advantage []float32 // [S]

	sums  actorSums
	share float64 // of the variance of the round's advantages that actions explain
}

// actorSums add up the figures of the updates of a round.
type actorSums struct {
	updates                          int
	loss, entropy, kl, clipped, norm float64
}

func newActor(cfg *Config, index int, shape replay.Shape, seed uint64) (*actor, error) {
	a := &actor{
		index: index, servers: shape.Servers, features: shape.Features, cfg: cfg, head: newHead(cfg),
		sampler: newSampler(seed, uint64(4*index+1)),
		values:  nn.NewArena(), normal: normalise.NewFeatures(shape.Features),
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
	a.past = nn.NewPlan(a.values)
	a.pastX, a.pastTaken = a.past.Input("states", rows, a.features), a.past.Input("actions", rows, 1)
	a.pastLogp, _ = a.head.logProb(a.past, a.net.Apply(a.past, a.pastX), a.pastTaken)
	if err := a.past.Err(); err != nil {
		return nil, err
	}
	g := nn.NewGraph(a.values)
	a.program, err = g.Compile(a.build(g))
	return a, err
}

// group is the number of servers that have one ratio.
func (a *actor) group() int {
	if a.cfg.Ratio == Server {
		return 1
	}
	return a.servers
}

// build adds the loss of a minibatch.
func (a *actor) build(b nn.Builder) *nn.Node {
	rows := a.cfg.Batch * a.servers
	a.x, a.action = b.Input("states", rows, a.features), b.Input("actions", rows, 1)
	a.old, a.adv = b.Input("old log-probabilities", rows/a.loss.Group, 1), b.Input("advantages", a.cfg.Batch, 1)
	var logp *nn.Node
	logp, a.entropy = a.head.logProb(b, a.net.Apply(b, a.x), a.action)
	return b.Apply(a.loss, logp, a.old, a.adv, a.entropy)
}

// prepare takes a round, while parameters and feature statistics are still
// those of its collection: it computes the log-probabilities of its actions.
// Then, if fit is set, the statistics take in the round's episodes, and its
// states are normalised by what they have become.
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
	a.normalise(r)
	a.recall(r.states)
	if fit {
		r.each(func(ep *replay.Episode, _ int) { a.normal.Add(ep, a.index) })
		a.normal.Fit()
		a.normalise(r)
	}
}

func (a *actor) normalise(r *round) {
	width := a.servers * a.features
	r.each(func(ep *replay.Episode, first int) {
		for t := range ep.Steps + 1 {
			a.normal.Apply(a.states[(first+t)*width:][:width], ep.Obs[(t*ep.Agents+a.index)*width:][:width])
		}
	})
}

// recall fills oldLogp for the given number of states, a batch at a time.
func (a *actor) recall(states int) {
	n, group := a.servers, a.loss.Group
	for from := 0; from < states; from += a.cfg.Batch {
		count := min(a.cfg.Batch, states-from)
		copy(a.pastX.Data(), a.states[from*n*a.features:][:count*n*a.features])
		copy(a.pastTaken.Data(), a.actions[from*n:][:count*n])
		a.past.Run()
		for g := range count * n / group {
			sum := 0.0
			for _, lp := range a.pastLogp.Data()[g*group : (g+1)*group] {
				sum += float64(lp)
			}
			a.oldLogp[from*n/group+g] = float32(sum)
		}
	}
}

// weigh takes the advantages of a round from the value function's [S,N], summed
// over servers and brought to mean 0 and standard deviation 1.
func (a *actor) weigh(r *round, byServer []float32) {
	a.advantage = sized(a.advantage, r.states)
	var sum, square float64
	for _, s := range r.taken {
		total := 0.0
		for _, v := range byServer[s*a.servers:][:a.servers] {
			total += float64(v)
		}
		a.advantage[s] = float32(total)
		sum += total
		square += total * total
	}
	count := float64(len(r.taken))
	mean := sum / count
	sd := math.Sqrt(max(0, square/count-mean*mean))
	for _, s := range r.taken {
		a.advantage[s] = float32((float64(a.advantage[s]) - mean) / (sd + 1e-8))
	}
	a.share = a.explained(r)
}

// explained is the part of the variance of the round's advantages that is
// linear in the actions.
func (a *actor) explained(r *round) float64 {
	y, x := make([]float64, 0, len(r.taken)), make([]float64, 0, len(r.taken)*a.servers)
	for _, s := range r.taken {
		y = append(y, float64(a.advantage[s]))
		for _, u := range a.actions[s*a.servers:][:a.servers] {
			x = append(x, float64(u))
		}
	}
	return linearShare(y, x, a.servers)
}

// train makes n updates.
func (a *actor) train(r *round, n int, rate float64) error {
	a.sampler.begin(r.taken)
	a.sums = actorSums{}
	row, width, ratios := a.servers, a.servers*a.features, a.servers/a.loss.Group
	for range n {
		for b := range a.cfg.Batch {
			s := a.sampler.next()
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

// steer returns the policy on a copy of its parameters.
func (a *actor) steer(explore bool) (policy.Policy, error) {
	values := a.average
	if explore {
		values = a.values
	}
	plan := nn.NewPlan(values.Clone())
	p := policy.Policy{Steers: []int{a.index}, Features: a.normal.Clone(), Obs: plan.Input("observation", a.servers, a.features)}
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

// report adds the means of the last round to stats. The part of the variance of
// the returns that the actions explain, action_share, is theirs of what the
// values do not, valued being the part that these do: a bound from below, as
// only what is linear in the actions counts.
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
