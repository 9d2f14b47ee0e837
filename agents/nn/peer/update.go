package peer

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"

	"fairlb/agents"
	"fairlb/agents/nn"
)

// Sizes are the sizes of the work, all at least 1.
type Sizes struct {
	Hidden   int // H, columns of each layer
	Batch    int // B, sequences
	Steps    int // T, steps of a sequence
	Servers  int // N, categoricals
	Features int // F, of a server
	Levels   int // K, of a categorical
}

// Default returns the sizes of bench/torch_sac_gru.py without flags.
func Default() Sizes {
	return Sizes{Hidden: 64, Batch: 25, Steps: 120, Servers: 8, Features: 11, Levels: 3}
}

// Observation is the number of values of an observation: the features and the
// previous level of each server.
func (s Sizes) Observation() int { return s.Servers * (s.Features + 1) }

// The numbers of bench/torch_sac_gru.py.
const (
	discount = 0.99
	rate     = 1e-3
	tau      = 0.005
)

// Update is the learner. All its losses are taken at the parameters before the
// update, so one graph holds them; what PyTorch detaches is detached there.
type Update struct {
	shape   Sizes
	params  *nn.Arena // the actor's, then the critics'
	targets *nn.Arena // the critics'
	program *nn.Program
	policy  *policyLoss
	adam    *nn.Adam

	obs, actions, rewards, alpha *nn.Node

	logAlpha      []float32
	alphaAdam     *nn.Adam
	alphaGradient []float32
	targetEntropy float64

	plan              *nn.Plan
	in, memory, state *nn.Node
	logits            *nn.Node
}

// New returns a learner with weights drawn from seed and a batch of zeros; the
// work is divided over workers, which may be nil.
func New(s Sizes, seed uint64, workers *nn.Workers) (*Update, error) {
	if min(s.Hidden, s.Batch, s.Steps, s.Servers, s.Features, s.Levels) < 1 {
		return nil, fmt.Errorf("peer: shape %+v: want all at least 1", s)
	}
	u := &Update{shape: s, params: nn.NewArena(), targets: nn.NewArena(), logAlpha: make([]float32, 1), alphaGradient: make([]float32, 1),
		targetEntropy: 0.6 * float64(s.Servers) * math.Log(float64(s.Levels))}
	h := heads{s.Servers, s.Levels}
	rng := rand.New(rand.NewPCG(seed, 0))
	net := func(arena *nn.Arena, name string, out, after int) (*nn.RecurrentNet, error) {
		return nn.NewRecurrentNet(arena, name, nn.RecurrentNetShape{In: s.Observation(), Hidden: s.Hidden, LayersAfter: after, Out: out}, rng)
	}
	actor, err := net(u.params, "actor", h.logits(), 2)
	critics, targets := make([]*nn.RecurrentNet, 2), make([]*nn.RecurrentNet, 2)
	for i := range critics {
		var e1, e2 error
		critics[i], e1 = net(u.params, fmt.Sprintf("critic%d", i+1), h.critic(), 1)
		targets[i], e2 = net(u.targets, fmt.Sprintf("critic%d", i+1), h.critic(), 1)
		err = errors.Join(err, e1, e2)
	}
	if err != nil {
		return nil, fmt.Errorf("peer: %w", err)
	}
	copy(u.targets.Values(), u.critics())

	g := nn.NewGraph(u.params)
	g.UseWorkers(workers)
	rows := s.Steps * s.Batch
	u.obs = g.Input("observations", rows+s.Batch, s.Observation())
	u.actions = g.Input("actions", rows, s.Servers)
	u.rewards = g.Input("rewards", rows, 1)
	u.alpha = g.Input("alpha", 1)
	start := g.Input("initial state", s.Batch, s.Hidden)

	logits, _ := actor.Apply(g, u.obs, start)
	logp := g.Apply(&nn.LogSoftmax{Levels: s.Levels}, logits)
	var next, now []*nn.Node
	for _, t := range targets {
		out, _ := t.Apply(g, u.obs, start)
		next = append(next, out)
	}
	y := g.Apply(&target{heads: h, discount: discount}, g.Detach(logp), next[0], next[1], u.rewards, u.alpha)
	first := g.Apply(&nn.Rows{From: 0, To: rows}, u.obs)
	losses := make([]*nn.Node, 0, 3)
	for _, c := range critics {
		out, _ := c.Apply(g, first, start)
		now = append(now, g.Detach(out))
		losses = append(losses, g.Apply(&criticLoss{heads: h}, out, u.actions, y))
	}
	u.policy = &policyLoss{heads: h}
	losses = append(losses, g.Apply(u.policy, logp, now[0], now[1], u.alpha))
	if u.program, err = g.Compile(g.Apply(&nn.WeightedSum{Weights: []float32{1, 1, 1}}, losses...)); err != nil {
		return nil, fmt.Errorf("peer: %w", err)
	}
	u.adam = nn.NewAdam(len(u.params.Values()), nn.AdamConfig{})
	u.alphaAdam = nn.NewAdam(1, nn.AdamConfig{})

	u.plan = nn.NewPlan(u.params)
	u.in, u.memory = u.plan.Input("observation", 1, s.Observation()), u.plan.Input("state", 1, s.Hidden)
	u.logits, u.state = actor.Apply(u.plan, u.in, u.memory)
	return u, u.plan.Err()
}

