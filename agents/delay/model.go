package delay

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"

	"fairlb/agents"
	"fairlb/agents/es"
	"fairlb/agents/nn"
	"fairlb/agents/normalise"
	"fairlb/replay"
)

// model is what one LB knows of the delays of its own flows.
type model struct {
	index    int
	cfg      *Config
	servers  int
	rng      *rand.Rand
	source   *rand.PCG // of rng
	features *normalise.Features
	arena    *nn.Arena
	offsets  *nn.Param
	net      *nn.ServerNet // nil without layers
	choice   *es.Search    // kappa and, [N], the corrections

	x, n, s *nn.Node
	program *nn.Program
	adam    *nn.Adam
	batch   *replay.Batch
	begun   bool // the offsets are those of flows

	loss, norm float64 // means of the last round
}

func newModel(cfg *Config, index int, shape replay.Shape, seed uint64) (*model, error) {
	m := &model{
		index: index, cfg: cfg, servers: shape.Servers,
		source:   rand.NewPCG(seed, uint64(2*index+1)),
		features: normalise.NewLogFeatures(shape.Features), arena: nn.NewArena(),
		batch: replay.NewBatch(shape, cfg.Batch),
	}
	m.rng = rand.New(m.source)
	choice := make([]float32, 1+shape.Servers)
	choice[0] = float32(cfg.Kappa)
	m.choice = es.NewSearch(choice, uint64(index))
	m.offsets = m.arena.Add("offset", nn.Constant(0), shape.Servers)
	if cfg.Layers > 0 {
		initial := rand.New(rand.NewPCG(seed, uint64(2*index)))
		var err error
		if m.net, err = nn.NewServerNet(m.arena, "net", nn.ServerNetShape{
			Servers: shape.Servers, In: shape.Features, Out: 1,
			Embedding: cfg.Embedding, Hidden: cfg.Hidden, Layers: cfg.Layers,
		}, initial); err != nil {
			return nil, err
		}
	}
	rows := cfg.Batch * shape.Servers
	g := nn.NewGraph(m.arena)
	u := m.apply(g, cfg.Batch, shape.Features, &m.x)
	m.n, m.s = g.Input("flows", rows, 1), g.Input("delays", rows, 1)
	loss := g.Apply(new(likelihood), u, m.n, m.s)
	m.adam = nn.NewAdam(len(m.arena.Values()), nn.AdamConfig{MaxNorm: cfg.GradientNorm})
	var err error
	m.program, err = g.Compile(loss)
	return m, err
}

// apply adds u [states*N,1] to b; x becomes its input [states*N,F], nil
// without a network.
func (m *model) apply(b nn.Builder, states, features int, x **nn.Node) *nn.Node {
	rows := states * m.servers
	var u *nn.Node
	if m.net != nil {
		*x = b.Input("observation", rows, features)
		u = m.net.Apply(b, *x)
	} else {
		u = b.Input("zeros", rows, 1)
	}
	return b.Apply(new(offset), u, b.Param(m.offsets))
}

// fit makes n updates on what buffer holds.
func (m *model) fit(buffer *replay.Buffer, n int, rate float64, fitFeatures bool) error {
	if fitFeatures {
		m.features.FitTo(buffer, m.index)
	}
	if !m.begun {
		if err := m.begin(buffer); err != nil {
			return err
		}
	}
	m.loss, m.norm = 0, 0
	for range n {
		if err := buffer.Sample(m.batch, m.index, m.rng); err != nil {
			return err
		}
		if m.x != nil {
			m.features.Apply(m.x.Data(), m.batch.Obs)
		}
		copy(m.n.Data(), m.batch.Flows)
		copy(m.s.Data(), m.batch.FlowDelay)
		m.program.Run()
		norm, err := m.adam.Step(m.arena.Values(), m.program.Gradient(), rate)
		if err != nil {
			return err
		}
		m.loss += float64(m.program.Loss()) / float64(n)
		m.norm += norm / float64(n)
	}
	return nil
}

// priorFlows is what a server's first offset gives the mean of all, in flows.
const priorFlows = 10

// begin sets the offsets to those that fit the flows so far best, alone: the
// network starts near zero, and gradients are slow where flows are few.
func (m *model) begin(buffer *replay.Buffer) error {
	flows, delays := make([]float64, m.servers), make([]float64, m.servers)
	for i := range buffer.Len() {
		ep := buffer.Episode(i)
		for at, n := range ep.Flows {
			if at/ep.Servers%ep.Agents == m.index {
				flows[at%ep.Servers] += float64(n)
				delays[at%ep.Servers] += float64(ep.FlowDelay[at])
			}
		}
	}
	mean := floats.Sum(delays) / floats.Sum(flows) // s, over q+1
	if !(mean > 0) {
		return ErrNoFlows
	}
	for _, p := range m.arena.Parameters("") {
		if p.Name == "offset" {
			for j := range p.Data {
				p.Data[j] = float32(math.Log((flows[j] + priorFlows) / (delays[j] + priorFlows*mean)))
			}
		}
	}
	m.begun = true
	return nil
}

func (m *model) report(stats agents.Stats, fitted bool) {
	if fitted {
		stats[fmt.Sprintf("loss/%d", m.index)] = m.loss
		stats[fmt.Sprintf("grad_norm/%d", m.index)] = m.norm
	}
	stats[fmt.Sprintf("kappa/%d", m.index)] = float64(m.choice.Average[0])
}

// parameters lists what the evaluated policy depends on.
func (m *model) parameters() []agents.Parameter {
	prefix := fmt.Sprintf("lb%d.", m.index)
	out := append(m.arena.Parameters(prefix), m.features.Parameters(prefix)...)
	chosen := m.choice.Average
	return append(out, agents.Parameter{Name: prefix + "kappa", Shape: []int{1}, Data: chosen[:1]},
		agents.Parameter{Name: prefix + "correction", Shape: []int{m.servers}, Data: chosen[1:]})
}
