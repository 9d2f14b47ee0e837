package es

import (
	"fairlb/agents"
	"fairlb/env"
	"fairlb/env/estimate"
)

// Estimate returns what a learner of that configuration holds and computes: next
// to nothing, as it has no networks and keeps no episodes.
func (c *Config) Estimate(spec env.Spec, plan agents.Schedule) estimate.Estimate {
	var e estimate.Estimate
	// An offset a server, its moments, and what each trial of a round tried.
	e.Add(estimate.Memory, "offsets", []string{"episodes_per_round", "scenario.servers", "scenario.lbs"},
		float64(spec.Servers+len(spec.Features)), float64(spec.Agents), 32+4*plan.EpisodesPerRound)
	return e
}
