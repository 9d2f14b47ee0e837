package es

import (
	"errors"
	"fmt"

	"fairlb/agents"
	"fairlb/agents/normalise"
	"fairlb/agents/policy"
	"fairlb/env"
	"fairlb/replay"
)

// Learner searches one policy per LB.
type Learner struct {
	cfg    Config
	spec   env.Spec
	sigma  float64 // of the next Explorer
	rounds int     // calls of Update so far
	lbs    []*lb
}

// lb is the search of one LB.
type lb struct {
	features *normalise.Features
	search   *Search // [N] offsets and [F] coefficients, in units of Config.Scale
	earned   float64 // sum of the trials' fitness since the last update
	trials   int     // since the last update
}

var (
	_ agents.Learner  = (*Learner)(nil)
	_ agents.Comparer = (*Learner)(nil)
)

// New returns an untrained learner for environments of the given spec. Its
// randomness is that of the explorers' seeds. It fails with ErrConfig, naming
// every field at fault, if cfg breaks a rule or its weights could leave the
// spec's bounds.
func New(cfg Config, spec env.Spec) (*Learner, error) {
	err := errors.Join(cfg.Validate(), policy.CheckSpec(ErrConfig, spec))
	if err == nil {
		err = policy.CheckLogWeights(ErrConfig, spec, fmt.Sprintf("box = %v", cfg.Box), -cfg.Box, cfg.Box)
	}
	if err != nil {
		return nil, err
	}
	l := &Learner{cfg: cfg, spec: spec, sigma: cfg.Sigma}
	size := spec.Servers
	if cfg.Features {
		size += len(spec.Features)
	}
	for i := range spec.Agents {
		l.lbs = append(l.lbs, &lb{
			features: normalise.NewLogFeatures(len(spec.Features)),
			search:   NewSearch(make([]float32, size), uint64(i)),
		})
	}
	return l, nil
}

// Trials implements agents.Comparer.
func (l *Learner) Trials() int { return Trials }

// Observe implements agents.Learner. The fitness of a trial is the mean reward
// of the LB or the team; the learner keeps nothing else of ep.
func (l *Learner) Observe(ep *replay.Episode) error {
	want := replay.Shape{Agents: l.spec.Agents, Servers: l.spec.Servers, Features: len(l.spec.Features)}
	if ep.Shape != want {
		return fmt.Errorf("es: observe: episode of shape %+v, want %+v", ep.Shape, want)
	}
	if err := ep.Validate(); err != nil {
		return fmt.Errorf("es: observe: %w", err)
	}
	if ep.Steps == 0 {
		return fmt.Errorf("es: observe: %w", replay.ErrEmpty)
	}
	for i, b := range l.lbs {
		if l.rounds < l.cfg.FeatureRounds {
			b.features.Add(ep, i)
		}
		fitness := 0.0
		for t := range ep.Steps {
			reward := ep.Reward[t*ep.Agents+i]
			if l.cfg.Fitness == Team {
				reward = ep.Team(t)
			}
			fitness += float64(reward) / float64(ep.Steps)
		}
		b.search.Observe(ep.Seed, fitness)
		b.earned += fitness
		b.trials++
	}
	return nil
}

// Update implements agents.Learner: one step by all pairs of trials since the
// last, whatever n is. It fails with replay.ErrEmpty if there is none, and with
// nn.ErrDiverged if a reward was not finite.
func (l *Learner) Update(n int, progress float64) (agents.Stats, error) {
	if err := agents.CheckUpdate(n, progress); err != nil {
		return nil, fmt.Errorf("es: update: %w", err)
	}
	if l.lbs[0].search.Pairs() == 0 {
		return nil, fmt.Errorf("es: update: no pair of trials: %w", replay.ErrEmpty)
	}
	l.rounds++
	stats := agents.Stats{"sigma": l.sigma}
	rate := l.cfg.Rate * l.cfg.schedule().At(progress)
	keep := Kept(l.cfg.Average, l.rounds)
	for i, b := range l.lbs {
		if l.rounds <= l.cfg.FeatureRounds {
			b.features.Fit()
		}
		norm, err := b.search.Step(rate, keep)
		if err != nil {
			return nil, fmt.Errorf("es: update: LB %d: %w", i, err)
		}
		stats[fmt.Sprintf("grad_norm/%d", i)] = norm
		stats[fmt.Sprintf("fitness/%d", i)] = b.earned / float64(b.trials)
		b.earned, b.trials = 0, 0
	}
	l.sigma = NoiseAt(l.cfg.Sigma, l.cfg.FinalSigma, progress)
	return stats, nil
}

// Parameters implements agents.Learner: per LB, what is evaluated and the
// statistics that normalise its features.
func (l *Learner) Parameters() []agents.Parameter {
	var out []agents.Parameter
	n := l.spec.Servers
	for i, b := range l.lbs {
		prefix := fmt.Sprintf("lb%d.", i)
		values := b.search.Average
		out = append(out, agents.Parameter{Name: prefix + "offset", Shape: []int{n}, Data: values[:n]})
		if l.cfg.Features {
			out = append(out, agents.Parameter{Name: prefix + "coefficient", Shape: []int{len(values) - n}, Data: values[n:]})
		}
		out = append(out, b.features.Parameters(prefix)...)
	}
	return out
}

// Begin implements agents.Learner.
func (l *Learner) Begin(parameters []agents.Parameter) error {
	if err := agents.CopyParameters(l.Parameters(), parameters); err != nil {
		return fmt.Errorf("es: %w", err)
	}
	for _, b := range l.lbs {
		copy(b.search.Values, b.search.Average)
		b.features.Fix()
	}
	return nil
}

// Explorer implements agents.Learner: the present parameters, moved by the
// noise of the trial.
func (l *Learner) Explorer() (agents.Actor, error) { return l.newActor(true), nil }

// Policy implements agents.Learner: the averaged parameters.
func (l *Learner) Policy() (agents.Actor, error) { return l.newActor(false), nil }
