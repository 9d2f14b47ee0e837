package sac

import (
	"fairlb/agents"
	"fairlb/agents/nn"
	"fairlb/agents/policy"
	"fairlb/env"
	"fairlb/env/estimate"
	"fairlb/replay"
)

// Estimate returns what a learner of that configuration holds and computes;
// joint is of Centr-LB.
func (c *Config) Estimate(spec env.Spec, joint bool, plan agents.Schedule) estimate.Estimate {
	var e estimate.Estimate
	shape := replay.Shape{Agents: spec.Agents, Servers: spec.Servers, Features: len(spec.Features)}
	learners, lbs := float64(spec.Agents), 1 // networks of their own; LBs that one steers
	if joint {
		shape = replay.Shape{Agents: 1, Servers: spec.Servers, Features: spec.Agents * len(spec.Features), Actions: spec.Agents}
		learners, lbs = 1, spec.Agents
	}
	shape.StoredStateSize = c.storedStates()
	e.Add(estimate.Memory, "the replay buffer", []string{"capacity", "scenario.duration", "scenario.servers", "scenario.lbs"},
		shape.BufferBytes(float64(spec.Steps), float64(c.Capacity), plan.Episodes))
	if c.Priority > 0 {
		e.Add(estimate.Memory, "priorities", []string{"capacity", "scenario.duration", "scenario.lbs"},
			learners, float64(c.Capacity)*64+16*float64(spec.Steps)*min(float64(c.Capacity), plan.Episodes))
	}
	if c.Network == Recurrent {
		c.estimateRecurrent(&e, shape, spec.Steps, lbs, learners, plan)
	} else {
		c.estimateFeedForward(&e, shape, lbs, learners, plan)
	}
	return e
}

func (c *Config) estimateFeedForward(e *estimate.Estimate, shape replay.Shape, lbs int, learners float64, plan agents.Schedule) {
	outputs := 2 * lbs // of the actor, and columns of what the critics see of actions
	if c.Head == policy.Discrete {
		outputs = len(c.Levels) * lbs
	}
	net := nn.ServerNetShape{Servers: shape.Servers, In: shape.Features, Embedding: c.Embedding, Hidden: c.Hidden, Layers: c.Layers, Out: outputs}
	actor := net.Size()
	net.In, net.Out = shape.Features+lbs, max(1, outputs/2)
	critic, critics := net.Size(), 2.0
	if c.Baseline == Advantage {
		critics = 4
	}
	fields := []string{"hidden", "layers", "embedding", "scenario.lbs", "scenario.servers"}
	e.Add(estimate.Memory, "networks", fields, nn.TrainedBytes, actor.Parameters+critics*critic.Parameters, learners)
	fields = append([]string{"batch"}, fields...)
	rows := float64(c.Batch) * float64(shape.Servers)
	perRow := 4*8*float64(shape.Features) +
		nn.GraphBytes*(2*actor.Values+2*critics*critic.Values) + // the losses of actor and critics
		nn.PlanBytes*(actor.Values+critics*critic.Values) // the targets
	e.Add(estimate.Memory, "batches", fields, perRow, rows, learners)
	products := 2*actor.Products*nn.UpdateProducts + critics*critic.Products*2*nn.UpdateProducts + actor.Products + critics*critic.Products
	e.Add(estimate.Products, "updates", append([]string{"updates_per_round", "episodes"}, fields...), products, rows, learners, plan.Updates)
}

func (c *Config) estimateRecurrent(e *estimate.Estimate, shape replay.Shape, steps, lbs int, learners float64, plan agents.Schedule) {
	if c.Window > 0 {
		steps = c.Window
	}
	n := shape.Servers
	net := nn.RecurrentNetShape{In: n * shape.Features, Hidden: c.Hidden, LayersAfter: 1, Out: 2 * n * lbs}
	actor := net.Size()
	net.In, net.Out = n*(shape.Features+lbs), n
	critic := net.Size()
	fields := []string{"hidden", "scenario.lbs", "scenario.servers"}
	e.Add(estimate.Memory, "networks", fields, nn.TrainedBytes, actor.Parameters+2*critic.Parameters, learners)
	fields = append([]string{"window", "batch", "burn_in"}, fields...)
	rows, burned := float64(steps+1)*float64(c.Batch), float64(c.BurnIn)*float64(c.Batch)
	perRow := 4*3*float64(n*(shape.Features+lbs)) +
		nn.GraphBytes*(actor.Values+4*critic.Values) + nn.PlanBytes*(actor.Values+4*critic.Values)
	e.Add(estimate.Memory, "batches of windows", fields, rows*perRow+burned*nn.PlanBytes*(actor.Values+4*critic.Values), learners)
	all := actor.Products + 4*critic.Products
	e.Add(estimate.Products, "updates", append([]string{"updates_per_round", "episodes"}, fields...),
		rows*(nn.UpdateProducts+1)*all+burned*all, learners, plan.Updates)
}
