package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"fairlb/env"
	"fairlb/env/scenario"
	"fairlb/env/settings"
	"fairlb/results/record"
	"fairlb/results/tfevents"
	"fairlb/rewards"
	"fairlb/train"
)

func (a *app) trainCommand() *cobra.Command {
	var set []string
	var seed uint64
	var out string
	c := &cobra.Command{
		Use:   "train FILE",
		Short: "Train agents from a hyperparameter file",
		Long: `Train one agent per load balancer from a hyperparameter file. The run's folder
takes the resolved hyperparameters and scenario, a record of every round (JSON
lines), the same for TensorBoard, and the checkpoint. --set scenario.PATH=VALUE changes the scenario.`,
		Example: "  fairlb train train/recipes/demo.yaml --set episodes=64 --seed 2 --out runs/two",
		Args:    checked(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			data, err := settings.ReadFile(args[0])
			if err != nil {
				return err
			}
			if c.Flags().Changed("seed") {
				set = append(set, fmt.Sprintf("seed=%d", seed))
			}
			hyper, err := train.LoadHyper(args[0], data, set)
			if err != nil {
				return err
			}
			s, err := trainingScenario(&hyper)
			if err != nil {
				return err
			}
			if out == "" {
				out = filepath.Join("runs", runName(&hyper))
			}
			return a.trainRun(c.Context(), hyper, s, out, append([]string{"fairlb"}, a.args...), runtime.GOMAXPROCS(0))
		},
	}
	c.Flags().StringArrayVar(&set, "set", nil, "path=value, put into the hyperparameters (repeatable)")
	c.Flags().Uint64Var(&seed, "seed", 1, "of weights, exploration and training episodes")
	c.Flags().StringVar(&out, "out", "", "the run's folder (default runs/METHOD-REWARD-SCENARIO-seedN)")
	return c
}

// trainingScenario returns the scenario of a hyperparameter file.
func trainingScenario(h *train.Hyper) (scenario.Scenario, error) {
	set := h.ScenarioSet
	if h.EpisodeDuration > 0 {
		for _, override := range set {
			if strings.HasPrefix(strings.TrimSpace(override), "duration=") {
				return scenario.Scenario{}, usage("scenario.%s: episode_duration = %g gives the length of training episodes: set that instead, or set it to 0", override, h.EpisodeDuration)
			}
		}
		set = append(set[:len(set):len(set)], fmt.Sprintf("duration=%g", h.EpisodeDuration))
	}
	s, err := scenario.Load(h.Scenario, set)
	if err != nil {
		return s, usage("%w", relocated(err, func(e *settings.Error) {
			switch {
			case h.EpisodeDuration > 0 && e.Path == "duration":
				e.Place = "episode_duration"
			case e.Place == "--set":
				e.Path = "scenario." + e.Path
			}
		}))
	}
	return s, nil
}

// runName names a run after what it trains.
func runName(h *train.Hyper) string {
	return fmt.Sprintf("%s-%s-%s-seed%d", h.Method, h.Reward, fileName(h.Scenario), h.Seed)
}

// trainRun trains into the folder dir, which must hold no run yet.
func (a *app) trainRun(ctx context.Context, hyper train.Hyper, s scenario.Scenario, dir string, command []string, workers int) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	path := filepath.Join(dir, "record.jsonl")
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return usage("%s: holds a run already; name another folder with --out, or remove it", dir)
	}
	reward, err := rewards.New(hyper.Reward)
	if err != nil {
		return err
	}
	if err := writeSettings(filepath.Join(dir, "hyperparameters.yaml"), hyper); err != nil {
		return err
	}
	if err := writeSettings(filepath.Join(dir, "scenario.yaml"), s); err != nil {
		return err
	}
	log, err := createRecord(path, hyper, command)
	if err != nil {
		return err
	}
	defer log.Close()
	board, err := tfevents.Create(filepath.Join(dir, tfevents.FileName), time.Now())
	if err != nil {
		return err
	}
	defer board.Close()
	open := trainingEnv(s, reward, hyper.Method).plain()
	bar := a.newBar("training", hyper.Episodes)
	rounds := 0
	err = train.Run(ctx, train.Config{
		Hyper: hyper, Scenario: s.Name, Env: func() (env.Env, error) { return open(nil) },
		Workers: workers, Dir: dir, Record: roundLog{log, board}, Log: a.log,
		Progress: func(r train.Round) {
			rounds++
			bar.set(r.Episodes, fmt.Sprintf("training: completion %.3f s, return %.4g", r.Completion, r.Return))
		},
	})
	bar.close()
	if err != nil {
		if rounds == 0 && exitCode(err) != exitInterrupted {
			return errors.Join(err, log.Close(), board.Close(), os.Remove(path), os.Remove(board.Name())) // nothing ran: the folder is free for another try
		}
		return err
	}
	a.log.WithField("run", dir).Info("trained")
	return errors.Join(log.Close(), board.Close())
}

// writeSettings writes settings as a YAML file.
func writeSettings(path string, v any) error {
	text, err := settings.Marshal(v)
	if err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o666)
}

func createRecord(path string, hyper train.Hyper, command []string) (*record.Writer, error) {
	hash, err := settings.Hash(hyper)
	if err != nil {
		return nil, err
	}
	resolved, err := settings.JSON(hyper)
	if err != nil {
		return nil, err
	}
	return record.Create(path, record.Header{
		Kind: "train", Command: command, Settings: resolved, SettingsHash: hash,
		Seeds: []uint64{hyper.Seed}, Started: time.Now().UTC(),
	}, false)
}

// runHyper reads the resolved hyperparameters of a run's folder.
func runHyper(dir string) (train.Hyper, error) {
	path := filepath.Join(dir, "hyperparameters.yaml")
	data, err := settings.ReadFile(path)
	if err != nil {
		return train.Hyper{}, err
	}
	return train.LoadHyper(path, data, nil)
}
