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
	"fairlb/agents/build"
	"fairlb/agents/checkpoint"
	"fairlb/env"
	"fairlb/env/settings"
	"fairlb/rewards"
)

// CheckpointName is the name of a run's checkpoint in its folder.
const CheckpointName = "policy.safetensors"

// Config is what a training run needs beside its hyperparameters.
type Config struct {
	Hyper Hyper

	// Scenario is the resolved name of the scenario, for the checkpoint.
	Scenario string
	// World names all that Env depends on, a hash; a State keeps it for who
	// goes on from it to compare.
	World string
	// Env builds an environment of the scenario; each worker has its own.
	Env func() (env.Env, error)
	// Workers is the number of episodes that are played at a time, at least
	// 1. The result does not depend on it.
	Workers int

	// Dir is the existing folder that takes the checkpoint.
	Dir string
	// KeepState leaves StateName in Dir beside every checkpoint but the last, if
	// the learner can be saved (agents.Saver).
	KeepState bool
	// State, if not nil, is what the run goes on from.
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
	Of       int `json:"of"`       // in all
	Steps    int `json:"steps"`    // of the round's episodes

	Return     float64      `json:"return"`     // mean over episodes and LBs of the summed rewards
	Completion float64      `json:"completion"` // s, mean completion time of the round's requests
	Failed     int          `json:"failed"`     // requests of the round that failed
	Stats      agents.Stats `json:"stats"`

	PlaySeconds   float64 `json:"play_s"`   // wall time of the episodes
	UpdateSeconds float64 `json:"update_s"` // wall time of the updates
}

// Run trains one learner to the end, from cfg.State on if there is one, and
// leaves its checkpoint in cfg.Dir. When ctx is cancelled it saves what the
// whole rounds so far have taught and returns the context's error; a round
// whose episodes have been played is finished first.
func Run(ctx context.Context, cfg Config) error {
	h := &cfg.Hyper
	reward, err := rewards.New(h.Reward)
	if err != nil {
		return fmt.Errorf("train: %w", err)
	}
	crew, err := newCrew(cfg.Env, reward, max(1, min(cfg.Workers, h.EpisodesPerRound)))
	if err != nil {
		return fmt.Errorf("train: %w", err)
	}
	defer crew.close()
	spec := crew.envs[0].Spec()
	learner, err := build.Learner(h.Method, h.Methods, spec, h.Seed)
	if err != nil {
		return fmt.Errorf("train: %w", err)
	}
	save := func(rounds, episodes int) error { return cfg.save(learner, spec, rounds, episodes) }

	round, played := 0, 0
	if s := cfg.State; s != nil {
		if err := s.restore(learner, spec); err != nil {
			return fmt.Errorf("train: going on after %d episodes: %w", s.Episodes, err)
		}
		round, played = s.Rounds, s.Episodes
	}
	for ; played < h.Episodes; round++ {
		n := min(h.EpisodesPerRound, h.Episodes-played)
		report, err := runRound(ctx, h, crew, learner, round, played, n)
		if stop := ctx.Err(); stop != nil && errors.Is(err, stop) {
			if err := save(round, played); err != nil {
				return fmt.Errorf("train: saving after an interruption: %w", err)
			}
			cfg.Log.WithField("episodes", played).Warn("interrupted; the checkpoint holds what was learned so far")
			return stop
		}
		if err != nil {
			return fmt.Errorf("train: round %d: %w", round, err)
		}
		played += n
		if err := cfg.Record.Write("round", report); err != nil {
			return fmt.Errorf("train: %w", err)
		}
		if cfg.Progress != nil {
			cfg.Progress(report)
		}
		if played == h.Episodes || h.CheckpointEvery > 0 && (round+1)%h.CheckpointEvery == 0 {
			if err := save(round+1, played); err != nil {
				return fmt.Errorf("train: %w", err)
			}
		}
	}
	return nil
}

// save brings to disk what so many rounds have come to. The checkpoint is never
// ahead of the state, but at the end, where the state goes.
func (cfg *Config) save(learner agents.Learner, spec env.Spec, rounds, episodes int) error {
	h := &cfg.Hyper
	if err := cfg.Record.Sync(); err != nil {
		return err
	}
	text, err := settings.Marshal(h)
	if err != nil {
		return err
	}
	fingerprint := checkpoint.FingerprintOf(spec)
	state := filepath.Join(cfg.Dir, StateName)
	saver, ok := learner.(agents.Saver)
	if ok && cfg.KeepState && episodes < h.Episodes {
		environment, err := json.Marshal(fingerprint)
		if err != nil {
			return err
		}
		s := State{Settings: string(text), World: cfg.World, environment: string(environment), Rounds: rounds, Episodes: episodes}
		if err := s.save(state, saver); err != nil {
			return fmt.Errorf("saving %s: %w", state, err)
		}
	}
	err = checkpoint.Save(filepath.Join(cfg.Dir, CheckpointName), checkpoint.Meta{
		Method: h.Method, Settings: string(text), Scenario: cfg.Scenario,
		Fingerprint: fingerprint, TrainSeed: h.Seed, Episode: episodes,
	}, learner.Parameters())
	if err != nil || episodes < h.Episodes {
		return err
	}
	if err := os.Remove(state); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// runRound plays n episodes after the first played ones and learns from them.
func runRound(ctx context.Context, h *Hyper, crew *crew, learner agents.Learner, round, played, n int) (Round, error) {
	start := time.Now()
	results, err := crew.play(ctx, learner, h.Seed, played, n)
	if err != nil {
		return Round{}, err
	}
	report := Round{Round: round, Episodes: played + n, Of: h.Episodes}
	ended, sum := 0, 0.0
	for _, r := range results {
		if err := learner.Observe(r.episode); err != nil {
			return Round{}, err
		}
		report.Steps += r.episode.Steps
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
	report.Stats, err = learner.Update(h.UpdatesPerRound, float64(played+n)/float64(h.Episodes))
	report.UpdateSeconds = time.Since(start).Seconds()
	return report, err
}
