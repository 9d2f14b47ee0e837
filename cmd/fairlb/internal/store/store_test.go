package store_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/cmd/fairlb/internal/executor"
	"fairlb/cmd/fairlb/internal/files/filestest"
	"fairlb/cmd/fairlb/internal/fixedweights"
	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/cmd/fairlb/internal/job"
	"fairlb/cmd/fairlb/internal/progress"
	"fairlb/cmd/fairlb/internal/runfolder"
	"fairlb/cmd/fairlb/internal/store"
	"fairlb/env/scenario"
	"fairlb/results/record"
	"fairlb/train"
)

// searcher is an executor of searches alone.
type searcher struct{ store.Executor }

func (searcher) Search(ctx context.Context, x *job.Search) (fixedweights.Found, error) {
	return fixedweights.Search(ctx, x.Scenario, x.Settings, progress.None{})
}

// scripted is an executor whose reports and runs a test gives.
type scripted struct {
	store.Executor
	report func() []byte
	train  func(dir string) error
	asked  *int
}

func (x scripted) Evaluate(context.Context, *job.Evaluation) ([]byte, error) {
	*x.asked++
	return x.report(), nil
}

func (x scripted) Train(_ context.Context, _ *job.Training, dir string) error {
	*x.asked++
	return x.train(dir)
}

// TestDamagedReports: whatever was changed in a report that is kept, it is set aside
// and made again, or it says what it said; one of an executor is refused.
func TestDamagedReports(t *testing.T) {
	s, err := scenario.Load("web-moderate/period-1", []string{"duration=1"})
	require.NoError(t, err)
	e := job.Evaluation{EvaluationTarget: job.Heuristic(s, "lsq"), Scenario: s, Seeds: []uint64{1, 2}}
	made, err := executor.Evaluate(t.Context(), s, e.Seeds, e.Target, nil)
	require.NoError(t, err)
	asked := 0
	report := made
	kept := store.New(t.TempDir(), scripted{report: func() []byte { return report }, asked: &asked})
	want, err := kept.Evaluate(t.Context(), &e)
	require.NoError(t, err)
	again, err := kept.Evaluate(t.Context(), &e)
	require.NoError(t, err)
	require.Equal(t, want, again)
	require.Equal(t, 1, asked)
	path, err := kept.ReportFile(&e)
	require.NoError(t, err)

	for k, test := range []struct{ from, to, want string }{
		{"}", "", "is not the record of an evaluation"},
		{`"target": "lsq"`, `"target": "sed"`, `is the record of an evaluation of "sed"`},
		{`"lbs": 2`, `"lbs": 3`, "is the record of an evaluation in another scenario"},
		{"    2\n", "    3\n", "is the record of an evaluation on other seeds"},
		{`"wiki": {`, `"news": {`, `no class "news"`},
		{`"per_seed": [`, `"per_seed": [-`, "is not the record of an evaluation"},
		{`"per_seed_p99": [`, `"per_seed_p98": [`, "per_seed_p99 has 0 values for 2 seeds"},
		{`"classes": {`, `"classes": [`, "is not the record of an evaluation"},
	} {
		changed := strings.Replace(string(made), test.from, test.to, 1)
		require.NotEqual(t, string(made), changed, test.from)
		require.NoError(t, os.WriteFile(path, []byte(changed), 0o666))
		_, _, err := kept.Evaluated(&e) // who only looks is told
		require.ErrorContains(t, err, path+": ")
		require.ErrorContains(t, err, test.want)
		require.ErrorContains(t, err, "; remove it")
		require.True(t, invalid.Is(err))

		report = made
		again, err := kept.Evaluate(t.Context(), &e) // who wants the result gets it made again
		require.NoError(t, err)
		require.Equal(t, want, again)
		set := kept.Damage()
		require.Len(t, set, k+1)
		require.ErrorContains(t, set[k], test.want)
		left, err := os.ReadFile(fmt.Sprint(path, ".damaged-", k+1))
		require.NoError(t, err)
		require.Equal(t, changed, string(left), "nothing is lost")

		require.NoError(t, os.Remove(path))
		report = []byte(changed)
		_, err = kept.Evaluate(t.Context(), &e)
		require.ErrorContains(t, err, "what came of the evaluation lsq on web-moderate/period-1 is ")
		require.NoFileExists(t, path)
	}
	rng := rand.New(rand.NewPCG(1, 1))
	for range 300 {
		data := append([]byte(nil), made...)
		data[rng.IntN(len(data))] ^= byte(1 << rng.IntN(8))
		require.NoError(t, os.WriteFile(path, data, 0o666))
		if got, _, err := kept.Evaluated(&e); err == nil {
			require.Equal(t, want, got)
		} else {
			require.ErrorContains(t, err, "; remove it")
		}
	}
}

