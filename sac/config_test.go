package sac_test

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/agents/policy"
	"fairlb/env"
	"fairlb/replay"
	"fairlb/sac"
)

func TestConfigErrors(t *testing.T) {
	t.Parallel()
	nan := math.NaN()
	for want, change := range map[string]func(c *sac.Config){
		`head = "flat": must be gaussian or discrete`:                                  func(c *sac.Config) { c.Head = "flat" },
		"box = 0: must be positive":                                                    func(c *sac.Config) { c.Box = 0 },
		"sigma = NaN: must be positive":                                                func(c *sac.Config) { c.Sigma = nan },
		"levels = [0.1]: must be at least two":                                         func(c *sac.Config) { c.Levels = []float64{.1} },
		"levels = [0.1 0]: must be":                                                    func(c *sac.Config) { c.Levels = []float64{.1, 0} },
		"entropy_share = 1: must be in (0, 1)":                                         func(c *sac.Config) { c.EntropyShare = 1 },
		`discrete = "no": must be exact or straight-through`:                           func(c *sac.Config) { c.Discrete = "no" },
		"hidden = 0: must be in [1, 4096]":                                             func(c *sac.Config) { c.Hidden = 0 },
		"layers = 0: must be in [1, 32]":                                               func(c *sac.Config) { c.Layers = 0 },
		"embedding = 0: must be in [1, 1024]":                                          func(c *sac.Config) { c.Embedding = 0 },
		"hidden = 1000000000: must be in [1, 4096]":                                    func(c *sac.Config) { c.Hidden = 1e9 },
		"layers = 1000000000: must be in [1, 32]":                                      func(c *sac.Config) { c.Layers = 1e9 },
		"embedding = 1000000000000: must be in [1, 1024]":                              func(c *sac.Config) { c.Embedding = 1e12 },
		"batch = 9000000000000000: must be in [1, 100000]":                             func(c *sac.Config) { c.Batch = 9e15 },
		"gamma = 1: must be in [0, 1)":                                                 func(c *sac.Config) { c.Gamma = 1 },
		"n_step = 0: must be in [1, 1000]":                                             func(c *sac.Config) { c.NStep = 0 },
		`final_sigma = -1: must be finite and not negative`:                            func(c *sac.Config) { c.FinalSigma = -1 },
		`advantage_scale = -1: must be finite and not negative`:                        func(c *sac.Config) { c.AdvantageScale = -1 },
		`hold = -1: must be in [0, 1000000]`:                                           func(c *sac.Config) { c.Hold = -1 },
		`paired = true: must be false where head is discrete`:                          func(c *sac.Config) { c.Paired, c.Head = true, policy.Discrete },
		`baseline = "no": must be none, advantage or difference`:                       func(c *sac.Config) { c.Baseline = "no" },
		`baseline = "difference": must be none where network is recurrent`:             func(c *sac.Config) { c.Baseline, c.Network = sac.Difference, sac.Recurrent },
		`baseline = "advantage": must not be advantage where a discrete head is exact`: func(c *sac.Config) { c.Baseline, c.Head = sac.Advantage, policy.Discrete },
		"smoothness = -1: must be finite":                                              func(c *sac.Config) { c.Smoothness = -1 },
		"batch = 0: must be in [1, 100000]":                                            func(c *sac.Config) { c.Batch = 0 },
		"capacity = 0: must be in [1, 1000000]":                                        func(c *sac.Config) { c.Capacity = 0 },
		"priority = 1.5: must be in [0, 1]":                                            func(c *sac.Config) { c.Priority = 1.5 },
		"priority_beta = NaN: must be in [0, 1]":                                       func(c *sac.Config) { c.PriorityBeta = nan },
		"critic_rounds = -1: must be in [0, 1000000000]":                               func(c *sac.Config) { c.CriticRounds = -1 },
		"feature_rounds = 0: must be in [1, 1000000000]":                               func(c *sac.Config) { c.FeatureRounds = 0 },
		"rate = +Inf: must be positive and finite":                                     func(c *sac.Config) { c.Rate = math.Inf(1) },
		"final_rate = 0: must be in (0, 1]":                                            func(c *sac.Config) { c.FinalRate = 0 },
		`schedule = "steps": must be constant, linear`:                                 func(c *sac.Config) { c.Schedule = "steps" },
		"warmup = 1: must be in [0, 1)":                                                func(c *sac.Config) { c.Warmup = 1 },
		"weight_decay = -1: must be finite":                                            func(c *sac.Config) { c.WeightDecay = -1 },
		"weight_decay = 500: must, times rate, be below 1":                             func(c *sac.Config) { c.WeightDecay = 500 },
		"gradient_norm = NaN: must be finite":                                          func(c *sac.Config) { c.GradientNorm = nan },
		"tau = 0: must be in (0, 1]":                                                   func(c *sac.Config) { c.Tau = 0 },
		"average = 1: must be in [0, 1)":                                               func(c *sac.Config) { c.Average = 1 },
		"alpha = 2: must be in [alpha_min, alpha_max]":                                 func(c *sac.Config) { c.Alpha = 2 },
		"alpha_min = 0: must be positive":                                              func(c *sac.Config) { c.AlphaMin = 0 },
		"alpha_max = NaN: must be positive":                                            func(c *sac.Config) { c.AlphaMax = nan },
		"alpha_rate = -1: must be finite":                                              func(c *sac.Config) { c.AlphaRate = -1 },
		"box = 3: log-weights in [-3, 3] give weights in [0.04979, 20.09]: must lie in the environment's [0.1, 10]": func(c *sac.Config) {
			c.Box = 3
		},
	} {
		cfg := sac.DefaultConfig()
		change(&cfg)
		_, err := sac.New(cfg, specOf(1, 2, 1), 1)
		require.ErrorIs(t, err, sac.ErrConfig, want)
		require.ErrorContains(t, err, want)
	}
	_, err := sac.New(sac.Config{}, env.Spec{}, 1)
	require.Greater(t, strings.Count(err.Error(), "\n"), 10, "every fault is named: %v", err)
	defaults := sac.DefaultConfig()
	require.NoError(t, defaults.Validate())
}

func TestLearnerErrors(t *testing.T) {
	t.Parallel()
	spec := specOf(2, 3, 2)
	l := newLearner(t, config(policy.Gaussian), spec, 1)
	_, err := l.Update(1, 0)
	require.ErrorIs(t, err, replay.ErrEmpty)
	_, err = l.Update(0, 0)
	require.ErrorContains(t, err, "n = 0")
	_, err = l.Update(1, 1.1)
	require.ErrorContains(t, err, "progress = 1.1")
	require.Error(t, l.Observe(replay.NewEpisode(replay.Shape{Agents: 1, Servers: 1, Features: 1}, 0)))

	policy, err := l.Policy()
	require.NoError(t, err)
	obs := observation(spec, 1)
	require.ErrorContains(t, policy.Act(grid[float64](1, 3), &env.Step{Obs: obs}), "for 2 LBs")
	require.ErrorContains(t, policy.Act(grid[float64](2, 4), &env.Step{Obs: obs}), "LB 0: 4 weights")
	obs[1][3] = float32(math.NaN())
	require.ErrorContains(t, policy.Act(grid[float64](2, 3), &env.Step{Obs: obs}),
		"LB 1: feature ongoing of server 1 is NaN: must be finite")
}
