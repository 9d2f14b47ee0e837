package tables

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/agents/methods"
	"fairlb/cmd/fairlb/internal/executor"
	"fairlb/cmd/fairlb/internal/files/filestest"
	"fairlb/cmd/fairlb/internal/progress"
	"fairlb/cmd/fairlb/internal/runfolder"
	"fairlb/cmd/fairlb/internal/store"
	"fairlb/env/dispatch"
	"fairlb/eval"
	"fairlb/eval/paper"
	"fairlb/results/record"
	"fairlb/results/record/recordtest"
	"fairlb/rewards"
	"fairlb/train"
	"fairlb/train/recipes"
)

// tiny is a profile of a second.
func tiny() paper.Profile {
	return paper.Profile{
		Name: "tiny", TrainingSeeds: []uint64{1}, Episodes: 2, LargeEpisodes: 2, EpisodeDuration: 1,
		EvalSeeds: []uint64{1000, 1001}, EvalDuration: 1,
	}
}

// newResults are the results of a profile in a folder, made in this process.
func newResults(dir string, p paper.Profile) *Results {
	local := executor.Local{Log: progress.Silent(), Progress: progress.None{}}
	return NewResults(store.New(dir, local), p, progress.Silent())
}

// hyperparameters are those of a policy's training.
func hyperparameters(t *testing.T, r *Results, p paper.Policy) train.Hyperparameters {
	t.Helper()
	training, err := r.Training(p)
	require.NoError(t, err)
	return training.Hyperparameters
}

// TestNothingIsDoneTwice: what is recorded is used again, what depends on
// another setting is not, and a cell sums up its runs.
func TestNothingIsDoneTwice(t *testing.T) {
	dir := t.TempDir()
	jobs := []paper.Job{
		{Policy: paper.Policy{Method: "lsq"}, Scenarios: []string{"web-moderate/period-1"}},
		{Policy: paper.Policy{Method: "distr-lb", Reward: "vbf", Training: "web-moderate/train", Seed: 1}, Scenarios: []string{"web-moderate/period-1"}},
	}
	first := newResults(dir, tiny())
	require.NoError(t, first.Fill(t.Context(), jobs))
	before := filestest.Modified(t, dir)
	require.Len(t, first.evaluated, 2)

	again := newResults(dir, tiny())
	require.NoError(t, again.Fill(t.Context(), jobs))
	require.Equal(t, before, filestest.Modified(t, dir), "a second run writes nothing")
	require.Equal(t, first.evaluated, again.evaluated)

	longer := tiny()
	longer.EvalDuration = 2
	require.NoError(t, newResults(dir, longer).Fill(t.Context(), jobs))
	require.Len(t, filestest.Modified(t, dir), len(before)+2, "another duration is evaluated anew, but not trained")

	table, err := paper.Get(11)
	require.NoError(t, err)
	for row, r := range table.Rows {
		value, ok := first.cell(table, row, 0)
		switch r.TargetName() {
		case "lsq", "distr-lb/vbf":
			require.True(t, ok)
			require.Equal(t, 2, value.All.N)
			require.Positive(t, value.Completed.Mean)
		default:
			require.False(t, ok, r.TargetName())
		}
	}
}

// TestFillMakesAnewWhatIsDamaged: a record that is no evaluation is set aside, and what it
// held is the same again.
func TestFillMakesAnewWhatIsDamaged(t *testing.T) {
	dir := t.TempDir()
	jobs := []paper.Job{{Policy: paper.Policy{Method: "lsq"}, Scenarios: []string{"web-moderate/period-1"}}}
	first := newResults(dir, tiny())
	require.NoError(t, first.Fill(t.Context(), jobs))
	for path := range filestest.Modified(t, dir) {
		require.NoError(t, os.WriteFile(path, []byte("{"), 0o666))
	}
	again := newResults(dir, tiny())
	require.NoError(t, again.Fill(t.Context(), jobs))
	require.Len(t, again.evaluated, 1)
	require.Equal(t, first.evaluated, again.evaluated)
	aside, err := filepath.Glob(filepath.Join(dir, "eval", "*.damaged-1"))
	require.NoError(t, err)
	require.Len(t, aside, 1)
}

