package ppo

import (
	"errors"

	"fairlb/agents/nn"
	"fairlb/agents/policy"
	"fairlb/env/settings"
)

var _ settings.Ruled = (*Config)(nil)

// ErrConfig reports a configuration that breaks a rule.
var ErrConfig = errors.New("ppo: invalid configuration")

// Ratio names what has a ratio of probabilities of its own.
type Ratio string

// The kinds of ratio.
const (
	Joint  Ratio = "joint"  // one per state, of the whole action: [PPO]
	Server Ratio = "server" // one per server, each clipped on its own
)

// Config holds every number of the learner. DefaultConfig gives the defaults
// named here; zero is a value like any other, and most fields refuse it.
type Config struct {
	// Head is the kind of policy: gaussian, a squashed Gaussian per server, or
	// discrete, a categorical over Levels per server. Default gaussian.
	Head policy.Head `yaml:"head"`
	// Box bounds the log-weights of the gaussian head to [-Box, Box]. Default 1;
	// must be positive.
	Box float64 `yaml:"box"`
	// Sigma is the standard deviation of the gaussian head's log-weights before
	// they are squashed, at the start. Default 0.6.
	Sigma float64 `yaml:"sigma"`
	// Levels are the log-weights that the discrete head chooses among, rising.
	// Default -0.8, -0.4, 0, 0.4, 0.8; at least two.
	Levels []float64 `yaml:"levels"`

	// Hidden is the width of the hidden layers. Default 16; at most 4096.
	Hidden int `yaml:"hidden"`
	// Layers is the number of hidden layers. Default 2; at most 32.
	Layers int `yaml:"layers"`
	// Embedding is the length of the learned embedding of a server, in actors and
	// value functions. Default 4.
	Embedding int `yaml:"embedding"`

	// Gamma is the discount per step. Default 0.9; in [0, 1).
	Gamma float64 `yaml:"gamma"`
	// Lambda weighs long against short returns in the advantages (generalised
	// advantage estimation): 0 takes one step, 1 whole episodes. Default 0.25; in
	// [0, 1].
	Lambda float64 `yaml:"lambda"`

	// Ratio is what has a ratio of probabilities of its own in the clipped
	// objective: joint, the whole action of a state, or server, each server.
	// Default joint.
	Ratio Ratio `yaml:"ratio"`
	// Clip is how far a ratio may go from 1 before the objective is clipped.
	// Default 0.1; in (0, 1).
	Clip float64 `yaml:"clip"`
	// ValueClip is how far a value may go from what it was at the start of the
	// round before its loss is clipped, in units of the normalised return. Default
	// 0, for no limit.
	ValueClip float64 `yaml:"value_clip"`
	// Entropy is the weight, in the objective, of the mean entropy per server, in
	// nats. Default 0.001.
	Entropy float64 `yaml:"entropy"`

	// Batch is the number of transitions of an update. Default 240; at most 100
	// 000.
	Batch int `yaml:"batch"`
	// FeatureRounds is the number of first rounds in which the statistics that
	// normalise the features are taken from the episodes; after them they stay as
	// they are. Default 4; at least 1.
	FeatureRounds int `yaml:"feature_rounds"`

	// Rate is the learning rate of the actors at the start. Default 1e-3.
	Rate float64 `yaml:"rate"`
	// ValueRate is the learning rate of the value functions at the start. Default
	// 2e-3.
	ValueRate float64 `yaml:"value_rate"`
	// Schedule is the way in which both rates fall over training: constant,
	// linear, cosine or exponential. Default linear.
	Schedule nn.ScheduleKind `yaml:"schedule"`
	// FinalRate is the part of both rates that is left at the end of training. A
	// constant schedule does not use it. Default 0.1; in (0, 1].
	FinalRate float64 `yaml:"final_rate"`
	// Warmup is the first part of training, in which the learning rates rise
	// linearly from 0. Default 0; in [0, 1).
	Warmup float64 `yaml:"warmup"`
	// WeightDecay is the decay of AdamW: an update takes this part of the
	// parameters, times the learning rate, away. Default 0, which is Adam.
	WeightDecay float64 `yaml:"weight_decay"`
	// GradientNorm is the length to which longer gradients are cut. Default 0.5; 0
	// for no limit.
	GradientNorm float64 `yaml:"gradient_norm"`
	// Average is the part of the averaged actor, which is what is evaluated, that
	// is kept at an update; the rest is the present actor. Default 0.99; in [0,
	// 1). 0 evaluates the present actor.
	Average float64 `yaml:"average"`
}

// DefaultConfig returns the recipe that is known to learn.
func DefaultConfig() Config {
	return Config{
		Head: policy.Gaussian, Box: 1, Sigma: 0.6, Levels: []float64{-0.8, -0.4, 0, 0.4, 0.8},
		Hidden: 16, Layers: 2, Embedding: 4,
		Gamma: 0.9, Lambda: 0.25,
		Ratio: Joint, Clip: 0.1, Entropy: 1e-3,
		Batch: 240, FeatureRounds: 4,
		Rate: 1e-3, ValueRate: 2e-3, Schedule: nn.LinearRate, FinalRate: 0.1, GradientNorm: 0.5, Average: 0.99,
	}
}

// Validate reports every field that breaks its rule, joined; each error wraps
// ErrConfig and names field, value and rule.
func (c *Config) Validate() error {
	return settings.Faults(ErrConfig, c)
}

// Rules implements settings.Ruled.
func (c *Config) Rules(r *settings.Rules) {
	r.Check("head", c.Head, settings.OneOf(policy.Gaussian, policy.Discrete))
	r.Check("box", c.Box, settings.Positive())
	r.Check("sigma", c.Sigma, settings.Positive())
	r.Check("levels", c.Levels, settings.Rising())
	r.Check("hidden", c.Hidden, settings.Closed(1, 4096))
	r.Check("layers", c.Layers, settings.Closed(1, 32))
	r.Check("embedding", c.Embedding, settings.Closed(1, 1024))
	r.Check("gamma", c.Gamma, settings.ClosedOpen(0, 1))
	r.Check("lambda", c.Lambda, settings.Closed(0, 1))
	r.Check("ratio", c.Ratio, settings.OneOf(Joint, Server))
	r.Check("clip", c.Clip, settings.Open(0, 1))
	r.Check("value_clip", c.ValueClip, settings.NotNegative())
	r.Check("entropy", c.Entropy, settings.NotNegative())
	r.Check("batch", c.Batch, settings.Closed(1, 100_000))
	r.Check("feature_rounds", c.FeatureRounds, settings.Closed(1, 1_000_000_000))
	r.Check("rate", c.Rate, settings.Positive())
	r.Check("value_rate", c.ValueRate, settings.Positive())
	r.Check("schedule", c.Schedule, settings.OneOf(nn.ScheduleKinds()...))
	r.Check("final_rate", c.FinalRate, settings.OpenClosed(0, 1))
	r.Check("warmup", c.Warmup, settings.ClosedOpen(0, 1))
	r.Check("weight_decay", c.WeightDecay, settings.NotNegative())
	r.Require(!(c.WeightDecay*max(c.Rate, c.ValueRate) >= 1), "weight_decay", c.WeightDecay, "must, times either rate, be below 1")
	r.Check("gradient_norm", c.GradientNorm, settings.NotNegative())
	r.Check("average", c.Average, settings.ClosedOpen(0, 1))
}

// schedule is that of the learning rates.
func (c *Config) schedule() nn.Schedule {
	return nn.Schedule{Kind: c.Schedule, Final: c.FinalRate, Warmup: c.Warmup}
}
