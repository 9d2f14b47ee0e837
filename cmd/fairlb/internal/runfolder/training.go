package runfolder

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/sirupsen/logrus"

	"fairlb/cmd/fairlb/internal/bounds"
	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/cmd/fairlb/internal/progress"
	"fairlb/cmd/fairlb/internal/simulate"
	"fairlb/env"
	"fairlb/env/file"
	"fairlb/env/scenario"
	"fairlb/env/settings"
	"fairlb/results/record"
	"fairlb/results/tfevents"
	"fairlb/rewards"
	"fairlb/train"
)

// Training is a training run that is to be made in its folder, or to go on.
type Training struct {
	Hyperparameters train.Hyperparameters
	Scenario        scenario.Scenario
	Dir             string   // the run's folder
	Command         []string // of the record: what makes the run
	Workers         int      // episodes at a time
	KeepState       bool     // leave the state from which the run can go on
	FinalState      int64    // bytes: at the run's end, leave a state that has no more
	Resume          bool     // go on with the run that the folder holds, if it holds one
	Continue        bool     // go on with the run that the folder holds, which is at its end, to more episodes

	// From is the checkpoint that a new run begins at, where the hyperparameters name one;
	// empty: that in the folder.
	From string

	// Open opens the scenario for a method to learn in; nil: in the simulator. A run may
	// go on in another environment than it was begun in.
	Open func(s scenario.Scenario, reward rewards.Reward, method string) simulate.Opener
	// Rules opens the scenario for a method to learn a dispatch rule in, where Open is not nil;
	// nil: such a method cannot be trained there.
	Rules func(s scenario.Scenario) train.RuleEnvs

	Log      logrus.FieldLogger
	Progress progress.Display

	// Resumed, if not nil, is told behind which episode a run goes on.
	Resumed func(episodes int)
}

// SmallState is the most bytes of a state that is left at a run's end unless more is
// asked for: that of any method but for replay buffers of a thousand episodes or so.
const SmallState = 64 << 20

// Order is what a command line orders. All but the overrides may be empty.
type Order struct {
	File      string   // hyperparameters, or the name of a shipped recipe
	Dir       string   // the run's folder
	Overrides []string // path=value
	From      string   // the checkpoint that a new run begins at
	Resume    bool     // go on with the folder's run
	Continue  bool     // go on with the folder's run, which is at its end, to more episodes
}

// New returns the training of a command line: a new run of a hyperparameter file under
// overrides or, to go on, that of the folder.
func New(o Order) (Training, error) {
	switch {
	case o.Continue:
		return continued(o)
	case o.Resume && o.File == "" && o.Dir == "":
		return Training{}, invalid.Errorf("--resume: name the run's folder with --out, or its hyperparameter file")
	case o.Resume:
		return resumed(o)
	}
	t := Training{Dir: o.Dir, KeepState: true, FinalState: SmallState}
	var err error
	if t.Hyperparameters, err = loadForTraining(o.File, o.Overrides); err != nil {
		return t, err
	}
	if t.Scenario, err = TrainingScenario(&t.Hyperparameters); err != nil {
		return t, err
	}
	if err := t.beginAt(o); err != nil {
		return t, err
	}
	if t.Dir == "" {
		t.Dir = filepath.Join("runs", Name(&t.Hyperparameters))
	}
	return t, nil
}

// Run makes the run in its folder, which must hold none yet unless the run is
// to be resumed. An interruption saves what was learned.
func (t *Training) Run(ctx context.Context) (err error) {
	if err := bounds.Training(&t.Hyperparameters, t.Scenario, t.Workers); err != nil {
		return err
	}
	if err := os.MkdirAll(t.Dir, 0o777); err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	reward, err := t.Hyperparameters.RewardFunction()
	if err != nil {
		return err
	}
	rounds, state, complete, err := t.open()
	switch {
	case err != nil:
		return err
	case complete:
		t.Log.WithField("run", t.Dir).Info("the run is at its end")
		return nil
	}
	defer func() { err = errors.Join(err, rounds.Close()) }()
	beginning, err := t.beginning()
	if err != nil {
		return err
	}
	scenarioHash, err := t.Scenario.ContentHash()
	if err != nil {
		return err
	}
	for _, doubt := range t.Scenario.TrainingDoubts(t.Hyperparameters.Episodes) {
		t.Log.Warn(doubt)
	}
	learnIn := t.Open
	if learnIn == nil {
		learnIn = simulate.Training
	}
	open := learnIn(t.Scenario, reward, t.Hyperparameters.Method).Recorded()
	bar := t.Progress.Bar("training", t.Hyperparameters.Episodes)
	done := 0 // rounds
	if state != nil {
		done = state.Rounds
		t.announceResumption(state)
	}
	var rule *train.RuleEnvs
	switch {
	case t.Open == nil:
		pools := simulate.RuleTraining(t.Scenario, t.Hyperparameters.ScenarioSet, t.Hyperparameters.Methods.Universal.Requests)
		rule = &pools
	case t.Rules != nil:
		pool := t.Rules(t.Scenario)
		rule = &pool
	}
	err = train.Run(ctx, train.Config{
		Hyperparameters: t.Hyperparameters, Scenario: t.Scenario.Name, ScenarioHash: scenarioHash, Env: func() (env.Env, error) { return open(nil) }, Rule: rule,
		Workers: t.Workers, Dir: t.Dir, KeepState: t.KeepState, FinalState: t.FinalState, State: state, Beginning: beginning, Record: rounds, Log: t.Log,
		Progress: func(r train.Round) {
			done++
			bar.Set(r.Episodes, fmt.Sprintf("training: completion %.3f s, return %.4g", r.Completion, r.Return))
		},
	})
	bar.Close()
	if state != nil && errors.Is(err, train.ErrState) {
		err = asUnresumable(t.unusableState(err))
	}
	switch interrupted := errors.Is(err, context.Canceled); {
	case interrupted && t.KeepState:
		t.Log.Infof("go on with: fairlb train --resume --out %s", t.Dir)
	case err != nil && !interrupted && !t.Resume && done == 0:
		err = errors.Join(err, os.Remove(t.path(RecordName)), os.Remove(t.path(tfevents.FileName))) // nothing ran: the folder is free for another try
	case err == nil:
		t.Log.WithField("run", t.Dir).Info("trained")
	}
	return err
}

