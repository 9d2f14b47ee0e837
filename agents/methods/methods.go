package methods

import (
	"fmt"
	"slices"
	"strings"

	"fairlb/agents"
	"fairlb/agents/checkpoint"
	"fairlb/agents/delay"
	"fairlb/agents/es"
	"fairlb/agents/ppo"
	"fairlb/env"
	"fairlb/qmix"
	"fairlb/sac"
)

// Settings hold the hyperparameters of every method, a section each.
type Settings struct {
	SAC   sac.Config   `yaml:"sac" doc:"of distr-lb, rlb-sac and centr-lb"`
	QMIX  qmix.Config  `yaml:"qmix" doc:"of qmix-lb"`
	PPO   ppo.Config   `yaml:"ppo" doc:"of ippo and mappo"`
	Delay delay.Config `yaml:"delay" doc:"of delay"`
	ES    es.Config    `yaml:"es" doc:"of es"`
}

// DefaultSettings returns the methods' defaults.
func DefaultSettings() Settings {
	return Settings{SAC: sac.DefaultConfig(), QMIX: qmix.DefaultConfig(), PPO: ppo.DefaultConfig(), Delay: delay.DefaultConfig(), ES: es.DefaultConfig()}
}

// Validate reports every fault by its path.
func (s *Settings) Validate(report func(path string, value any, rule string)) {
	s.SAC.Check(func(field string, value any, rule string) { report("sac."+field, value, rule) })
	s.QMIX.Check(func(field string, value any, rule string) { report("qmix."+field, value, rule) })
	s.PPO.Check(func(field string, value any, rule string) { report("ppo."+field, value, rule) })
	s.Delay.Check(func(field string, value any, rule string) { report("delay."+field, value, rule) })
	s.ES.Check(func(field string, value any, rule string) { report("es."+field, value, rule) })
}

// Section names the section of the settings that a method reads.
func Section(method string) string {
	switch method {
	case "distr-lb", "rlb-sac", "centr-lb":
		return "sac"
	case "qmix-lb":
		return "qmix"
	case "ippo", "mappo":
		return "ppo"
	}
	return method
}

// Sections lists the sections of the settings.
func Sections() []string { return []string{"sac", "qmix", "ppo", "delay", "es"} }

// Names lists the learned methods that there are.
func Names() []string {
	return []string{"distr-lb", "rlb-sac", "centr-lb", "qmix-lb", "ippo", "mappo", "delay", "es"}
}

// Check reports a method that there is not.
func Check(method string) error {
	if slices.Contains(Names(), method) {
		return nil
	}
	return fmt.Errorf("must be one of %s", strings.Join(Names(), ", "))
}

// NeedsFlows says whether a method learns from the flows that steps carry
// (env.Step.Flows), which an environment may leave out.
func NeedsFlows(method string) bool { return method == "delay" }

// Learner returns an untrained learner of the given method. Distr-LB and
// RLB-SAC are the same learner under different rewards (DESIGN.md, section 6).
func Learner(method string, s Settings, spec env.Spec, seed uint64) (agents.Learner, error) {
	switch method {
	case "distr-lb", "rlb-sac":
		return sac.New(s.SAC, spec, seed)
	case "centr-lb":
		return sac.NewCentralised(s.SAC, spec, seed)
	case "qmix-lb":
		return qmix.New(s.QMIX, spec, seed)
	case "ippo", "mappo":
		return ppo.New(s.PPO, spec, method == "mappo", seed)
	case "delay":
		return delay.New(s.Delay, spec, seed)
	case "es":
		return es.New(s.ES, spec)
	}
	return nil, fmt.Errorf("methods: method %q: %w", method, Check(method))
}

// Policy returns the deterministic Actor of a checkpoint for environments of
// the given spec. Errors wrap checkpoint.ErrMismatch where it does not fit.
func Policy(meta checkpoint.Meta, s Settings, parameters []agents.Parameter, spec env.Spec) (agents.Actor, error) {
	if err := meta.Fingerprint.Check(checkpoint.FingerprintOf(spec)); err != nil {
		return nil, err
	}
	learner, err := Learner(meta.Method, s, spec, meta.TrainSeed)
	if err != nil {
		return nil, err
	}
	if err := agents.CopyParameters(learner.Parameters(), parameters); err != nil {
		return nil, err
	}
	return learner.Policy()
}
