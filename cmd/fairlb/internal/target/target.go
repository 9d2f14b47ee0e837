// Package target turns a name on the command line into something that can be
// evaluated in a scenario: a heuristic, the best fixed weights, or the policy
// of a run's folder or checkpoint. Another kind of target is a case of Parse.
package target

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"fairlb/agents"
	"fairlb/agents/checkpoint"
	"fairlb/agents/methods"
	"fairlb/cmd/fairlb/internal/bounds"
	"fairlb/cmd/fairlb/internal/fixedweights"
	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/cmd/fairlb/internal/runfolder"
	"fairlb/cmd/fairlb/internal/simulate"
	"fairlb/env"
	"fairlb/env/dispatch"
	"fairlb/env/scenario"
	"fairlb/env/settings"
	"fairlb/eval/episodes"
	"fairlb/rewards"
	"fairlb/train"
)

// Target is what is evaluated and, of a policy, where it comes from.
type Target struct {
	episodes.Target
	Hash     string          // of the checkpoint; empty for a heuristic
	Recipe   string          // what runs that differ in their seed alone share; empty for a heuristic
	Seed     uint64          // of the training; with the recipe it says which training it is
	Warnings []string        // doubts, such as that it was trained in another scenario
	Notes    []string        // what it is, where its name does not say it
	Open     simulate.Opener // Target.Env, with the servers' true state
	Reward   rewards.Reward  // of a policy, by which its agents are paid

	// What it is, one of three: a heuristic of package dispatch; fixed weights, one a
	// server; or the policy of a checkpoint, which may be joint: steer all LBs by what
	// all of them observe.
	Heuristic string
	Policy    *dispatch.Policy // of the heuristic universal or universal-carried, where a run has learned it
	Weights   []float64
	Path      string
	Joint     bool
}

// Heuristic is a heuristic of package dispatch as a target.
func Heuristic(s scenario.Scenario, name string) Target {
	return Target{Target: simulate.HeuristicTarget(s, name), Open: simulate.Heuristic(s, name), Heuristic: name}
}

// FixedWeights is fixed weights as a target in a scenario that may differ from
// that of the search in its duration.
func FixedWeights(s scenario.Scenario, found *fixedweights.Found) Target {
	weights := found.ByServer()
	open := simulate.FixedWeights(s, weights)
	return Target{
		Weights: weights,
		Target:  episodes.Target{Name: fixedweights.TargetName, Env: open.Recorded()}, Open: open,
		Notes: []string{found.Note()}, Warnings: found.Warnings(),
	}
}

// CheckpointPath is the checkpoint that a path means: itself, or that of the
// run's folder which it is.
func CheckpointPath(path string) string {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return filepath.Join(path, train.CheckpointName)
	}
	return path
}

// Parse reads the name of a target, but for the best fixed weights, which take a
// search: a heuristic, a run's folder, or a checkpoint.
func Parse(s scenario.Scenario, name string) (Target, error) {
	switch err := dispatch.Check(name); {
	case err == nil:
		return Heuristic(s, name), nil
	case dispatch.GivesConstants(name):
		return Target{}, invalid.Errorf("target %q: %w", name, err)
	}
	path := CheckpointPath(name)
	if _, err := os.Stat(path); err != nil {
		return Target{}, invalid.Errorf("target %q: neither a heuristic (%s), %s, a run's folder nor a checkpoint%s", name, strings.Join(dispatch.Names(), ", "), fixedweights.TargetName,
			settings.Suggestion(name, append(dispatch.Names(), fixedweights.TargetName)))
	}
	return Checkpoint(s, name, path)
}

