package train

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/sirupsen/logrus"

	"fairlb/agents"
	"fairlb/agents/checkpoint"
	"fairlb/agents/methods"
	"fairlb/env"
	"fairlb/env/settings"
)

// CheckpointName is the name of a run's checkpoint in its folder.
const CheckpointName = "policy.safetensors"

// Config is what a training run needs beside its hyperparameters.
type Config struct {
	Hyperparameters Hyperparameters

	// Scenario is the resolved name of the scenario, for the checkpoint.
	Scenario string
	// ScenarioHash names all that Env depends on, a hash; a State keeps it for who
	// goes on from it to compare.
	ScenarioHash string
	// Env builds an environment of the scenario; each worker has its own.
	Env func() (env.Env, error)
	// Rule, for a method whose policy is a dispatch rule (methods.Method.Rule), opens what
	// it learns in, in place of Env.
	Rule *RuleEnvs
	// Workers is the number of episodes that are played at a time, at least
	// 1. The result does not depend on it.
	Workers int

	// Dir is the existing folder that takes the checkpoint.
	Dir string
	// KeepState leaves StateName in Dir beside every checkpoint, if the learner can
	// be saved (agents.Saver); beside the last one if it has at most FinalState bytes.
	KeepState  bool
	FinalState int64
	// Beginning is the checkpoint that Hyperparameters.From names: of a run that goes
	// on, too.
	Beginning *Beginning
	// State, if not nil, is what the run goes on from. It must be of this
	// process's Arithmetic.
	State *State
	// Record takes one row a round, of a run that goes on behind those that
	// its State has.
	Record Record
	Log    logrus.FieldLogger
	// Progress, if not nil, is called after each round.
	Progress func(Round)
}

// Record takes the rows of a run (results/record).
type Record interface {
	Write(kind string, row any) error
	// Sync brings to disk what was written; a checkpoint comes after it.
	Sync() error
}

// Round is what one round of episodes and updates came to.
type Round struct {
	Round    int `json:"round"`
	Episodes int `json:"episodes"` // so far
	Of       int `json:"of"`       // in all, or up to the end after which the run went on
	Steps    int `json:"steps"`    // of the round's episodes

	Return     float64      `json:"return"`     // mean over episodes and LBs of the summed rewards
	Completion float64      `json:"completion"` // s, mean completion time of the round's requests
	Failed     int          `json:"failed"`     // requests of the round that failed
	Stats      agents.Stats `json:"stats"`

	// Validation is the mean completion time (s) on the validation seeds, nil
	// where there is no checkpoint or no such seed.
	Validation *float64 `json:"validation,omitempty"`

	PlaySeconds   float64 `json:"play_s"`   // wall time of the episodes
	UpdateSeconds float64 `json:"update_s"` // wall time of the updates
}

// Run trains one learner to the end, from cfg.State on if there is one, and leaves its
// checkpoint in cfg.Dir. It refuses settings by which no run is trained any more
// (methods.Retired). When ctx is cancelled it saves what the whole rounds so far have
// taught and returns the context's error; a round whose episodes have been played is
// finished first.
func Run(ctx context.Context, cfg Config) error {
	h := &cfg.Hyperparameters
	if r := h.retired(); r != nil {
		return fmt.Errorf("train: %s = %v: %s", r.Path, r.Value, r.Rule)
	}
	reward, err := h.RewardFunction()
	if err != nil {
		return fmt.Errorf("train: %w", err)
	}
	seeds, err := h.validationSeeds()
	if err != nil {
		return fmt.Errorf("train: validation_seeds: %w", err)
	}
	pool, err := newPlayer(&cfg, reward)
	if err != nil {
		return fmt.Errorf("train: %w", err)
	}
	defer pool.close()
	spec, err := pool.spec()
	if err != nil {
		return fmt.Errorf("train: %w", err)
	}
	learner, err := methods.Learner(h.Method, h.Methods, spec, h.Seed)
	if err != nil {
		return fmt.Errorf("train: %w", err)
	}
	r := run{Config: cfg, pool: pool, spec: spec, learner: learner, seeds: seeds}
	if err := cfg.begin(learner, spec); err != nil {
		return fmt.Errorf("train: %w", err)
	}
	if s := cfg.State; s != nil {
		if arithmetic := Arithmetic(); s.Arithmetic != arithmetic {
			return fmt.Errorf("train: going on after %d episodes: %w: it was made with %s, this is %s", s.Episodes, ErrState, s.Arithmetic, arithmetic)
		}
		if err := s.restore(learner, spec); err != nil {
			return fmt.Errorf("train: going on after %d episodes: %w", s.Episodes, err)
		}
		r.state = *s
	}
	return r.remainingRounds(ctx)
}

// run is a training run and where it stands.
type run struct {
	Config
	pool    player
	spec    env.Spec
	learner agents.Learner
	seeds   []uint64 // of validation
	state   State    // after the last whole round, without the learner
}

