package agentprocess

import (
	"fmt"
	"strings"

	"fairlb/agents"
	"fairlb/agents/checkpoint"
	"fairlb/agents/methods"
	"fairlb/cmd/fairlb/internal/bounds"
	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/cmd/fairlb/internal/target"
	"fairlb/env"
	"fairlb/env/dispatch"
	"fairlb/env/observe"
	"fairlb/train"
)

// SelfTuning is the name of the policy that needs no checkpoint.
const SelfTuning = "self-tuning"

// Policy is a trained policy that acts on what each LB sees alone.
type Policy struct {
	Name     string
	LBs      int
	Servers  int      // that it was trained for
	Names    []string // of these, in its order; nil: those of the plane, in the order of names
	Interval float64  // s between two actions
	Bounds   env.ActionSpec
	Warnings []string

	// New returns an actor of all LBs.
	New func() (agents.Actor, error)
}

// LoadRule returns the coefficients of a policy that takes any servers: the shipped ones of
// universal and universal-carried, or those of a checkpoint or run's folder of that method; nil for the name of
// any other policy.
func LoadRule(name string) (*dispatch.Policy, error) {
	switch name {
	case SelfTuning:
		return nil, nil
	case dispatch.UniversalName:
		return dispatch.ShippedPolicy(false), nil
	case dispatch.UniversalCarriedName:
		return dispatch.ShippedPolicy(true), nil
	}
	path := target.CheckpointPath(name)
	meta, parameters, err := checkpoint.Load(path)
	if err != nil {
		return nil, err
	}
	if m, err := methods.Find(meta.Method); err != nil || !m.Rule {
		return nil, nil // as LoadPolicy says
	}
	h, err := train.LoadHyperparameters(path+" (settings)", []byte(meta.Settings), nil)
	if err != nil {
		return nil, err
	}
	rule, err := methods.RulePolicy(meta, h.Methods, parameters)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return rule, nil
}

// LoadPolicy reads the policy of a checkpoint or of a run's folder. names says which
// server of the plane is which of the policy's; nil: by the order of names.
func LoadPolicy(name string, names []string) (*Policy, error) {
	path := target.CheckpointPath(name)
	meta, parameters, err := checkpoint.Load(path)
	if err != nil {
		return nil, err
	}
	h, err := train.LoadHyperparameters(path+" (settings)", []byte(meta.Settings), nil)
	if err != nil {
		return nil, err
	}
	fail := func(format string, args ...any) (*Policy, error) {
		return nil, fmt.Errorf("%s: %w", path, invalid.Errorf(format, args...))
	}
	method, err := methods.Find(meta.Method)
	if err != nil {
		return fail("method %q: %w", meta.Method, err)
	}
	if method.Joint {
		return fail("%s steers all LBs together by what all of them observe, which no agent of one live LB knows: train one that acts by itself (distr-lb, qmix-lb, ippo)", meta.Method)
	}
	live := meta.Fingerprint.Spec()
	live.Features = observe.Features()
	if err := meta.Fingerprint.Check(checkpoint.FingerprintOf(live)); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if names != nil && len(names) != live.Servers {
		return fail("--servers names %d servers: the policy was trained for %d", len(names), live.Servers)
	}
	for k, n := range names {
		for _, other := range names[:k] {
			if n == other {
				return fail("--servers: %q is named twice", n)
			}
		}
	}
	if err := bounds.Policy(meta.Method, h.Methods, live); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	p := &Policy{
		Name: name, LBs: live.Agents, Servers: live.Servers, Names: names, Interval: live.StepInterval, Bounds: live.Action,
		New: func() (agents.Actor, error) { return methods.Policy(meta, h.Methods, parameters, live) },
	}
	if _, err := p.New(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	p.Warnings = append(p.Warnings, fmt.Sprintf("%s was trained in scenario %s, in a simulator: watch it with --shadow first", name, meta.Scenario))
	if names == nil {
		p.Warnings = append(p.Warnings, "the plane's servers are taken in the order of their names for those of the scenario; --servers says otherwise")
	}
	return p, nil
}

// mismatch reports servers of a plane that a policy cannot have.
func (p *Policy) mismatch(has []string) error {
	var missing []string
	for _, name := range p.Names {
		found := false
		for _, h := range has {
			found = found || h == name
		}
		if !found {
			missing = append(missing, name)
		}
	}
	switch {
	case len(missing) > 0:
		return invalid.Errorf("--servers: the plane has no %s; it has %s", strings.Join(missing, ", "), strings.Join(has, ", "))
	case len(has) != p.Servers:
		return invalid.Errorf("the plane has %d servers (%s): %s was trained for %d", len(has), strings.Join(has, ", "), p.Name, p.Servers)
	}
	return nil
}

// local is the actor of one LB of a policy of several. What the others see is of no
// consequence for it, and zero.
type local struct {
	actor    agents.Actor
	lb, n    int
	features int
	step     env.Step
	dst      [][]float64
}

var _ agents.Actor = (*local)(nil)

// newLocal returns the actor of LB lb.
func newLocal(p *Policy, lb int) (*local, error) {
	actor, err := p.New()
	if err != nil {
		return nil, err
	}
	l := &local{actor: actor, lb: lb, n: p.Servers, features: len(observe.Features())}
	for range p.LBs {
		l.step.Obs = append(l.step.Obs, make([]float32, l.n*l.features))
		l.dst = append(l.dst, make([]float64, l.n))
	}
	return l, nil
}

// Reset implements agents.Actor.
func (l *local) Reset(seed uint64) { l.actor.Reset(seed) }

// Act implements agents.Actor, for one LB. Servers beyond those that the policy knows get
// the mean weight.
func (l *local) Act(dst [][]float64, step *env.Step) error {
	if len(dst) != 1 || len(step.Obs) != 1 || len(dst[0]) < l.n || len(step.Obs[0]) < l.n*l.features {
		return fmt.Errorf("agentprocess: observations and weights are not those of one LB and %d servers", l.n)
	}
	copy(l.step.Obs[l.lb], step.Obs[0])
	l.step.Time = step.Time
	if err := l.actor.Act(l.dst, &l.step); err != nil {
		return err
	}
	copy(dst[0], l.dst[l.lb])
	mean := 0.0
	for _, w := range l.dst[l.lb] {
		mean += w / float64(l.n)
	}
	for j := l.n; j < len(dst[0]); j++ {
		dst[0][j] = mean
	}
	return nil
}
