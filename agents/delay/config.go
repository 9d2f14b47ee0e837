package delay

import (
	"errors"

	"fairlb/agents/es"
	"fairlb/agents/nn"
	"fairlb/env/settings"
)

var _ settings.Ruled = (*Config)(nil)

var (
	// ErrConfig reports a configuration that breaks a rule.
	ErrConfig = errors.New("delay: invalid configuration")
	// ErrNoFlows reports training in an environment that keeps no flows.
	ErrNoFlows = errors.New("delay: the environment keeps no flows")
)

// Config holds every number of the learner. DefaultConfig gives the defaults
// named here.
type Config struct {
	// Fit is the first part of training, in which the model is fitted; in the rest
	// kappa and the corrections are chosen. Default 0.12; in (0, 1].
	Fit float64 `yaml:"fit"`
	// Noise is the standard deviation, while the model is fitted, of what
	// exploration adds to the u of a server for an episode. Default 0.15.
	Noise float64 `yaml:"noise"`
	// Kappa is the factor of u while the model is fitted, and the value from which
	// its choice begins. Default 0.7.
	Kappa float64 `yaml:"kappa"`
	// Fitness says by whose ongoing requests kappa and the corrections are chosen:
	// own, the LB's own, or team, those of all LBs. Default team.
	Fitness es.Fitness `yaml:"fitness"`
	// Sigma is the standard deviation of the noise on kappa and on the
	// corrections at the start of the choice, FinalSigma at its end; between,
	// it falls by equal ratios. Defaults 0.1 and 0.02; positive.
	Sigma      float64 `yaml:"sigma"`
	FinalSigma float64 `yaml:"final_sigma"`
	// ChoiceRate is the learning rate at the start of the choice; it falls
	// linearly to a tenth. Default 0.02; 0 keeps Kappa and corrects nothing.
	ChoiceRate float64 `yaml:"choice_rate"`
	// Average is the part of the averaged choice, which is what is evaluated, that
	// is kept at an update; the rest is the present one. Default 0.98; in [0, 1).
	Average float64 `yaml:"average"`
	// Box bounds the centred log-weights to [-Box, Box]. Default 1.5.
	Box float64 `yaml:"box"`

	// Layers is the number of hidden layers of the network of the features.
	// Default 2; at most 32; 0 for no network, which leaves an offset of each
	// server.
	Layers int `yaml:"layers"`
	// Hidden is the width of the hidden layers. Default 16; at most 4096.
	Hidden int `yaml:"hidden"`
	// Embedding is the length of the learned embedding of a server. Default 4.
	Embedding int `yaml:"embedding"`

	// Batch is the number of steps of an update, each with its servers.
	// Default 256; at most 100 000.
	Batch int `yaml:"batch"`
	// Capacity is the number of episodes in the replay buffer. Default 400.
	Capacity int `yaml:"capacity"`
	// FeatureRounds is the number of first rounds in which the statistics that
	// normalise the features are taken from the episodes; after them they stay as
	// they are. Default 4; at least 1.
	FeatureRounds int `yaml:"feature_rounds"`

	// Rate is the learning rate at the start of the fit. It falls over the fit, by
	// Schedule (constant, linear, cosine or exponential), to the part FinalRate.
	// Defaults 5e-3, linear, 0.02.
	Rate      float64         `yaml:"rate"`
	Schedule  nn.ScheduleKind `yaml:"schedule"`
	FinalRate float64         `yaml:"final_rate"`
	// GradientNorm is the length to which longer gradients are cut. Default 10; 0
	// for no limit.
	GradientNorm float64 `yaml:"gradient_norm"`
}

// DefaultConfig returns the recipe that is known to learn.
func DefaultConfig() Config {
	return Config{
		Fit: 0.12, Noise: 0.15, Kappa: 0.7, Fitness: es.Team, Sigma: 0.1, FinalSigma: 0.02, ChoiceRate: 0.02, Average: 0.98, Box: 1.5,
		Layers: 2, Hidden: 16, Embedding: 4,
		Batch: 256, Capacity: 400, FeatureRounds: 4,
		Rate: 5e-3, Schedule: nn.LinearRate, FinalRate: 0.02, GradientNorm: 10,
	}
}

// Validate reports every field that breaks its rule, joined; each error wraps
// ErrConfig and names field, value and rule.
func (c *Config) Validate() error {
	return settings.Faults(ErrConfig, c)
}

// Rules implements settings.Ruled.
func (c *Config) Rules(r *settings.Rules) {
	r.Check("fit", c.Fit, settings.OpenClosed(0, 1))
	r.Check("noise", c.Noise, settings.NotNegative())
	r.Check("kappa", c.Kappa, settings.NotNegative())
	r.Check("fitness", c.Fitness, settings.OneOf(es.Own, es.Team))
	r.Check("sigma", c.Sigma, settings.Positive())
	r.Check("final_sigma", c.FinalSigma, settings.Positive())
	r.Check("choice_rate", c.ChoiceRate, settings.NotNegative())
	r.Check("average", c.Average, settings.ClosedOpen(0, 1))
	r.Check("box", c.Box, settings.Positive())
	r.Check("layers", c.Layers, settings.Closed(0, 32))
	r.Check("hidden", c.Hidden, settings.Closed(1, 4096))
	r.Check("embedding", c.Embedding, settings.Closed(1, 1024))
	r.Check("batch", c.Batch, settings.Closed(1, 100_000))
	r.Check("capacity", c.Capacity, settings.Closed(1, 1_000_000))
	r.Check("feature_rounds", c.FeatureRounds, settings.Closed(1, 1_000_000_000))
	r.Check("rate", c.Rate, settings.Positive())
	r.Check("schedule", c.Schedule, settings.OneOf(nn.ScheduleKinds()...))
	r.Check("final_rate", c.FinalRate, settings.OpenClosed(0, 1))
	r.Check("gradient_norm", c.GradientNorm, settings.NotNegative())
}

// schedule is that of the learning rate, over the fit.
func (c *Config) schedule() nn.Schedule { return nn.Schedule{Kind: c.Schedule, Final: c.FinalRate} }

// choiceSchedule is that of the choice.
func (c *Config) choiceSchedule() nn.Schedule { return nn.Schedule{Kind: nn.LinearRate, Final: 0.1} }
