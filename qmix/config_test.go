package qmix

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/agents/nn"
	"fairlb/env"
)

// TestConfigRules breaks each rule once.
func TestConfigRules(t *testing.T) {
	t.Parallel()
	good := DefaultConfig()
	require.NoError(t, good.Validate())
	for want, spoil := range map[string]func(c *Config){
		"levels = [1]: must be at least two":                 func(c *Config) { c.Levels = []float64{1} },
		"levels = [1 0]: must be at least two":               func(c *Config) { c.Levels = []float64{1, 0} },
		`mixer = "none": must be qmix or vdn`:                func(c *Config) { c.Mixer = "none" },
		`mixed = "": must be lbs, heads or servers`:          func(c *Config) { c.Mixed = "" },
		`utility = "": must be quadratic or levels`:          func(c *Config) { c.Utility = "" },
		`mixed = "heads": must be lbs or servers if utility`: func(c *Config) { c.Mixed = Heads },
		"streams = 2: must be in [0, 1]":                     func(c *Config) { c.Streams = 2 },
		"smoothness = NaN: must be finite and not":           func(c *Config) { c.Smoothness = math.NaN() },
		`state = "all": must be concat or mean`:              func(c *Config) { c.State = "all" },
		"mixing = 0: must be in [1, 4096]":                   func(c *Config) { c.Mixing = 0 },
		"hidden = 5000: must be in [1, 4096]":                func(c *Config) { c.Hidden = 5000 },
		"layers = 0: must be in [1, 32]":                     func(c *Config) { c.Layers = 0 },
		"embedding = 0: must be in [1, 1024]":                func(c *Config) { c.Embedding = 0 },
		"gamma = 1: must be in [0, 1)":                       func(c *Config) { c.Gamma = 1 },
		"lambda = NaN: must be in [0, 1]":                    func(c *Config) { c.Lambda = math.NaN() },
		"window = -1: must be in [0, 100000]":                func(c *Config) { c.Window = -1 },
		"batch = 0: must be in [1, 100000]":                  func(c *Config) { c.Batch = 0 },
		"capacity = 0: must be in [1, 1000000]":              func(c *Config) { c.Capacity = 0 },
		"feature_rounds = 0: must be in [1, 1000000000]":     func(c *Config) { c.FeatureRounds = 0 },
		"epsilon = 1.5: must be in [0, 1]":                   func(c *Config) { c.Epsilon = 1.5 },
		"final_epsilon = -1: must be in [0, 1]":              func(c *Config) { c.FinalEpsilon = -1 },
		"epsilon_share = 0: must be in (0, 1]":               func(c *Config) { c.EpsilonShare = 0 },
		"hold = 0.5: must be finite and at least 1":          func(c *Config) { c.Hold = 0.5 },
		"rate = 0: must be positive and finite":              func(c *Config) { c.Rate = 0 },
		`schedule = "sudden": must be constant`:              func(c *Config) { c.Schedule = "sudden" },
		"final_rate = 0: must be in (0, 1]":                  func(c *Config) { c.FinalRate = 0 },
		"warmup = 1: must be in [0, 1)":                      func(c *Config) { c.Warmup = 1 },
		"weight_decay = -1: must be finite and not":          func(c *Config) { c.WeightDecay = -1 },
		"weight_decay = 600: must, times rate, be below 1":   func(c *Config) { c.WeightDecay = 600 },
		"gradient_norm = +Inf: must be finite and not":       func(c *Config) { c.GradientNorm = math.Inf(1) },
		"tau = 0: must be in (0, 1]":                         func(c *Config) { c.Tau = 0 },
		"target_every = -1: must be in [0, 1000000000]":      func(c *Config) { c.TargetEvery = -1 },
		"average = 1: must be in [0, 1)":                     func(c *Config) { c.Average = 1 },
		"action_average = -1: must be in [0, 1000000]":       func(c *Config) { c.ActionAverage = -1 },
	} {
		c := DefaultConfig()
		spoil(&c)
		err := c.Validate()
		require.ErrorIs(t, err, ErrConfig, want)
		require.ErrorContains(t, err, want)
		require.NotContains(t, err.Error(), "\n", want)
	}
	bad := Config{}
	require.Greater(t, len(strings.Split(bad.Validate().Error(), "\n")), 10, "all faults at once")
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	spec := gameSpec()
	cfg := DefaultConfig()
	cfg.Levels = []float64{-1, 3}
	_, err := New(cfg, spec, 1)
	require.ErrorIs(t, err, ErrConfig)
	require.ErrorContains(t, err, "levels = [-1 3]: log-weights in [-1, 3] give weights in [0.3679, 20.09]: must lie in the environment's [0.1, 10]")
	cfg = DefaultConfig()
	cfg.Window, spec.Steps = 0, 0
	_, err = New(cfg, spec, 1)
	require.ErrorContains(t, err, "window = 0: whole episodes")
	_, err = New(DefaultConfig(), env.Spec{}, 1)
	require.ErrorContains(t, err, "0 agents, 0 servers, 0 features")
}

