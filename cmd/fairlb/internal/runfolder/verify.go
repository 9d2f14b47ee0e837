package runfolder

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"fairlb/agents/checkpoint"
	"fairlb/agents/methods"
	"fairlb/cmd/fairlb/internal/files"
	"fairlb/cmd/fairlb/internal/simulate"
	"fairlb/results/text"
	"fairlb/train"
)

// readPolicy reads a checkpoint of the run; nil if it cannot be read.
func (r *Folder) readPolicy(name string) *Policy {
	path := filepath.Join(r.Dir, name)
	meta, parameters, err := checkpoint.Load(path)
	if err != nil {
		r.fault(err)
		return nil
	}
	p := &Policy{Path: path, Meta: meta, Parameters: parameters}
	p.Trained = r.sameSettings(path, []byte(meta.Settings))
	if h := p.Trained; h != nil {
		if meta.Method != h.Method || meta.TrainSeed != h.Seed {
			r.fault(fmt.Errorf("%s: is of method %s and seed %d: its settings say %s and %d", path, meta.Method, meta.TrainSeed, h.Method, h.Seed))
		}
		if r.Hyperparameters == nil {
			r.Hyperparameters = h
		}
	}
	if r.Scenario != nil && meta.Scenario != r.Scenario.Name {
		r.fault(fmt.Errorf("%s: was trained in %s: %s is %s", path, meta.Scenario, ScenarioName, r.Scenario.Name))
	}
	return p
}

// checkPolicy reports a policy that has learned from other episodes than the
// record has rounds of.
func (r *Folder) checkPolicy() {
	if r.Policy == nil || r.Record == nil {
		return
	}
	episode, n := r.Policy.Meta.Episode, r.EpisodesPlayed()
	switch {
	case episode > n || episode < n && r.Hyperparameters != nil && n == r.Hyperparameters.Episodes:
		r.fault(fmt.Errorf("%s: holds what %d episodes taught: the record has %d", r.Policy.Path, episode, n))
	case episode > 0 && r.roundAt(episode) == nil:
		r.fault(fmt.Errorf("%s: holds what %d episodes taught: no round of the record ends there", r.Policy.Path, episode))
	}
}

// roundAt is the round that ends with an episode; nil if none does.
func (r *Folder) roundAt(episode int) *train.Round {
	for k := range r.Rounds {
		if r.Rounds[k].Episodes == episode {
			return &r.Rounds[k]
		}
	}
	return nil
}

// EpisodesLearned is the number of episodes that the policy has learned from.
func (r *Folder) EpisodesLearned() int {
	if r.Policy == nil {
		return 0
	}
	return r.Policy.Meta.Episode
}

// Complete says whether the policy is that of the run's end.
func (r *Folder) Complete() bool {
	return r.Policy != nil && r.Hyperparameters != nil && r.EpisodesLearned() >= r.Hyperparameters.Episodes
}

// readBest reads the checkpoint that did best in validation, if there is one or
// must be one. While a run goes on, or was killed, that checkpoint may be of a
// later round than the state from which the run goes on; at the run's end it
// must be of the round that is best in the record.
func (r *Folder) readBest() {
	var best *train.Round
	validated := false // whether there was a validation when the policy was saved
	for k := range r.Rounds {
		round := &r.Rounds[k]
		if round.Validation == nil {
			continue
		}
		validated = validated || round.Episodes <= r.EpisodesLearned()
		if best == nil || *round.Validation < *best.Validation {
			best = round
		}
	}
	path := filepath.Join(r.Dir, train.BestName)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) && !validated {
		return
	}
	if r.Best = r.readPolicy(train.BestName); r.Best == nil || r.Record == nil || !r.Complete() {
		return
	}
	switch {
	case best == nil:
		r.fault(fmt.Errorf("%s: the record has no validation of which it could be the best", path))
	case r.Best.Meta.Episode != best.Episodes:
		r.fault(fmt.Errorf("%s: holds what %d episodes taught: the record's best is that of %d", path, r.Best.Meta.Episode, best.Episodes))
	}
}

// readState reads the state from which the run can go on, where there is one,
// and checks what --resume would check of it. A state that is there at the run's
// end and is not of the end was left by a crash; --resume removes it, so it is no fault.
func (r *Folder) readState() {
	path := filepath.Join(r.Dir, train.StateName)
	s, err := train.LoadState(path)
	if r.Complete() && (err != nil || s.Episodes != r.EpisodesLearned()) {
		return
	}
	if errors.Is(err, fs.ErrNotExist) {
		if r.EpisodesLearned() > 0 && r.Hyperparameters != nil {
			r.fault(fmt.Errorf("%s: is missing: the run is not at its end, and cannot go on without it", path))
		}
		return
	}
	if err != nil {
		r.fault(err)
		return
	}
	r.State = s
	r.sameSettings(path, []byte(s.Settings))
	if r.Scenario != nil {
		if same, err := isScenario(s.ScenarioHash, *r.Scenario); err != nil {
			r.fault(fmt.Errorf("%s: %w", path, err))
		} else if !same {
			r.fault(fmt.Errorf("%s: was begun in another scenario than %s", path, ScenarioName))
		}
	}
	switch n := len(r.Rounds); {
	case r.Record == nil:
	case n < s.Rounds:
		r.fault(fmt.Errorf("%s: goes on behind %s: the record has %d", path, text.Count(s.Rounds, "round"), n))
	case s.Rounds > 0 && r.Rounds[s.Rounds-1].Episodes != s.Episodes:
		r.fault(fmt.Errorf("%s: goes on behind episode %d: the record's round %d ends with episode %d", path, s.Episodes, s.Rounds-1, r.Rounds[s.Rounds-1].Episodes))
	}
	if n := r.EpisodesLearned(); n > s.Episodes {
		r.fault(fmt.Errorf("%s: goes on behind episode %d: %s holds what %d taught", path, s.Episodes, train.CheckpointName, n))
	}
}

