package delay

import (
	"fairlb/agents"
	"fairlb/agents/nn"
	"fairlb/env"
	"fairlb/env/estimate"
	"fairlb/replay"
)

// Estimate returns what a learner of that configuration holds and computes.
func (c *Config) Estimate(spec env.Spec, plan agents.Schedule) estimate.Estimate {
	var e estimate.Estimate
	shape := replay.Shape{Agents: spec.Agents, Servers: spec.Servers, Features: len(spec.Features)}
	m, n := float64(spec.Agents), float64(spec.Servers)
	e.Add(estimate.Memory, "the replay buffer", []string{"capacity", "scenario.duration", "scenario.servers", "scenario.lbs"},
		shape.BufferBytes(float64(spec.Steps), float64(c.Capacity), plan.Episodes))
	net := nn.ServerNetShape{Servers: spec.Servers, In: shape.Features, Embedding: c.Embedding, Hidden: c.Hidden, Layers: c.Layers, Out: 1}.Size()
	if c.Layers == 0 {
		net = nn.Size{Parameters: n, Values: 1, Products: 1}
	}
	fields := []string{"hidden", "layers", "embedding", "scenario.lbs", "scenario.servers"}
	e.Add(estimate.Memory, "networks", fields, nn.TrainedBytes, m, net.Parameters)
	fields = append([]string{"batch"}, fields...)
	rows := float64(c.Batch) * n
	e.Add(estimate.Memory, "batches", fields, rows, m, 4*2*float64(shape.Features)+nn.GraphBytes*net.Values)
	e.Add(estimate.Products, "updates", append([]string{"updates_per_round", "episodes"}, fields...), rows, m, nn.UpdateProducts, net.Products, plan.Updates, min(1, c.Fit))
	return e
}
