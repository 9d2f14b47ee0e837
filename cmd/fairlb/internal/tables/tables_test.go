package tables

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/cmd/fairlb/internal/executor"
	"fairlb/cmd/fairlb/internal/files/filestest"
	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/cmd/fairlb/internal/progress"
	"fairlb/cmd/fairlb/internal/runfolder"
	"fairlb/cmd/fairlb/internal/store"
	"fairlb/eval"
	"fairlb/eval/paper"
	"fairlb/results/chart"
	"fairlb/results/record"
	"fairlb/results/record/recordtest"
	"fairlb/train"
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
			require.Equal(t, 2, value.N)
			require.Positive(t, value.Mean)
		default:
			require.False(t, ok, r.TargetName())
		}
	}
}

func TestFillRefusesWhatIsNoEvaluation(t *testing.T) {
	dir := t.TempDir()
	jobs := []paper.Job{{Policy: paper.Policy{Method: "lsq"}, Scenarios: []string{"web-moderate/period-1"}}}
	require.NoError(t, newResults(dir, tiny()).Fill(t.Context(), jobs))
	for path := range filestest.Modified(t, dir) {
		require.NoError(t, os.WriteFile(path, []byte("{"), 0o666))
	}
	err := newResults(dir, tiny()).Fill(t.Context(), jobs)
	require.ErrorContains(t, err, "is not the record of an evaluation")
	require.True(t, invalid.Is(err))
}

// TestCellsOfATable: a cell has the values of its training runs and seeds, and the
// picture of the means shows what there is.
func TestCellsOfATable(t *testing.T) {
	t.Parallel()
	table, err := paper.Get(11)
	require.NoError(t, err)
	p := tiny()
	p.TrainingSeeds = []uint64{1, 2}
	b := newResults(t.TempDir(), p)
	put := func(row int, seconds ...[]float64) {
		for k, key := range table.Keys(row, 0, p) {
			b.evaluated[key] = eval.Result{Classes: []eval.Figures{{Class: "wiki", PerSeed: seconds[k]}}}
		}
	}
	put(1, []float64{1, 3})                  // LSQ
	put(3, []float64{1, 3}, []float64{5, 7}) // RLB-SAC Jain
	filled, err := paper.Fill(table, func(row, col int) (paper.Value, bool) { return b.cell(table, row, col) })
	require.NoError(t, err)
	m := chart.TableMeans(filled)
	require.Len(t, m.Panels, 1, "the other columns have nothing")
	require.Contains(t, m.Panels[0].Name, "Period I (796.315 queries/s), Wiki")
	bars := m.Panels[0].Bars
	require.Len(t, bars, 2)
	half := 12.706204736 // qt(0.975, 1), of two values 2 apart; 4 apart it is twice this
	require.Equal(t, []string{"LSQ", "RLB-SAC Jain"}, []string{bars[0].Name, bars[1].Name})
	require.Equal(t, []bool{false, true}, []bool{bars[0].Trained, bars[1].Trained})
	require.InDeltaSlice(t, []float64{2, 2 - half, 2 + half, 0.141}, []float64{bars[0].Mean, bars[0].Low, bars[0].High, bars[0].Published}, 1e-6)
	both := half * math.Sqrt(5) // over runs 4 apart, and seeds 2 apart
	require.InDeltaSlice(t, []float64{4, 4 - both, 4 + both, 0.137}, []float64{bars[1].Mean, bars[1].Low, bars[1].High, bars[1].Published}, 1e-6)
	value, ok := b.cell(table, 3, 0)
	require.True(t, ok)
	require.Equal(t, bars[1].Mean, value.Mean)
}

// TestPrintTables prints a table from runs of a second: a row a method, the
// published values beside, a dash where a method does not exist yet; and the
// same again from what is recorded.
func TestPrintTables(t *testing.T) {
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
	require.Equal(t, []int{120, 4, 40, 3}, []int{h.Episodes, h.EpisodesPerRound, h.UpdatesPerRound, h.Methods.SAC.CriticRounds})
	require.InDelta(t, 0.6, h.Methods.SAC.Sigma, 0)

	h = hyperparameters(t, b, paper.Policy{Method: "distr-lb", Reward: "vbf", Training: "web-large/train", Seed: 1})
	require.Equal(t, []any{80, 0.75}, []any{h.UpdatesPerRound, h.Methods.SAC.Sigma})

	b = newResults(t.TempDir(), tiny())
	h = hyperparameters(t, b, paper.Policy{Method: "distr-lb", Reward: "vbf", Training: "web-moderate/train", Seed: 1})
	require.Equal(t, []int{2, 1, 1, 1}, []int{h.Episodes, h.EpisodesPerRound, h.Methods.SAC.CriticRounds, h.Methods.QMIX.FeatureRounds})
}
