package universal

import (
	"fairlb/agents"
	"fairlb/env/dispatch"
	"fairlb/env/estimate"
)

// Estimate returns what a learner of that configuration holds and computes: next to
// nothing, as it has no networks and keeps no episodes.
func (c *Config) Estimate(plan agents.Schedule) estimate.Estimate {
	var e estimate.Estimate
	e.Add(estimate.Memory, "coefficients", []string{"episodes_per_round"}, float64(dispatch.PolicySize(true)), 32+4*plan.EpisodesPerRound)
	return e
}
