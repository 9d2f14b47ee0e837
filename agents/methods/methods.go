package methods

import (
	"fmt"
	"slices"
	"strings"

	"fairlb/agents"
	"fairlb/agents/delay"
	"fairlb/agents/es"
	"fairlb/agents/onnx"
	"fairlb/agents/ppo"
	"fairlb/agents/universal"
	"fairlb/env"
	"fairlb/env/estimate"
	"fairlb/env/settings"
	"fairlb/qmix"
	"fairlb/sac"
)

// Method is a way to train agents.
type Method struct {
	Name string
	// Section names the section of Settings that the method reads.
	Section string
	// Joint says that the policy steers all LBs by what all of them observe, so that none
	// of them can act alone.
	Joint bool
	// Central says that the learner learns from what all LBs observe together, so that where
	// they are apart all of it must be brought to one place.
	Central bool
	// Rule says that the policy is a dispatch rule, which serves any pool: its learner is
	// an agents.RuleLearner.
	Rule bool
	// Flows says whether the learner needs the flows that a step may carry
	// (env.Step.Flows), which an environment leaves out unless it is asked.
	Flows bool
	// New returns an untrained learner for environments of the given Spec. The
	// seed is that of its parameters and of its exploration.
	New func(s Settings, spec env.Spec, seed uint64) (agents.Learner, error)
	// Estimate says what such a learner takes in a training, with the fields of
	// its section by their names there.
	Estimate func(s Settings, spec env.Spec, plan agents.Schedule) estimate.Estimate
	// Export returns what writes the policy that is evaluated as ONNX; nil of a Rule, which is
	// the same for each method.
	Export func(s Settings) onnx.Policy
	// Policy names the fields of the section that say what policy parameters are: under
	// other values of these they have other shapes, or another meaning.
	Policy []string
	// Retired returns what settings of runs of the past no run is trained with any
	// more, nil for none; it is nil for a method that has never had any.
	Retired func(s Settings) *Retired
}

// Retired is a setting by which runs of the past were trained and none is any more,
// because the method's name would promise something else. Such a run is shown,
// verified and evaluated as what it is; it is neither made nor gone on with.
type Retired struct {
	Path  string // of the setting in a hyperparameter file
	Value any
	Rule  string // why it is refused, and what to do
	Note  string // what sets such a run apart from the method of today, in a few words
}

var _ settings.Ruled = (*Settings)(nil)

// Settings hold the hyperparameters of all methods, a section for each kind of
// learner.
type Settings struct {
	SAC   sac.Config   `yaml:"sac" doc:"of distr-lb, rlb-sac and centr-lb"`
	QMIX  qmix.Config  `yaml:"qmix" doc:"of qmix-lb and iql-lb"`
	PPO   ppo.Config   `yaml:"ppo" doc:"of ippo and mappo"`
	Delay delay.Config `yaml:"delay" doc:"of delay"`
	ES    es.Config    `yaml:"es" doc:"of es"`

	Universal universal.Config `yaml:"universal" doc:"of universal and universal-carried"`
}

// DefaultSettings returns the methods' defaults.
func DefaultSettings() Settings {
	return Settings{SAC: sac.DefaultConfig(), QMIX: qmix.DefaultConfig(), PPO: ppo.DefaultConfig(), Delay: delay.DefaultConfig(), ES: es.DefaultConfig(), Universal: universal.DefaultConfig()}
}

