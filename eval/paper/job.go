package paper

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"fairlb/rewards"
)

// Scenarios to train on (Table 9): 650 to 800 queries/s, drawn per episode, at
// moderate scale; 2000 queries/s at large scale; and for Table 16 the
// changing capacities themselves.
const (
	moderateTraining = "web-moderate/train"
	largeTraining    = "web-large/train"
	capacityTraining = "web-dynamic"

	ownLargeTraining = "web-large/train-rates" // of Profile.TrainingScenario
)

// Large reports whether agents trained on the scenario are of the large scale.
func Large(training string) bool { return training == largeTraining }

// Policy identifies what steers the LBs. It is comparable.
type Policy struct {
	Method string // name of the method in fairlb: "sed", "distr-lb"

	// Of a learned method; empty and 0 for a heuristic.
	Reward   string         // name in package rewards
	Credit   rewards.Credit // how the reward is divided over servers; empty: as the recipe says
	Training string         // scenario that it is trained on
	Seed     uint64         // seed of its training
}

// Learned reports whether the policy has to be trained.
func (p Policy) Learned() bool { return p.Training != "" }

// Key identifies one evaluation: a policy on a scenario. It is comparable.
type Key struct {
	Policy
	Scenario string
}

// Job is one unit of work: train the policy, if it is a learned one, then
// evaluate it on each scenario with the seeds of the profile. Policies of
// jobs differ, so that Policy is a job's identity.
type Job struct {
	Policy
	Scenarios []string
}

// Training returns the scenario that the table's learned methods are trained
// on.
func (t Table) Training() string { return trainingFor(t.Columns[0].Scenario) }

// Keys returns the evaluations that a cell summarises: one for each training
// seed of the profile, and a single one for a heuristic. Indices outside the
// table panic.
func (t Table) Keys(row, col int, p Profile) []Key {
	r, scenario := t.Rows[row], t.Columns[col].Scenario
	if !r.Learned() {
		return []Key{{Policy{Method: r.MethodID}, scenario}}
	}
	keys := make([]Key, len(p.TrainingSeeds))
	for i, seed := range p.TrainingSeeds {
		keys[i] = Key{r.Policy(scenario, seed), scenario}
	}
	return keys
}

// Jobs lists what must run to fill the tables: each policy once, with each of
// its scenarios once, however many tables share them. The order is that of
// the tables' numbers, rows, columns and seeds; the order and repetition of
// the argument do not matter. A number not in Numbers gives ErrUnknownTable.
func Jobs(tables []int, p Profile) ([]Job, error) {
	numbers := slices.Clone(tables)
	slices.Sort(numbers)
	var jobs []Job
	index := make(map[Policy]int)
	for _, number := range slices.Compact(numbers) {
		t, err := Get(number)
		if err != nil {
			return nil, fmt.Errorf("paper: listing jobs: %w", err)
		}
		t = p.Table(t)
		for row := range t.Rows {
			for col := range t.Columns {
				for _, key := range t.Keys(row, col, p) {
					i, ok := index[key.Policy]
					if !ok {
						i = len(jobs)
						index[key.Policy] = i
						jobs = append(jobs, Job{Policy: key.Policy})
					}
					if !slices.Contains(jobs[i].Scenarios, key.Scenario) {
						jobs[i].Scenarios = append(jobs[i].Scenarios, key.Scenario)
					}
				}
			}
		}
	}
	return jobs, nil
}

// seedSpacing is how far the evaluation seeds of two periods are apart.
const seedSpacing = 100

// SeedsFor returns the seeds on which a scenario is evaluated: those of the profile, of
// the k-th period 100 (k-1) later, so that periods of one rate have arrivals of their own.
func (p Profile) SeedsFor(scenario string) []uint64 {
	seeds := slices.Clone(p.EvalSeeds)
	_, variant, _ := strings.Cut(scenario, "/")
	number, isPeriod := strings.CutPrefix(variant, "period-")
	if k, err := strconv.ParseUint(number, 10, 8); isPeriod && err == nil && k > 1 {
		for i := range seeds {
			seeds[i] += seedSpacing * (k - 1)
		}
	}
	return seeds
}

// trainingFor returns the scenario to train on for an evaluation scenario.
func trainingFor(scenario string) string {
	switch {
	case strings.HasPrefix(scenario, "web-moderate/"):
		return moderateTraining
	case strings.HasPrefix(scenario, "web-large/"):
		return largeTraining
	default:
		return capacityTraining
	}
}
