package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"fairlb/agents/checkpoint"
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
	var resume bool
	c := &cobra.Command{
		Use:   "train FILE",
		Short: "Train agents from a hyperparameter file",
		Long: `Train one agent per load balancer from a hyperparameter file. The run's folder
takes the resolved hyperparameters and scenario, a record of every round (JSON
lines), the same for TensorBoard, and the checkpoint. --set scenario.PATH=VALUE changes the scenario.

Ctrl-C saves what was learned and ends with code 130. --resume goes on with a run
that was stopped in any way, from its last checkpoint (checkpoint_every), to the
same bits as one that never was. It needs the folder (--out) or FILE; settings
given again must be the run's, and so must the arithmetic: a run that was begun
with AVX2, or without (FAIRLB_BLAS=gonum), goes on only so.`,
		Example: "  fairlb train train/recipes/demo.yaml --set episodes=64 --seed 2 --out runs/two\n" +
			"  fairlb train --resume --out runs/two",
		Args: func(c *cobra.Command, args []string) error {
			if resume {
				return checked(cobra.MaximumNArgs(1))(c, args)
			}
			return checked(cobra.ExactArgs(1))(c, args)
		},
		RunE: func(c *cobra.Command, args []string) error {
			if c.Flags().Changed("seed") {
				set = append(set, fmt.Sprintf("seed=%d", seed))
			}
			file := ""
			if len(args) > 0 {
				file = args[0]
			}
			job, err := newTrainJob(file, out, set, resume)
			if err != nil {
				return err
			}
			release, err := claim(job.dir)
			if err != nil {
				return err
			}
			defer release()
			job.command, job.workers = append([]string{"fairlb"}, a.args...), runtime.GOMAXPROCS(0)
			return a.trainRun(c.Context(), job)
		},
	}
	c.Flags().StringArrayVar(&set, "set", nil, "path=value, put into the hyperparameters (repeatable)")
	c.Flags().Uint64Var(&seed, "seed", 1, "of weights, exploration and training episodes")
	c.Flags().StringVar(&out, "out", "", "the run's folder (default runs/METHOD-REWARD-SCENARIO-seedN)")
	c.Flags().BoolVar(&resume, "resume", false, "go on with the run of the folder")
	return c
}

// newTrainJob returns the run of a command line, in which file and dir may be
// empty.
func newTrainJob(file, dir string, set []string, resume bool) (trainJob, error) {
	if resume {
		if file == "" && dir == "" {
			return trainJob{}, usage("--resume: name the run's folder with --out, or its hyperparameter file")
		}
		return resumeJob(dir, file, set)
	}
	j := trainJob{dir: dir, resumable: true}
	var err error
	if j.hyper, err = loadHyper(file, set); err != nil {
		return j, err
	}
	if j.scenario, err = trainingScenario(&j.hyper); err != nil {
		return j, err
	}
	if j.dir == "" {
		j.dir = filepath.Join("runs", runName(&j.hyper))
	}
	return j, nil
}

