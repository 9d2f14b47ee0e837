package ppo_test

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/agents/ppo"
	"fairlb/env"
)

// TestConfigErrors breaks each rule.
func TestConfigErrors(t *testing.T) {
	t.Parallel()
	for want, change := range map[string]func(c *ppo.Config){
		`head = "flat": must be gaussian or discrete`:    func(c *ppo.Config) { c.Head = "flat" },
		"box = 0: must be positive":                      func(c *ppo.Config) { c.Box = 0 },
		"sigma = NaN: must be positive":                  func(c *ppo.Config) { c.Sigma = math.NaN() },
		"levels = [1 1]: must be at least two":           func(c *ppo.Config) { c.Levels = []float64{1, 1} },
		"hidden = 5000: must be in [1, 4096]":            func(c *ppo.Config) { c.Hidden = 5000 },
		"layers = 0: must be in [1, 32]":                 func(c *ppo.Config) { c.Layers = 0 },
		"embedding = 0: must be in [1, 1024]":            func(c *ppo.Config) { c.Embedding = 0 },
		"gamma = 1: must be in [0, 1)":                   func(c *ppo.Config) { c.Gamma = 1 },
		"lambda = 1.5: must be in [0, 1]":                func(c *ppo.Config) { c.Lambda = 1.5 },
		`ratio = "both": must be joint or server`:        func(c *ppo.Config) { c.Ratio = "both" },
		"clip = 1: must be in (0, 1)":                    func(c *ppo.Config) { c.Clip = 1 },
		"value_clip = -1: must be finite":                func(c *ppo.Config) { c.ValueClip = -1 },
		"entropy = -1: must be finite":                   func(c *ppo.Config) { c.Entropy = -1 },
		"batch = 0: must be in [1, 100000]":              func(c *ppo.Config) { c.Batch = 0 },
		"feature_rounds = 0: must be in [1, 1000000000]": func(c *ppo.Config) { c.FeatureRounds = 0 },
		"rate = +Inf: must be positive":                  func(c *ppo.Config) { c.Rate = math.Inf(1) },
		"value_rate = 0: must be positive":               func(c *ppo.Config) { c.ValueRate = 0 },
		`schedule = "steps": must be constant, linear`:   func(c *ppo.Config) { c.Schedule = "steps" },
		"final_rate = 0: must be in (0, 1]":              func(c *ppo.Config) { c.FinalRate = 0 },
		"warmup = 1: must be in [0, 1)":                  func(c *ppo.Config) { c.Warmup = 1 },
		"weight_decay = -1: must be finite":              func(c *ppo.Config) { c.WeightDecay = -1 },
		"weight_decay = 600: must, times either rate":    func(c *ppo.Config) { c.WeightDecay = 600 },
		"gradient_norm = -1: must be finite":             func(c *ppo.Config) { c.GradientNorm = -1 },
		"average = 1: must be in [0, 1)":                 func(c *ppo.Config) { c.Average = 1 },
		"log-weights in [-3, 3] give weights in [0.04979, 20.09]: must lie in the environment's [0.1, 10]": func(c *ppo.Config) {
			c.Box = 3
		},
	} {
		cfg := ppo.DefaultConfig()
		change(&cfg)
		_, err := ppo.New(cfg, specOf(1, 2, 1), false, 1)
		require.ErrorIs(t, err, ppo.ErrConfig, want)
		require.ErrorContains(t, err, want)
	}
	_, err := ppo.New(ppo.Config{}, env.Spec{}, true, 1)
	require.Greater(t, strings.Count(err.Error(), "\n"), 10, "every fault is named: %v", err)
	defaults := ppo.DefaultConfig()
	require.NoError(t, defaults.Validate())
}
