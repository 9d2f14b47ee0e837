package jobqueue

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fairlb/cmd/fairlb/internal/executor"
	"fairlb/cmd/fairlb/internal/fixedweights"
	"fairlb/cmd/fairlb/internal/job"
	"fairlb/cmd/fairlb/internal/progress"
	"fairlb/cmd/fairlb/internal/runfolder"
	"fairlb/cmd/fairlb/internal/store"
	"fairlb/env/scenario"
	"fairlb/train"
	"fairlb/train/queue"
)

// smallScenario is one in which everything is done in milliseconds.
func smallScenario(t *testing.T, set ...string) scenario.Scenario {
	t.Helper()
	s, err := scenario.Load("sim-moderate/pure-cpu", append([]string{"duration=1"}, set...))
	require.NoError(t, err)
	return s
}

// smallTraining is a training of milliseconds, whose hyperparameters name a
// scenario that may be anything.
func smallTraining(t *testing.T, named string, seed uint64) *job.Training {
	t.Helper()
	h, err := train.LoadHyperparameters("h.yaml", []byte("method: es\nepisodes: 4\nepisodes_per_round: 4\nepisode_duration: 1"), nil)
	require.NoError(t, err)
	h.Scenario, h.Seed = named, seed
	return &job.Training{Hyperparameters: h, Scenario: smallScenario(t), Title: fmt.Sprint("training ", seed)}
}

// bundleOf is the bundle that a worker makes of a training.
func bundleOf(t *testing.T, of *job.Training) []byte {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "run")
	require.NoError(t, executor.Local{Log: progress.Silent(), Progress: progress.None{}}.Train(t.Context(), of, dir))
	data, err := bundle(dir)
	require.NoError(t, err)
	return data
}

// changed is a bundle in which a file of the run has been changed.
func changed(t *testing.T, data []byte, name string, change func([]byte) []byte) []byte {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, unbundle(data, dir))
	path := filepath.Join(dir, name)
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, change(text), 0o666))
	data, err = bundle(dir)
	require.NoError(t, err)
	return data
}

// TestRunsFromTheQueue: a run that the queue has under a training's key and that is
// not the training's is made anew.
func TestRunsFromTheQueue(t *testing.T) {
	t.Parallel()
	x := connected(t)
	want := smallTraining(t, "sim-moderate/pure-cpu", 1)
	good := bundleOf(t, want)
	longer := *want
	longer.Hyperparameters.Episodes = 8
	elsewhere := *want
	elsewhere.Scenario = smallScenario(t, "servers[0].speed=2")
	flip := func(text []byte) []byte {
		text[len(text)/2] ^= 1
		return text
	}
	key, err := want.QueueKey()
	require.NoError(t, err)
	for name, data := range map[string][]byte{
		"nothing":         nil,
		"no archive":      []byte("garbage"),
		"cut":             good[:len(good)/2],
		"another seed":    bundleOf(t, smallTraining(t, "sim-moderate/pure-cpu", 2)),
		"more episodes":   bundleOf(t, &longer),
		"elsewhere":       bundleOf(t, &elsewhere),
		"bit of a policy": changed(t, good, train.CheckpointName, flip),
		"bit of a record": changed(t, good, runfolder.RecordName, flip),
		"a trace": changed(t, good, runfolder.ScenarioName, func(text []byte) []byte {
			return []byte(strings.Replace(string(text), "workload:\n", "workload:\n  trace: /etc/passwd\n", 1))
		}),
		"other settings": changed(t, good, runfolder.HyperparametersName, func(text []byte) []byte {
			return []byte(strings.Replace(string(text), "episodes: 4", "episodes: 8", 1))
		}),
	} {
		require.NoError(t, x.queue.Put(t.Context(), key, data))
		dir := filepath.Join(t.TempDir(), "run")
		require.NoError(t, x.Train(t.Context(), want, dir), name)
		require.NoError(t, want.CheckRun(dir), name)
		require.Empty(t, runfolder.Read(dir).Faults, name)
		entries, err := os.ReadDir(filepath.Dir(dir))
		require.NoError(t, err)
		require.Len(t, entries, 1, "nothing is left of the other: %s", name)
	}
}

