// Package simulate opens a scenario as a simulated environment, under whatever
// steers it: a heuristic, agents, or fixed weights. It is where the simulator
// and the scenario files meet the rewards and the methods' needs; learners and
// the evaluation know environments by their contract alone.
//
// Another way to steer, or something more to observe, is a function here.
package simulate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"

	"fairlb/agents/methods"
	"fairlb/cmd/fairlb/internal/bounds"
	"fairlb/env"
	"fairlb/env/dispatch"
	"fairlb/env/estimate"
	"fairlb/env/scenario"
	"fairlb/env/sim"
	"fairlb/env/workload"
	"fairlb/eval/episodes"
	"fairlb/rewards"
	"fairlb/train"
)

// Opener builds an environment that reports each request to rec and, every
// scenario.SampleInterval, the servers' true state to sampler; either may be nil.
type Opener func(rec env.Recorder, sampler env.Sampler) (env.Env, error)

// Recorded is the opener for callers that give a recorder alone; a recorder
// that is a sampler, too, is given the samples.
func (o Opener) Recorded() func(env.Recorder) (env.Env, error) {
	return func(rec env.Recorder) (env.Env, error) {
		sampler, _ := rec.(env.Sampler)
		return o(rec, sampler)
	}
}

// Open returns the opener of a scenario that steer has completed.
func Open(s scenario.Scenario, steer func(*sim.Config)) Opener {
	return func(rec env.Recorder, sampler env.Sampler) (env.Env, error) {
		cfg, err := s.Config()
		if err != nil {
			return nil, err
		}
		cfg.Recorder = rec
		if sampler != nil {
			cfg.Sampler, cfg.SampleInterval = sampler, scenario.SampleInterval
		}
		steer(&cfg)
		if err := bounds.Environment(s, cfg.Observe); err != nil {
			return nil, err
		}
		return sim.New(cfg)
	}
}

// Heuristic opens a scenario under a heuristic of package dispatch.
func Heuristic(s scenario.Scenario, name string) Opener {
	return Open(s, func(cfg *sim.Config) { cfg.Heuristic = name })
}

// HeuristicTarget evaluates a heuristic of package dispatch.
func HeuristicTarget(s scenario.Scenario, name string) episodes.Target {
	return episodes.Target{Name: name, Env: Heuristic(s, name).Recorded()}
}

// Rule opens a scenario under the rule of such a policy.
func Rule(s scenario.Scenario, policy *dispatch.Policy) Opener {
	return Open(s, func(cfg *sim.Config) { cfg.Heuristic, cfg.Policy = policy.Rule(), policy })
}

// RuleTraining opens a scenario for a method to learn a rule in or, where it is a random
// pool, random pools of all numbers, with the overrides set in each. An episode on one of several pools lasts for about so many
// requests (universal.Config.Requests), and no longer than the scenario's.
func RuleTraining(s scenario.Scenario, overrides []string, requests float64) train.RuleEnvs {
	return ruleEnvs(s, overrides, requests, Rule)
}

// RuleValidation opens what RuleTraining does under a heuristic, whatever the policy.
func RuleValidation(s scenario.Scenario, overrides []string, requests float64, heuristic string) train.RuleEnvs {
	return ruleEnvs(s, overrides, requests, func(s scenario.Scenario, _ *dispatch.Policy) Opener { return Heuristic(s, heuristic) })
}

func ruleEnvs(s scenario.Scenario, overrides []string, requests float64, steer func(scenario.Scenario, *dispatch.Policy) Opener) train.RuleEnvs {
	family, _, any := scenario.RandomFamily(s.Name)
	return train.RuleEnvs{Any: any, Open: func(pool uint64, policy *dispatch.Policy) (env.Env, error) {
		if !any {
			return steer(s, policy)(nil, nil)
		}
		own, err := scenario.Load(scenario.Random(family, pool), overrides)
		if err != nil {
			return nil, err
		}
		own.Duration = trialDuration(&own, pool, s.Duration, requests)
		return steer(own, policy)(nil, nil)
	}}
}

// trialDuration returns how long (s) a trial on a random pool lasts: for between a third and
// three times as many requests, by a number that the pool's gives, and no longer than longest.
func trialDuration(s *scenario.Scenario, pool uint64, longest, requests float64) float64 {
	factor := math.Pow(3, 2*rand.New(env.Stream(pool, "simulate/trial-duration")).Float64()-1)
	steps := math.Floor(min(longest, factor*requests/s.Rate()) / s.StepInterval)
	return max(1, steps) * s.StepInterval
}

// FixedWeights opens a scenario under fixed weights, one a server.
func FixedWeights(s scenario.Scenario, weights []float64) Opener {
	return Open(s, func(cfg *sim.Config) { cfg.Weights = weights })
}

// Agents opens a scenario for agents that act under a reward.
func Agents(s scenario.Scenario, reward rewards.Reward) Opener {
	return Open(s, func(cfg *sim.Config) { cfg.Observe, cfg.Reward = true, reward })
}

// Training opens a scenario for a method to learn in.
func Training(s scenario.Scenario, reward rewards.Reward, method string) Opener {
	return Open(s, func(cfg *sim.Config) {
		cfg.Observe, cfg.Reward, cfg.Flows = true, reward, methods.NeedsFlows(method)
	})
}

// bytesOfDemand is about what an entry of Demands takes.
const bytesOfDemand = 40

// Demands returns the service (s, of all stages together) that each request of
// an episode needs, by its time of arrival.
func Demands(ctx context.Context, s scenario.Scenario, seed uint64) (map[float64]float64, error) {
	e := s.Estimate(false)
	e.Add(estimate.Memory, "the demands of all requests", []string{"workload.arrivals", "workload.classes", "duration"}, e.Total(estimate.Events), bytesOfDemand)
	if err := bounds.Check(e); err != nil {
		return nil, fmt.Errorf("scenario %s: %w", s.Name, err)
	}
	cfg, err := s.Config()
	if err != nil {
		return nil, err
	}
	source, err := cfg.Workload(seed)
	if err != nil {
		return nil, err
	}
	defer source.Close()
	out := make(map[float64]float64)
	stages := workload.MaxStages(cfg.Classes)
	for n := 0; ; n++ {
		if n%4096 == 0 {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
		}
		r := workload.Request{Demand: make([]float64, stages)}
		switch err := source.Next(&r); {
		case errors.Is(err, io.EOF), err == nil && r.Time > s.Duration:
			return out, nil
		case err != nil:
			return nil, err
		}
		out[r.Time] += floats.Sum(r.Demand)
	}
}

// GroupSizes returns the number of servers in each group of a scenario.
func GroupSizes(s scenario.Scenario) []int {
	var list []int
	for _, g := range s.Servers {
		list = append(list, g.Count)
	}
	return list
}

// GroupOfServer returns the group of each server of a scenario.
func GroupOfServer(s scenario.Scenario) []int {
	var list []int
	for g, group := range s.Servers {
		for range group.Count {
			list = append(list, g)
		}
	}
	return list
}