// TestCellsOfATable: a cell has the values of its training runs and seeds, of the
// requests that completed beside all, and the part of them that failed.
func TestCellsOfATable(t *testing.T) {
	t.Parallel()
	table, err := paper.Get(11)
	require.NoError(t, err)
	p := tiny()
	p.TrainingSeeds = []uint64{1, 2}
	b := newResults(t.TempDir(), p)
	put := func(row int, figures ...eval.Figures) {
		for k, key := range table.Keys(row, 0, p) {
			figures[k].Class = "wiki"
			b.evaluated[key] = eval.Result{Classes: []eval.Figures{figures[k]}}
		}
	}
	learned := slices.IndexFunc(table.Rows, paper.Row.Learned)
	put(1, eval.Figures{N: 20, Failed: 5, PerSeed: eval.Series{11, 13}, Completed: &eval.Completed{PerSeed: eval.Series{1, 3}}})
	put(2, eval.Figures{N: 20, Failed: 5, PerSeed: eval.Series{11, 13}})
	put(learned, eval.Figures{N: 30, PerSeed: eval.Series{1, 3}}, eval.Figures{N: 10, Failed: 10, PerSeed: eval.Series{40, 40}, Completed: &eval.Completed{PerSeed: eval.Series{5, 7}}})
	lsq, ok := b.cell(table, 1, 0)
	require.True(t, ok)
	require.Equal(t, paper.Measurement{Completed: paper.NewValue(eval.Replicates{{1, 3}}), All: paper.NewValue(eval.Replicates{{11, 13}}), Failed: 0.25}, lsq)
	sed, ok := b.cell(table, 2, 0)
	require.True(t, ok)
	require.Equal(t, paper.Measurement{All: paper.NewValue(eval.Replicates{{11, 13}}), Failed: 0.25}, sed, "it is not known what completed")
	jain, ok := b.cell(table, learned, 0)
	require.True(t, ok)
	require.Equal(t, []float64{4, 21, 0.25}, []float64{jain.Completed.Mean, jain.All.Mean, jain.Failed})
	_, ok = b.cell(table, 0, 0)
	require.False(t, ok)
}

// TestRowsExist: the program has every heuristic and every method of the tables.
func TestRowsExist(t *testing.T) {
	t.Parallel()
	jobs, err := paper.Jobs(paper.Numbers(), tiny())
	require.NoError(t, err)
	for _, j := range jobs {
		if j.Learned() {
			_, err := methods.Find(j.Method)
			require.NoError(t, err)
		} else {
			require.Contains(t, dispatch.Names(), j.Method)
		}
	}
}

// TestPrintTables prints a table from runs of a second: a row a method, the
// published values beside; and the same again from what is recorded.
func TestPrintTables(t *testing.T) {
	if testing.Short() {
		t.Skip("slow under the race detector, and what it does at once is raced by the others")
	}
	dir := filepath.Join(t.TempDir(), "tables")
	table, err := paper.Get(16)
	require.NoError(t, err)
	show := func() string {
		var out strings.Builder
		require.NoError(t, os.MkdirAll(dir, 0o777))
		list, results := []paper.Table{table}, newResults(dir, tiny())
		jobs, err := Jobs(list, tiny())
		require.NoError(t, err)
		require.NoError(t, results.Fill(t.Context(), jobs))
		require.NoError(t, results.Print(&out, list, "fairlb tables 16 --profile tiny"))
		return out.String()
	}
	text := show()
	require.Contains(t, text, "Table 16")
	for _, row := range table.Rows {
		require.Contains(t, text, row.Method)
	}
	runs := filestest.Modified(t, filepath.Join(dir, "train"))
	evaluations := filestest.Modified(t, filepath.Join(dir, "eval"))
	require.NotEmpty(t, runs)
	for _, ending := range []string{"csv", "json", "md", "png", "svg"} {
		data, err := os.ReadFile(filepath.Join(dir, "table16."+ending))
		require.NoError(t, err)
		require.NotEmpty(t, data)
		if ending == "png" || ending == "svg" {
			require.FileExists(t, filepath.Join(dir, "table16-ratios."+ending))
		}
	}
	require.Equal(t, text, show())
	require.Equal(t, runs, filestest.Modified(t, filepath.Join(dir, "train")), "nothing is trained twice")
	require.Equal(t, evaluations, filestest.Modified(t, filepath.Join(dir, "eval")), "nothing is evaluated twice")

	// Of another build: said once, not a row.
	records, err := filepath.Glob(filepath.Join(dir, "train", "*", runfolder.RecordName))
	require.NoError(t, err)
	require.NotContains(t, text, "Warning")
	data, err := os.ReadFile(records[0])
	require.NoError(t, err)
	require.Contains(t, string(data), `"build":"`+record.Build()+`"`)
	changed := strings.Replace(string(data), `"build":"`+record.Build()+`"`, `"build":"0123456789ab"`, 1)
	require.NoError(t, os.WriteFile(records[0], []byte(changed), 0o666))
	recordtest.Reseal(t, records[0])
	text = strings.Join(strings.Fields(show()), " ")
	require.Equal(t, 1, strings.Count(text, "Warning: "), text)
	require.Contains(t, text, fmt.Sprintf("Warning: 1 of %d trainings were made by other builds of the program (%s, build 0123456789ab) than this one (%s).",
		len(records), record.Version(), record.Program()))
}

