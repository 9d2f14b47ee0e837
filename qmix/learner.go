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

// Learner is QMix-LB: one learner of all LBs.
type Learner struct {
	cfg     Config
	spec    env.Spec
	buffer  *replay.Buffer
	windows *replay.Windows
	rng     *rand.Rand
	source  *rand.PCG // of rng
	rounds  int       // calls of Update so far
	updates int       // gradient updates so far
	epsilon float64   // of the next Explorer

	features []*normalise.Features // per LB
	team     *normalise.Rewards    // [1]: the team's rewards
	streams  *normalise.Rewards    // [M*N]: each LB's own, by server
	nets     *networks
	trainer  trainer
	chooser  greedy   // of the next levels
	target   *nn.Plan // the value of the next states
	next     joint

	normal  []float32   // [W*L], rewards
	serverR []float32   // [W*L*N], of one LB
	states  [][]float32 // per LB: [W*L*N,F], the next ones
}

// trainer is the graph of the loss and its optimiser.
type trainer struct {
	joint
	losses
	program *nn.Program
	adam    *nn.Adam
}

var _ agents.Learner = (*Learner)(nil)

// New returns an untrained learner for environments of the given spec. Equal
// seeds give equal learners. It fails with ErrConfig, naming every field at
// fault, if cfg breaks a rule or does not fit the spec.
func New(cfg Config, spec env.Spec, seed uint64) (*Learner, error) {
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
	if err := l.build(shape, rand.New(rand.NewPCG(seed, 0))); err != nil {
		return nil, fmt.Errorf("qmix: %w", err)
	}
	return l, nil
}

// build makes networks, plans and graph, and the memory of an update.
func (l *Learner) build(shape replay.Shape, initial *rand.Rand) (err error) {
	steps := l.cfg.Window
	if steps == 0 {
		steps = l.spec.Steps
	}
	rows := l.cfg.Batch * steps
	l.windows = replay.NewWindows(shape, l.cfg.Batch, steps)
	l.normal = make([]float32, rows)
	l.serverR = make([]float32, rows*shape.Servers)
	l.team, l.streams = normalise.NewRewards(1, l.cfg.Gamma), normalise.NewRewards(shape.Agents*shape.Servers, l.cfg.Gamma)
	l.team.DivideEach, l.streams.DivideEach = true, true
	for range shape.Agents {
		l.features = append(l.features, normalise.NewFeatures(shape.Features))
		l.states = append(l.states, make([]float32, rows*shape.Servers*shape.Features))
	}
	if l.nets, err = newNetworks(&l.cfg, shape, initial); err != nil {
		return err
	}
	chooses := l.nets.target
	if l.cfg.Double {
		chooses = l.nets.values
	}
	if l.chooser, err = l.nets.greedy(chooses, rows); err != nil {
		return err
	}
	l.target = nn.NewPlan(l.nets.target)
	l.next = l.nets.joint(l.target, rows)
	if err := l.target.Err(); err != nil {
		return err
	}
	t := &l.trainer
	g := nn.NewGraph(l.nets.values)
	t.joint = l.nets.joint(g, rows)
	t.losses = newLosses(g, &l.cfg, shape, t.joint)
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
	if n < 1 || !(progress >= 0 && progress <= 1) {
		return nil, fmt.Errorf("qmix: update: n = %d, progress = %g: want n at least 1, progress in [0, 1]", n, progress)
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
		figures.add(&l.trainer, norm)
	}
	stats := agents.Stats{"epsilon": l.epsilon}
	figures.report(stats, &l.trainer, n)
	stats["advantage_share"], stats["q_spread"] = l.nets.effect(l.trainer.joint, l.windows.Mask)
	return stats, nil
}

