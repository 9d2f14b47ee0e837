package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/agents/methods"
	"fairlb/cmd/fairlb/internal/bounds"
	"fairlb/cmd/fairlb/internal/progress"
	"fairlb/cmd/fairlb/internal/runfolder"
	"fairlb/cmd/fairlb/internal/store"
	"fairlb/cmd/fairlb/internal/studies"
	"fairlb/cmd/fairlb/internal/tables"
	"fairlb/env/estimate"
	"fairlb/eval/paper"
)

// outrageous are command lines each of whose values is allowed, and whose product
// is not: what is said begins so, and names what else.
var outrageous = []struct {
	name, args, begins string
	names              []string
}{
	{"a stage of 1e-300 s", "eval sed --scenario sim-moderate/pure-cpu --set workload.classes[0].stages[0].mean=1e-300",
		"scenario sim-moderate/pure-cpu: would take 1.22e+305 simulated events, the limit is 1e+12 simulated events: 1.22e+305 simulated events for requests (--seeds, workload.arrivals",
		[]string{"--seeds", "workload.arrivals", "workload.classes", "duration", "FAIRLB_MAX_EVENTS"}},
	{"many seeds", "eval sed lsq --scenario sim-moderate/pure-cpu --seeds 1-100000 --duration 500000",
		"scenario sim-moderate/pure-cpu: would take 2.03e+12 simulated events", []string{"--seeds"}},
	{"a trace's requests", "eval sed --scenario for-loop --seeds 1 --duration 1e5 --set step_interval=1 --set workload.trace=trace.tsv --set workload.repeat=true --set workload.speed_up=1e5 --set workload.rate_factor=500",
		"scenario for-loop: would take 1e+13 simulated events", []string{"workload.rate_factor, workload.repeat, workload.speed_up, workload.trace"}},
	{"a search", "eval tuned --scenario lasting.yaml --seeds 1 --duration 1000", "target \"tuned\": scenario sim-moderate/pure-cpu: would take ", []string{"evaluations of the search"}},
	{"wide and deep", "train good.yaml --set sac.hidden=4096 --set sac.layers=32", "--set: sac.hidden: would take 161 GiB of memory, the limit is 16 GiB of memory: 140 GiB of memory for networks (sac.hidden, sac.layers, ", nil},
	{"wide and deep in a file", "train wide.yaml", "wide.yaml:2:11: sac.hidden: would take 161 GiB of memory", nil},
	{"a long window", "train window.yaml", "window.yaml:1:35: sac.window: would take ", []string{"batches of windows"}},
	{"a large batch", "train good.yaml --set method=qmix-lb --set qmix.batch=100000", "--set: qmix.batch: would take ", nil},
	{"a large buffer", "train good.yaml --set sac.capacity=1000000 --set episodes=1000000 --set episode_duration=600", "--set: sac.capacity: would take ", []string{"the replay buffer"}},
	{"a large round", "train good.yaml --set episodes=1000000 --set episodes_per_round=100000 --set episode_duration=600", "--set: episodes_per_round: would take ", []string{"the episodes of a round"}},
	{"many validations", "train good.yaml --set validation_seeds=0-99999 --set checkpoint_every=1 --set episodes=100000", "--set: validation_seeds: would take ", []string{"simulated events"}},
	{"many updates", "train good.yaml --set updates_per_round=1000000000", "--set: updates_per_round: would take ", []string{"multiplications in networks"}},
	{"a scenario's servers", "train good.yaml --set scenario.lbs=1000 --set scenario.servers=[{count:10000,cpus:1,speed:1}]", "good.yaml: scenario: would take ", []string{"scenario.servers"}},
	{"queues", "theory queues --seeds 100000 --requests 100000000", "would take 7e+14 simulated events", []string{"--seeds, --requests"}},
	{"particles", "theory inference --particles 100000 --seeds 1-100000", "", []string{"the queues of the filters", "--particles"}},
	{"a fit", "fit web-mix --design 100000 --seeds 1000 --out q", "would take ", []string{"--design, --starts, --iterations, --seeds"}},
	{"a study", "study study.yaml --out q", "study.yaml: would take ", []string{"training_seeds"}},
}

