package universal

import (
	"fmt"
	"io"
	"math"

	"fairlb/agents"
	"fairlb/agents/es"
	"fairlb/env"
	"fairlb/env/dispatch"
	"fairlb/env/snapshot"
	"fairlb/replay"
)

var (
	_ agents.RuleLearner = (*Learner)(nil)
	_ agents.Comparer    = (*Learner)(nil)
	_ agents.Saver       = (*Learner)(nil)
)

// Learner searches the coefficients.
type Learner struct {
	cfg    Config
	spec   env.Spec
	sigma  float64    // of the next Trial
	rounds int        // calls of Update so far
	search *es.Search // of the coefficients, each in its unit
	earned float64    // sum of the trials' fitness since the last update
	trials int        // since the last update
}

// New returns an untrained learner. It learns of any pool; Policy and Explorer steer
// environments of the given spec. It fails with ErrConfig, naming every field at fault.
func New(cfg Config, spec env.Spec) (*Learner, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	return &Learner{cfg: cfg, spec: spec, sigma: cfg.Sigma, search: es.NewSearch(make([]float32, dispatch.PolicySize), 0)}, nil
}

// Trials implements agents.Comparer.
func (l *Learner) Trials() int { return es.Trials }

// Trial implements agents.RuleLearner: the present coefficients, moved by the noise of
// the trial.
func (l *Learner) Trial(seed uint64) (*dispatch.Policy, error) {
	noise := make([]float64, dispatch.PolicySize)
	es.Noise(noise, seed, 0)
	for k, v := range l.search.Values {
		noise[k] = unit(k) * (float64(v) + l.sigma*noise[k])
	}
	return dispatch.NewPolicy(noise)
}

// Rule implements agents.RuleLearner: the averaged coefficients.
func (l *Learner) Rule() (*dispatch.Policy, error) {
	values := make([]float64, dispatch.PolicySize)
	for k, v := range l.search.Average {
		values[k] = unit(k) * float64(v)
	}
	return dispatch.NewPolicy(values)
}

// ObserveTrial implements agents.RuleLearner. What counts is by which part the two trials of a
// pair differ in the mean completion time (s).
func (l *Learner) ObserveTrial(seed uint64, completion float64) error {
	if !(completion > 0 && completion <= math.MaxFloat64) {
		return fmt.Errorf("universal: a mean completion time of %g s: %w", completion, replay.ErrEmpty)
	}
	l.search.Observe(seed, -completion)
	l.earned -= completion
	l.trials++
	return nil
}

// Observe implements agents.Learner: an episode that agents played says nothing of a rule.
func (l *Learner) Observe(*replay.Episode) error {
	return fmt.Errorf("universal: learns from trials of rules alone")
}

// Update implements agents.Learner: one step by all pairs of trials since the last,
// whatever n is.
func (l *Learner) Update(n int, progress float64) (agents.Stats, error) {
	if err := agents.CheckUpdate(n, progress); err != nil {
		return nil, fmt.Errorf("universal: update: %w", err)
	}
	if l.search.Pairs() == 0 {
		return nil, fmt.Errorf("universal: update: no pair of trials: %w", replay.ErrEmpty)
	}
	l.rounds++
	norm, err := l.search.Step(l.cfg.Rate*l.cfg.schedule().At(progress), es.Kept(l.cfg.Average, l.rounds))
	if err != nil {
		return nil, fmt.Errorf("universal: update: %w", err)
	}
	stats := agents.Stats{"sigma": l.sigma, "grad_norm": norm, "fitness": l.earned / float64(l.trials)}
	l.earned, l.trials = 0, 0
	l.sigma = es.NoiseAt(l.cfg.Sigma, l.cfg.FinalSigma, progress)
	return stats, nil
}

// Parameters implements agents.Learner: the coefficients of weights, of offsets, and of
// every server's offset (dispatch.Policy), in the learner's units.
func (l *Learner) Parameters() []agents.Parameter {
	n, values := len(dispatch.ServerFeatures()), l.search.Average
	return []agents.Parameter{
		{Name: "weight", Shape: []int{n}, Data: values[:n]},
		{Name: "offset", Shape: []int{n}, Data: values[n : 2*n]},
		{Name: "common", Shape: []int{len(values) - 2*n}, Data: values[2*n:]},
	}
}

// Begin implements agents.Learner.
func (l *Learner) Begin(parameters []agents.Parameter) error {
	if err := agents.CopyParameters(l.Parameters(), parameters); err != nil {
		return fmt.Errorf("universal: %w", err)
	}
	copy(l.search.Values, l.search.Average)
	return nil
}

// Explorer implements agents.Learner: the present coefficients, moved by the noise of the
// seed that it is reset by.
func (l *Learner) Explorer() (agents.Actor, error) { return newActor(l.spec, l.Trial) }

// Policy implements agents.Learner: the averaged coefficients.
func (l *Learner) Policy() (agents.Actor, error) {
	return newActor(l.spec, func(uint64) (*dispatch.Policy, error) { return l.Rule() })
}

// stateKind names the learner and the version of its state, for agents.SaveState.
const stateKind = "universal 1"

// Save implements agents.Saver.
func (l *Learner) Save(w io.Writer) error { return agents.SaveState(w, stateKind, l.state) }

// Restore implements agents.Saver.
func (l *Learner) Restore(r io.Reader) error { return agents.RestoreState(r, stateKind, l.state) }

// state walks over all that the learner saves.
func (l *Learner) state(c *snapshot.Codec) {
	c.Float64(&l.sigma)
	snapshot.Int(c, &l.rounds)
	l.search.State(c)
}
