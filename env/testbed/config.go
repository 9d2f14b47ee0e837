package testbed

import (
	"context"
	"errors"
	"fmt"
	"math"

	"fairlb/rewards"
)

// ErrConfig reports a Config that describes no environment.
var ErrConfig = errors.New("testbed: invalid configuration")

// Config describes a live environment. Times are in s.
type Config struct {
	// Planes are the load balancers, in the order of their agents. The Env has them to
	// itself and closes them.
	Planes []Plane
	// Servers names the servers in the order of observations and weights. None: those
	// that all planes have when the environment is made, in the order of their names.
	Servers []string

	StepInterval float64 // between two actions
	Steps        int     // of an episode; 0: it has no set end
	MaxLogWeight float64 // agents' weights are within exp(+-this)
	Timeout      float64 // what a failed flow counts as the time of
	Reward       rewards.Reward

	// Patience is how long a Reset waits for each plane to publish something, and how
	// long a plane may be gone within an episode before a Step fails.
	Patience float64
	// Begin, if any, begins the traffic of the episode with the given seed. It is
	// called by Reset, before anything is counted.
	Begin func(ctx context.Context, seed uint64) error

	Clock Clock // nil: the system's
}

// validate reports everything that is wrong.
func (c *Config) validate() error {
	var faults []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			faults = append(faults, fmt.Errorf("%w: "+format, append([]any{ErrConfig}, args...)...))
		}
	}
	positive := func(name string, x float64) {
		check(x > 0 && !math.IsInf(x, 1), "%s = %g: must be positive and finite", name, x)
	}
	check(len(c.Planes) > 0, "no planes")
	for i, p := range c.Planes {
		check(p != nil, "plane %d is nil", i)
	}
	named := map[string]bool{}
	for _, name := range c.Servers {
		check(name != "" && !named[name], "server %q: names must not be empty and differ", name)
		named[name] = true
	}
	positive("StepInterval", c.StepInterval)
	positive("MaxLogWeight", c.MaxLogWeight)
	positive("Timeout", c.Timeout)
	positive("Patience", c.Patience)
	check(c.StepInterval <= maxInterval, "StepInterval = %g: must be at most %g", c.StepInterval, float64(maxInterval))
	check(c.Patience <= maxInterval, "Patience = %g: must be at most %g", c.Patience, float64(maxInterval))
	check(c.MaxLogWeight <= maxLogWeight, "MaxLogWeight = %g: must be at most %d", c.MaxLogWeight, maxLogWeight)
	check(c.Steps >= 0, "Steps = %d: must not be negative", c.Steps)
	check(c.Reward != (rewards.Reward{}), "no reward")
	return errors.Join(faults...)
}

// Bounds of a Config.
const (
	maxInterval  = 3600 // s
	maxLogWeight = 20
)
