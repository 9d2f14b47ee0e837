package ppo

import (
	"fairlb/agents"
	"fairlb/agents/nn"
	"fairlb/agents/policy"
	"fairlb/env"
	"fairlb/env/estimate"
	"fairlb/replay"
)

// Estimate returns what a learner of that configuration holds and computes;
// central is of MAPPO, whose one value function sees all LBs.
func (c *Config) Estimate(spec env.Spec, central bool, plan agents.Schedule) estimate.Estimate {
	var e estimate.Estimate
	shape := replay.Shape{Agents: spec.Agents, Servers: spec.Servers, Features: len(spec.Features)}
	m, n := float64(spec.Agents), float64(spec.Servers)
	net := nn.ServerNetShape{Servers: spec.Servers, In: shape.Features, Embedding: c.Embedding, Hidden: c.Hidden, Layers: c.Layers, Out: 2}
	if c.Head == policy.Discrete {
		net.Out = len(c.Levels)
	}
	actor := net.Size()
	net.Out = 1
	critics := m
	if central {
		net.In, critics = spec.Agents*shape.Features, 1
	}
	critic := net.Size()
	// What a round learns from: its episodes, and every LB's states of them.
	states := plan.EpisodesPerRound * float64(spec.Steps+1)
	e.Add(estimate.Memory, "the states of a round", []string{"episodes_per_round", "scenario.duration", "scenario.servers", "scenario.lbs"},
		states, n, m*4*(float64(shape.Features)+4)+critics*4*(float64(net.In)+4))
	fields := []string{"hidden", "layers", "embedding", "scenario.lbs", "scenario.servers"}
	e.Add(estimate.Memory, "networks", fields, nn.TrainedBytes, m*actor.Parameters+critics*critic.Parameters)
	fields = append([]string{"batch"}, fields...)
	rows := float64(c.Batch) * n
	e.Add(estimate.Memory, "batches", fields, rows, nn.GraphBytes+nn.PlanBytes, m*actor.Values+critics*critic.Values)
	products := m*actor.Products + critics*critic.Products
	e.Add(estimate.Products, "updates", append([]string{"updates_per_round", "episodes"}, fields...), rows, nn.UpdateProducts, products, plan.Updates)
	return e
}