// TestReportsFromTheQueue: a report that the queue has under an evaluation's key
// and that is not the evaluation's is made anew.
func TestReportsFromTheQueue(t *testing.T) {
	t.Parallel()
	x := connected(t)
	s := smallScenario(t)
	evaluation := func(s scenario.Scenario, name string, seeds ...uint64) *job.Evaluation {
		return &job.Evaluation{EvaluationTarget: job.Heuristic(s, name), Scenario: s, Seeds: seeds}
	}
	report := func(e *job.Evaluation) []byte {
		data, err := executor.Local{}.Evaluate(t.Context(), e)
		require.NoError(t, err)
		return data
	}
	want := evaluation(s, "sed", 1, 2)
	good := report(want)
	key, err := want.QueueKey()
	require.NoError(t, err)
	for name, data := range map[string][]byte{
		"nothing":       nil,
		"garbage":       []byte("{"),
		"null":          []byte("null"),
		"another rule":  report(evaluation(s, "lsq", 1, 2)),
		"other seeds":   report(evaluation(s, "sed", 1, 3)),
		"fewer seeds":   report(evaluation(s, "sed", 1)),
		"elsewhere":     report(evaluation(smallScenario(t, "servers[0].speed=2"), "sed", 1, 2)),
		"short list":    []byte(strings.Replace(string(good), `"per_seed": [`, `"per_seed": [1,`, 1)),
		"negative time": []byte(strings.Replace(string(good), `"mean": `, `"mean": -`, 1)),
	} {
		require.NotEqual(t, good, data)
		require.NoError(t, x.queue.Put(t.Context(), key, data))
		got, err := x.Evaluate(t.Context(), want)
		require.NoError(t, err, name)
		require.Equal(t, string(good), string(got), name)
	}
}

// TestFoundFromTheQueue: what the queue has under a search's key and does not fit
// the scenario is made anew.
func TestFoundFromTheQueue(t *testing.T) {
	t.Parallel()
	x := connected(t)
	settings := fixedweights.DefaultSettings()
	settings.Episodes, settings.MaxEvaluations = 2, 4
	want, err := job.NewSearch(t.Context(), smallScenario(t), settings)
	require.NoError(t, err)
	found, err := x.Search(t.Context(), &want)
	require.NoError(t, err)
	key, err := want.QueueKey()
	require.NoError(t, err)
	for _, data := range []string{"", "{", "{}", `{"best":{"weights":[1],"mean_s":1}}`} {
		require.NoError(t, x.queue.Put(t.Context(), key, []byte(data)))
		again, err := x.Search(t.Context(), &want)
		require.NoError(t, err)
		require.Equal(t, found, again, data)
	}
}

// TestSpoiltRunOfAPolicy: a policy whose run the queue has damaged, or another of,
// is evaluated nevertheless: who has the run gives it again.
func TestSpoiltRunOfAPolicy(t *testing.T) {
	t.Parallel()
	x := connected(t)
	trained := smallTraining(t, "sim-moderate/pure-cpu", 1)
	kept := store.New(t.TempDir(), x)
	dir, err := kept.Train(t.Context(), trained)
	require.NoError(t, err)
	key, err := trained.QueueKey()
	require.NoError(t, err)
	other := bundleOf(t, smallTraining(t, "sim-moderate/pure-cpu", 2))
	for k, noted := range []bool{true, false} { // whether this process takes the queue's for good
		require.NoError(t, x.queue.Put(t.Context(), key, other))
		x.note(key, noted)
		target, err := job.Policy(trained.Scenario, trained, "es", "es 1", dir)
		require.NoError(t, err)
		_, err = kept.Evaluate(t.Context(), &job.Evaluation{EvaluationTarget: target, Scenario: trained.Scenario, Seeds: []uint64{uint64(k)}})
		require.NoError(t, err)
	}
}