// critics are the values of the critics' parameters.
func (u *Update) critics() []float32 {
	return u.params.Values()[len(u.params.Values())-len(u.targets.Values()):]
}

// Batch returns what an update learns from, to be written: observations
// [(T+1)*B,S], the actions' levels [T*B,N] and rewards [T*B], time after time.
func (u *Update) Batch() (obs, actions, rewards []float32) {
	return u.obs.Data(), u.actions.Data(), u.rewards.Data()
}

// Fill draws a batch: normal observations and rewards, uniform levels.
func (u *Update) Fill(seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 1))
	for i := range u.obs.Data() {
		u.obs.Data()[i] = float32(rng.NormFloat64())
	}
	for i := range u.rewards.Data() {
		u.rewards.Data()[i] = float32(rng.NormFloat64())
	}
	for i := range u.actions.Data() {
		u.actions.Data()[i] = float32(rng.IntN(u.shape.Levels))
	}
}

// Parameters lists the actor's and the critics' parameters.
func (u *Update) Parameters() []agents.Parameter { return u.params.Parameters("") }

// Targets lists the target critics' parameters.
func (u *Update) Targets() []agents.Parameter { return u.targets.Parameters("") }

// LogAlpha returns the logarithm of the temperature.
func (u *Update) LogAlpha() float32 { return u.logAlpha[0] }

// Loss returns the sum of the three losses of the last update.
func (u *Update) Loss() float32 { return u.program.Loss() }

// Step makes one update. It fails with nn.ErrDiverged if a gradient is not
// finite.
func (u *Update) Step() error {
	u.alpha.Data()[0] = float32(math.Exp(float64(u.logAlpha[0])))
	u.program.Run()
	if _, err := u.adam.Step(u.params.Values(), u.program.Gradient(), rate); err != nil {
		return fmt.Errorf("peer: %w", err)
	}
	u.alphaGradient[0] = float32(u.policy.entropy - u.targetEntropy)
	if _, err := u.alphaAdam.Step(u.logAlpha, u.alphaGradient, rate); err != nil {
		return fmt.Errorf("peer: temperature: %w", err)
	}
	nn.Polyak(u.targets.Values(), u.critics(), tau)
	return nil
}

// Act computes the logits [N*K] of an observation [S] from the actor's state,
// and keeps the next one.
func (u *Update) Act(obs []float32) []float32 {
	copy(u.in.Data(), obs)
	u.plan.Run()
	copy(u.memory.Data(), u.state.Data())
	return u.logits.Data()
}
