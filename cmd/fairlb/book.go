package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"fairlb/agents/checkpoint"
	"fairlb/env/scenario"
	"fairlb/env/settings"
	"fairlb/eval"
	"fairlb/eval/paper"
	"fairlb/train"
)

// book is the folder that keeps the runs of a profile: a folder a training
// run, a file an evaluation, each named by the hash of all that it depends on,
// so that nothing is done twice and nothing stale is used.
type book struct {
	dir     string
	profile paper.Profile

	mu        sync.Mutex
	evaluated map[paper.Key]eval.Result
}

func newBook(dir string, p paper.Profile) *book {
	return &book{dir: dir, profile: p, evaluated: map[paper.Key]eval.Result{}}
}

// run trains and evaluates what a job asks for and the folder lacks.
func (b *book) run(ctx context.Context, a *app, job paper.Job) error {
	subject, path := job.Method, ""
	if job.Learned() {
		var err error
		if path, err = b.trained(ctx, a, job.Policy); err != nil {
			return err
		}
		meta, _, err := checkpoint.Load(path)
		if err != nil {
			return err
		}
		subject = meta.ContentSHA256
	}
	for _, name := range job.Scenarios {
		s, err := scenario.Load(name, []string{fmt.Sprintf("duration=%g", b.profile.EvalDuration)})
		if err != nil {
			return err
		}
		result, err := b.evaluation(ctx, s, job.Policy, subject, path)
		if err != nil {
			return fmt.Errorf("on %s: %w", name, err)
		}
		b.mu.Lock()
		b.evaluated[paper.Key{Policy: job.Policy, Scenario: name}] = result
		b.mu.Unlock()
	}
	return nil
}

// hyper returns the hyperparameters of a table's policy: the defaults, with
// the profile's episodes spread over at least eight rounds where they are few.
func (b *book) hyper(p paper.Policy) train.Hyper {
	h := train.DefaultHyper()
	h.Scenario, h.Method, h.Reward, h.Seed = p.Training, p.Method, p.Reward, p.Seed
	h.Episodes = b.profile.TrainingEpisodes(p.Training)
	h.EpisodeDuration = b.profile.EpisodeDuration
	h.EpisodesPerRound = max(1, min(h.EpisodesPerRound, h.Episodes/8))
	rounds := (h.Episodes + h.EpisodesPerRound - 1) / h.EpisodesPerRound
	early := max(1, min(h.Methods.SAC.CriticRounds, rounds/8))
	h.Methods.SAC.CriticRounds, h.Methods.SAC.FeatureRounds = early, early
	return h
}

// trained returns the checkpoint of a policy, after training it if need be.
// A run is made under another name and renamed when it is whole.
func (b *book) trained(ctx context.Context, a *app, p paper.Policy) (string, error) {
	h := b.hyper(p)
	s, err := trainingScenario(&h)
	if err != nil {
		return "", err
	}
	hash, err := settings.Hash(struct {
		Hyper    train.Hyper       `yaml:"hyper"`
		Scenario scenario.Scenario `yaml:"scenario"`
	}{h, s})
	if err != nil {
		return "", err
	}
	dir := filepath.Join(b.dir, "train", runName(&h)+"-"+hash[:12])
	path := filepath.Join(dir, train.CheckpointName)
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	partial := dir + ".partial"
	if err := os.RemoveAll(partial); err != nil {
		return "", err
	}
	command := []string{"fairlb", "train", filepath.Join(dir, "hyperparameters.yaml")}
	if err := a.silent().trainRun(ctx, h, s, partial, command, 1); err != nil {
		return "", err
	}
	return path, os.Rename(partial, dir)
}

// silent is the app for work inside other work, whose progress is its own.
func (a *app) silent() *app {
	return &app{stdout: io.Discard, stderr: io.Discard, log: newLogger(io.Discard)}
}

// evaluation returns the result of a policy on a scenario, from the folder or
// from a run. subject is the heuristic, or the hash of the checkpoint at path.
func (b *book) evaluation(ctx context.Context, s scenario.Scenario, p paper.Policy, subject, path string) (eval.Result, error) {
	hash, err := settings.Hash(struct {
		Subject  string            `yaml:"subject"`
		Scenario scenario.Scenario `yaml:"scenario"`
		Seeds    []uint64          `yaml:"seeds"`
	}{subject, s, b.profile.EvalSeeds})
	if err != nil {
		return eval.Result{}, err
	}
	dir := filepath.Join(b.dir, "eval")
	label := fileName(p.Method + "-" + s.Name)
	file := filepath.Join(dir, label+"-"+hash[:12]+".json")
	var report eval.Report
	switch data, err := os.ReadFile(file); {
	case err == nil:
		if err := json.Unmarshal(data, &report); err != nil || len(report.Results) != 1 {
			return eval.Result{}, usage("%s: is not the record of an evaluation (%v); remove it", file, err)
		}
		return report.Results[0], nil
	case !errors.Is(err, fs.ErrNotExist):
		return eval.Result{}, err
	}

	subjects := []eval.Target{heuristicTarget(s, p.Method)}
	if p.Learned() {
		trained, err := checkpointTarget(s, describe(p), path)
		if err != nil {
			return eval.Result{}, err
		}
		subjects[0] = trained.Target
	}
	list, err := eval.Run(ctx, eval.Config{Seeds: b.profile.EvalSeeds, Classes: s.ClassNames(), Workers: 1}, subjects)
	if err != nil {
		return eval.Result{}, err
	}
	resolved, err := settings.JSON(s)
	if err != nil {
		return eval.Result{}, err
	}
	report = eval.Report{Scenario: s.Name, Settings: resolved, Seeds: b.profile.EvalSeeds, DurationS: s.Duration, Results: list}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return eval.Result{}, err
	}
	return list[0], writeFile(file, report.WriteJSON)
}
