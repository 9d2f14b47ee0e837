package universal

import (
	"errors"

	"fairlb/agents/nn"
	"fairlb/env/settings"
)

var _ settings.Ruled = (*Config)(nil)

// ErrConfig reports a configuration that breaks a rule.
var ErrConfig = errors.New("universal: invalid configuration")

// Config holds every number of the learner; DefaultConfig gives the defaults named here.
// An update takes all pairs of trials since the last one.
type Config struct {
	// Requests is about how many requests a trial has: on each pool between a third and three
	// times as many, unless the episode's duration ends it before. Default 12000.
	Requests float64 `yaml:"requests"`
	// Sigma is the standard deviation of the noise on the coefficients at the start,
	// FinalSigma at the end; between, it falls by equal ratios. Both are in the units of
	// units.go. Defaults 0.1 and 0.1; positive.
	Sigma      float64 `yaml:"sigma"`
	FinalSigma float64 `yaml:"final_sigma"`
	// Rate is the learning rate (Adam, in the same units) at the start. It falls by Schedule (constant,
	// linear, cosine or exponential) to the part FinalRate. Defaults 0.012, linear, 0.1.
	Rate      float64         `yaml:"rate"`
	Schedule  nn.ScheduleKind `yaml:"schedule"`
	FinalRate float64         `yaml:"final_rate"`
	// Average is the part of the averaged coefficients, which are what is evaluated, that
	// is kept at an update; the rest are the present ones. Default 0.96; in [0, 1).
	Average float64 `yaml:"average"`
	// Limit bounds what a pair of trials counts: the difference of their mean completion times as a
	// part of the sum of both. Few pairs, of crowded pools, differ ten times as much as most do, by
	// chance. Default 0: no bound; the recipes have 0.03, times that differ by 6 %. Not negative.
	Limit float64 `yaml:"limit,omitempty"`
}

// DefaultConfig returns the defaults that Config names.
func DefaultConfig() Config {
	return Config{Requests: 12000, Sigma: 0.1, FinalSigma: 0.1, Rate: 0.012, Schedule: nn.LinearRate, FinalRate: 0.1, Average: 0.96}
}

// Validate reports every field that breaks its rule, joined; each error wraps
// ErrConfig and names field, value and rule.
func (c *Config) Validate() error { return settings.Faults(ErrConfig, c) }

// Rules implements settings.Ruled.
func (c *Config) Rules(r *settings.Rules) {
	r.Check("requests", c.Requests, settings.Closed(100, 1e9))
	r.Check("sigma", c.Sigma, settings.Positive())
	r.Check("final_sigma", c.FinalSigma, settings.Positive())
	r.Check("rate", c.Rate, settings.Positive())
	r.Check("schedule", c.Schedule, settings.OneOf(nn.ScheduleKinds()...))
	r.Check("final_rate", c.FinalRate, settings.OpenClosed(0, 1))
	r.Check("average", c.Average, settings.ClosedOpen(0, 1))
	r.Check("limit", c.Limit, settings.NotNegative())
}

// schedule is that of the learning rate.
func (c *Config) schedule() nn.Schedule { return nn.Schedule{Kind: c.Schedule, Final: c.FinalRate} }