// readBeginning reads the checkpoint that the run began at, if it began at one.
func (r *Folder) readBeginning() {
	if r.Hyperparameters == nil || r.Hyperparameters.From == "" {
		return
	}
	b, err := loadBeginning(r.Dir, r.Hyperparameters.From)
	if err != nil {
		r.fault(err)
		return
	}
	r.Beginning = b
}

// A run that is being written may be read between two of its files. What is wrong
// with it is read again so often, and only what is wrong each time is a fault.
const (
	liveReads    = 10
	liveInterval = 100 * time.Millisecond
)

// Inspect reads and verifies a run, as Read and Verify do. Of a run that another
// process makes at this moment, only what stays wrong is a fault.
func Inspect(ctx context.Context, dir string, restore bool) (*Folder, error) {
	r, err := inspect(ctx, dir, restore)
	for k := 0; err == nil && len(r.Faults) > 0 && k < liveReads && files.InUse(dir); k++ {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(liveInterval):
		}
		faults := r.Faults
		if r, err = inspect(ctx, dir, restore); err == nil {
			r.Faults = slices.DeleteFunc(r.Faults, func(fault string) bool { return !slices.Contains(faults, fault) })
		}
	}
	return r, err
}

func inspect(ctx context.Context, dir string, restore bool) (*Folder, error) {
	r := Read(dir)
	return r, r.Verify(ctx, restore)
}

// actSteps is the number of steps that verify lets a policy act.
const actSteps = 3

// Verify checks what Read does not: that the checkpoints fit the scenario, and
// that their policies can be built and act. With restore it also lets a learner
// of the run take up the state, which takes as much memory as training does.
// Faults are added to r.Faults; an error is returned only when ctx ends.
func (r *Folder) Verify(ctx context.Context, restore bool) error {
	for _, p := range []*Policy{r.Policy, r.Best} {
		if p == nil || p.Trained == nil || r.Scenario == nil {
			continue // that is among the faults
		}
		err := r.act(ctx, p)
		if stop := ctx.Err(); stop != nil {
			return stop
		}
		if err != nil {
			r.fault(fmt.Errorf("%s: %w", p.Path, err))
		}
	}
	if !restore || r.State == nil || r.Hyperparameters == nil || r.Scenario == nil {
		return nil
	}
	if err := r.restore(); err != nil {
		r.fault(fmt.Errorf("%s: %w", filepath.Join(r.Dir, train.StateName), err))
	}
	return nil
}

// restore lets a learner of the run take up the state.
func (r *Folder) restore() error {
	reward, err := r.Hyperparameters.RewardFunction()
	if err != nil {
		return err
	}
	e, err := simulate.Training(*r.Scenario, reward, r.Hyperparameters.Method)(nil, nil)
	if err != nil {
		return err
	}
	defer e.Close()
	return r.State.Check(r.Hyperparameters, e.Spec())
}

// act lets a policy steer the beginning of an episode.
func (r *Folder) act(ctx context.Context, p *Policy) error {
	reward, err := p.Trained.RewardFunction()
	if err != nil {
		return err
	}
	method, err := methods.Find(p.Meta.Method)
	if err != nil {
		return err
	}
	if method.Rule {
		return r.decide(ctx, p)
	}
	e, err := simulate.Agents(*r.Scenario, reward)(nil, nil)
	if err != nil {
		return err
	}
	defer e.Close()
	spec := e.Spec()
	actor, err := methods.Policy(p.Meta, p.Trained.Methods, p.Parameters, spec)
	if err != nil {
		return err
	}
	actor.Reset(0)
	step, err := e.Reset(ctx, train.EpisodeSeed(p.Trained.Seed, 0))
	weights := spec.NewActions()
	for range actSteps {
		if err != nil {
			return err
		}
		if err := actor.Act(weights, &step); err != nil {
			return err
		}
		if step.Terminated || step.Truncated {
			return spec.CheckActions(weights)
		}
		step, err = e.Step(ctx, weights) // which checks the weights
	}
	return err
}

// decide lets a policy that is a dispatch rule decide at the beginning of an episode.
func (r *Folder) decide(ctx context.Context, p *Policy) error {
	policy, err := methods.RulePolicy(p.Meta, p.Trained.Methods, p.Parameters)
	if err != nil {
		return err
	}
	e, err := simulate.Rule(*r.Scenario, policy)(nil, nil)
	if err != nil {
		return err
	}
	defer e.Close()
	step, err := e.Reset(ctx, train.EpisodeSeed(p.Trained.Seed, 0))
	for k := 0; k < actSteps && err == nil && !step.Terminated && !step.Truncated; k++ {
		step, err = e.Step(ctx, nil)
	}
	return err
}