// trainingScenario returns the scenario of a hyperparameter file.
func trainingScenario(h *train.Hyperparameters) (scenario.Scenario, error) {
	set := h.ScenarioSet
	if k := setsDuration(h, len(set)); k >= 0 {
		return scenario.Scenario{}, usage("scenario.%s: %s", set[k], durationTwice(h))
	}
	if h.EpisodeDuration > 0 {
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

// checkScenario implements train.Check: the faults of the scenario that a
// hyperparameter file names and changes. Those of overrides on the command line
// are left to trainingScenario.
func checkScenario(h *train.Hyperparameters, own int, report func(path string, value any, rule string)) {
	if h.Scenario == "" || !(h.EpisodeDuration >= 0 && h.EpisodeDuration <= math.MaxFloat64) {
		return // said already
	}
	var faults settings.Errors
	if _, err := scenario.Load(h.Scenario, nil); err != nil && !errors.As(err, &faults) {
		report("scenario", h.Scenario, strings.TrimPrefix(err.Error(), fmt.Sprintf("scenario %q: ", h.Scenario)))
		return
	}
	if k := setsDuration(h, own); k >= 0 {
		report(fmt.Sprintf("scenario_set[%d]", k), h.ScenarioSet[k], durationTwice(h))
		return
	}
	_, err := trainingScenario(h)
	errors.As(err, &faults)
	for _, f := range faults {
		by := -1 // the override whose fault it is
		for k, override := range h.ScenarioSet {
			path, _, _ := strings.Cut(override, "=")
			if path = "scenario." + strings.TrimSpace(path); f.Path == path || strings.HasPrefix(f.Path, path+".") || strings.HasPrefix(f.Path, path+"[") {
				by = k
			}
		}
		switch {
		case f.Place == "episode_duration":
			report("episode_duration", h.EpisodeDuration, f.Rule)
		case f.Place != "--set":
			report("scenario", h.Scenario, f.Error())
		case by >= 0 && by < own:
			report(fmt.Sprintf("scenario_set[%d]", by), h.ScenarioSet[by], f.Rule)
		case by < 0 && len(h.ScenarioSet) == own: // the fault of no single one
			report("scenario_set", nil, strings.TrimPrefix(f.Error(), "--set: "))
		}
	}
}

// setsDuration returns which of the first overrides of the scenario says how
// long an episode is although episode_duration does; -1 if none.
func setsDuration(h *train.Hyperparameters, first int) int {
	return slices.IndexFunc(h.ScenarioSet[:first], func(override string) bool {
		return h.EpisodeDuration > 0 && strings.HasPrefix(strings.TrimSpace(override), "duration=")
	})
}

func durationTwice(h *train.Hyperparameters) string {
	return fmt.Sprintf("episode_duration = %g gives the length of training episodes: set that instead, or set it to 0", h.EpisodeDuration)
}

// runName names a run after what it trains.
func runName(h *train.Hyperparameters) string {
	return fmt.Sprintf("%s-%s-%s-seed%d", h.Method, h.Reward, fileName(h.Scenario), h.Seed)
}

// trainRun makes a run in its folder, which must hold none yet unless it is to
// be resumed.
func (a *app) trainRun(ctx context.Context, j trainJob) (err error) {
	if err := os.MkdirAll(j.dir, 0o777); err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	reward, err := rewards.New(j.hyper.Reward)
	if err != nil {
		return err
	}
	var log roundLog
	var state *train.State
	if j.resume {
		var whole bool
		if log, state, whole, err = j.pickUp(); err != nil {
			return leftover(err)
		}
		if whole {
			a.log.WithField("run", j.dir).Info("the run is at its end")
			return nil
		}
	} else {
		if _, err := os.Stat(j.path(recordName)); !errors.Is(err, fs.ErrNotExist) {
			return usage("%s: holds a run already; name another folder with --out, go on with it by --resume, or remove it", j.dir)
		}
		if log, err = j.begin(); err != nil {
			return err
		}
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	scenarioHash, err := settings.Hash(j.scenario)
	if err != nil {
		return err
	}
	open := trainingEnv(j.scenario, reward, j.hyper.Method).plain()
	bar := a.newBar("training", j.hyper.Episodes)
	rounds := 0
	if state != nil {
		rounds = state.Rounds
		a.log.WithField("episodes", state.Episodes).Info("going on")
		if own := train.Program(); state.Program != own {
			a.log.Warnf("the state was saved by %s, this is %s: the run ends with the same bytes only if the two compute alike", state.Program, own)
		}
		if j.wentOn != nil {
			j.wentOn(state.Episodes)
		}
	}
	err = train.Run(ctx, train.Config{
		Hyperparameters: j.hyper, Scenario: j.scenario.Name, ScenarioHash: scenarioHash, Env: func() (env.Env, error) { return open(nil) },
		Workers: j.workers, Dir: j.dir, KeepState: j.resumable, State: state, Record: log, Log: a.log,
		Progress: func(r train.Round) {
			rounds++
			bar.set(r.Episodes, fmt.Sprintf("training: completion %.3f s, return %.4g", r.Completion, r.Return))
		},
	})
	bar.close()
	if state != nil && errors.Is(err, train.ErrState) {
		err = leftover(j.stuck(err))
	}
	switch stopped := exitCode(err) == exitInterrupted; {
	case stopped && j.resumable:
		a.log.Infof("go on with: fairlb train --resume --out %s", j.dir)
	case err != nil && !stopped && !j.resume && rounds == 0:
		err = errors.Join(err, os.Remove(j.path(recordName)), os.Remove(j.path(tfevents.FileName))) // nothing ran: the folder is free for another try
	case err == nil:
		a.log.WithField("run", j.dir).Info("trained")
	}
	return err
}

// writeSettings writes settings as a YAML file.
func writeSettings(path string, v any) error {
	text, err := settings.Marshal(v)
	if err != nil {
		return err
	}
	return checkpoint.Replace(path, 0o644, func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	})
}

func createRecord(path string, hyper train.Hyperparameters, command []string, overwrite bool) (*record.Writer, error) {
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
	}, overwrite)
}

// runHyper reads the resolved hyperparameters of a run's folder.
func runHyper(dir string) (train.Hyperparameters, error) {
	return loadHyper(filepath.Join(dir, hyperName), nil)
}