// TestRunsOfOthers: a folder without its checkpoint is set aside and the run made;
// a run that is not the training's is refused.
func TestRunsOfOthers(t *testing.T) {
	h := train.DefaultHyperparameters()
	h.Episodes, h.EpisodeDuration, h.EpisodesPerRound, h.UpdatesPerRound = 2, 1, 1, 1
	h.Methods.SAC.Batch, h.Methods.SAC.CriticRounds = 8, 1
	training, err := job.NewTraining(h, "tiny")
	require.NoError(t, err)
	asked := 0
	local := executor.Local{Log: progress.Silent(), Progress: progress.None{}}
	kept := store.New(t.TempDir(), scripted{asked: &asked, train: func(dir string) error { return local.Train(t.Context(), &training, dir) }})
	dir, _, err := kept.RunFolder(&training)
	require.NoError(t, err)
	require.NoError(t, os.MkdirAll(dir, 0o777))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "record.jsonl"), []byte("left"), 0o666))
	left := filepath.Join(filepath.Dir(dir), ".partial-123")
	require.NoError(t, os.MkdirAll(left, 0o777))
	_, err = kept.Train(t.Context(), &training)
	require.NoError(t, err)
	require.NoDirExists(t, left, "what a process that was killed had begun to unpack")
	require.Equal(t, 1, asked)
	require.FileExists(t, filepath.Join(dir+".incomplete-1", "record.jsonl"), "nothing is lost")
	found, partial, err := runfolder.Find(kept.Dir)
	require.NoError(t, err)
	require.Equal(t, []string{dir}, found)
	require.Equal(t, []string{dir + ".incomplete-1"}, partial)
	_, err = kept.Train(t.Context(), &training)
	require.NoError(t, err)
	require.Equal(t, 1, asked)

	h.Seed = 2
	second, err := job.NewTraining(h, "second")
	require.NoError(t, err)
	other, _, err := kept.RunFolder(&second)
	require.NoError(t, err)
	require.NoError(t, os.CopyFS(other, os.DirFS(dir)))
	_, err = kept.Train(t.Context(), &second)
	require.ErrorContains(t, err, "is of other settings, seed or scenario than the training second; remove the folder "+other+", and the run is made again")
	require.True(t, invalid.Is(err))
}

// TestOtherBuilds: each build of the program has results of its own; those of
// others, and of programs before builds were told apart, are counted, and taken
// only if that is asked for.
func TestOtherBuilds(t *testing.T) {
	s, err := scenario.Load("web-moderate/period-1", []string{"duration=1"})
	require.NoError(t, err)
	e := job.Evaluation{EvaluationTarget: job.Heuristic(s, "lsq"), Scenario: s, Seeds: []uint64{1, 2}}
	made, err := executor.Evaluate(t.Context(), s, e.Seeds, e.Target, nil)
	require.NoError(t, err)
	asked := 0
	dir := t.TempDir()
	open := func() *store.Store {
		return store.New(dir, scripted{report: func() []byte { return made }, asked: &asked})
	}
	first := open()
	_, err = first.Evaluate(t.Context(), &e)
	require.NoError(t, err)
	require.Zero(t, first.OtherBuilds())
	path, err := first.ReportFile(&e)
	require.NoError(t, err)
	build := record.Build()
	own := "-b" + build[len(build)-8:] + ".json"
	require.True(t, strings.HasSuffix(path, own), path)

	for k, other := range []string{"-b01234567.json", ".json"} {
		before := strings.TrimSuffix(path, own) + other
		require.NoError(t, os.Rename(path, before))
		without := open()
		_, ok, err := without.Evaluated(&e)
		require.NoError(t, err)
		require.False(t, ok)
		require.Equal(t, 1, without.OtherBuilds())
		with := open()
		with.AnyBuild = true
		_, err = with.Evaluate(t.Context(), &e)
		require.NoError(t, err)
		require.Equal(t, 1, with.OtherBuilds())
		require.Equal(t, 1+k, asked)
		_, err = without.Evaluate(t.Context(), &e)
		require.NoError(t, err)
		require.Equal(t, 2+k, asked)
		require.NoError(t, os.Remove(before))
	}
}