// TestUnusableResultsAreOneJobs: a job whose results cannot be used, however often
// it is done, is set aside; the others go on, and the queue is not at fault.
func TestUnusableResultsAreOneJobs(t *testing.T) {
	t.Parallel()
	x := connected(t)
	e := &job.Evaluation{EvaluationTarget: job.Heuristic(smallScenario(t), "sed"), Scenario: smallScenario(t), Seeds: []uint64{1}}
	bad := *e
	bad.Target.Name = "another" // than any worker will say
	_, err := x.Evaluate(t.Context(), &bad)
	require.ErrorIs(t, err, queue.ErrSetAside)
	require.ErrorContains(t, err, "set aside after 3 attempts: queue: unusable: is the record of an evaluation of \"sed\"")
	require.True(t, x.OfOneJob(err))
	_, err = x.Evaluate(t.Context(), e)
	require.NoError(t, err)
}

// TestLongPayloads: a payload above the 1 MB of a message is done as any other is.
func TestLongPayloads(t *testing.T) {
	t.Parallel()
	x := connected(t)
	s := smallScenario(t)
	e := &job.Evaluation{EvaluationTarget: job.Heuristic(s, "sed"), Scenario: s, Seeds: []uint64{1}}
	e.Title = strings.Repeat("x", 2<<20)
	p, err := newEvalPayload(e)
	require.NoError(t, err)
	text, err := json.Marshal(p)
	require.NoError(t, err)
	require.Greater(t, len(text), 1<<20)
	key, err := e.QueueKey()
	require.NoError(t, err)
	got, err := x.do(t.Context(), key, job.EvalKind, "long", p, nil)
	require.NoError(t, err)
	want, err := executor.Local{}.Evaluate(t.Context(), e)
	require.NoError(t, err)
	require.Equal(t, string(want), string(got))
}

// TestNoJobNamesAFile: a scenario that names a file is refused unread, whoever asks
// for it under whatever key, and what hyperparameters name is not opened.
func TestNoJobNamesAFile(t *testing.T) {
	t.Parallel()
	x := connected(t)
	secret := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(secret, []byte("hunter2\n"), 0o600))
	fifo := filepath.Join(t.TempDir(), "fifo")
	require.NoError(t, syscall.Mkfifo(fifo, 0o600)) // who opens it waits for ever
	plain, err := settingsText(smallScenario(t))
	require.NoError(t, err)
	for _, file := range []string{secret, fifo} {
		whole := strings.Replace(plain, "workload:\n", "workload:\n  trace: "+file+"\n  seconds_per_n: 1\n", 1)
		whole = strings.Replace(whole, "  arrivals:\n    load: 0.845\n", "  arrivals: {}\n", 1) // a trace gives them
		stage := strings.Replace(plain, "law: exponential", "law: trace\n          trace: "+file, 1)
		for _, text := range []string{whole, stage} {
			require.NotEqual(t, plain, text)
			for kind, payload := range map[string]any{
				job.TrainKind:  trainPayload{Hyperparameters: "method: es", Scenario: text},
				job.EvalKind:   evalPayload{Name: "sed", Scenario: text, Seeds: []uint64{1}},
				job.SearchKind: searchPayload{Search: "episodes: 1", Scenario: text},
			} {
				data, err := json.Marshal(payload)
				require.NoError(t, err)
				key := fmt.Sprintf("k%d-%s-%d", len(file), kind, len(text))
				_, err = x.watch.Do(t.Context(), queue.Job{Key: key, Kind: kind, Title: kind, Version: Version(), Payload: data}, nil)
				require.ErrorContains(t, err, "set aside after 1 attempt: the scenario names a file, which no job may", kind)
				require.NotContains(t, err.Error(), "hunter2")
				require.NotContains(t, err.Error(), file)
			}
		}
		data, err := json.Marshal(evalPayload{Name: "sed", Scenario: file, Seeds: []uint64{1}})
		require.NoError(t, err)
		_, err = x.watch.Do(t.Context(), queue.Job{Key: fmt.Sprint("name", len(file)), Kind: job.EvalKind, Title: "x", Version: Version(), Payload: data}, nil)
		require.ErrorIs(t, err, queue.ErrSetAside)
		require.NotContains(t, err.Error(), "hunter2")
	}
	trained := make(chan error, 1)
	dir := filepath.Join(t.TempDir(), "run")
	go func() { trained <- x.Train(t.Context(), smallTraining(t, fifo, 1), dir) }()
	select {
	case err := <-trained:
		require.NoError(t, err)
	case <-time.After(30 * time.Second):
		t.Fatal("somebody has opened the scenario that hyperparameters name")
	}
}
