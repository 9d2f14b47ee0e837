package qmix

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"

	"fairlb/agents"
	"fairlb/agents/nn"
	"fairlb/agents/normalise"
	"fairlb/agents/policy"
	"fairlb/env"
	"fairlb/replay"
)

// Learner is QMix-LB, one learner of all LBs, which act alone; or, made by
// NewIndependent, IQL-LB. M is the number of LBs, N of servers, F of features, W of
// windows of an update and L of their steps.
type Learner struct {
	cfg     Config
	spec    env.Spec
	buffer  *replay.Buffer
	rng     *rand.Rand // draws the windows
	source  *rand.PCG  // of rng
	rounds  int        // calls of Update so far
	updates int        // gradient updates so far
	epsilon float64    // exploration of the next Explorer

	features []*normalise.Features // per LB
	team     *normalise.Rewards    // of the team's rewards, of C columns; nil for IQL-LB
	own      *normalise.Rewards    // of each LB's own rewards by server, M*N columns; nil for QMix-LB
	nets     *networks

	graph      lossGraph
	nextChoice greedyChoice // the best levels in the states that follow
	targetPlan *nn.Plan     // of nextValue
	nextValue  jointValue   // the target networks' value of these levels

	windows     *replay.Windows // the batch
	nextStates  [][]float32     // per LB [W*L*N,F], normalised
	teamRewards []float32       // [W*L*C], normalised
	ownRewards  []float32       // [W*L*N], normalised, of one LB at a time
}

// lossGraph computes the loss of a batch and its gradient.
type lossGraph struct {
	jointValue // of the levels that were chosen
	losses
	program *nn.Program
	adam    *nn.Adam
}

var _ agents.Learner = (*Learner)(nil)

// New returns an untrained QMix-LB for environments of the given spec. Equal
// seeds give equal learners. It fails with ErrConfig, naming every field at
// fault, if cfg breaks a rule or does not fit the spec.
func New(cfg Config, spec env.Spec, seed uint64) (*Learner, error) {
	return newLearner(cfg, spec, seed, false)
}

// NewIndependent returns an untrained IQL-LB, under the same conditions: nothing is
// mixed, and each server's part of an LB's utility learns the value of the LB's own
// reward of that server.
func NewIndependent(cfg Config, spec env.Spec, seed uint64) (*Learner, error) {
	return newLearner(cfg, spec, seed, true)
}

func newLearner(cfg Config, spec env.Spec, seed uint64, independent bool) (*Learner, error) {
	err := errors.Join(cfg.Validate(), policy.CheckSpec(ErrConfig, spec))
	if cfg.Window == 0 && spec.Steps < 1 {
		err = errors.Join(err, fmt.Errorf("%w: window = 0: whole episodes need an environment whose episodes have a set end", ErrConfig))
	}
	if err == nil {
		err = policy.CheckLogWeights(ErrConfig, spec, fmt.Sprintf("levels = %v", cfg.Levels), cfg.Levels[0], cfg.Levels[len(cfg.Levels)-1])
	}
	if err != nil {
		return nil, err
	}
	cfg.Levels = slices.Clone(cfg.Levels)
	l := &Learner{cfg: cfg, spec: spec, epsilon: cfg.Epsilon, source: rand.NewPCG(seed, 1)}
	l.rng = rand.New(l.source)
	shape := replay.Shape{Agents: spec.Agents, Servers: spec.Servers, Features: len(spec.Features)}
	if l.buffer, err = replay.NewBuffer(shape, cfg.Capacity); err != nil {
		return nil, fmt.Errorf("qmix: %w", err)
	}
	if err := l.build(shape, independent, rand.New(rand.NewPCG(seed, 0))); err != nil {
		return nil, fmt.Errorf("qmix: %w", err)
	}
	return l, nil
}

