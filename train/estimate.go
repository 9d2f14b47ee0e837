package train

import (
	"math"

	"fairlb/agents"
	"fairlb/agents/methods"
	"fairlb/env"
	"fairlb/env/estimate"
	"fairlb/replay"
)

// Estimate returns what a training of these hyperparameters takes, given the
// Spec of its environments and what one of them holds and an episode takes.
// workers is the number of episodes that are played at a time. The fields of
// the parts are paths of a hyperparameter file.
func (h *Hyperparameters) Estimate(spec env.Spec, environment estimate.Estimate, workers int) (estimate.Estimate, error) {
	episodes := float64(h.Episodes)
	perRound := math.Min(float64(h.EpisodesPerRound), episodes)
	rounds := math.Ceil(episodes / perRound)
	e, err := methods.Estimate(h.Method, h.Methods, spec, agents.Schedule{
		Episodes: episodes, EpisodesPerRound: perRound, Updates: rounds * float64(h.UpdatesPerRound),
	})
	if err != nil {
		return e, err
	}
	seeds, err := h.validationSeeds()
	if err != nil {
		return e, err
	}
	checkpoints := 1.0 // the last
	if h.CheckpointEvery > 0 {
		checkpoints = math.Ceil(rounds / float64(h.CheckpointEvery))
	}
	validations := checkpoints * float64(len(seeds))
	shape := replay.Shape{Agents: spec.Agents, Servers: spec.Servers, Features: len(spec.Features)}
	atATime := math.Min(float64(max(1, workers)), perRound)
	e.Add(estimate.Memory, "the episodes of a round", []string{"episodes_per_round", "scenario.duration", "scenario.servers", "scenario.lbs"},
		shape.Bytes(float64(spec.Steps)), perRound)
	environment = environment.Under("scenario.")
	e.Include(environment, atATime, estimate.Memory)
	for _, p := range environment.Parts {
		if p.Quantity == estimate.Events {
			e.Add(p.Quantity, p.Name+" of training", append([]string{"episodes"}, p.Fields...), p.Amount, episodes)
			e.Add(p.Quantity, p.Name+" of validation", append([]string{"validation_seeds", "checkpoint_every"}, p.Fields...), p.Amount, validations)
		}
	}
	return e, nil
}