// ParseAll reads the names of targets; search makes the best fixed weights,
// after all that is wrong with another name has been said.
func ParseAll(s scenario.Scenario, names []string, search func() (Target, error)) ([]Target, error) {
	list := make([]Target, len(names))
	nameOf := map[string]string{} // by the hash of the checkpoint: twice the same run is no second run
	for i, name := range names {
		if slices.Contains(names[:i], name) {
			return nil, invalid.Errorf("target %q is given twice", name)
		}
		if name == fixedweights.TargetName {
			continue
		}
		var err error
		if list[i], err = Parse(s, name); err != nil {
			return nil, err
		}
		hash := list[i].Hash
		if same, again := nameOf[hash]; again {
			return nil, invalid.Errorf("target %q: the same checkpoint as %q", name, same)
		}
		if hash != "" {
			nameOf[hash] = name
		}
	}
	if i := slices.Index(names, fixedweights.TargetName); i >= 0 {
		var err error
		if list[i], err = search(); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// Checkpoint is the policy of a checkpoint as a target.
func Checkpoint(s scenario.Scenario, name, path string) (Target, error) {
	fail := func(err error) (Target, error) { return Target{}, fmt.Errorf("%s: %w", path, err) }
	meta, parameters, err := checkpoint.Load(path)
	if err != nil {
		return Target{}, err
	}
	h, err := train.LoadHyperparameters(path+" (settings)", []byte(meta.Settings), nil)
	if err != nil {
		return Target{}, err
	}
	reward, err := h.RewardFunction()
	if err != nil {
		return fail(err)
	}
	if err := bounds.Policy(meta.Method, h.Methods, s.Spec()); err != nil {
		return fail(err)
	}
	method, err := methods.Find(meta.Method)
	if err != nil {
		return fail(err)
	}
	if method.Rule {
		return ruleTarget(s, name, path, meta, h, parameters)
	}
	open := simulate.Agents(s, reward)
	e, err := open(nil, nil)
	if err != nil {
		return fail(err)
	}
	defer e.Close()
	spec := e.Spec()
	policy := func() (agents.Actor, error) { return methods.Policy(meta, h.Methods, parameters, spec) }
	if _, err := policy(); err != nil {
		return fail(fmt.Errorf("scenario %s: %w", s.Name, err))
	}
	t := Target{Target: episodes.Target{Name: name, Env: open.Recorded(), Actor: policy}, Hash: meta.ContentSHA256, Seed: h.Seed, Open: open, Reward: reward, Path: path, Joint: method.Joint}
	if t.Recipe, err = runfolder.Recipe(h); err != nil {
		return fail(err)
	}
	if title := h.MethodName(); title != h.Method {
		t.Warnings = append(t.Warnings, fmt.Sprintf("%s is %s: %s of today is another method", name, title, h.Method))
	}
	if meta.Scenario != s.Name {
		t.Warnings = append(t.Warnings, fmt.Sprintf("%s was trained in %s", name, meta.Scenario))
	}
	return t, nil
}

// ruleTarget is the policy of a checkpoint that is a dispatch rule as a target.
func ruleTarget(s scenario.Scenario, name, path string, meta checkpoint.Meta, h train.Hyperparameters, parameters []agents.Parameter) (Target, error) {
	policy, err := methods.RulePolicy(meta, h.Methods, parameters)
	if err != nil {
		return Target{}, fmt.Errorf("%s: %w", path, err)
	}
	open := simulate.Rule(s, policy)
	t := Target{
		Target: episodes.Target{Name: name, Env: open.Recorded()}, Open: open,
		Hash: meta.ContentSHA256, Seed: h.Seed, Path: path, Heuristic: policy.Rule(), Policy: policy,
	}
	if t.Recipe, err = runfolder.Recipe(h); err != nil {
		return Target{}, fmt.Errorf("%s: %w", path, err)
	}
	return t, nil
}

// Stored is Checkpoint of a run that a folder of results keeps. One that is
// damaged can be removed: what uses it makes it again.
func Stored(s scenario.Scenario, name, dir string) (Target, error) {
	t, err := Checkpoint(s, name, filepath.Join(dir, train.CheckpointName))
	if errors.Is(err, checkpoint.ErrCorrupt) || settings.IsFault(err) {
		err = fmt.Errorf("%w; remove the folder %s, and the run is made again", err, dir)
	}
	return t, err
}

// Play plays one episode, which rec and sampler observe; either may be nil.
func (t *Target) Play(ctx context.Context, seed uint64, rec env.Recorder, sampler env.Sampler) error {
	e, err := t.Open(rec, sampler)
	if err != nil {
		return err
	}
	defer e.Close()
	var actor agents.Actor
	if t.Actor != nil {
		if actor, err = t.Actor(); err != nil {
			return err
		}
	}
	return episodes.Play(ctx, e, actor, seed)
}
