package delay

import (
	"errors"
	"fmt"
	"math"
	"strconv"

	"fairlb/agents/nn"
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
	var faults []error
	c.Check(func(field string, value any, rule string) {
		if text, ok := value.(string); ok {
			value = strconv.Quote(text)
		}
		faults = append(faults, fmt.Errorf("%w: %s = %v: %s", ErrConfig, field, value, rule))
	})
	return errors.Join(faults...)
}

// Check reports every field that breaks its rule, under its name in a file.
func (c *Config) Check(report func(field string, value any, rule string)) {
	fault := func(ok bool, name string, value any, rule string) {
		if !ok {
			report(name, value, rule)
		}
	}
	finite := func(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
	within := func(name string, v, least, most int) {
		fault(v >= least && v <= most, name, v, fmt.Sprintf("must be in [%d, %d]", least, most))
	}
	kappas := len(c.Kappas) >= 1 && len(c.Kappas) <= 100
	for _, k := range c.Kappas {
		kappas = kappas && k >= 0 && finite(k)
	}
	fault(kappas, "kappas", c.Kappas, "must be 1 to 100 finite values, none negative")
	fault(c.Noise >= 0 && finite(c.Noise), "noise", c.Noise, "must be finite and not negative")
	fault(c.Fit > 0 && c.Fit <= 1, "fit", c.Fit, "must be in (0, 1]")
	fault(c.Box > 0 && finite(c.Box), "box", c.Box, "must be positive and finite")
	within("layers", c.Layers, 0, 32)
	within("hidden", c.Hidden, 1, 4096)
	within("embedding", c.Embedding, 1, 1024)
	within("batch", c.Batch, 1, 100_000)
	within("capacity", c.Capacity, 1, 1_000_000)
	within("feature_rounds", c.FeatureRounds, 1, 1_000_000_000)
	fault(c.Rate > 0 && finite(c.Rate), "rate", c.Rate, "must be positive and finite")
	names := map[string]string{"shape": "schedule", "final": "final_rate"}
	c.schedule().Check(func(field string, value any, rule string) { report(names[field], value, rule) })
	fault(c.GradientNorm >= 0 && finite(c.GradientNorm), "gradient_norm", c.GradientNorm, "must be finite and not negative")
}

// schedule is that of the learning rate, over the fit.
func (c *Config) schedule() nn.Schedule { return nn.Schedule{Shape: c.Schedule, Final: c.FinalRate} }
