package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"fairlb/agents"
	"fairlb/agents/build"
	"fairlb/agents/checkpoint"
	"fairlb/env/scenario"
	"fairlb/env/settings"
	"fairlb/results/record"
	"fairlb/results/tfevents"
	"fairlb/rewards"
	"fairlb/train"
)

// runFolder is what a training run has left in its folder, as far as it can be
// read, and everything that is wrong with it.
type runFolder struct {
	dir        string
	faults     []string
	rounds     []train.Round
	parameters []agents.Parameter

	// These are nil where they cannot be read.
	hyper    *train.Hyper
	scenario *scenario.Scenario
	record   *record.Header
	meta     *checkpoint.Meta
	trained  *train.Hyper // what the checkpoint says of itself
}

// The names of the files of a run's folder, beside train.CheckpointName.
const (
	recordName   = "record.jsonl"
	hyperName    = "hyperparameters.yaml"
	scenarioName = "scenario.yaml"
)

// findRuns returns the runs' folders among dir and what is below it, by name.
func findRuns(dir string) ([]string, error) {
	var found []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		for _, name := range []string{recordName, train.CheckpointName} {
			if info, err := os.Stat(filepath.Join(path, name)); err == nil && info.Mode().IsRegular() {
				found = append(found, path)
				break
			}
		}
		return nil
	})
	return found, err
}

// readRun reads a run's folder. What cannot be read, and what its files say
// against each other, is among the faults.
func readRun(dir string) *runFolder {
	r := &runFolder{dir: dir}
	if h, err := runHyper(dir); err != nil {
		r.fault(err)
	} else {
		r.hyper = &h
	}
	path := filepath.Join(dir, scenarioName)
	if s, err := scenario.Load(path, nil); err != nil {
		r.fault(err)
	} else {
		r.scenario = &s
	}
	r.readRecord()
	r.readEvents()
	r.readCheckpoint()
	return r
}

// fault notes what is wrong, a line a fault.
func (r *runFolder) fault(err error) {
	r.faults = append(r.faults, strings.Split(err.Error(), "\n")...)
}

func (r *runFolder) readRecord() {
	path := filepath.Join(r.dir, recordName)
	rec, err := record.Read(path)
	if err != nil {
		r.fault(err)
		return
	}
	r.record = &rec.Header
	if rec.Truncated {
		r.fault(fmt.Errorf("%s: the last line is cut off", path))
	}
	if rec.Header.Kind != "train" {
		r.fault(fmt.Errorf("%s: is the record of kind %q: want \"train\"", path, rec.Header.Kind))
		return
	}
	r.sameSettings(path, rec.Header.Settings)
	for _, row := range rec.Rows {
		if row.Type != "round" {
			continue
		}
		var round train.Round
		if err := row.Decode(&round); err != nil {
			r.fault(fmt.Errorf("%s: %w", path, err))
			continue
		}
		if round.Episodes <= r.played() || round.Episodes > round.Of || r.hyper != nil && round.Of != r.hyper.Episodes {
			r.fault(fmt.Errorf("%s:%d: episode %d of %d behind episode %d: want a later one of those of the settings",
				path, row.Line, round.Episodes, round.Of, r.played()))
		}
		r.rounds = append(r.rounds, round)
	}
}

// readEvents reports an event file that TensorBoard could not read to its end.
// Runs made elsewhere may have none.
func (r *runFolder) readEvents() {
	path := filepath.Join(r.dir, tfevents.FileName)
	switch _, truncated, err := tfevents.Read(path); {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		r.fault(err)
	case truncated:
		r.fault(fmt.Errorf("%s: the last record is cut off or damaged", path))
	}
}

// played is the number of episodes that the record has.
func (r *runFolder) played() int {
	if len(r.rounds) == 0 {
		return 0
	}
	return r.rounds[len(r.rounds)-1].Episodes
}

func (r *runFolder) readCheckpoint() {
	path := filepath.Join(r.dir, train.CheckpointName)
	meta, parameters, err := checkpoint.Load(path)
	if err != nil {
		r.fault(err)
		return
	}
	r.meta, r.parameters = &meta, parameters
	r.trained = r.sameSettings(path, []byte(meta.Settings))
	if h := r.trained; h != nil {
		if meta.Method != h.Method || meta.TrainSeed != h.Seed {
			r.fault(fmt.Errorf("%s: is of method %s and seed %d: its settings say %s and %d", path, meta.Method, meta.TrainSeed, h.Method, h.Seed))
		}
		if r.hyper == nil {
			r.hyper = h
		}
	}
	if r.scenario != nil && meta.Scenario != r.scenario.Name {
		r.fault(fmt.Errorf("%s: was trained in %s: %s is %s", path, meta.Scenario, scenarioName, r.scenario.Name))
	}
	if n := r.played(); r.record != nil && (meta.Episode > n || meta.Episode < n && r.hyper != nil && n == r.hyper.Episodes) {
		r.fault(fmt.Errorf("%s: holds what %d episodes taught: the record has %d", path, meta.Episode, n))
	}
}

// sameSettings reports settings, in YAML or JSON, that cannot be read or are
// not those of the run. It returns them, nil if they cannot be read.
func (r *runFolder) sameSettings(path string, text []byte) *train.Hyper {
	h, err := train.LoadHyper(path+" (settings)", text, nil)
	if err != nil {
		r.fault(err)
		return nil
	}
	if r.hyper != nil {
		own, err1 := settings.Hash(*r.hyper)
		other, err2 := settings.Hash(h)
		if err := errors.Join(err1, err2); err != nil {
			r.fault(fmt.Errorf("%s: %w", path, err))
		} else if own != other {
			r.fault(fmt.Errorf("%s: was made with other settings than %s", path, hyperName))
		}
	}
	return &h
}

// actSteps is the number of steps that verify lets a policy act.
const actSteps = 3

// verify checks beyond readRun that the checkpoint fits the scenario and that
// its policy can be built and acts. It returns an error only when ctx ends.
func (r *runFolder) verify(ctx context.Context) error {
	if r.trained == nil || r.scenario == nil {
		return nil // that is among the faults
	}
	err := r.act(ctx)
	if stop := ctx.Err(); stop != nil {
		return stop
	}
	if err != nil {
		r.fault(fmt.Errorf("%s: %w", filepath.Join(r.dir, train.CheckpointName), err))
	}
	return nil
}

// act lets the policy steer the beginning of an episode.
func (r *runFolder) act(ctx context.Context) error {
	reward, err := rewards.New(r.trained.Reward)
	if err != nil {
		return err
	}
	e, err := agentEnv(*r.scenario, reward)(nil, nil)
	if err != nil {
		return err
	}
	defer e.Close()
	spec := e.Spec()
	policy, err := build.Policy(*r.meta, r.trained.Methods, r.parameters, spec)
	if err != nil {
		return err
	}
	weights := make([][]float64, spec.Agents)
	for i := range weights {
		weights[i] = make([]float64, spec.Servers)
	}
	policy.Reset(0)
	step, err := e.Reset(ctx, train.EpisodeSeed(r.trained.Seed, 0))
	for range actSteps {
		if err != nil {
			return err
		}
		if err := policy.Act(weights, &step); err != nil {
			return err
		}
		if step.Terminated || step.Truncated {
			return spec.CheckActions(weights)
		}
		step, err = e.Step(ctx, weights) // which checks the weights
	}
	return err
}