// TestOneUpdate follows the parts of a single update: the rate, the targets
// and the average.
func TestOneUpdate(t *testing.T) {
	t.Parallel()
	furthest := func(x, y []float32) float64 {
		d := 0.0
		for i := range x {
			d = max(d, math.Abs(float64(x[i])-float64(y[i])))
		}
		return d
	}
	for progress, rate := range map[float64]float64{0: 5e-3, 0.5: 2.75e-3, 1: 5e-4} {
		for _, every := range []int{0, 2} {
			cfg := gameConfig(Monotonic, 2)
			cfg.TargetEvery = every
			l, err := New(cfg, gameSpec(), 1)
			require.NoError(t, err)
			explorer, err := l.Explorer()
			require.NoError(t, err)
			ep, _ := play(t, &cfg, explorer, 1, twoStep)
			require.NoError(t, l.Observe(ep))
			n := l.nets
			before := n.values.Clone().Values()
			_, err = l.Update(1, progress)
			require.NoError(t, err)
			// Adam's first step moves each parameter by the rate, where it moves it.
			require.InEpsilon(t, rate, furthest(before, n.values.Values()), 0.01)
			require.InEpsilon(t, 0.1*rate, furthest(before, n.average.Values()), 0.02)
			if every == 0 {
				require.InEpsilon(t, 0.03*rate, furthest(before, n.target.Values()), 0.02)
				continue
			}
			require.Equal(t, before, n.target.Values())
			_, err = l.Update(1, progress)
			require.NoError(t, err)
			require.Equal(t, n.values.Values(), n.target.Values())
		}
	}
}

// TestFirstBias: the level nearest to 0 wins, by little.
func TestFirstBias(t *testing.T) {
	t.Parallel()
	cfg := DefaultConfig()
	cfg.Utility, cfg.Levels = Table, []float64{-0.8, -0.4, 0, 0.4, 0.8}
	l, err := New(cfg, gameSpec(), 1)
	require.NoError(t, err)
	for _, p := range l.Parameters() {
		if p.Name == "lb0.utility.out.bias" {
			require.Equal(t, []float32{0, 0, firstBias, 0, 0}, p.Data)
			return
		}
	}
	t.Fatal(nn.ErrParameter)
}

// TestDoubleChooses: the present utilities choose the next levels, or the
// target networks do.
func TestDoubleChooses(t *testing.T) {
	t.Parallel()
	for _, double := range []bool{true, false} {
		cfg := gameConfig(Monotonic, 3)
		cfg.Double = double
		l, err := New(cfg, gameSpec(), 1)
		require.NoError(t, err)
		for i, arena := range []*nn.Arena{l.nets.values, l.nets.target} {
			for _, p := range arena.Parameters("") {
				if p.Name == "lb1.utility.out.bias" {
					copy(p.Data, [][]float32{{0, 0, 9}, {9, 0, 0}}[i]) // the present choose 2, the target 0
				}
			}
		}
		l.setTargets()
		want := float32(0)
		if double {
			want = 2
		}
		require.Equal(t, want, l.nextValue.action[1].Data()[0])
	}
}