// TestOutrageousIsRefused: what would never end or find room is refused before
// it begins, with the figures and the fields, and leaves nothing behind.
func TestOutrageousIsRefused(t *testing.T) {
	t.Chdir(t.TempDir())
	lasting, _, err := command(t, "scenarios", "show", "sim-moderate/pure-cpu", "--set", "duration=2e8", "--set", "step_interval=1000")
	require.NoError(t, err)
	for name, text := range map[string]string{
		"lasting.yaml": lasting,
		"good.yaml":    "seed: 1\n",
		"trace.tsv":    "time\tquery\n0\t?n=1\n1\t?n=1\n",
		"wide.yaml":    "sac:\n  hidden: 4096\n  layers: 32\n",
		"window.yaml":  "sac: {network: recurrent, window: 100000}\n",
		"study.yaml": "name: s\ntraining_seeds: 1-100000\nevaluation_seeds: 500-509\nduration: 360000\nheuristics: [sed]\n" +
			"methods: [{name: m, recipe: good.yaml, family: f}]\nscenarios: [{name: a, scenario: sim-moderate/pure-cpu}]\n",
	} {
		require.NoError(t, os.WriteFile(name, []byte(text), 0o666))
	}
	before, err := os.ReadDir(".")
	require.NoError(t, err)
	for _, test := range outrageous {
		t.Run(test.name, func(t *testing.T) {
			stdout, _, err := command(t, strings.Fields(test.args)...)
			require.Error(t, err)
			require.Equal(t, exitUsage, exitCode(err), "%v", err)
			require.Equal(t, test.begins, err.Error()[:min(len(test.begins), len(err.Error()))], "%v", err)
			for _, name := range test.names {
				require.ErrorContains(t, err, name)
			}
			require.NotContains(t, err.Error(), "\n")
			require.Empty(t, stdout)
		})
	}
	after, err := os.ReadDir(".")
	require.NoError(t, err)
	require.Equal(t, len(before), len(after))
}

// TestLimitsAreRaised: the variable that a refusal names raises its limit, lowers
// it as well, and takes no nonsense.
func TestLimitsAreRaised(t *testing.T) {
	args := []string{"eval", "sed", "--scenario", "for-loop", "--seeds", "1", "--duration", "2"}
	t.Setenv("FAIRLB_MAX_EVENTS", "10")
	_, _, err := command(t, args...)
	require.ErrorContains(t, err, "the limit is 10 simulated events")
	t.Setenv("FAIRLB_MAX_EVENTS", "1e6")
	_, _, err = command(t, args...)
	require.NoError(t, err)
	t.Setenv("FAIRLB_MAX_MEMORY", "lots")
	_, _, err = command(t, args...)
	require.ErrorContains(t, err, `FAIRLB_MAX_MEMORY = "lots": must be a positive number of bytes`)
	require.Equal(t, exitUsage, exitCode(err))
}

// TestShippedIsFarBelowTheLimits: recipes with every method, studies and the
// tables of every profile take a quarter of the limits at most.
func TestShippedIsFarBelowTheLimits(t *testing.T) {
	limits := estimate.DefaultLimits()
	below := func(e estimate.Estimate, what string) {
		for _, q := range estimate.Quantities() {
			require.Less(t, e.Total(q), limits[q]/4, "%s: %s", what, q.Format(e.Total(q)))
		}
	}
	recipes, err := filepath.Glob("../../train/recipes/*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, recipes)
	for _, file := range recipes {
		for _, method := range methods.Names() {
			h, err := runfolder.LoadHyperparameters(file, []string{"method=" + method})
			require.NoError(t, err)
			s, err := runfolder.TrainingScenario(&h)
			require.NoError(t, err)
			e, err := bounds.OfTraining(&h, s, 64)
			require.NoError(t, err)
			below(e, file+" by "+method)
		}
	}
	files, err := filepath.Glob("../../train/studies/*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		_, err := studies.Load(file, nil, progress.Silent())
		require.NoError(t, err)
	}
	for _, p := range paper.Profiles() {
		var list []paper.Table
		for _, number := range paper.Numbers() {
			table, err := paper.Get(number)
			require.NoError(t, err)
			list = append(list, table)
		}
		jobs, err := tables.Jobs(list, p)
		require.NoError(t, err)
		results := tables.NewResults(store.New(t.TempDir(), nil), p, progress.Silent())
		var all estimate.Estimate
		for _, j := range jobs {
			if !j.Learned() {
				continue
			}
			training, err := results.Training(j.Policy)
			require.NoError(t, err)
			e, err := bounds.OfTraining(&training.Hyperparameters, training.Scenario, 1)
			require.NoError(t, err)
			below(e, training.Title)
			all.Include(e, 1, estimate.Events, estimate.Products)
		}
		below(all, "the tables of profile "+p.Name)
	}
}
