package main

import (
	"errors"
	"math"
	"runtime"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"fairlb/cmd/fairlb/internal/files"
	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/cmd/fairlb/internal/loopback"
	"fairlb/cmd/fairlb/internal/runfolder"
	"fairlb/env/scenario"
	"fairlb/results/text"
	"fairlb/train"
	"fairlb/train/recipes"
)

func (a *app) trainCommand() *cobra.Command {
	var set []string
	var seed uint64
	var order runfolder.Order
	var where string
	var keepState bool
	c := &cobra.Command{
		Use:         "train FILE|RECIPE",
		Annotations: finishing("finishing the round"),
		Short:       "Train agents from a hyperparameter file",
		Long: `Train one agent per load balancer from a hyperparameter file, or by a recipe that
the program ships, where there is no file of that name: fairlb train es. Shipped:
` + recipeNames() + `
The run's folder takes the resolved hyperparameters and scenario, a record of
every round (JSON lines), the same for TensorBoard, and the checkpoint.
--set scenario.PATH=VALUE changes the scenario.

Ctrl-C saves what was learned and ends with code 130. --resume goes on with a run
that was stopped in any way, from its last checkpoint (checkpoint_every), to the
same bits as one that never was. It needs the folder (--out) or FILE; settings
given again must be the run's, and so must the arithmetic: a run that was begun
with AVX2, or without (FAIRLB_BLAS=gonum), goes on only so.

--from begins with the policy of another run, or of one checkpoint file, in place of a
random one: the last checkpoint of a run's folder, networks and the statistics that
normalise their features, which then stay as they are. The run may be of another scenario
and environment; method, LBs, servers, features and the settings of the policy (its
networks and the range of its weights) must be the same, but a universal policy fits any
pool. Where the step interval or the bounds of weights differ there is a warning. What a
checkpoint does not hold begins anew: critics, replay buffer, optimisers and temperature
of a soft actor-critic, whose actor stays as it is for the first sac.critic_rounds rounds;
the mixer and the exploration of qmix-lb and iql-lb (--set qmix.epsilon=0.1 explores less);
the value functions of ippo and mappo; the noise and learning rates of all, at their start.
es and universal search on from the averaged parameters; delay fits its model further and
then chooses on. The folder keeps a copy of the checkpoint, the settings its hash (from).

--continue goes on with a run that is at its end, to more episodes: --set episodes=N;
all else stays as it is. From then on schedules (learning rates, noise) pass up to N: a
rate that had fallen by the first end rises again, to what it is after so many of N.
Where schedules are constant the run becomes, to the same bits, what one of N episodes
from its beginning is. It needs the state of the run's end, which is left where it has at
most 64 MiB, and whatever it has with --keep-state.

With --env testbed agents learn on real traffic: requests go, at their times, through
load balancers on this machine to emulated servers, and an episode takes as long as
it says. --resume goes on in the environment that is given with it.`,
		Example: "  fairlb train train/recipes/demo.yaml --set episodes=64 --seed 2 --out runs/two\n" +
			"  fairlb train --resume --out runs/two\n" +
			"  fairlb train --continue --out runs/two --set episodes=128\n" +
			"  fairlb train demo --from runs/two --set scenario=misweighted/1.0 --out runs/three",
		Args: func(c *cobra.Command, args []string) error {
			if order.Resume || order.Continue {
				return checked(cobra.MaximumNArgs(1))(c, args)
			}
			return checked(cobra.ExactArgs(1))(c, args)
		},
		RunE: func(c *cobra.Command, args []string) error {
			if err := checkEnvironment(where, false); err != nil {
				return err
			}
			if c.Flags().Changed("seed") {
				value := strconv.FormatUint(seed, 10)
				if err := checkGivenOnce("seed", value, set); err != nil {
					return err
				}
				set = append(set, "seed="+value)
			}
			if len(args) > 0 {
				order.File = args[0]
			}
			order.Overrides = set
			training, err := runfolder.New(order)
			if err != nil {
				return err
			}
			if keepState {
				training.FinalState = math.MaxInt64
			}
			release, err := files.Lock(training.Dir)
			if err != nil {
				return err
			}
			defer release()
			training.Command, training.Workers = append([]string{"fairlb"}, a.args...), runtime.GOMAXPROCS(0)
			training.Log, training.Progress = a.log, a.progress
			if where != testbedEnvironment {
				return training.Run(c.Context())
			}
			doubts, first, last := 0, "", ""
			doubted := func(_ uint64, doubt string) {
				if doubts++; doubts == 1 {
					first = doubt
				}
			}
			training.Workers, training.Open = 1, loopback.Training(doubted, func(_ uint64, note string) { last = note })
			training.Rules = func(s scenario.Scenario) train.RuleEnvs { return loopback.RuleTraining(s, doubted) }
			err = training.Run(c.Context())
			if doubts > 0 {
				a.log.Warnf("testbed: this machine did not keep up %s; the first: %s", text.Count(doubts, "time"), first)
			}
			if last != "" {
				a.log.Infof("testbed: in the last episode %s", last)
			}
			if errors.Is(err, loopback.ErrNotLive) {
				return invalid.Errorf("%w", err)
			}
			return err
		},
	}
	c.Flags().StringArrayVar(&set, "set", nil, "path=value, put into the hyperparameters (repeatable)")
	c.Flags().Uint64Var(&seed, "seed", 1, "of weights, exploration and training episodes")
	c.Flags().StringVar(&order.Dir, "out", "", "the run's folder (default runs/METHOD-REWARD-SCENARIO-seedN)")
	c.Flags().StringVar(&where, "env", simulatedEnvironment, "sim, or testbed: real time and real sockets, on this machine")
	c.Flags().BoolVar(&order.Resume, "resume", false, "go on with the run of the folder")
	c.Flags().BoolVar(&order.Continue, "continue", false, "go on with the folder's run, which is at its end, to more episodes")
	c.Flags().StringVar(&order.From, "from", "", "a run's folder, or a checkpoint: begin with its policy")
	c.Flags().BoolVar(&keepState, "keep-state", false, "keep the state at the run's end, however large, for --continue")
	return c
}

// recipeNames lists the shipped recipes in lines of a help text.
func recipeNames() string {
	return "  " + text.Wrap(strings.Join(recipes.Names(), ", "), 76, "  ")
}
