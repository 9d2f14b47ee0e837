package ppo

import (
	"fmt"
	"math"
	"math/rand/v2"

	"fairlb/agents"
	"fairlb/agents/nn"
	"fairlb/agents/normalise"
	"fairlb/replay"
)

// critic is a value function V_j(s) of each server j, and what trains it. It sees
// the observations of one LB or of several, a server's row being theirs side by
// side (F' columns), and values the mean of their rewards.
type critic struct {
	index, servers, features int // features of one LB
	cfg                      *Config
	actors                   []*actor // those of the LBs that it sees
	minibatches              minibatches
	rewards                  *normalise.Rewards

	net       *nn.ServerNet
	params    *nn.Arena
	adam      *nn.Adam
	program   *nn.Program // of the loss
	x, old, y *nn.Node    // its inputs: [B*N,F'], [B*N,1], [B*N,1]
	present   valuePlan

	states        []float32 // [S,N,F'] of the round
	value, target []float32 // [S,N]: V_j when the round began, and the lambda-return
	advantage     []float32 // [S,N]
	reward        []float32 // [S,N], normalised

	updates           int
	lossSum, normSum  float64
	explainedVariance float64
	valueMean         float64
}

// valuePlan computes the values of states.
type valuePlan struct {
	plan     *nn.Plan
	x, value *nn.Node
}

func newCritic(cfg *Config, index int, actors []*actor, shape replay.Shape, seed uint64) (*critic, error) {
	c := &critic{
		index: index, servers: shape.Servers, features: shape.Features, cfg: cfg, actors: actors,
		minibatches: newMinibatches(seed, uint64(4*index+3)),
		rewards:     normalise.NewRewards(shape.Servers, cfg.Gamma), params: nn.NewArena(),
	}
	var err error
	c.net, err = nn.NewServerNet(c.params, "critic", nn.ServerNetShape{
		Servers: shape.Servers, In: c.columns(), Out: 1,
		Embedding: cfg.Embedding, Hidden: cfg.Hidden, Layers: cfg.Layers,
	}, rand.New(rand.NewPCG(seed, uint64(4*index+2))))
	if err != nil {
		return nil, err
	}
	c.adam = nn.NewAdam(len(c.params.Values()), nn.AdamConfig{WeightDecay: cfg.WeightDecay, MaxNorm: cfg.GradientNorm})

	rows := cfg.Batch * c.servers
	p := nn.NewPlan(c.params)
	c.present = valuePlan{plan: p, x: p.Input("states", rows, c.columns())}
	c.present.value = c.net.Apply(p, c.present.x)
	if err := p.Err(); err != nil {
		return nil, err
	}
	g := nn.NewGraph(c.params)
	c.x, c.old, c.y = g.Input("states", rows, c.columns()), g.Input("old values", rows, 1), g.Input("targets", rows, 1)
	c.program, err = g.Compile(g.Apply(&valueLoss{Clip: float32(cfg.ValueClip)}, c.net.Apply(g, c.x), c.old, c.y))
	return c, err
}

// columns returns the width F' of a server's row.
func (c *critic) columns() int { return len(c.actors) * c.features }

// prepare computes values, returns and advantages of a round that the actors have
// read.
func (c *critic) prepare(r *round) {
	c.gatherStates(r)
	n, width := c.servers, c.servers*c.columns()
	c.value = sized(c.value, r.states*n)
	c.target = sized(c.target, r.states*n)
	c.advantage = sized(c.advantage, r.states*n)
	c.reward = sized(c.reward, r.states*n)
	for from := 0; from < r.states; from += c.cfg.Batch {
		count := min(c.cfg.Batch, r.states-from)
		copy(c.present.x.Data(), c.states[from*width:][:count*width])
		c.present.plan.Run()
		copy(c.value[from*n:], c.present.value.Data()[:count*n])
	}
	r.each(c.gatherRewards)
	for _, s := range r.transitions {
		c.rewards.Add(c.reward[s*n:][:n])
	}
	c.rewards.Fit()
	for _, s := range r.transitions {
		row := c.reward[s*n:][:n]
		c.rewards.Apply(row, row)
	}
	r.each(func(ep *replay.Episode, first int) {
		from, to := first*n, (first+ep.Steps)*n
		gae(c.advantage[from:to], c.target[from:to], c.reward[from:to], c.value[from:to+n],
			n, ep.Terminated, c.cfg.Gamma, c.cfg.Lambda)
	})
	c.setExplainedVariance(r)
}

// gatherStates takes the states as the actors have normalised them.
func (c *critic) gatherStates(r *round) {
	if len(c.actors) == 1 {
		c.states = c.actors[0].states
		return
	}
	f := c.features
	c.states = sized(c.states, r.states*c.servers*c.columns())
	for k, a := range c.actors {
		for row := range r.states * c.servers {
			copy(c.states[(row*len(c.actors)+k)*f:][:f], a.states[row*f:])
		}
	}
}

// gatherRewards takes the rewards of an episode whose first state is the given
// one, by server: their mean over the LBs.
func (c *critic) gatherRewards(ep *replay.Episode, first int) {
	n := c.servers
	for t := range ep.Steps {
		row := c.reward[(first+t)*n:][:n]
		clear(row)
		for _, a := range c.actors {
			for j, v := range ep.ServerReward[(t*ep.Agents+a.index)*n:][:n] {
				row[j] += v / float32(len(c.actors))
			}
		}
	}
}

// setExplainedVariance finds what part of the variance of the returns, summed over
// servers, the values explain with which the round began.
func (c *critic) setExplainedVariance(r *round) {
	var sum, square, errSum, errSquare, values float64
	for _, s := range r.transitions {
		var y, v float64
		for k := s * c.servers; k < (s+1)*c.servers; k++ {
			y += float64(c.target[k])
			v += float64(c.value[k])
		}
		sum, square, values = sum+y, square+y*y, values+v
		errSum, errSquare = errSum+y-v, errSquare+(y-v)*(y-v)
	}
	count := float64(len(r.transitions))
	variance := square/count - math.Pow(sum/count, 2)
	c.explainedVariance, c.valueMean = 0, values/count
	if variance > 0 {
		c.explainedVariance = 1 - (errSquare/count-math.Pow(errSum/count, 2))/variance
	}
}

// train makes n updates on minibatches of the round.
func (c *critic) train(r *round, n int, rate float64) error {
	c.minibatches.begin(r.transitions)
	c.updates, c.lossSum, c.normSum = 0, 0, 0
	row, width := c.servers, c.servers*c.columns()
	for range n {
		for b := range c.cfg.Batch {
			s := c.minibatches.next()
			copy(c.x.Data()[b*width:][:width], c.states[s*width:])
			copy(c.old.Data()[b*row:][:row], c.value[s*row:])
			copy(c.y.Data()[b*row:][:row], c.target[s*row:])
		}
		c.program.Run()
		norm, err := c.adam.Step(c.params.Values(), c.program.Gradient(), rate)
		if err != nil {
			return fmt.Errorf("value function %d: %w", c.index, err)
		}
		c.updates++
		c.lossSum += float64(c.program.Loss())
		c.normSum += norm
	}
	return nil
}

// report adds the means of the last round to stats.
func (c *critic) report(stats agents.Stats) {
	set := func(name string, value float64) { stats[fmt.Sprintf("%s/%d", name, c.index)] = value }
	set("critic_loss", c.lossSum/float64(c.updates))
	set("grad_norm_critic", c.normSum/float64(c.updates))
	set("explained_variance", c.explainedVariance)
	set("value_mean", c.valueMean)
}
