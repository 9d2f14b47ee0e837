package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"fairlb/agents/nn/simd"
	"fairlb/env/scenario"
	"fairlb/env/settings"
	"fairlb/results/record"
	"fairlb/train"
	"fairlb/train/queue"
)

// The kinds of jobs.
const (
	trainKind  = "train"
	evalKind   = "eval"
	searchKind = "search" // of the best fixed weights
)

// jobFormat is the version of the payloads below.
const jobFormat = 1

// jobVersion is what a worker must be to do the jobs of this program: the same
// executable, for the version alone does not tell builds apart. How matrices are
// multiplied is part of it: results depend on that.
func jobVersion() string {
	return fmt.Sprintf("%s, jobs %d, %s", record.Self(), jobFormat, simd.Name())
}

// trainPayload is a training run: settings files, resolved, as text.
type trainPayload struct {
	Hyper    string   `json:"hyper"`
	Scenario string   `json:"scenario"`
	Command  []string `json:"command"` // for its record
}

// evalPayload is an evaluation of a heuristic or, with a run, of its policy or,
// with weights, of fixed ones.
type evalPayload struct {
	Scenario string    `json:"scenario"`
	Seeds    []uint64  `json:"seeds"`
	Name     string    `json:"name"`  // of a heuristic
	Title    string    `json:"title"` // what the report calls it
	Run      string    `json:"run,omitempty"`
	Policy   string    `json:"policy,omitempty"` // the hash of the run's checkpoint
	Weights  []float64 `json:"weights,omitempty"`
}

// searchPayload is a search of fixed weights.
type searchPayload struct {
	Scenario string `json:"scenario"`
	Search   string `json:"search"`
}

// farm has jobs done by the workers of a queue.
type farm struct {
	queue *queue.Queue
	watch *queue.Watch
	board *jobBoard
	end   func() error

	runs sync.Map // a run's folder: its key
}

// ahead is how many jobs are waited for at a time: enough for any number of
// workers, few enough that what comes first is done first.
const ahead = 256

// do has one job done.
func (f *farm) do(ctx context.Context, key, kind, title string, payload any) ([]byte, error) {
	text, err := payloadText(payload)
	if err != nil {
		return nil, err
	}
	f.board.follow(key)
	return f.watch.Do(ctx, queue.Job{Key: key, Kind: kind, Title: title, Version: jobVersion(), Payload: text})
}

// train has a run made into the folder dir, unless it is there.
func (f *farm) train(ctx context.Context, dir string, h train.Hyperparameters, s scenario.Scenario, title string, there bool) error {
	hash, err := trainingHash(&h, s)
	if err != nil {
		return err
	}
	key := trainKind + "-" + hash
	f.runs.Store(dir, key)
	if there {
		return nil
	}
	if err := portable(s); err != nil {
		return err
	}
	p := trainPayload{Command: trainingCommand(dir)}
	if p.Hyper, err = settingsText(h); err == nil {
		p.Scenario, err = settingsText(s)
	}
	if err != nil {
		return err
	}
	data, err := f.do(ctx, key, trainKind, title, p)
	if err != nil {
		return err
	}
	return unpackRun(data, dir)
}

// unpackRun writes a run's folder, under another name until it is whole.
func unpackRun(data []byte, dir string) error {
	if err := os.MkdirAll(filepath.Dir(dir), 0o777); err != nil {
		return err
	}
	partial, err := os.MkdirTemp(filepath.Dir(dir), ".partial-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(partial) // gone after the rename
	if err := os.Chmod(partial, 0o755); err != nil {
		return err
	}
	if err := unbundle(data, partial); err != nil {
		return err
	}
	if err := os.Rename(partial, dir); err != nil {
		if _, missing := os.Stat(filepath.Join(dir, train.CheckpointName)); missing == nil {
			return nil // another job's, of the same settings
		}
		return err
	}
	return nil
}

// evaluate has a subject evaluated and returns the report as JSON.
func (f *farm) evaluate(ctx context.Context, s scenario.Scenario, seeds []uint64, what subject) ([]byte, error) {
	if err := portable(s); err != nil {
		return nil, err
	}
	p := evalPayload{Seeds: seeds, Name: what.name, Title: what.title, Weights: what.weights}
	var err error
	if p.Scenario, err = settingsText(s); err != nil {
		return nil, err
	}
	if what.run != "" {
		if p.Run, err = f.uploaded(ctx, what.run); err != nil {
			return nil, err
		}
		p.Policy = what.hash
	}
	hash, err := settings.Hash(struct {
		Subject  [3]string         `yaml:"subject"`
		Scenario scenario.Scenario `yaml:"scenario"`
		Seeds    []uint64          `yaml:"seeds"`
	}{[3]string{what.name, what.title, what.hash}, s, seeds})
	if err != nil {
		return nil, err
	}
	title := what.title
	if title == "" {
		title = what.name
	}
	return f.do(ctx, evalKind+"-"+hash, evalKind, title+" on "+s.Name, p)
}

// uploaded returns the key of a run's folder, after giving it to the queue if
// it was made without it.
func (f *farm) uploaded(ctx context.Context, dir string) (string, error) {
	found, ok := f.runs.Load(dir)
	if !ok {
		return "", fmt.Errorf("%s: a run that was not asked for", dir)
	}
	key := found.(string)
	there, err := f.queue.Has(ctx, key)
	if err != nil || there {
		return key, err
	}
	data, err := bundle(dir)
	if err != nil {
		return "", err
	}
	return key, f.queue.Put(ctx, key, data)
}

// search has the best fixed weights searched and leaves them in the folder,
// where keptWeights finds them, unless they are there.
func (f *farm) search(ctx context.Context, s scenario.Scenario, search searchSettings, dir string) error {
	there, err := keepsWeights(s, search, dir)
	if err != nil || there {
		return err
	}
	if err := portable(s); err != nil {
		return err
	}
	if search, err = search.resolved(searched(s)); err != nil {
		return err
	}
	file, err := searchFile(s, search, dir)
	if err != nil {
		return err
	}
	hash, err := settings.Hash(struct {
		Search   searchSettings    `yaml:"search"`
		Scenario scenario.Scenario `yaml:"scenario"`
	}{search, searched(s)})
	if err != nil {
		return err
	}
	var p searchPayload
	if p.Search, err = settingsText(search); err == nil {
		p.Scenario, err = settingsText(s)
	}
	if err != nil {
		return err
	}
	data, err := f.do(ctx, searchKind+"-"+hash, searchKind, tunedName+" on "+s.Name, p)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	return writeFile(file, func(w io.Writer) error { _, err := w.Write(data); return err })
}

// portable refuses scenarios that read files, which no job carries.
func portable(s scenario.Scenario) error {
	files := []string{s.Workload.Trace}
	for _, c := range s.Workload.Classes {
		for _, stage := range c.Stages {
			files = append(files, stage.Trace)
		}
	}
	if list := strings.Join(files, ""); list != "" {
		return usage("scenario %s reads a trace file, which the jobs of a queue do not carry: run without --queue", s.Name)
	}
	return nil
}

func settingsText(v any) (string, error) {
	text, err := settings.Marshal(v)
	return string(text), err
}