// TestContentOfTraces: a trace that is changed gives other results, one that is
// moved the same.
func TestContentOfTraces(t *testing.T) {
	dir := t.TempDir()
	of := func(name, text string) job.Evaluation {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o666))
		s, err := scenario.Load("for-loop", []string{"workload.trace=" + path, "duration=1"})
		require.NoError(t, err)
		return job.Evaluation{EvaluationTarget: job.Heuristic(s, "lsq"), Scenario: s, Seeds: []uint64{1}}
	}
	key := func(e job.Evaluation) string {
		k, err := e.Key()
		require.NoError(t, err)
		return k
	}
	one := "time\tquery\n0.5\t/?n=1000\n"
	first := key(of("a.tsv", one))
	require.Equal(t, first, key(of("b.tsv", one)))
	require.NotEqual(t, first, key(of("a.tsv", one+"0.6\t/?n=1000\n")))

	training := func(path string) string {
		h := train.DefaultHyperparameters()
		h.Scenario, h.ScenarioSet = "for-loop", []string{"workload.trace=" + path}
		x, err := job.NewTraining(h, "loop")
		require.NoError(t, err)
		k, err := x.Key()
		require.NoError(t, err)
		return k
	}
	of("a.tsv", one)
	of("c.tsv", one+"0.7\t/?n=1000\n")
	require.Equal(t, training(filepath.Join(dir, "a.tsv")), training(filepath.Join(dir, "b.tsv")))
	require.NotEqual(t, training(filepath.Join(dir, "a.tsv")), training(filepath.Join(dir, "c.tsv")))
}

// TestSearch: a search is made once for what it depends on, and a file
// that is no record of one is set aside.
func TestSearch(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "weights")
	kept := store.New(t.TempDir(), searcher{})
	settings := fixedweights.DefaultSettings()
	settings.Episodes = 2
	find := func(set ...string) (fixedweights.Found, error) {
		s, err := scenario.Load("sim-moderate/pure-cpu", append([]string{"duration=5"}, set...))
		require.NoError(t, err)
		search, err := job.NewSearch(context.Background(), s, settings)
		require.NoError(t, err)
		return kept.Search(t.Context(), &search, dir)
	}
	first, err := find()
	require.NoError(t, err)
	before := filestest.Modified(t, dir)
	require.Len(t, before, 1)
	second, err := find()
	require.NoError(t, err)
	require.Equal(t, first, second)
	require.Equal(t, before, filestest.Modified(t, dir))
	_, err = find("servers[0].speed=2")
	require.NoError(t, err)
	require.Len(t, filestest.Modified(t, dir), 2)

	for path := range before {
		require.NoError(t, os.WriteFile(path, []byte("{}"), 0o666))
	}
	third, err := find()
	require.NoError(t, err)
	require.Equal(t, first, third)
	require.Len(t, kept.Damage(), 1)
	require.ErrorContains(t, kept.Damage()[0], "is not the record of a search of weights")
	for path := range before {
		left, err := os.ReadFile(path + ".damaged-1")
		require.NoError(t, err)
		require.Equal(t, "{}", string(left))
	}
}
