package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"fairlb/agents"
	"fairlb/agents/build"
	"fairlb/agents/checkpoint"
	"fairlb/env"
	"fairlb/env/dispatch"
	"fairlb/env/scenario"
	"fairlb/env/sim"
	"fairlb/eval"
	"fairlb/rewards"
	"fairlb/train"
)

// heuristicEnv returns what opens a scenario under a heuristic.
func heuristicEnv(s scenario.Scenario, name string) func(env.Recorder) (env.Env, error) {
	return func(rec env.Recorder) (env.Env, error) {
		cfg, err := s.Config()
		if err != nil {
			return nil, err
		}
		cfg.Heuristic, cfg.Recorder = name, rec
		return sim.New(cfg)
	}
}

// agentEnv returns what opens a scenario for agents under a reward.
func agentEnv(s scenario.Scenario, reward rewards.Reward) func(env.Recorder) (env.Env, error) {
	return func(rec env.Recorder) (env.Env, error) {
		cfg, err := s.Config()
		if err != nil {
			return nil, err
		}
		cfg.Observe, cfg.Reward, cfg.Recorder = true, reward, rec
		return sim.New(cfg)
	}
}

// heuristicTarget evaluates a heuristic of package dispatch.
func heuristicTarget(s scenario.Scenario, name string) eval.Target {
	return eval.Target{Name: name, Env: heuristicEnv(s, name)}
}

// parseTarget reads a TARGET of the command line: a heuristic's name, a run's
// folder, or a checkpoint.
func parseTarget(s scenario.Scenario, text string) (eval.Target, []string, error) {
	if slices.Contains(dispatch.Names(), text) {
		return heuristicTarget(s, text), nil, nil
	}
	path := text
	info, err := os.Stat(path)
	if err == nil && info.IsDir() {
		path = filepath.Join(path, train.CheckpointName)
		_, err = os.Stat(path)
	}
	if err != nil {
		return eval.Target{}, nil, usage("target %q: neither a heuristic (%s) nor a run's folder or a checkpoint", text, strings.Join(dispatch.Names(), ", "))
	}
	return checkpointTarget(s, text, path)
}

// checkpointTarget evaluates the policy of a checkpoint. Warnings say where
// it was trained, if not in this scenario.
func checkpointTarget(s scenario.Scenario, name, path string) (eval.Target, []string, error) {
	fail := func(err error) (eval.Target, []string, error) {
		return eval.Target{}, nil, fmt.Errorf("%s: %w", path, err)
	}
	meta, parameters, err := checkpoint.Load(path)
	if err != nil {
		return eval.Target{}, nil, err
	}
	hyper, err := train.LoadHyper(path+" (settings)", []byte(meta.Settings), nil)
	if err != nil {
		return eval.Target{}, nil, err
	}
	reward, err := rewards.New(hyper.Reward)
	if err != nil {
		return fail(err)
	}
	open := agentEnv(s, reward)
	e, err := open(nil)
	if err != nil {
		return fail(err)
	}
	defer e.Close()
	spec := e.Spec()
	policy := func() (agents.Actor, error) { return build.Policy(meta, hyper.Methods, parameters, spec) }
	if _, err := policy(); err != nil {
		return fail(fmt.Errorf("scenario %s: %w", s.Name, err))
	}
	var warnings []string
	if meta.Scenario != s.Name {
		warnings = append(warnings, fmt.Sprintf("%s was trained in %s", name, meta.Scenario))
	}
	return eval.Target{Name: name, Env: open, Actor: policy}, warnings, nil
}