// CommandOf is the command line that makes the run of a folder again, in the simulator.
func CommandOf(dir string) []string {
	return []string{"fairlb", "train", filepath.Join(dir, HyperparametersName)}
}

// inRealTime is what the command line of a training on real traffic has more.
func inRealTime() []string { return []string{"--env", "testbed"} }

// InRealTime says whether a command line trains on real traffic.
func InRealTime(command []string) bool {
	where := inRealTime()
	k := slices.Index(command, where[0])
	return k >= 0 && k+1 < len(command) && command[k+1] == where[1] || slices.Contains(command, strings.Join(where, "="))
}

// Make makes the run of the folder t.Dir in its Partial folder until it is
// complete. A run that was stopped goes on; what it has left is begun anew if it
// is of other settings or damaged.
func (t Training) Make(ctx context.Context) error {
	dir := t.Dir
	t.Dir, t.Command, t.KeepState, t.Resume = Partial(dir), CommandOf(dir), true, true
	if t.Open != nil {
		t.Command = append(t.Command, inRealTime()...)
	}
	log := t.Log
	t.Log = progress.Silent()
	t.Resumed = func(episodes int) {
		log.WithField("episodes", episodes).Infof("%s: going on", filepath.Base(dir))
	}
	err := t.Run(ctx)
	if left := (*UnresumableError)(nil); errors.As(err, &left) {
		log.WithError(err).Warnf("%s: begun anew", filepath.Base(dir))
		if err := os.RemoveAll(t.Dir); err != nil {
			return err
		}
		err = t.Run(ctx)
	}
	if err != nil {
		return err
	}
	return os.Rename(t.Dir, dir)
}

// open opens the files of the run: new ones or, to resume, those of the folder.
// The state is nil where a run begins, and complete tells that there is nothing
// left to do.
func (t *Training) open() (rounds roundLog, state *train.State, complete bool, err error) {
	if t.Continue {
		if err := t.extend(); err != nil {
			return rounds, nil, false, err
		}
	}
	if t.Resume {
		rounds, state, complete, err = t.resume()
		return rounds, state, complete, asUnresumable(err)
	}
	if _, err := os.Stat(t.path(RecordName)); !errors.Is(err, fs.ErrNotExist) {
		return rounds, nil, false, invalid.Errorf("%s: holds a run already; name another folder with --out, go on with it by --resume, or remove it", t.Dir)
	}
	rounds, err = t.begin()
	return rounds, nil, false, err
}

// announceResumption tells where a run goes on, and that another program began
// it.
func (t *Training) announceResumption(state *train.State) {
	t.Log.WithField("episodes", state.Episodes).Info("going on")
	if own := train.Program(); state.Program != own {
		t.Log.Warnf("the state was saved by %s, this is %s: the run ends with the same bytes only if the two compute alike", state.Program, own)
	}
	if t.Resumed != nil {
		t.Resumed(state.Episodes)
	}
}

// path is that of a file of the run.
func (t *Training) path(name string) string { return filepath.Join(t.Dir, name) }

// begin makes the files of a new run.
func (t *Training) begin() (rounds roundLog, err error) {
	if err := writeSettings(t.path(HyperparametersName), t.Hyperparameters); err != nil {
		return rounds, err
	}
	if err := writeSettings(t.path(ScenarioName), t.Scenario); err != nil {
		return rounds, err
	}
	if err := os.Remove(t.path(train.StateName)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return rounds, err
	}
	if err := t.keepBeginning(); err != nil {
		return rounds, err
	}
	if rounds.record, err = t.createRecord(); err != nil {
		return rounds, err
	}
	if rounds.events, err = tfevents.Create(t.path(tfevents.FileName), time.Now()); err != nil {
		return rounds, errors.Join(err, rounds.record.Close())
	}
	return rounds, nil
}

// createRecord begins the record of the run, in place of one that is there only
// when the run is to be resumed.
func (t *Training) createRecord() (*record.Writer, error) {
	hash, err := settings.Hash(t.Hyperparameters)
	if err != nil {
		return nil, err
	}
	resolved, err := settings.JSON(t.Hyperparameters)
	if err != nil {
		return nil, err
	}
	scenarioHash, err := t.Scenario.ContentHash()
	if err != nil {
		return nil, err
	}
	traces, err := traceHashes(&t.Scenario)
	if err != nil {
		return nil, err
	}
	return record.Create(t.path(RecordName), record.Header{
		Kind: "train", Command: t.Command, Settings: resolved, SettingsHash: hash, ScenarioHash: scenarioHash, Traces: traces,
		Seeds: []uint64{t.Hyperparameters.Seed}, Started: time.Now().UTC(),
	}, t.Resume)
}

// writeSettings writes settings as a YAML file.
func writeSettings(path string, v any) error {
	text, err := settings.Marshal(v)
	if err != nil {
		return err
	}
	return file.Replace(path, 0o666, func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	})
}
