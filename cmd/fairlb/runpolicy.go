package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"fairlb/agents/checkpoint"
	"fairlb/agents/methods"
	"fairlb/env"
	"fairlb/env/settings"
	"fairlb/rewards"
	"fairlb/train"
)

// readPolicy reads a checkpoint of the run; nil if it cannot be read.
func (r *runFolder) readPolicy(name string) *savedPolicy {
	path := filepath.Join(r.dir, name)
	meta, parameters, err := checkpoint.Load(path)
	if err != nil {
		r.fault(err)
		return nil
	}
	p := &savedPolicy{path: path, meta: meta, parameters: parameters}
	p.trained = r.sameSettings(path, []byte(meta.Settings))
	if h := p.trained; h != nil {
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
	return p
}

// checkPolicy reports a policy that is not one of those that the record tells of.
func (r *runFolder) checkPolicy() {
	if r.policy == nil || r.record == nil {
		return
	}
	episode, n := r.policy.meta.Episode, r.played()
	switch {
	case episode > n || episode < n && r.hyper != nil && n == r.hyper.Episodes:
		r.fault(fmt.Errorf("%s: holds what %d episodes taught: the record has %d", r.policy.path, episode, n))
	case episode > 0 && r.roundAt(episode) == nil:
		r.fault(fmt.Errorf("%s: holds what %d episodes taught: no round of the record ends there", r.policy.path, episode))
	}
}

// roundAt is the round that ends with an episode; nil if none does.
func (r *runFolder) roundAt(episode int) *train.Round {
	for k := range r.rounds {
		if r.rounds[k].Episodes == episode {
			return &r.rounds[k]
		}
	}
	return nil
}

// learned is the number of episodes that the policy has learned from.
func (r *runFolder) learned() int {
	if r.policy == nil {
		return 0
	}
	return r.policy.meta.Episode
}

// atEnd says whether the policy is that of the run's end.
func (r *runFolder) atEnd() bool {
	return r.policy != nil && r.hyper != nil && r.learned() >= r.hyper.Episodes
}

// readBest reads the checkpoint that did best in validation, where there must
// be one or is. While a run goes on, or was killed, it may be ahead of the
// record that the run will go on from; at the end it is the record's best.
func (r *runFolder) readBest() {
	var best *train.Round
	validated := false // by when the policy was saved
	for k := range r.rounds {
		round := &r.rounds[k]
		if round.Validation == nil {
			continue
		}
		validated = validated || round.Episodes <= r.learned()
		if best == nil || *round.Validation < *best.Validation {
			best = round
		}
	}
	path := filepath.Join(r.dir, train.BestName)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) && !validated {
		return
	}
	if r.best = r.readPolicy(train.BestName); r.best == nil || r.record == nil || !r.atEnd() {
		return
	}
	switch {
	case best == nil:
		r.fault(fmt.Errorf("%s: the record has no validation of which it could be the best", path))
	case r.best.meta.Episode != best.Episodes:
		r.fault(fmt.Errorf("%s: holds what %d episodes taught: the record's best is that of %d", path, r.best.meta.Episode, best.Episodes))
	}
}

// readState reads the state from which the run can go on, where there is one,
// and checks what --resume would check of it. At the run's end it is left over
// from a crash, and --resume removes it unread.
func (r *runFolder) readState() {
	if r.atEnd() {
		return
	}
	path := filepath.Join(r.dir, train.StateName)
	s, err := train.LoadState(path)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	if err != nil {
		r.fault(err)
		return
	}
	r.state = s
	r.sameSettings(path, []byte(s.Settings))
	if r.scenario != nil {
		if world, err := settings.Hash(*r.scenario); err != nil {
			r.fault(fmt.Errorf("%s: %w", path, err))
		} else if world != s.ScenarioHash {
			r.fault(fmt.Errorf("%s: was begun in another scenario than %s", path, scenarioName))
		}
	}
	switch n := len(r.rounds); {
	case r.record == nil:
	case n < s.Rounds:
		r.fault(fmt.Errorf("%s: goes on behind %s: the record has %d", path, count(s.Rounds, "round"), n))
	case s.Rounds > 0 && r.rounds[s.Rounds-1].Episodes != s.Episodes:
		r.fault(fmt.Errorf("%s: goes on behind episode %d: the record's round %d ends with episode %d", path, s.Episodes, s.Rounds-1, r.rounds[s.Rounds-1].Episodes))
	}
	if n := r.learned(); n > s.Episodes {
		r.fault(fmt.Errorf("%s: goes on behind episode %d: %s holds what %d taught", path, s.Episodes, train.CheckpointName, n))
	}
}

// actSteps is the number of steps that verify lets a policy act.
const actSteps = 3

// verify checks beyond readRun that the checkpoints fit the scenario and that
// their policies can be built and act; with restore also that the state is one
// of the run's learner, which takes its memory. It returns an error only when
// ctx ends.
func (r *runFolder) verify(ctx context.Context, restore bool) error {
	for _, p := range []*savedPolicy{r.policy, r.best} {
		if p == nil || p.trained == nil || r.scenario == nil {
			continue // that is among the faults
		}
		err := r.act(ctx, p)
		if stop := ctx.Err(); stop != nil {
			return stop
		}
		if err != nil {
			r.fault(fmt.Errorf("%s: %w", p.path, err))
		}
	}
	if !restore || r.state == nil || r.hyper == nil || r.scenario == nil {
		return nil
	}
	if err := r.restore(); err != nil {
		r.fault(fmt.Errorf("%s: %w", filepath.Join(r.dir, train.StateName), err))
	}
	return nil
}

// restore lets a learner of the run take up its state.
func (r *runFolder) restore() error {
	reward, err := rewards.New(r.hyper.Reward)
	if err != nil {
		return err
	}
	e, err := trainingEnv(*r.scenario, reward, r.hyper.Method)(nil, nil)
	if err != nil {
		return err
	}
	defer e.Close()
	return r.state.Check(r.hyper, e.Spec())
}

// act lets a policy steer the beginning of an episode.
func (r *runFolder) act(ctx context.Context, p *savedPolicy) error {
	reward, err := rewards.New(p.trained.Reward)
	if err != nil {
		return err
	}
	e, err := agentEnv(*r.scenario, reward)(nil, nil)
	if err != nil {
		return err
	}
	defer e.Close()
	spec := e.Spec()
	policy, err := methods.Policy(p.meta, p.trained.Methods, p.parameters, spec)
	if err != nil {
		return err
	}
	policy.Reset(0)
	step, err := e.Reset(ctx, train.EpisodeSeed(p.trained.Seed, 0))
	weights := newWeights(spec)
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

// newWeights makes room for a step's weights.
func newWeights(spec env.Spec) [][]float64 {
	weights := make([][]float64, spec.Agents)
	for i := range weights {
		weights[i] = make([]float64, spec.Servers)
	}
	return weights
}
