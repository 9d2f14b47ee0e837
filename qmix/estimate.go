package qmix

import (
	"fairlb/agents"
	"fairlb/agents/nn"
	"fairlb/env"
	"fairlb/env/estimate"
	"fairlb/replay"
)

// Estimate returns what a learner of that configuration holds and computes: IQL-LB if
// it is independent, else QMix-LB.
func (c *Config) Estimate(spec env.Spec, independent bool, plan agents.Schedule) estimate.Estimate {
	var e estimate.Estimate
	shape := replay.Shape{Agents: spec.Agents, Servers: spec.Servers, Features: len(spec.Features)}
	steps := c.Window
	if steps == 0 {
		steps = spec.Steps
	}
	m, n := float64(spec.Agents), float64(spec.Servers)
	columns := newUtility(c, spec.Servers).columns()
	utility := nn.ServerNetShape{Servers: spec.Servers, In: shape.Features, Embedding: c.Embedding, Hidden: c.Hidden, Layers: c.Layers, Out: columns}.Size()
	var mixer nn.Size
	if c.Mixer == Monotonic && !independent {
		mixer = c.mixerSize(shape)
	}
	e.Add(estimate.Memory, "the replay buffer", []string{"capacity", "scenario.duration", "scenario.servers", "scenario.lbs"},
		shape.BufferBytes(float64(spec.Steps), float64(c.Capacity), plan.Episodes))
	fields := []string{"hidden", "layers", "mixing", "embedding", "scenario.lbs", "scenario.servers"}
	if independent {
		fields = []string{"hidden", "layers", "embedding", "scenario.lbs", "scenario.servers"}
	}
	e.Add(estimate.Memory, "networks", fields, nn.TrainedBytes+4, m*utility.Parameters+mixer.Parameters)
	rows := float64(c.Batch) * float64(steps) // steps of all LBs
	perServer := 4*4*float64(shape.Features) + (nn.GraphBytes+2*nn.PlanBytes)*utility.Values
	fields = append([]string{"window", "batch"}, fields...)
	e.Add(estimate.Memory, "batches of windows", fields, rows, m*n*perServer+(nn.GraphBytes+nn.PlanBytes)*mixer.Values)
	e.Add(estimate.Products, "updates", append([]string{"updates_per_round", "episodes"}, fields...),
		rows, m*n*(nn.UpdateProducts+2)*utility.Products+(nn.UpdateProducts+1)*mixer.Products, plan.Updates)
	return e
}

// mixerSize returns what the mixing network takes; a row is a step, which has one
// value or one of each server.
func (c *Config) mixerSize(shape replay.Shape) nn.Size {
	n := networks{cfg: c, shape: shape}
	values := float64(n.valuesOfState())
	state, mixed, mixing := float64(n.stateColumns()), float64(n.mixerInputs()), float64(c.Mixing)
	weights := state * mixing * (mixed + 3)
	return nn.Size{Parameters: weights + mixing*(mixed+4) + 1, Values: values * (state + mixing*(mixed+6)), Products: values * weights}
}
