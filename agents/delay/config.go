package delay

import (
	"errors"
	"math"

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
	// Kappas are the factors of u to choose from. Default 0.5, 0.7, 1; at
	// least one, none negative.
	Kappas []float64 `yaml:"kappas"`
	// Noise is the standard deviation of what exploration adds to the u of a
	// server for an episode. Default 0.15.
	Noise float64 `yaml:"noise"`
	// Fit is the part of training in which the model is fitted; in the rest
	// kappa is chosen. Default 0.6; in (0, 1].
	Fit float64 `yaml:"fit"`
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
		Kappas: []float64{0.5, 0.7, 1}, Noise: 0.15, Fit: 0.6, Box: 1.5,
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
	kappas := len(c.Kappas) >= 1 && len(c.Kappas) <= 100
	for _, k := range c.Kappas {
		kappas = kappas && k >= 0 && !math.IsInf(k, 0)
	}
	r.Want(kappas, "kappas", c.Kappas, "must be 1 to 100 finite values, none negative")
	r.NotNegative("noise", c.Noise)
	r.Share("fit", c.Fit)
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
