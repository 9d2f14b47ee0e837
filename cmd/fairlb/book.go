package main

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"fairlb/env/scenario"
	"fairlb/eval"
	"fairlb/eval/paper"
	"fairlb/results/record"
	"fairlb/train"
	"fairlb/train/recipes"
)

// book is the shelf of a profile, and what was evaluated for it.
type book struct {
	shelf
	profile paper.Profile

	mu        sync.Mutex
	evaluated map[paper.Key]eval.Result
	trainings int            // that were asked for
	others    map[string]int // of them, by the other build that made them
}

func newBook(dir string, p paper.Profile) *book {
	return &book{shelf: newShelf(dir), profile: p, evaluated: map[paper.Key]eval.Result{}, others: map[string]int{}}
}

// noteBuild counts a training run by the build that made it.
func (b *book) noteBuild(dir string) error {
	rec, err := record.Read(filepath.Join(dir, recordName))
	if err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.trainings++
	if made := rec.Header.Made(); made != record.Self() {
		b.others[made]++
	}
	return nil
}

// warnings are doubts about all that the book holds.
func (b *book) warnings() []string {
	if len(b.others) == 0 {
		return nil
	}
	n := 0
	var names []string
	for _, name := range slices.Sorted(maps.Keys(b.others)) {
		n += b.others[name]
		names = append(names, name)
	}
	return []string{fmt.Sprintf("%d of %d trainings were made by other builds of the program (%s) than this one (%s).",
		n, b.trainings, strings.Join(names, "; "), record.Self())}
}

// run trains and evaluates what a job asks for and the folder lacks.
func (b *book) run(ctx context.Context, a *app, job paper.Job) error {
	var run string
	if job.Learned() {
		var err error
		h := b.hyper(job.Policy)
		if run, err = b.trained(ctx, a, h, runName(&h)); err != nil {
			return err
		}
		if err := b.noteBuild(run); err != nil {
			return err
		}
	}
	for _, name := range job.Scenarios {
		s, what, err := b.subject(job.Policy, name, run)
		if err != nil {
			return err
		}
		result, err := b.evaluation(ctx, s, b.profile.EvalSeeds, what)
		if err != nil {
			return fmt.Errorf("on %s: %w", name, err)
		}
		b.mu.Lock()
		b.evaluated[paper.Key{Policy: job.Policy, Scenario: name}] = result
		b.mu.Unlock()
	}
	return nil
}

// subject returns a policy, trained in the folder run if it is a learned one,
// as it is evaluated on the scenario that it returns with it.
func (b *book) subject(p paper.Policy, name, run string) (scenario.Scenario, subject, error) {
	s, err := scenario.Load(name, []string{fmt.Sprintf("duration=%g", b.profile.EvalDuration)})
	if err != nil {
		return s, subject{}, err
	}
	if !p.Learned() {
		return s, subject{name: p.Method, target: heuristicTarget(s, p.Method)}, nil
	}
	what, err := trainedSubject(s, p.Method, describe(p), run)
	return s, what, err
}

// hyper returns the hyperparameters of a table's policy: the recipe of its
// scale, with the profile's episodes spread over at least eight rounds where
// they are few.
func (b *book) hyper(p paper.Policy) train.Hyperparameters {
	name, data := "web-moderate.yaml", recipes.WebModerate
	if paper.Large(p.Training) {
		name, data = "web-large.yaml", recipes.WebLarge
	}
	h, err := train.LoadHyperparameters(name, data, nil)
	if err != nil {
		panic(err) // not a user's file: TestBookHyper reads both
	}
	h.Scenario, h.Method, h.Reward, h.Seed = p.Training, p.Method, p.Reward, p.Seed
	h.Episodes = b.profile.TrainingEpisodes(p.Training)
	h.EpisodeDuration = b.profile.EpisodeDuration
	h.EpisodesPerRound = max(1, min(h.EpisodesPerRound, h.Episodes/8))
	rounds := (h.Episodes + h.EpisodesPerRound - 1) / h.EpisodesPerRound
	sac, qmix := &h.Methods.SAC, &h.Methods.QMIX
	early := max(1, min(sac.CriticRounds, rounds/8))
	sac.CriticRounds, sac.FeatureRounds, qmix.FeatureRounds = early, early, early
	return h
}
