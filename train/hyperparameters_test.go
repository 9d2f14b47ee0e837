package train

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"fairlb/agents/methods"
	"fairlb/env/settings"
	"fairlb/rewards"
)

func TestLoadHyperparameters(t *testing.T) {
	t.Parallel()
	h, err := LoadHyperparameters("least.yaml", []byte("method: distr-lb"), nil)
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(DefaultHyperparameters(), h), "what a file leaves out has its default")
	for _, text := range []string{"", "\n", "# method: es\n", "---\n", "null\n", "{}\n"} {
		_, err := LoadHyperparameters("empty.yaml", []byte(text), []string{"method=es"})
		require.EqualError(t, err, "empty.yaml: is empty: a hyperparameter file must name at least one setting, such as method: distr-lb", "%q", text)
		require.True(t, settings.IsFault(err))
	}

	h, err = LoadHyperparameters("h.yaml", []byte(`
scenario: for-loop
scenario_set: [workload.window=random]
reward: logvbf
episodes: 7
sac: {gamma: 0.5}
`), []string{"episodes=9", "scenario.lbs=3", "sac.head=discrete", "scenario.workload.trace=a=b.tsv", "scenario=web-dynamic"})
	require.NoError(t, err)
	want := DefaultHyperparameters()
	want.Scenario, want.Reward, want.Episodes = "web-dynamic", "logvbf", 9
	want.ScenarioSet = []string{"workload.window=random", "lbs=3", "workload.trace=a=b.tsv"} // the file's first
	want.Methods.SAC.Gamma, want.Methods.SAC.Head = 0.5, "discrete"
	require.Empty(t, cmp.Diff(want, h))

	text, err := settings.Marshal(h)
	require.NoError(t, err)
	again, err := LoadHyperparameters("again.yaml", text, nil)
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(h, again), "what is saved with a run reads back")
}

// TestHyperRules breaks each rule once.
func TestHyperRules(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ line, want string }{
		{`scenario: ""`, `h.yaml:1:11: scenario = "": must name a built-in scenario or a file`},
		{"method: sarsa", `h.yaml:1:9: method = "sarsa": must be one of distr-lb, rlb-sac, centr-lb, qmix-lb, iql-lb, ippo, mappo, delay`},
		{"reward: fair", `h.yaml:1:9: reward = "fair": must be one of vbf, logvbf, vbf+logvbf, pbf, jain, cv, ms, logms, ongoing`},
		{"credit: all", `h.yaml:1:9: credit = "all": must be additive, server or whole`},
		{"{reward: pbf, credit: server}", `credit = "server": must be whole for the reward pbf, of which servers have no parts`},
		{"seed: -1", "h.yaml:1:7: seed = -1: must be an integer"},
		{"episodes: 0", "h.yaml:1:11: episodes = 0: must be in [1, 1000000000]"},
		{"sac: {paired: true}\nepisodes_per_round: 3", "h.yaml:2:21: episodes_per_round = 3: must be even where sac.paired is true"},
		{"sac: {paired: true}\nepisodes: 15", "h.yaml:2:11: episodes = 15: must be even where sac.paired is true"},
		{"episodes_per_round: -2", "h.yaml:1:21: episodes_per_round = -2: must be in [1, 100000]"},
		{"episodes_per_round: 9000000000000000", "h.yaml:1:21: episodes_per_round = 9000000000000000: must be in [1, 100000]"},
		{"updates_per_round: 0", "h.yaml:1:20: updates_per_round = 0: must be in [1, 1000000000]"},
		{"episode_duration: -1", "h.yaml:1:19: episode_duration = -1: must be finite and not negative"},
		{"episode_duration: .inf", "h.yaml:1:19: episode_duration = +Inf: must be finite"},
		{"episode_duration: .nan", "h.yaml:1:19: episode_duration = NaN: must be finite"},
		{"checkpoint_every: -1", "h.yaml:1:19: checkpoint_every = -1: must not be negative"},
		{"validation_seeds: 9-1", `h.yaml:1:19: validation_seeds = "9-1": `},
		{"sac: {tau: 0}", "h.yaml:1:12: sac.tau = 0: must be in (0, 1]"},
		{"episode: 4", `h.yaml:1:1: episode: unknown field (did you mean "episodes"?)`},
	} {
		_, err := LoadHyperparameters("h.yaml", []byte(test.line+"\n"), nil)
		require.ErrorContains(t, err, test.want)
		require.NotContains(t, err.Error(), "\n", test.line)
	}
	_, err := LoadHyperparameters("h.yaml", []byte("episodes: 0\nmethod: sarsa\n"), []string{"sac.tau=2"})
	require.Len(t, strings.Split(err.Error(), "\n"), 3, "all faults at once")
}

