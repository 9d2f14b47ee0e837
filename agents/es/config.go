package es

import (
	"errors"

	"fairlb/agents/nn"
	"fairlb/env/settings"
)

var _ settings.Ruled = (*Config)(nil)

// ErrConfig reports a configuration that breaks a rule.
var ErrConfig = errors.New("es: invalid configuration")

// Fitness names whose rewards a trial is judged by.
type Fitness string

// The kinds of fitness.
const (
	Own  Fitness = "own"  // each LB by its own: nothing is exchanged, LBs come to an equilibrium
	Team Fitness = "team" // all LBs by the team's: one number of each trial is shared, in training alone
)

// Config holds every number of the learner. DefaultConfig gives the defaults
// named here. An update takes all pairs of trials since the last one: a round
// of 16 episodes is one step by eight pairs, whatever updates_per_round says.
type Config struct {
	// Features says whether weights depend on what is observed. If not, the policy
	// has the offsets of the servers alone. Default true.
	Features bool `yaml:"features"`
	// Scale is the unit of the coefficients of the features, where that of the
	// offsets is 1: the smaller it is, the less noise and learning rate move them.
	// Default 0.15.
	Scale float64 `yaml:"scale"`
	// Box bounds the centred log-weights to [-Box, Box]. Default 1.5.
	Box float64 `yaml:"box"`

	// Fitness says by whose rewards a trial is judged: own, each LB's own, or
	// team, the team's. Default team.
	Fitness Fitness `yaml:"fitness"`
	// Sigma is the standard deviation of the noise on the parameters at the
	// start, FinalSigma at the end; between, it falls by equal ratios.
	// Defaults 0.1 and 0.02; positive.
	Sigma      float64 `yaml:"sigma"`
	FinalSigma float64 `yaml:"final_sigma"`

	// Rate is the learning rate at the start. It falls by Schedule (constant,
	// linear, cosine or exponential) to the part FinalRate. Defaults 0.02, linear,
	// 0.1.
	Rate      float64         `yaml:"rate"`
	Schedule  nn.ScheduleKind `yaml:"schedule"`
	FinalRate float64         `yaml:"final_rate"`
	// Average is the part of the averaged parameters, which are what is evaluated,
	// that is kept at an update; the rest are the present ones. Default 0.98; in
	// [0, 1).
	Average float64 `yaml:"average"`

	// FeatureRounds is the number of first rounds in which the statistics that
	// normalise the features are taken from the episodes; after them they stay as
	// they are. Default 4; at least 1.
	FeatureRounds int `yaml:"feature_rounds"`
}

// DefaultConfig returns the recipe that is known to learn.
func DefaultConfig() Config {
	return Config{
		Features: true, Scale: 0.15, Box: 1.5, Fitness: Team, Sigma: 0.1, FinalSigma: 0.02,
		Rate: 0.02, Schedule: nn.LinearRate, FinalRate: 0.1, Average: 0.98, FeatureRounds: 4,
	}
}

// Validate reports every field that breaks its rule, joined; each error wraps
// ErrConfig and names field, value and rule.
func (c *Config) Validate() error {
	return settings.Faults(ErrConfig, c)
}

// Rules implements settings.Ruled.
func (c *Config) Rules(r *settings.Rules) {
	r.Check("scale", c.Scale, settings.Positive())
	r.Check("box", c.Box, settings.Positive())
	r.Check("fitness", c.Fitness, settings.OneOf(Own, Team))
	r.Check("sigma", c.Sigma, settings.Positive())
	r.Check("final_sigma", c.FinalSigma, settings.Positive())
	r.Check("rate", c.Rate, settings.Positive())
	r.Check("schedule", c.Schedule, settings.OneOf(nn.ScheduleKinds()...))
	r.Check("final_rate", c.FinalRate, settings.OpenClosed(0, 1))
	r.Check("average", c.Average, settings.ClosedOpen(0, 1))
	r.Check("feature_rounds", c.FeatureRounds, settings.Closed(1, 1_000_000_000))
}

// schedule is that of the learning rate.
func (c *Config) schedule() nn.Schedule { return nn.Schedule{Kind: c.Schedule, Final: c.FinalRate} }