// build makes networks, plans and graph, and the memory of an update.
func (l *Learner) build(shape replay.Shape, independent bool, initial *rand.Rand) (err error) {
	steps := l.cfg.Window
	if steps == 0 {
		steps = l.spec.Steps
	}
	rows := l.cfg.Batch * steps
	l.windows = replay.NewWindows(shape, l.cfg.Batch, steps)
	for range shape.Agents {
		l.features = append(l.features, normalise.NewFeatures(shape.Features))
		l.nextStates = append(l.nextStates, make([]float32, rows*shape.Servers*shape.Features))
	}
	if l.nets, err = newNetworks(&l.cfg, shape, independent, initial); err != nil {
		return err
	}
	rewards := func(columns int) *normalise.Rewards {
		r := normalise.NewRewards(columns, l.cfg.Gamma)
		r.DivideEach = true
		return r
	}
	if independent {
		l.own, l.ownRewards = rewards(shape.Agents*shape.Servers), make([]float32, rows*shape.Servers)
	} else {
		l.team, l.teamRewards = rewards(l.nets.valuesOfState()), make([]float32, rows*l.nets.valuesOfState())
	}
	chooses := l.nets.target
	if l.cfg.Double {
		chooses = l.nets.values
	}
	if l.nextChoice, err = l.nets.greedy(chooses, rows); err != nil {
		return err
	}
	l.targetPlan = nn.NewPlan(l.nets.target)
	l.nextValue = l.nets.jointValue(l.targetPlan, rows)
	if err := l.targetPlan.Err(); err != nil {
		return err
	}
	t := &l.graph
	g := nn.NewGraph(l.nets.values)
	t.jointValue = l.nets.jointValue(g, rows)
	t.losses = newLosses(g, &l.cfg, shape, t.jointValue)
	t.adam = nn.NewAdam(len(l.nets.values.Values()), nn.AdamConfig{WeightDecay: l.cfg.WeightDecay, MaxNorm: l.cfg.GradientNorm})
	t.program, err = g.Compile(t.loss)
	return err
}

// Observe implements agents.Learner. The learner keeps ep.
func (l *Learner) Observe(ep *replay.Episode) error {
	if err := l.buffer.Add(ep); err != nil {
		return fmt.Errorf("qmix: observe: %w", err)
	}
	return nil
}

// Update implements agents.Learner: a round. It fails with replay.ErrEmpty
// before the first transition, and with nn.ErrDiverged if a gradient is not
// finite. Explorers made after it explore as much as progress says.
func (l *Learner) Update(n int, progress float64) (agents.Stats, error) {
	if err := agents.CheckUpdate(n, progress); err != nil {
		return nil, fmt.Errorf("qmix: update: %w", err)
	}
	if l.buffer.Transitions() == 0 {
		return nil, fmt.Errorf("qmix: update: %w", replay.ErrEmpty)
	}
	l.rounds++
	l.epsilon = l.cfg.epsilon(progress)
	if l.rounds <= l.cfg.FeatureRounds {
		for i, f := range l.features {
			f.FitTo(l.buffer, i)
		}
	}
	l.fitRewards()
	rate := l.cfg.Rate * l.cfg.schedule().At(progress)
	var figures sums
	for range n {
		norm, err := l.update(rate)
		if err != nil {
			return nil, fmt.Errorf("qmix: update: %w", err)
		}
		figures.add(&l.graph, norm)
	}
	stats := agents.Stats{"epsilon": l.epsilon}
	figures.report(stats, &l.graph, n)
	stats["advantage_share"], stats["q_spread"] = l.nets.actionStatistics(l.graph.jointValue, l.windows.Mask)
	return stats, nil
}

// Parameters implements agents.Learner: the averaged utilities that are
// evaluated and, per LB, the statistics that normalise its features.
func (l *Learner) Parameters() []agents.Parameter {
	out := l.nets.parameters()
	for i, f := range l.features {
		out = append(out, f.Parameters(fmt.Sprintf("lb%d.", i))...)
	}
	return out
}

// Begin implements agents.Learner: a mixer begins untrained.
func (l *Learner) Begin(parameters []agents.Parameter) error {
	if err := agents.CopyParameters(l.Parameters(), parameters); err != nil {
		return fmt.Errorf("qmix: %w", err)
	}
	copy(l.nets.values.Values(), l.nets.average.Values()) // whose mixer is the same, as nothing has been learned
	copy(l.nets.target.Values(), l.nets.average.Values())
	for _, f := range l.features {
		f.Fix()
	}
	return nil
}

// Explorer implements agents.Learner: epsilon-greedy on the present utilities.
func (l *Learner) Explorer() (agents.Actor, error) { return l.newActor(l.nets.values, true) }

// Policy implements agents.Learner: greedy on the averaged utilities.
func (l *Learner) Policy() (agents.Actor, error) { return l.newActor(l.nets.average, false) }