// TestTraining: a table's policies are trained by the recipe of their scale,
// with the row's method, reward and seed and the profile's episodes.
func TestTraining(t *testing.T) {
	t.Parallel()
	standard, err := paper.ProfileNamed("standard")
	require.NoError(t, err)
	b := newResults(t.TempDir(), standard)
	h := hyperparameters(t, b, paper.Policy{Method: "centr-lb", Reward: "cv", Training: "web-dynamic", Seed: 2})
	require.Equal(t, []any{"web-dynamic", "centr-lb", "cv", uint64(2)}, []any{h.Scenario, h.Method, h.Reward, h.Seed})
	require.Equal(t, []int{120, 4, 80, 3}, []int{h.Episodes, h.EpisodesPerRound, h.UpdatesPerRound, h.Methods.SAC.CriticRounds})
	require.InDelta(t, 0.6, h.Methods.SAC.Sigma, 0)

	// Rewards are divided alike, but for a row that says how itself.
	require.Equal(t, rewards.Whole, h.Credit)
	h = hyperparameters(t, b, paper.Policy{Method: "iql-lb", Reward: "vbf", Credit: rewards.Server, Training: "web-moderate/train", Seed: 2})
	require.Equal(t, rewards.Server, h.Credit)

	h = hyperparameters(t, b, paper.Policy{Method: "distr-lb", Reward: "vbf", Training: "web-large/train", Seed: 1})
	require.Equal(t, []any{"web-large/train-rates", 80, 0.75}, []any{h.Scenario, h.UpdatesPerRound, h.Methods.SAC.Sigma})

	// The paper's profile has Table 9's recipes, whole.
	published, err := paper.ProfileNamed("paper")
	require.NoError(t, err)
	b = newResults(t.TempDir(), published)
	for training, name := range map[string]string{"web-moderate/train": "table9-web-moderate", "web-dynamic": "table9-web-moderate", "web-large/train": "table9-web-large"} {
		data, err := recipes.Get(name)
		require.NoError(t, err)
		want, err := train.LoadHyperparameters(name, data, []string{"scenario=" + training, "method=qmix-lb", "reward=ms", "seed=3"})
		require.NoError(t, err)
		require.Equal(t, want, hyperparameters(t, b, paper.Policy{Method: "qmix-lb", Reward: "ms", Training: training, Seed: 3}), training)
	}

	b = newResults(t.TempDir(), tiny())
	h = hyperparameters(t, b, paper.Policy{Method: "distr-lb", Reward: "vbf", Training: "web-moderate/train", Seed: 1})
	require.Equal(t, []int{2, 1, 1, 1}, []int{h.Episodes, h.EpisodesPerRound, h.Methods.SAC.CriticRounds, h.Methods.QMIX.FeatureRounds})
}
