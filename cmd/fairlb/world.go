package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gonum.org/v1/gonum/floats"

	"fairlb/agents"
	"fairlb/agents/checkpoint"
	"fairlb/agents/methods"
	"fairlb/env"
	"fairlb/env/dispatch"
	"fairlb/env/scenario"
	"fairlb/env/settings"
	"fairlb/env/sim"
	"fairlb/env/workload"
	"fairlb/eval/episodes"
	"fairlb/rewards"
	"fairlb/train"
)

// opener builds an environment that reports each request to rec and the
// servers' true state, on a grid of times, to sampler; either may be nil.
type opener func(rec env.Recorder, sampler env.Sampler) (env.Env, error)

// sampleInterval is the grid's, in s: the step of the testbed's agents.
const sampleInterval = 0.25

// plain is the opener for whom a recorder is all: the sampler is the recorder
// too, if it is one.
func (o opener) plain() func(env.Recorder) (env.Env, error) {
	return func(rec env.Recorder) (env.Env, error) {
		sampler, _ := rec.(env.Sampler)
		return o(rec, sampler)
	}
}

// open returns what opens a scenario after adapt has said who steers it.
func open(s scenario.Scenario, adapt func(*sim.Config)) opener {
	return func(rec env.Recorder, sampler env.Sampler) (env.Env, error) {
		cfg, err := s.Config()
		if err != nil {
			return nil, err
		}
		cfg.Recorder = rec
		if sampler != nil {
			cfg.Sampler, cfg.SampleInterval = sampler, sampleInterval
		}
		adapt(&cfg)
		return sim.New(cfg)
	}
}

// heuristicEnv returns what opens a scenario under a heuristic.
func heuristicEnv(s scenario.Scenario, name string) opener {
	return open(s, func(cfg *sim.Config) { cfg.Heuristic = name })
}

// agentEnv returns what opens a scenario for agents under a reward.
func agentEnv(s scenario.Scenario, reward rewards.Reward) opener {
	return open(s, func(cfg *sim.Config) { cfg.Observe, cfg.Reward = true, reward })
}

// trainingEnv returns what opens a scenario for a method to learn in.
func trainingEnv(s scenario.Scenario, reward rewards.Reward, method string) opener {
	return open(s, func(cfg *sim.Config) {
		cfg.Observe, cfg.Reward, cfg.Flows = true, reward, methods.NeedsFlows(method)
	})
}

// heuristicTarget evaluates a heuristic of package dispatch.
func heuristicTarget(s scenario.Scenario, name string) episodes.Target {
	return episodes.Target{Name: name, Env: heuristicEnv(s, name).plain()}
}

// parseTarget reads a TARGET of the command line, but for tuned, which takes a
// search: a heuristic's name, a run's folder, or a checkpoint.
func parseTarget(s scenario.Scenario, text string) (target, error) {
	if slices.Contains(dispatch.Names(), text) {
		return target{Target: heuristicTarget(s, text), open: heuristicEnv(s, text)}, nil
	}
	path := text
	info, err := os.Stat(path)
	if err == nil && info.IsDir() {
		path = filepath.Join(path, train.CheckpointName)
		_, err = os.Stat(path)
	}
	if err != nil {
		return target{}, usage("target %q: neither a heuristic (%s), %s, a run's folder nor a checkpoint", text, strings.Join(dispatch.Names(), ", "), tunedName)
	}
	return checkpointTarget(s, text, path)
}

// target is what is evaluated and, of a policy, where it comes from.
type target struct {
	episodes.Target
	hash     string   // of the checkpoint; empty for a heuristic
	recipe   string   // what runs that differ in their seed alone share; empty for a heuristic
	warnings []string // doubts, such as that it was trained elsewhere
	notes    []string // what it is, where its name does not say it
	open     opener   // Target.Env, with the servers' true state
}

// checkpointTarget evaluates the policy of a checkpoint.
func checkpointTarget(s scenario.Scenario, name, path string) (target, error) {
	fail := func(err error) (target, error) { return target{}, fmt.Errorf("%s: %w", path, err) }
	meta, parameters, err := checkpoint.Load(path)
	if err != nil {
		return target{}, err
	}
	hyper, err := train.LoadHyperparameters(path+" (settings)", []byte(meta.Settings), nil)
	if err != nil {
		return target{}, err
	}
	reward, err := rewards.New(hyper.Reward)
	if err != nil {
		return fail(err)
	}
	open := agentEnv(s, reward)
	e, err := open(nil, nil)
	if err != nil {
		return fail(err)
	}
	defer e.Close()
	spec := e.Spec()
	policy := func() (agents.Actor, error) { return methods.Policy(meta, hyper.Methods, parameters, spec) }
	if _, err := policy(); err != nil {
		return fail(fmt.Errorf("scenario %s: %w", s.Name, err))
	}
	t := target{Target: episodes.Target{Name: name, Env: open.plain(), Actor: policy}, hash: meta.ContentSHA256, open: open}
	if t.recipe, err = recipe(hyper); err != nil {
		return fail(err)
	}
	if meta.Scenario != s.Name {
		t.warnings = append(t.warnings, fmt.Sprintf("%s was trained in %s", name, meta.Scenario))
	}
	return t, nil
}

// keptTarget is checkpointTarget of a run that a folder of results keeps. One
// that is damaged can be removed: what uses it makes it again.
func keptTarget(s scenario.Scenario, name, dir string) (target, error) {
	t, err := checkpointTarget(s, name, filepath.Join(dir, train.CheckpointName))
	if errors.Is(err, checkpoint.ErrCorrupt) || settings.IsFault(err) {
		err = fmt.Errorf("%w; remove the folder %s, and the run is made again", err, dir)
	}
	return t, err
}

// recipe names what training runs share that differ in their seed alone.
func recipe(h train.Hyperparameters) (string, error) {
	h.Seed = 0
	key, err := h.Key()
	return fmt.Sprintf("%s %s %s", h.Method, h.Reward, key[:min(8, len(key))]), err
}

// demands returns the s of service, of all stages together, that each request
// of an episode needs, by its time of arrival.
func demands(s scenario.Scenario, seed uint64) (map[float64]float64, error) {
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
	for {
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