// remainingRounds makes the rounds that are left.
func (r *run) remainingRounds(ctx context.Context) error {
	h := &r.Hyperparameters
	if r.state.Episodes >= h.Episodes { // stopped between its last state and its last checkpoint
		if err := r.save(); err != nil {
			return fmt.Errorf("train: %w", err)
		}
	}
	for r.state.Episodes < h.Episodes {
		end := h.End(r.state.Episodes)
		n := min(h.EpisodesPerRound, end-r.state.Episodes)
		report, err := runRound(ctx, h, r.pool, r.learner, r.state.Rounds, r.state.Episodes, n)
		if stop := ctx.Err(); stop != nil && errors.Is(err, stop) {
			if err := r.save(); err != nil {
				return fmt.Errorf("train: saving after an interruption: %w", err)
			}
			r.Log.WithField("episodes", r.state.Episodes).Warn("interrupted; the checkpoint holds what was learned so far")
			return stop
		}
		if err != nil {
			return fmt.Errorf("train: round %d: %w", r.state.Rounds, err)
		}
		r.state.Rounds++
		r.state.Episodes += n
		due := r.state.Episodes == end || h.CheckpointEvery > 0 && r.state.Rounds%h.CheckpointEvery == 0
		best := false
		if due && len(r.seeds) > 0 {
			// The round has been learned from: it is finished, come what may.
			score, err := r.pool.validate(context.WithoutCancel(ctx), r.learner, r.seeds)
			if err != nil {
				return fmt.Errorf("train: round %d: %w", report.Round, err)
			}
			report.Validation = &score
			if best = !r.state.Validated || score < r.state.Best; best {
				r.state.Best, r.state.Validated = score, true
			}
		}
		if err := r.Record.Write("round", report); err != nil {
			return fmt.Errorf("train: %w", err)
		}
		if r.Progress != nil {
			r.Progress(report)
		}
		if !due {
			continue
		}
		if best {
			if err := r.checkpoint(BestName); err != nil {
				return fmt.Errorf("train: %w", err)
			}
		}
		if err := r.save(); err != nil {
			return fmt.Errorf("train: %w", err)
		}
	}
	return nil
}

// save brings to disk what the rounds so far have come to. The checkpoint is
// never ahead of the state, but at the end, where the state goes unless it is small.
func (r *run) save() error {
	if err := r.Record.Sync(); err != nil {
		return err
	}
	path := filepath.Join(r.Dir, StateName)
	atEnd := r.state.Episodes >= r.Hyperparameters.Episodes
	saver, kept := r.learner.(agents.Saver)
	if kept = kept && r.KeepState; kept && atEnd {
		size, err := savedSize(saver)
		if err != nil {
			return err
		}
		kept = size <= r.FinalState
	}
	if kept {
		text, err := settings.Marshal(&r.Hyperparameters)
		if err != nil {
			return err
		}
		environment, err := json.Marshal(checkpoint.FingerprintOf(r.spec))
		if err != nil {
			return err
		}
		r.state.Settings, r.state.ScenarioHash, r.state.environment = string(text), r.ScenarioHash, string(environment)
		r.state.Arithmetic, r.state.Program = Arithmetic(), Program()
		if err := r.state.save(path, saver); err != nil {
			return fmt.Errorf("saving %s: %w", path, err)
		}
	}
	if err := r.checkpoint(CheckpointName); err != nil || kept || !atEnd {
		return err
	}
	if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// checkpoint writes the policy of this moment.
func (r *run) checkpoint(name string) error {
	text, err := settings.Marshal(&r.Hyperparameters)
	if err != nil {
		return err
	}
	return checkpoint.Save(filepath.Join(r.Dir, name), checkpoint.Meta{
		Method: r.Hyperparameters.Method, Settings: string(text), Scenario: r.Scenario,
		Fingerprint: checkpoint.FingerprintOf(r.spec), TrainSeed: r.Hyperparameters.Seed, Episode: r.state.Episodes,
	}, r.learner.Parameters())
}

// runRound plays n episodes after the first played ones and learns from them.
func runRound(ctx context.Context, h *Hyperparameters, pool player, learner agents.Learner, round, played, n int) (Round, error) {
	start := time.Now()
	results, err := pool.play(ctx, learner, h.Seed, played, n)
	if err != nil {
		return Round{}, err
	}
	end := h.End(played)
	report := Round{Round: round, Episodes: played + n, Of: end}
	ended, sum := 0, 0.0
	for _, r := range results {
		if err := r.teach(learner); err != nil {
			return Round{}, err
		}
		report.Steps += r.steps
		report.Return += r.reward / float64(n)
		report.Failed += r.interval.Failed
		ended += r.interval.Completed + r.interval.Failed
		sum += r.interval.CompletionSum
	}
	if ended > 0 {
		report.Completion = sum / float64(ended)
	}
	report.PlaySeconds = time.Since(start).Seconds()

	start = time.Now()
	report.Stats, err = learner.Update(h.UpdatesPerRound, float64(played+n)/float64(end))
	report.UpdateSeconds = time.Since(start).Seconds()
	return report, err
}
