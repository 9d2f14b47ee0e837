package qmix

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"fairlb/agents"
	"fairlb/agents/nn"
	"fairlb/hypernet"
	"fairlb/replay"
)

// networks are the utilities of all LBs and the mixer, in one arena; target
// and average are clones of it.
type networks struct {
	cfg       *Config
	shape     replay.Shape
	utilities []*nn.ServerNet
	mixer     *hypernet.Mixer // nil for the plain sum

	values, target, average *nn.Arena
}

// firstBias is the first value of the level nearest to 0, which an untrained
// policy chooses for every server.
const firstBias = 0.02

func newNetworks(cfg *Config, shape replay.Shape, rng *rand.Rand) (*networks, error) {
	n := &networks{cfg: cfg, shape: shape, values: nn.NewArena()}
	bias := make([]float32, len(cfg.Levels))
	bias[cfg.nearest(0)] = firstBias
	for i := range shape.Agents {
		net, err := nn.NewServerNet(n.values, utilityName(i), nn.ServerNetShape{
			Servers: shape.Servers, In: shape.Features, Out: len(cfg.Levels), Bias: bias,
			Embedding: cfg.Embedding, Hidden: cfg.Hidden, Layers: cfg.Layers,
		}, rng)
		if err != nil {
			return nil, err
		}
		n.utilities = append(n.utilities, net)
	}
	if cfg.Mixer == Monotonic {
		var err error
		n.mixer, err = hypernet.New(n.values, "mixer", hypernet.Shape{Agents: n.mixed(), State: n.state(), Mixing: cfg.Mixing}, rng)
		if err != nil {
			return nil, err
		}
	}
	n.target, n.average = n.values.Clone(), n.values.Clone()
	return n, nil
}

func utilityName(lb int) string { return fmt.Sprintf("lb%d.utility", lb) }

// mixed is the number of utilities that are mixed.
func (n *networks) mixed() int {
	if n.cfg.Mixed == Heads {
		return n.shape.Agents * n.shape.Servers
	}
	return n.shape.Agents
}

// state is the number of columns of the global state.
func (n *networks) state() int {
	if local := n.shape.Servers * n.shape.Features; n.cfg.State == Mean {
		return local
	}
	return n.shape.Agents * n.shape.Servers * n.shape.Features
}

// writeState sets LB i's part of the global states dst [R,S] from its
// normalised observations x [R*N,F]. LBs come in order, the first of which
// writes over what was there.
func (n *networks) writeState(dst []float32, i int, x []float32) {
	if n.cfg.State == Mean {
		if i == 0 {
			clear(dst)
		}
		for k, v := range x {
			dst[k] += v / float32(n.shape.Agents)
		}
		return
	}
	local, width := n.shape.Servers*n.shape.Features, n.state()
	for r := 0; r*local < len(x); r++ {
		copy(dst[r*width+i*local:], x[r*local:(r+1)*local])
	}
}

// joint are the nodes of the value of a joint action in R states.
type joint struct {
	x, level []*nn.Node // per LB: observations [R*N,F], levels [R*N,1]
	state    *nn.Node   // [R,S]; nil without a mixing network
	total    *nn.Node   // [R,1]
}

// joint adds the value of a joint action to b.
func (n *networks) joint(b nn.Builder, rows int) joint {
	var j joint
	var q *nn.Node
	for i, net := range n.utilities {
		x := b.Input("observations", rows*n.shape.Servers, n.shape.Features)
		level := b.Input("levels", rows*n.shape.Servers, 1)
		j.x, j.level = append(j.x, x), append(j.level, level)
		chosen := b.Apply(new(nn.Gather), net.Apply(b, x), level)
		own := b.Apply(&nn.Reshape{To: []int{rows, n.shape.Servers}}, chosen)
		if n.cfg.Mixed == LBs {
			own = b.Apply(new(nn.SumColumns), own)
		}
		if i == 0 {
			q = own
		} else {
			q = b.Apply(new(nn.Concat), q, own)
		}
	}
	if n.mixer != nil {
		j.state = b.Input("state", rows, n.state())
		j.total = n.mixer.Apply(b, q, j.state)
		return j
	}
	j.total = b.Apply(new(nn.SumColumns), q)
	return j
}

// greedy are the utilities of R states without a choice.
type greedy struct {
	plan *nn.Plan
	x, q []*nn.Node // per LB: observations [R*N,F], values [R*N,K]
}

// greedy returns a plan of the utilities, on the values of an arena.
func (n *networks) greedy(values *nn.Arena, rows int) (greedy, error) {
	g := greedy{plan: nn.NewPlan(values)}
	for _, net := range n.utilities {
		x := g.plan.Input("observations", rows*n.shape.Servers, n.shape.Features)
		g.x, g.q = append(g.x, x), append(g.q, net.Apply(g.plan, x))
	}
	return g, g.plan.Err()
}

// parameters lists the utilities that are evaluated, without the mixer.
func (n *networks) parameters() []agents.Parameter {
	var out []agents.Parameter
	for _, p := range n.average.Parameters("") {
		if !strings.HasPrefix(p.Name, "mixer.") {
			out = append(out, p)
		}
	}
	return out
}

// best writes the index of the largest of each row of q [R,K], the first of
// several, to dst [R].
func best(dst, q []float32) {
	levels := len(q) / len(dst)
	for r := range dst {
		row, top := q[r*levels:(r+1)*levels], 0
		for k, v := range row {
			if v > row[top] {
				top = k
			}
		}
		dst[r] = float32(top)
	}
}