// fitRewards takes the statistics of the rewards in the buffer.
func (l *Learner) fitRewards() {
	team := make([]float32, 1)
	l.team.FitTo(l.buffer, func(ep *replay.Episode, t int) []float32 {
		team[0] = ep.Team(t)
		return team
	})
	columns := l.spec.Agents * l.spec.Servers
	l.streams.FitTo(l.buffer, func(ep *replay.Episode, t int) []float32 {
		return ep.ServerReward[t*columns:][:columns]
	})
}

// update makes one gradient update and returns the gradient's norm.
func (l *Learner) update(rate float64) (norm float64, err error) {
	if err := l.buffer.SampleWindows(l.windows, l.rng); err != nil {
		return 0, err
	}
	l.load()
	l.targets()
	t := &l.trainer
	t.program.Run()
	values := l.nets.values.Values()
	if norm, err = t.adam.Step(values, t.program.Gradient(), rate); err != nil {
		return norm, err
	}
	l.updates++
	switch every := l.cfg.TargetEvery; {
	case every == 0:
		nn.Polyak(l.nets.target.Values(), values, float32(l.cfg.Tau))
	case l.updates%every == 0:
		copy(l.nets.target.Values(), values)
	}
	nn.Polyak(l.nets.average.Values(), values, float32(1-l.cfg.Average))
	return norm, nil
}

// load writes the sampled windows to the inputs of graph and plans: row w*L+t
// is step t of window w.
func (l *Learner) load() {
	w, m := l.windows, l.spec.Agents
	n := l.spec.Servers
	f := n * len(l.spec.Features)
	for row := range w.Size * w.Steps {
		at := row + row/w.Steps // windows have one more observation than steps
		for i := range m {
			now, after := w.Obs[(at*m+i)*f:][:f], w.Obs[((at+1)*m+i)*f:][:f]
			l.features[i].Apply(l.trainer.x[i].Data()[row*f:(row+1)*f], now)
			l.features[i].Apply(l.states[i][row*f:(row+1)*f], after)
			action := l.trainer.action[i].Data()[row*n : (row+1)*n]
			for j, u := range w.LogWeight[(row*m+i)*n:][:n] {
				action[j] = l.nets.form.encode(u)
			}
		}
	}
	if s := l.trainer.state; s != nil {
		for i, x := range l.trainer.x {
			l.nets.writeState(s.Data(), i, x.Data())
		}
	}
	l.team.Apply(l.normal, w.TeamReward)
	l.trainer.mark(w)
}

// targets fills the targets from the next states: the levels that the
// choosing utilities find best, as the target networks value them ([QMIX],
// eq. 6, with van Hasselt et al. 2016).
func (l *Learner) targets() {
	for i, x := range l.states {
		copy(l.chooser.x[i].Data(), x)
		copy(l.next.x[i].Data(), x)
		if s := l.next.state; s != nil {
			l.nets.writeState(s.Data(), i, x)
		}
	}
	l.chooser.plan.Run()
	for i, action := range l.next.action {
		l.chooser.choose(action.Data(), i)
		l.nets.act(action.Data())
	}
	l.target.Run()
	tdLambda(l.trainer.y.Data(), l.normal, l.next.total.Data(), l.windows.Bootstrap, l.windows.Mask,
		l.windows.Steps, l.cfg.Gamma, l.cfg.Lambda)
	for i, y := range l.trainer.own {
		l.streams.ApplyColumns(l.serverR, l.windows.ServerReward, i*l.spec.Servers, l.spec.Servers)
		tdLambda(y.Data(), l.serverR, l.next.q[i].Data(), l.windows.Bootstrap, l.windows.Mask,
			l.windows.Steps, l.cfg.Gamma, l.cfg.Lambda)
	}
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

// Explorer implements agents.Learner: epsilon-greedy on the present utilities.
func (l *Learner) Explorer() (agents.Actor, error) { return l.newActor(l.nets.values, true) }

// Policy implements agents.Learner: greedy on the averaged utilities.
func (l *Learner) Policy() (agents.Actor, error) { return l.newActor(l.nets.average, false) }
