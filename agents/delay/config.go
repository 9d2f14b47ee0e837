package delay

import (
	"errors"

	"fairlb/agents/es"
	"fairlb/agents/nn"
	"fairlb/agents/rules"
)

var (
	// ErrConfig reports a configuration that breaks a rule.
	ErrConfig = errors.New("delay: invalid configuration")
	// ErrNoFlows reports training in an environment that keeps no flows.
	ErrNoFlows = errors.New("delay: the environment keeps no flows")
)

// Config holds every number of the learner. DefaultConfig gives the defaults
// named here.
type Config struct {
	// Fit is the part of training in which the model is fitted; in the rest
	// kappa and the corrections are chosen. Default 0.12; in (0, 1].
	Fit float64 `yaml:"fit"`
	// Noise is the standard deviation of what exploration adds to the u of a
	// server for an episode of the fit. Default 0.15.
	Noise float64 `yaml:"noise"`
	// Kappa is the factor of u during the fit, from which the choice starts.
	// Default 0.7.
	Kappa float64 `yaml:"kappa"`
	// Fitness says whose ongoing requests kappa and the corrections are chosen
	// by, the LB's own or all LBs'. Default team.
	Fitness es.Fitness `yaml:"fitness"`
	// Sigma is the standard deviation of the noise on kappa and on the
	// corrections at the start of the choice, FinalSigma at its end; between,
	// it falls by equal ratios. Defaults 0.1 and 0.02; positive.
	Sigma      float64 `yaml:"sigma"`
	FinalSigma float64 `yaml:"final_sigma"`
	// ChoiceRate is the learning rate at the start of the choice; it falls
	// linearly to a tenth. Default 0.02; 0 keeps Kappa and corrects nothing.
	ChoiceRate float64 `yaml:"choice_rate"`
	// Average is the part of the evaluated choice that is kept at an update;
	// the rest is the present one. Default 0.98; in [0, 1).
	Average float64 `yaml:"average"`
	// Box bounds the centred log-weights to [-Box, Box]. Default 1.5.
	Box float64 `yaml:"box"`

	// Layers is the number of hidden layers of the network of the features.
	// Default 2; 0: no network, an offset of each server alone; at most 32.
	Layers int `yaml:"layers"`
	// Hidden is their width. Default 16; at most 4096.
	Hidden int `yaml:"hidden"`
	// Embedding is the length of the learned embedding of a server. Default 4.
	Embedding int `yaml:"embedding"`

	// Batch is the number of steps of an update, each with its servers.
	// Default 256; at most 100 000.
	Batch int `yaml:"batch"`
	// Capacity is the number of episodes in the replay buffer. Default 400.
	Capacity int `yaml:"capacity"`
	// FeatureRounds is the number of first rounds from whose episodes the
	// feature statistics are taken. Default 4; at least 1.
	FeatureRounds int `yaml:"feature_rounds"`

	// Rate is the learning rate at the start; it falls over the fit, by
	// Schedule, to the part FinalRate. Defaults 5e-3, linear, 0.02.
	Rate      float64  `yaml:"rate"`
	Schedule  nn.Shape `yaml:"schedule"`
	FinalRate float64  `yaml:"final_rate"`
	// GradientNorm is the length to which longer gradients are cut.
	// Default 10; 0 for no limit.
	GradientNorm float64 `yaml:"gradient_norm"`
}

// DefaultConfig returns the recipe that is known to learn.
func DefaultConfig() Config {
	return Config{
		Fit: 0.12, Noise: 0.15, Kappa: 0.7, Fitness: es.Team, Sigma: 0.1, FinalSigma: 0.02, ChoiceRate: 0.02, Average: 0.98, Box: 1.5,
		Layers: 2, Hidden: 16, Embedding: 4,
		Batch: 256, Capacity: 400, FeatureRounds: 4,
		Rate: 5e-3, Schedule: nn.Linear, FinalRate: 0.02, GradientNorm: 10,
	}
}

// Validate reports every field that breaks its rule, joined; each error wraps
// ErrConfig and names field, value and rule.
func (c *Config) Validate() error {
	return rules.Validate(ErrConfig, c.Check)
}

// Check reports every field that breaks its rule, under its name in a file.
func (c *Config) Check(r rules.Report) {
	r.Share("fit", c.Fit)
	r.NotNegative("noise", c.Noise)
	r.NotNegative("kappa", c.Kappa)
	es.CheckFitness(r, "fitness", c.Fitness)
	r.Positive("sigma", c.Sigma)
	r.Positive("final_sigma", c.FinalSigma)
	r.NotNegative("choice_rate", c.ChoiceRate)
	r.Below1("average", c.Average)
	r.Positive("box", c.Box)
	r.Within("layers", c.Layers, 0, 32)
	r.Within("hidden", c.Hidden, 1, 4096)
	r.Within("embedding", c.Embedding, 1, 1024)
	r.Within("batch", c.Batch, 1, 100_000)
	r.Within("capacity", c.Capacity, 1, 1_000_000)
	r.Within("feature_rounds", c.FeatureRounds, 1, 1_000_000_000)
	r.Positive("rate", c.Rate)
	r.Schedule(c.schedule())
	r.NotNegative("gradient_norm", c.GradientNorm)
}

// schedule is that of the learning rate, over the fit.
func (c *Config) schedule() nn.Schedule { return nn.Schedule{Shape: c.Schedule, Final: c.FinalRate} }

// choiceSchedule is that of the choice.
func (c *Config) choiceSchedule() nn.Schedule { return nn.Schedule{Shape: nn.Linear, Final: 0.1} }