// table lists the methods in the order in which they are shown. Distr-LB and
// RLB-SAC are the same learner, trained for different rewards. QMix-LB and IQL-LB
// act alike, and so do IPPO and MAPPO: the former learn from the team's reward
// through a mixer, or each from its own; the latter differ in the value function
// that they are trained with.
func table() []Method {
	newSAC := func(s Settings, spec env.Spec, seed uint64) (agents.Learner, error) {
		return sac.New(s.SAC, spec, seed)
	}
	exportSAC := func(s Settings) onnx.Policy { return onnx.EachLB(s.SAC.Export) }
	estimateSAC := func(joint bool) func(Settings, env.Spec, agents.Schedule) estimate.Estimate {
		return func(s Settings, spec env.Spec, plan agents.Schedule) estimate.Estimate {
			return s.SAC.Estimate(spec, joint, plan)
		}
	}
	estimatePPO := func(central bool) func(Settings, env.Spec, agents.Schedule) estimate.Estimate {
		return func(s Settings, spec env.Spec, plan agents.Schedule) estimate.Estimate {
			return s.PPO.Estimate(spec, central, plan)
		}
	}
	estimateQMIX := func(independent bool) func(Settings, env.Spec, agents.Schedule) estimate.Estimate {
		return func(s Settings, spec env.Spec, plan agents.Schedule) estimate.Estimate {
			return s.QMIX.Estimate(spec, independent, plan)
		}
	}
	retiredQMIX := func(s Settings) *Retired {
		streams := s.QMIX.Streams
		if streams == 0 {
			return nil
		}
		return &Retired{
			Path: "qmix.streams", Value: streams,
			Rule: "is of runs made before iql-lb had a name, and must be left out: qmix-lb learns from the team's reward alone, iql-lb from each LB's own",
			Note: fmt.Sprintf("%.4g %% own rewards", 100*streams),
		}
	}
	exportQMIX := func(s Settings) onnx.Policy { return onnx.EachLB(s.QMIX.Export) }
	exportPPO := func(s Settings) onnx.Policy { return onnx.EachLB(s.PPO.Export) }
	policySAC := []string{"head", "network", "box", "levels", "hidden", "layers", "embedding"}
	policyQMIX := []string{"levels", "utility", "hidden", "layers", "embedding"}
	policyPPO := []string{"head", "box", "levels", "hidden", "layers", "embedding"}
	return []Method{
		{Name: "distr-lb", Section: "sac", New: newSAC, Estimate: estimateSAC(false), Export: exportSAC, Policy: policySAC},
		{Name: "rlb-sac", Section: "sac", New: newSAC, Estimate: estimateSAC(false), Export: exportSAC, Policy: policySAC},
		{Name: "centr-lb", Section: "sac", Joint: true, Central: true,
			New: func(s Settings, spec env.Spec, seed uint64) (agents.Learner, error) {
				return sac.NewCentralised(s.SAC, spec, seed)
			},
			Estimate: estimateSAC(true),
			Export:   func(s Settings) onnx.Policy { return s.SAC.ExportJoint }, Policy: policySAC},
		{Name: "qmix-lb", Section: "qmix", Central: true,
			New: func(s Settings, spec env.Spec, seed uint64) (agents.Learner, error) {
				return qmix.New(s.QMIX, spec, seed)
			},
			Estimate: estimateQMIX(false), Export: exportQMIX, Policy: policyQMIX, Retired: retiredQMIX},
		{Name: "iql-lb", Section: "qmix",
			New: func(s Settings, spec env.Spec, seed uint64) (agents.Learner, error) {
				return qmix.NewIndependent(s.QMIX, spec, seed)
			},
			Estimate: estimateQMIX(true), Export: exportQMIX, Policy: policyQMIX, Retired: retiredQMIX},
		{Name: "ippo", Section: "ppo",
			New: func(s Settings, spec env.Spec, seed uint64) (agents.Learner, error) {
				return ppo.New(s.PPO, spec, false, seed)
			},
			Estimate: estimatePPO(false), Export: exportPPO, Policy: policyPPO},
		{Name: "mappo", Section: "ppo", Central: true,
			New: func(s Settings, spec env.Spec, seed uint64) (agents.Learner, error) {
				return ppo.New(s.PPO, spec, true, seed)
			},
			Estimate: estimatePPO(true), Export: exportPPO, Policy: policyPPO},
		{Name: "delay", Section: "delay", Flows: true,
			New: func(s Settings, spec env.Spec, seed uint64) (agents.Learner, error) {
				return delay.New(s.Delay, spec, seed)
			},
			Estimate: func(s Settings, spec env.Spec, plan agents.Schedule) estimate.Estimate {
				return s.Delay.Estimate(spec, plan)
			},
			Export: func(s Settings) onnx.Policy { return onnx.EachLB(s.Delay.Export) },
			Policy: []string{"box", "layers", "hidden", "embedding"}},
		{Name: "es", Section: "es",
			New: func(s Settings, spec env.Spec, _ uint64) (agents.Learner, error) { return es.New(s.ES, spec) },
			Estimate: func(s Settings, spec env.Spec, plan agents.Schedule) estimate.Estimate {
				return s.ES.Estimate(spec, plan)
			},
			Export: func(s Settings) onnx.Policy { return onnx.EachLB(s.ES.Export) },
			Policy: []string{"features", "scale", "box"}},
		{Name: "universal", Section: "universal", Rule: true,
			New: func(s Settings, spec env.Spec, _ uint64) (agents.Learner, error) {
				return universal.New(s.Universal, spec)
			},
			Estimate: func(s Settings, spec env.Spec, plan agents.Schedule) estimate.Estimate {
				return s.Universal.Estimate(plan)
			},
		},
		{Name: "universal-carried", Section: "universal", Rule: true,
			New: func(s Settings, spec env.Spec, _ uint64) (agents.Learner, error) {
				return universal.NewCarried(s.Universal, spec)
			},
			Estimate: func(s Settings, spec env.Spec, plan agents.Schedule) estimate.Estimate {
				return s.Universal.Estimate(plan)
			},
		},
	}
}

// Find returns the method of that name. The error says which names there are.
func Find(name string) (Method, error) {
	for _, m := range table() {
		if m.Name == name {
			return m, nil
		}
	}
	return Method{}, fmt.Errorf("must be one of %s", strings.Join(Names(), ", "))
}

// NeedsFlows says whether a method learns from the flows that steps carry
// (Method.Flows); it is false for a name that no method has.
func NeedsFlows(name string) bool {
	m, err := Find(name)
	return err == nil && m.Flows
}

// IsCentral says whether a method learns from what all LBs observe together
// (Method.Central); it is false for a name that no method has.
func IsCentral(name string) bool {
	m, err := Find(name)
	return err == nil && m.Central
}

// Names lists the methods that there are.
func Names() []string {
	var list []string
	for _, m := range table() {
		list = append(list, m.Name)
	}
	return list
}

// Sections lists the sections of the settings.
func Sections() []string {
	var list []string
	for _, m := range table() {
		if !slices.Contains(list, m.Section) {
			list = append(list, m.Section)
		}
	}
	return list
}

// Rules implements settings.Ruled.
func (s *Settings) Rules(r *settings.Rules) { r.Fields(s) }
