package delay

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"

	"fairlb/agents"
	"fairlb/agents/es"
	"fairlb/agents/policy"
	"fairlb/env"
	"fairlb/env/parallel"
	"fairlb/replay"
)

// Learner fits a model of delays for each LB, and then chooses kappa and the
// corrections for each.
type Learner struct {
	cfg     Config
	spec    env.Spec
	ongoing int // the feature that counts ongoing requests; -1: none
	buffer  *replay.Buffer
	lbs     []*model
	rounds  int     // calls of Update so far that fitted
	frozen  bool    // whether the models are fitted, and kappa and the corrections are chosen
	sigma   float64 // of the next Explorer in the choice
}

var (
	_ agents.Learner  = (*Learner)(nil)
	_ agents.Comparer = (*Learner)(nil)
)

// New returns an untrained learner for environments of the given spec. Equal
// seeds give equal learners. It fails with ErrConfig, naming every field at
// fault, if cfg breaks a rule or its weights could leave the spec's bounds.
func New(cfg Config, spec env.Spec, seed uint64) (*Learner, error) {
	err := errors.Join(cfg.Validate(), policy.CheckSpec(ErrConfig, spec))
	if err == nil {
		err = policy.CheckLogWeights(ErrConfig, spec, fmt.Sprintf("box = %v", cfg.Box), -cfg.Box, cfg.Box)
	}
	if err != nil {
		return nil, err
	}
	l := &Learner{cfg: cfg, spec: spec, sigma: cfg.Sigma}
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

// Trials implements agents.Comparer.
func (l *Learner) Trials() int { return es.Trials }

// Observe implements agents.Learner. The learner keeps ep while it fits; after
// that it compares by it: the fitness of a trial is minus the mean number of
// ongoing requests, the LB's own or a mean LB's.
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
	ongoing := make([]float64, len(l.lbs))
	for i := range ongoing {
		ongoing[i] = meanOngoing(ep, i, l.ongoing)
	}
	team := stat.Mean(ongoing, nil)
	for i, m := range l.lbs {
		if l.cfg.Fitness == es.Team {
			ongoing[i] = team
		}
		m.choice.Observe(ep.Seed, -ongoing[i])
	}
	return nil
}

// meanOngoing returns the mean over an episode of an LB's ongoing requests,
// which the given feature counts.
func meanOngoing(ep *replay.Episode, lb, feature int) float64 {
	sum := 0.0
	for t := range ep.Steps + 1 {
		offset := (t*ep.Agents + lb) * ep.Servers * ep.Features
		for j := range ep.Servers {
			sum += float64(ep.Obs[offset+j*ep.Features+feature])
		}
	}
	return sum / float64(ep.Steps+1)
}

// Update implements agents.Learner: a round of the fit or, when that part of
// training has passed, one step of the choice by all pairs of trials since the
// last. The LBs fit at once, each with a model and a random stream of its own.
// It fails with ErrNoFlows if no flow was observed, and with nn.ErrDiverged if
// a gradient is not finite.
func (l *Learner) Update(n int, progress float64) (agents.Stats, error) {
	if err := agents.CheckUpdate(n, progress); err != nil {
		return nil, fmt.Errorf("delay: update: %w", err)
	}
	fitted := !l.frozen
	var err error
	if fitted {
		err = l.fit(n, progress)
	} else if l.cfg.ChoiceRate > 0 {
		err = l.choose((progress - l.cfg.Fit) / (1 - l.cfg.Fit))
	}
	if err != nil {
		return nil, err
	}
	stats := make(agents.Stats)
	for _, m := range l.lbs {
		m.report(stats, fitted)
	}
	return stats, nil
}

// choose moves the kappa and the corrections of each LB by the trials since the last
// round. passed, in [0, 1], is the part of this part of training that has passed.
func (l *Learner) choose(passed float64) error {
	for i, m := range l.lbs {
		if _, err := m.choice.Step(l.cfg.ChoiceRate*l.cfg.choiceSchedule().At(passed), l.cfg.Average); err != nil {
			return fmt.Errorf("delay: update: LB %d: %w", i, err)
		}
	}
	l.sigma = l.cfg.Sigma * math.Pow(l.cfg.FinalSigma/l.cfg.Sigma, passed)
	return nil
}

// fit makes a round of n updates of all models.
func (l *Learner) fit(n int, progress float64) error {
	if l.buffer.Transitions() == 0 {
		return fmt.Errorf("delay: update: %w", replay.ErrEmpty)
	}
	l.rounds++
	rate := l.cfg.Rate * l.cfg.schedule().At(min(progress/l.cfg.Fit, 1))
	fitFeatures := l.rounds <= l.cfg.FeatureRounds
	err := parallel.Each(len(l.lbs), func(i int) error {
		if err := l.lbs[i].fit(l.buffer, n, rate, fitFeatures); err != nil {
			return fmt.Errorf("delay: update: LB %d: %w", i, err)
		}
		return nil
	})
	l.frozen = progress >= l.cfg.Fit
	return err
}

// Parameters implements agents.Learner: per LB, the model, the statistics that
// normalise its features, kappa and the corrections.
func (l *Learner) Parameters() []agents.Parameter {
	var out []agents.Parameter
	for _, m := range l.lbs {
		out = append(out, m.parameters()...)
	}
	return out
}

// Begin implements agents.Learner: the model is fitted further, from what it is.
func (l *Learner) Begin(parameters []agents.Parameter) error {
	if err := agents.CopyParameters(l.Parameters(), parameters); err != nil {
		return fmt.Errorf("delay: %w", err)
	}
	for _, m := range l.lbs {
		copy(m.choice.Values, m.choice.Average)
		m.features.Fix()
		m.fitted = true
	}
	return nil
}

// Explorer implements agents.Learner: the model and, by part of training, noise
// on u, or on kappa and the corrections.
func (l *Learner) Explorer() (agents.Actor, error) { return l.newActor(true) }

// Policy implements agents.Learner: the model with what was chosen.
func (l *Learner) Policy() (agents.Actor, error) { return l.newActor(false) }
