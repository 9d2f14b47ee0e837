package paper

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"fairlb/env/settings"
)

// ErrUnknownProfile reports a profile's name that is not built in.
var ErrUnknownProfile = errors.New("paper: unknown profile")

// Recipes are the hyperparameters that policies are trained by.
type Recipes int

const (
	OwnRecipes    Recipes = iota // train/recipes/web-*.yaml, chosen by us
	Table9Recipes                // train/recipes/table9-web-*.yaml: the paper's own numbers
)

// String says whose recipes they are, in a sentence.
func (r Recipes) String() string {
	if r == Table9Recipes {
		return "the paper's recipes (Table 9)"
	}
	return "our own recipes"
}

// Profile says how much is spent on filling a table.
type Profile struct {
	Name    string
	Recipes Recipes

	TrainingSeeds   []uint64 // one agent is trained and evaluated for each
	Episodes        int      // training episodes at moderate scale
	LargeEpisodes   int      // training episodes at large scale
	EpisodeDuration float64  // s of traffic in a training episode

	// EvalSeeds are held-out, and every method meets the same arrivals. SeedsFor says
	// which a scenario has of them.
	EvalSeeds    []uint64
	EvalDuration float64 // s of traffic in an evaluation, which begins with an empty system

	// Readings is how often a latency is measured, for each way and amount of traffic.
	Readings int

	// Live says that evaluations are played in real time on this machine, one after
	// another, beside the simulator's of the same seeds.
	Live bool
	// TrainLive says that policies are trained in real time, too; else in the simulator.
	TrainLive bool
	// Rows are those that tables have (Row.TargetName); empty: all.
	Rows []string
}

// Profiles returns the built-in profiles, the cheapest first, then those that are played in
// real time. Each but live-smoke evaluates episodes of 60 s, as the paper's runs are:
//
//   - smoke: does the whole path work; minutes on 2 cores
//   - standard: our own recipes, and enough trainings and seeds for an interval
//   - paper: the paper's recipes, with the episodes of Table 9
//   - live-smoke: does the whole path work in real time; minutes
//   - live: ten runs a row and scenario in real time; of the trainings of standard the first
func Profiles() []Profile {
	return []Profile{
		{
			Name:          "smoke",
			TrainingSeeds: seeds(1, 1), Episodes: 16, LargeEpisodes: 16, EpisodeDuration: 30,
			EvalSeeds: seeds(1000, 2), EvalDuration: 60, Readings: 500,
		},
		{
			Name:          "standard",
			TrainingSeeds: seeds(1, 3), Episodes: 120, LargeEpisodes: 120, EpisodeDuration: 60,
			EvalSeeds: seeds(1000, 10), EvalDuration: 60, Readings: 5000,
		},
		{
			Name: "paper", Recipes: Table9Recipes,
			TrainingSeeds: seeds(1, 3), Episodes: 120, LargeEpisodes: 200, EpisodeDuration: 60,
			EvalSeeds: seeds(1000, 10), EvalDuration: 60, Readings: 5000,
		},
		{
			Name:          "live-smoke",
			TrainingSeeds: seeds(1, 1), Episodes: 4, LargeEpisodes: 4, EpisodeDuration: 10,
			EvalSeeds: seeds(1000, 1), EvalDuration: 2, Readings: 500, Live: true, Rows: []string{"sed", "self-tuning", "distr-lb/vbf"},
		},
		{
			Name:          "live",
			TrainingSeeds: seeds(1, 1), Episodes: 120, LargeEpisodes: 120, EpisodeDuration: 60,
			EvalSeeds: seeds(1000, 10), EvalDuration: 60, Readings: 5000, Live: true,
		},
	}
}

// ProfileNamed returns the built-in profile of that name, or
// ErrUnknownProfile.
func ProfileNamed(name string) (Profile, error) {
	var names []string
	for _, p := range Profiles() {
		if p.Name == name {
			return p, nil
		}
		names = append(names, p.Name)
	}
	return Profile{}, fmt.Errorf("%w %q: want one of %s%s", ErrUnknownProfile, name, strings.Join(names, ", "), settings.Suggestion(name, names))
}

// Table returns a table with the rows that the profile fills.
func (p Profile) Table(t Table) Table {
	if len(p.Rows) == 0 {
		return t
	}
	out := t
	out.Rows, out.cells = nil, nil
	for i, r := range t.Rows {
		if slices.Contains(p.Rows, r.TargetName()) {
			out.Rows, out.cells = append(out.Rows, r), append(out.cells, t.cells[i])
		}
	}
	return out
}

// TrainingScenario returns where policies are trained whose Training is the given one:
// there, as Table 9 says, but that our own recipe of the large scale trains over the
// rates of Tables 14 and 15, since an agent that has met 2000 queries/s alone is worse at
// lower rates.
func (p Profile) TrainingScenario(training string) string {
	if Large(training) && p.Recipes == OwnRecipes {
		return ownLargeTraining
	}
	return training
}

// TrainingEpisodes returns the number of episodes of an agent trained on the
// given scenario.
func (p Profile) TrainingEpisodes(training string) int {
	if Large(training) {
		return p.LargeEpisodes
	}
	return p.Episodes
}

// seeds returns n consecutive seeds.
func seeds(first uint64, n int) []uint64 {
	s := make([]uint64, n)
	for i := range s {
		s[i] = first + uint64(i)
	}
	return s
}
