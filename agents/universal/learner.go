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
	cfg     Config
	spec    env.Spec
	carried bool       // what is learned is universal-carried
	origin  []float32  // the coefficients that the search began at
	units   []float64  // of the coefficients
	sigma   float64    // of the next Trial
	rounds  int        // calls of Update so far
	search  *es.Search // of what the coefficients are beside origin, each in its unit
	earned  float64    // sum of the trials' fitness since the last update
	trials  int        // since the last update
}

// New returns an untrained learner of universal. It learns of any pool; Policy and Explorer steer
// environments of the given spec. It fails with ErrConfig, naming every field at fault.
func New(cfg Config, spec env.Spec) (*Learner, error) { return newLearner(cfg, spec, false) }

// NewCarried returns an untrained learner of universal-carried, of whose policy there is no
// Actor.
func NewCarried(cfg Config, spec env.Spec) (*Learner, error) { return newLearner(cfg, spec, true) }

func newLearner(cfg Config, spec env.Spec, carried bool) (*Learner, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	units := unitsOf(carried)
	l := &Learner{cfg: cfg, spec: spec, carried: carried, origin: make([]float32, len(units)), units: units, sigma: cfg.Sigma, search: es.NewSearch(make([]float32, len(units)), 0)}
	if carried {
		for k, x := range dispatch.ShippedPolicy(false).WithCarried().Coefficients() {
			l.origin[k] = float32(x)
		}
	}
	if cfg.Limit > 0 {
		l.search.Limit(cfg.Limit)
	}
	return l, nil
}

// Trials implements agents.Comparer.
func (l *Learner) Trials() int { return es.Trials }

// Trial implements agents.RuleLearner: the present coefficients, moved by the noise of
// the trial.
func (l *Learner) Trial(seed uint64) (*dispatch.Policy, error) {
	noise := make([]float64, len(l.units))
	es.Noise(noise, seed, 0)
	for k, v := range l.search.Values {
		noise[k] = float64(l.origin[k]) + l.units[k]*(float64(v)+l.sigma*noise[k])
	}
	return dispatch.NewPolicy(l.carried, noise)
}

// Rule implements agents.RuleLearner: the averaged coefficients.
func (l *Learner) Rule() (*dispatch.Policy, error) {
	values := make([]float64, len(l.units))
	for k, v := range l.search.Average {
		values[k] = float64(l.origin[k]) + l.units[k]*float64(v)
	}
	return dispatch.NewPolicy(l.carried, values)
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

// Parameters implements agents.Learner: the parts of a dispatch.Policy, in the learner's units, and
// of universal-carried what they are beside its origin, which is the last.
func (l *Learner) Parameters() []agents.Parameter {
	servers, pool := len(dispatch.ServerFeatures(l.carried)), len(dispatch.PoolFeatures())
	var list []agents.Parameter
	for values := l.search.Average; len(values) > 0; {
		n := pool
		if len(list) < 2 {
			n = servers
		}
		name := []string{"weight", "offset", "common", "others", "age"}[len(list)]
		list = append(list, agents.Parameter{Name: name, Shape: []int{n}, Data: values[:n]})
		values = values[n:]
	}
	if l.carried {
		list = append(list, agents.Parameter{Name: "origin", Shape: []int{len(l.origin)}, Data: l.origin})
	}
	return list
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
func (l *Learner) Explorer() (agents.Actor, error) { return l.actor(l.Trial) }

// Policy implements agents.Learner: the averaged coefficients.
func (l *Learner) Policy() (agents.Actor, error) {
	return l.actor(func(uint64) (*dispatch.Policy, error) { return l.Rule() })
}

// actor returns an Actor whose policy choose chooses.
func (l *Learner) actor(choose func(seed uint64) (*dispatch.Policy, error)) (agents.Actor, error) {
	if l.carried {
		return nil, fmt.Errorf("universal: %s decides on each request by what servers tell, and no weights that are set once an interval can", dispatch.UniversalCarriedName)
	}
	return newActor(l.spec, choose)
}

// stateKind names the learner and the version of its state, for agents.SaveState.
func (l *Learner) stateKind() string {
	if l.carried {
		return dispatch.UniversalCarriedName + " 2"
	}
	return dispatch.UniversalName + " 1"
}

// Save implements agents.Saver.
func (l *Learner) Save(w io.Writer) error { return agents.SaveState(w, l.stateKind(), l.state) }

// Restore implements agents.Saver.
func (l *Learner) Restore(r io.Reader) error { return agents.RestoreState(r, l.stateKind(), l.state) }

// state walks over all that the learner saves.
func (l *Learner) state(c *snapshot.Codec) {
	c.Float64(&l.sigma)
	snapshot.Int(c, &l.rounds)
	l.search.State(c)
	if l.carried {
		c.Float32s(l.origin)
	}
}
