package guard

import (
	"errors"
	"fmt"
	"math"

	"fairlb/env"
)

// ErrConfig reports a Config that a Guard cannot have.
var ErrConfig = errors.New("guard: invalid configuration")

// Config describes a Guard. Times are in s, of env.Step.Time.
type Config struct {
	Servers int            // that the actor knows; those beyond are strangers to it
	Bounds  env.ActionSpec // that the actor's weights must be within
	Limits  LimitsConfig

	// MaxAge is for how long a load balancer may tell nothing new, while the actor
	// acts on.
	MaxAge  float64
	Compare CompareConfig

	// Pause is for how long the actor does not act after its first fault; each further
	// fault doubles that, up to MaxPause, and each pause's length that it acts without one,
	// and without evidence against it, halves it again.
	Pause, MaxPause float64
	// Clean is for how long the actor must be without a fault, while the fallback
	// acts, before it acts again.
	Clean float64

	Seed uint64 // of the windows that are drawn
}

// LimitsConfig describes Limits.
type LimitsConfig struct {
	Floor   float64 // least weight of a server that is in, as a part of the mean of these; 0: none
	MaxRate float64 // 1/s, how fast a log-weight may change; 0: at once
}

// CompareConfig says how the actor is compared with the fallback.
type CompareConfig struct {
	// Window is how long each acts, and is watched, at a time: some fifty times as long
	// as flows take, or more, lest what is under way at its ends blurs the comparison. 0:
	// they are not compared.
	Window float64
	// Windows are those of a block, in one of which the fallback acts; at least 2.
	Windows int
	// MinFlows is the number of flows that each must have dispatched before a block says
	// anything; blocks are put together until then.
	MinFlows int
	// FailedAs is what a failed flow counts as the time of (s).
	FailedAs float64
	// Margin is by how much longer flows may take under the actor: 0.1 is 10 %.
	Margin float64
	// Evidence is the sum, over blocks, of log ratios of mean times beyond the margin, at
	// which the actor is called slow; a sum below 0 begins anew. One block
	// counts for 1 at most.
	Evidence float64
}

// DefaultConfig returns the defaults, for an actor that knows so many servers.
func DefaultConfig(servers int, bounds env.ActionSpec) Config {
	return Config{
		Servers: servers, Bounds: bounds,
		Limits: LimitsConfig{Floor: 0.02, MaxRate: 4},
		MaxAge: 2, Pause: 30, MaxPause: 3600, Clean: 5,
		Compare: CompareConfig{Window: 5, Windows: 5, MinFlows: 50, FailedAs: 40, Margin: 0.1, Evidence: 1.5},
	}
}

// validate reports everything that is wrong.
func (c *Config) validate() error {
	var faults []error
	check := func(ok bool, name string, value float64, rule string) {
		if !ok {
			faults = append(faults, fmt.Errorf("%w: %s = %g: must be %s", ErrConfig, name, value, rule))
		}
	}
	positive := func(x float64) bool { return x > 0 && x <= math.MaxFloat64 }
	check(c.Servers >= 1, "Servers", float64(c.Servers), "at least 1")
	check(positive(c.Bounds.Low) && c.Bounds.Low < c.Bounds.High && positive(c.Bounds.High), "Bounds.Low", c.Bounds.Low, "positive and less than a finite Bounds.High")
	check(c.Limits.Floor >= 0 && c.Limits.Floor < 1, "Limits.Floor", c.Limits.Floor, "in [0, 1)")
	check(c.Limits.MaxRate >= 0, "Limits.MaxRate", c.Limits.MaxRate, "0 or positive")
	check(positive(c.MaxAge), "MaxAge", c.MaxAge, "positive")
	check(positive(c.Pause), "Pause", c.Pause, "positive")
	check(c.MaxPause >= c.Pause && positive(c.MaxPause), "MaxPause", c.MaxPause, "at least Pause, and finite")
	check(c.Clean >= 0 && c.Clean <= math.MaxFloat64, "Clean", c.Clean, "0 or positive")
	if w := c.Compare; w.Window != 0 {
		check(positive(w.Window), "Compare.Window", w.Window, "0 or positive")
		check(w.Windows >= 2, "Compare.Windows", float64(w.Windows), "at least 2")
		check(w.MinFlows >= 1, "Compare.MinFlows", float64(w.MinFlows), "at least 1")
		check(positive(w.FailedAs), "Compare.FailedAs", w.FailedAs, "positive")
		check(w.Margin >= 0 && w.Margin <= math.MaxFloat64, "Compare.Margin", w.Margin, "0 or positive")
		check(positive(w.Evidence), "Compare.Evidence", w.Evidence, "positive")
	}
	return errors.Join(faults...)
}
