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

// networks are the utilities of all LBs and the mixer, whose parameters are in one
// arena, values. target and average are clones of it: the target networks, and the
// averaged utilities that are evaluated.
type networks struct {
	cfg       *Config
	shape     replay.Shape
	utility   utility
	utilities []*nn.ServerNet
	mixer     *hypernet.Mixer // nil for the plain sum, and where nothing is mixed

	// independent says that nothing is mixed: parts of utilities have values of
	// their own.
	independent bool

	values, target, average *nn.Arena
}

func newNetworks(cfg *Config, shape replay.Shape, independent bool, rng *rand.Rand) (*networks, error) {
	n := &networks{cfg: cfg, shape: shape, independent: independent, utility: newUtility(cfg, shape.Servers), values: nn.NewArena()}
	for i := range shape.Agents {
		net, err := nn.NewServerNet(n.values, utilityName(i), nn.ServerNetShape{
			Servers: shape.Servers, In: shape.Features, Out: n.utility.columns(), Bias: n.utility.bias(),
			Embedding: cfg.Embedding, Hidden: cfg.Hidden, Layers: cfg.Layers,
		}, rng)
		if err != nil {
			return nil, err
		}
		n.utilities = append(n.utilities, net)
	}
	if cfg.Mixer == Monotonic && !independent {
		var err error
		n.mixer, err = hypernet.New(n.values, "mixer", hypernet.MixerShape{Agents: n.mixerInputs(), State: n.stateColumns(), Mixing: cfg.Mixing}, rng)
		if err != nil {
			return nil, err
		}
	}
	n.target, n.average = n.values.Clone(), n.values.Clone()
	return n, nil
}

func utilityName(lb int) string { return fmt.Sprintf("lb%d.utility", lb) }

// valuesOfState returns the number C of values that a joint action has in a state:
// one, or one of each server.
func (n *networks) valuesOfState() int {
	if n.cfg.Mixed == Servers {
		return n.shape.Servers
	}
	return 1
}

// mixerInputs returns the number of utilities that are mixed to one value.
func (n *networks) mixerInputs() int {
	if n.cfg.Mixed == Heads {
		return n.shape.Agents * n.shape.Servers
	}
	return n.shape.Agents
}

// localColumns returns the number of columns that an LB has in the global state: the
// features of all servers or, where each server has a value, of one.
func (n *networks) localColumns() int {
	return n.shape.Servers / n.valuesOfState() * n.shape.Features
}

// stateColumns returns the number of columns S of the global state.
func (n *networks) stateColumns() int {
	if n.cfg.State == Mean {
		return n.localColumns()
	}
	return n.shape.Agents * n.localColumns()
}

// writeState sets LB i's part of the global states dst [R*C,S] from its normalised
// observations x [R*N,F]. It is called for all LBs in their order; the first one
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
	local, width := n.localColumns(), n.stateColumns()
	for r := 0; r*local < len(x); r++ {
		copy(dst[r*width+i*local:], x[r*local:(r+1)*local])
	}
}

// jointValue has the nodes of the value Q_tot of a joint action in R states, or of C
// values, one for each server. Where nothing is mixed, q are all that is of value.
type jointValue struct {
	x      []*nn.Node // per LB: observations [R*N,F]
	out    []*nn.Node // per LB: the networks' outputs [R*N,columns]
	action []*nn.Node // per LB: what utility.encode gives [R*N,1]
	q      []*nn.Node // per LB: the servers' parts of the utility [R*N,1]
	state  *nn.Node   // [R*C,S]; nil without a mixing network
	total  *nn.Node   // Q_tot [R*C,1]; nil where nothing is mixed
}

// jointValue adds the value of a joint action to b.
func (n *networks) jointValue(b nn.Builder, rows int) jointValue {
	var j jointValue
	for _, net := range n.utilities {
		x := b.Input("observations", rows*n.shape.Servers, n.shape.Features)
		action := b.Input("actions", rows*n.shape.Servers, 1)
		out := net.Apply(b, x)
		chosen := b.Apply(n.utility.part(), out, action)
		j.x, j.action, j.out, j.q = append(j.x, x), append(j.action, action), append(j.out, out), append(j.q, chosen)
	}
	if n.independent {
		return j
	}
	var q *nn.Node // [R*C,utilities]
	for i, chosen := range j.q {
		if own := n.mixed(b, chosen, rows); i == 0 {
			q = own
		} else {
			q = b.Apply(new(nn.Concat), q, own)
		}
	}
	if n.mixer != nil {
		j.state = b.Input("state", rows*n.valuesOfState(), n.stateColumns())
		j.total = n.mixer.Apply(b, q, j.state)
		return j
	}
	j.total = b.Apply(new(nn.SumColumns), q)
	return j
}

// mixed adds to b what is mixed of an LB's utility, whose parts are [R*N,1]: [R,1],
// [R,N] or, for each server, [R*N,1].
func (n *networks) mixed(b nn.Builder, parts *nn.Node, rows int) *nn.Node {
	if n.cfg.Mixed == Servers {
		return parts
	}
	own := b.Apply(&nn.Reshape{To: []int{rows, n.shape.Servers}}, parts)
	if n.cfg.Mixed == LBs {
		own = b.Apply(new(nn.SumColumns), own)
		if scale := n.utility.scale(); scale != 1 {
			own = b.Apply(&nn.WeightedSum{Weights: []float32{scale}}, own)
		}
	}
	return own
}

// greedyChoice computes the utilities of all LBs in R states, and chooses the best
// levels by them.
type greedyChoice struct {
	plan    *nn.Plan
	x, out  []*nn.Node // per LB: observations [R*N,F], outputs [R*N,columns]
	chooser chooser
	servers int
}

// choose writes the best levels of LB i to dst [R*N].
func (g *greedyChoice) choose(dst []float32, i int) {
	out := g.out[i].Data()
	state := len(out) / len(dst) * g.servers
	for r := 0; r*g.servers < len(dst); r++ {
		g.chooser.choose(dst[r*g.servers:(r+1)*g.servers], out[r*state:(r+1)*state])
	}
}

// greedy returns the greedy choice in so many states by the utilities in values.
func (n *networks) greedy(values *nn.Arena, rows int) (greedyChoice, error) {
	g := greedyChoice{plan: nn.NewPlan(values), chooser: n.utility.chooser(), servers: n.shape.Servers}
	for _, net := range n.utilities {
		x := g.plan.Input("observations", rows*n.shape.Servers, n.shape.Features)
		g.x, g.out = append(g.x, x), append(g.out, net.Apply(g.plan, x))
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
