package delay

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	"fairlb/agents"
	"fairlb/agents/rules"
	"fairlb/env"
	"fairlb/replay"
)

// Learner fits one model of delays per LB.
type Learner struct {
	cfg     Config
	spec    env.Spec
	ongoing int // the feature that counts ongoing requests; -1: none
	buffer  *replay.Buffer
	lbs     []*model
	choice  *choice
	rounds  int  // calls of Update so far
	frozen  bool // the models are fitted, kappa is chosen
}

var (
	_ agents.Learner  = (*Learner)(nil)
	_ agents.Comparer = (*Learner)(nil)
)

// New returns an untrained learner for environments of the given spec. Equal
// seeds give equal learners. It fails with ErrConfig, naming every field at
// fault, if cfg breaks a rule or its weights could leave the spec's bounds.
func New(cfg Config, spec env.Spec, seed uint64) (*Learner, error) {
	err := errors.Join(cfg.Validate(), rules.Environment(ErrConfig, spec))
	if err == nil {
		err = rules.Weights(ErrConfig, spec, fmt.Sprintf("box = %v", cfg.Box), -cfg.Box, cfg.Box)
	}
	if err != nil {
		return nil, err
	}
	cfg.Kappas = slices.Clone(cfg.Kappas)
	l := &Learner{cfg: cfg, spec: spec, choice: newChoice(len(cfg.Kappas), spec.Agents)}
	l.ongoing = slices.IndexFunc(spec.Features, func(f env.Feature) bool { return f.Name == "ongoing" })
	shape := replay.Shape{Agents: spec.Agents, Servers: spec.Servers, Features: len(spec.Features)}
	if l.buffer, err = replay.NewBuffer(shape, cfg.Capacity); err != nil {
		return nil, fmt.Errorf("delay: %w", err)
	}
	for i := range spec.Agents {
		m, err := newModel(&l.cfg, i, shape, seed)
		if err != nil {
			return nil, fmt.Errorf("delay: LB %d: %w", i, err)
		}
		l.lbs = append(l.lbs, m)
	}
	return l, nil
}

// Trials implements agents.Comparer: one with each kappa.
func (l *Learner) Trials() int { return len(l.cfg.Kappas) }

// Observe implements agents.Learner. The learner keeps ep while it fits; after
// that it compares by it.
func (l *Learner) Observe(ep *replay.Episode) error {
	if !l.frozen {
		if err := l.buffer.Add(ep); err != nil {
			return fmt.Errorf("delay: observe: %w", err)
		}
		return nil
	}
	if l.ongoing < 0 {
		return errors.New("delay: observe: no feature is called ongoing: kappa cannot be chosen")
	}
	if err := ep.Validate(); err != nil {
		return fmt.Errorf("delay: observe: %w", err)
	}
	l.choice.add(ep, l.ongoing)
	return nil
}

// Update implements agents.Learner: a round of the fit or, when that part of
// training has passed, the choice of kappa from what was played since. The LBs
// fit at once, each with a model and a random stream of its own. It fails with
// ErrNoFlows if no flow was observed, and with nn.ErrDiverged if a gradient is
// not finite.
func (l *Learner) Update(n int, progress float64) (agents.Stats, error) {
	if n < 1 || !(progress >= 0 && progress <= 1) {
		return nil, fmt.Errorf("delay: update: n = %d, progress = %g: want n at least 1, progress in [0, 1]", n, progress)
	}
	fitted := !l.frozen
	if fitted {
		if err := l.fit(n, progress); err != nil {
			return nil, err
		}
	} else if l.choice.workloads > 0 {
		for i, m := range l.lbs {
			m.kappa[0] = float32(l.cfg.Kappas[l.choice.best(i)])
		}
	}
	stats := agents.Stats{"compared": float64(l.choice.workloads)}
	for i, m := range l.lbs {
		m.report(stats, fitted)
		if l.choice.workloads == 0 {
			continue
		}
		for k, kappa := range l.cfg.Kappas {
			stats[fmt.Sprintf("ongoing_%g/%d", kappa, i)] = l.choice.sums[k][i] / float64(l.choice.workloads)
		}
	}
	return stats, nil
}

func (l *Learner) fit(n int, progress float64) error {
	if l.buffer.Transitions() == 0 {
		return fmt.Errorf("delay: update: %w", replay.ErrEmpty)
	}
	l.rounds++
	rate := l.cfg.Rate * l.cfg.schedule().At(min(progress/l.cfg.Fit, 1))
	fitFeatures := l.rounds <= l.cfg.FeatureRounds
	errs := make([]error, len(l.lbs))
	var wg sync.WaitGroup
	for i, m := range l.lbs {
		wg.Go(func() {
			if err := m.fit(l.buffer, n, rate, fitFeatures); err != nil {
				errs[i] = fmt.Errorf("delay: update: LB %d: %w", i, err)
			}
		})
	}
	wg.Wait()
	l.frozen = progress >= l.cfg.Fit
	return errors.Join(errs...)
}

// Parameters implements agents.Learner: per LB, the model, the statistics that
// normalise its features, and kappa.
func (l *Learner) Parameters() []agents.Parameter {
	var out []agents.Parameter
	for _, m := range l.lbs {
		out = append(out, m.parameters()...)
	}
	return out
}

// Explorer implements agents.Learner: the model with the kappa of the trial
// and, while it is fitted, noise.
func (l *Learner) Explorer() (agents.Actor, error) { return l.newActor(true) }

// Policy implements agents.Learner: the model with the kappa that was chosen.
func (l *Learner) Policy() (agents.Actor, error) { return l.newActor(false) }
