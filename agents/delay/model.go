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

// model is what one LB knows of the delays of its own flows, and what fits it. B is
// the number of states of an update, N of servers, F of features.
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

	x             *nn.Node // [B*N,F], normalised states; nil without a network
	flows, delays *nn.Node // [B*N,1]: numbers of flows, and sums of their delays over q+1
	program       *nn.Program
	adam          *nn.Adam
	batch         *replay.Batch
	fitted        bool // whether the offsets have been set to those of observed flows, or were given

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
	m.flows, m.delays = g.Input("flows", rows, 1), g.Input("delays", rows, 1)
	loss := g.Apply(new(likelihood), u, m.flows, m.delays)
	m.adam = nn.NewAdam(len(m.arena.Values()), nn.AdamConfig{MaxNorm: cfg.GradientNorm})
	var err error
	m.program, err = g.Compile(loss)
	return m, err
}

// apply adds the model's u [states*N,1] to b. x is set to its input [states*N,F], or
// stays nil for a model without a network.
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

// fit makes n updates on transitions drawn from the buffer.
func (m *model) fit(buffer *replay.Buffer, n int, rate float64, fitFeatures bool) error {
	if fitFeatures {
		m.features.FitTo(buffer, m.index)
	}
	if !m.fitted {
		if err := m.fitOffsets(buffer); err != nil {
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
		copy(m.flows.Data(), m.batch.Flows)
		copy(m.delays.Data(), m.batch.FlowDelay)
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

// priorFlows is the number of flows of mean delay that are added to a server's own
// for its first offset, so that servers of few flows begin near the mean.
const priorFlows = 10

// fitOffsets sets the offsets to those that by themselves fit the flows in the
// buffer best: the network starts near zero, and gradients are slow where flows are
// few. It fails with ErrNoFlows if there are none.
func (m *model) fitOffsets(buffer *replay.Buffer) error {
	flows, delays := make([]float64, m.servers), make([]float64, m.servers)
	for i := range buffer.Len() {
		ep := buffer.Episode(i)
		for entry, n := range ep.Flows {
			if entry/ep.Servers%ep.Agents == m.index {
				flows[entry%ep.Servers] += float64(n)
				delays[entry%ep.Servers] += float64(ep.FlowDelay[entry])
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
	m.fitted = true
	return nil
}

// report adds the figures of the last round to stats, those of the fit if there was
// one.
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