// TestRecipes: the files that ship are good.
func TestRecipes(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join("recipes", "*.yaml"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		_, err = LoadHyperparameters(file, data, nil)
		require.NoError(t, err)
	}
}

// TestEpisodeSeeds: no two training episodes of a few runs share a seed, and
// none has a seed that an evaluation would name.
func TestEpisodeSeeds(t *testing.T) {
	t.Parallel()
	seen := map[uint64]bool{}
	for run := range uint64(20) {
		for episode := range 1000 {
			seed := EpisodeSeed(run, episode)
			require.Greater(t, seed, uint64(math.MaxInt64))
			seen[seed] = true
		}
	}
	require.Len(t, seen, 20_000)
	require.Equal(t, EpisodeSeed(3, 4), EpisodeSeed(3, 4))
}

// TestKey: a run's key is that of its own method's settings.
func TestKey(t *testing.T) {
	t.Parallel()
	key := func(change func(h *Hyperparameters)) string {
		h := DefaultHyperparameters()
		change(&h)
		k, err := h.Key()
		require.NoError(t, err)
		return k
	}
	same := key(func(*Hyperparameters) {})
	require.Equal(t, same, key(func(h *Hyperparameters) { h.Methods.QMIX.Batch = 7; h.Methods.ES.Sigma = 3 }))
	require.NotEqual(t, same, key(func(h *Hyperparameters) { h.Methods.SAC.Batch = 7 }))
	require.NotEqual(t, same, key(func(h *Hyperparameters) { h.Credit = rewards.Whole }))
	require.Equal(t, same, key(func(h *Hyperparameters) { h.Credit = rewards.Server }), "of vbf the default is this")
	require.NotEqual(t, same, key(func(h *Hyperparameters) { h.Seed = 7 }))
	require.NotEqual(t, same, key(func(h *Hyperparameters) { h.Method = "centr-lb" }))
	data, err := settings.JSON(DefaultHyperparameters())
	require.NoError(t, err)
	require.Contains(t, string(data), `"credit": "additive"`)
	for _, section := range methods.Sections() {
		require.Contains(t, string(data), `"`+section+`": {`)
	}
}

// TestCredit: the reward that is trained with is divided as the settings say, and
// named so.
func TestCredit(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		reward string
		credit rewards.Credit
		name   string
		parts  []float64
	}{
		{"ms", rewards.Additive, "ms", []float64{-1, -1, -1}},
		{"ms", rewards.Whole, "ms", []float64{-1, -1, -1}},
		{"ms", rewards.Server, "ms by server", []float64{0, 0, -3}},
		{"ongoing", rewards.Additive, "ongoing", []float64{0, 0, -3}},
		{"ongoing", rewards.Whole, "ongoing by whole", []float64{-1, -1, -1}},
		{"ongoing", rewards.Server, "ongoing", []float64{0, 0, -3}},
	} {
		h, err := LoadHyperparameters("h.yaml", []byte("reward: "+test.reward), []string{"credit=" + string(test.credit)})
		require.NoError(t, err)
		require.Equal(t, test.name, h.RewardName())
		r, err := h.RewardFunction()
		require.NoError(t, err)
		parts := make([]float64, 3)
		require.Equal(t, -3., r.ByServer(parts, []float64{0, 0, 3}, []float64{0, 0, 3}))
		require.Equal(t, test.parts, parts)
	}
}
