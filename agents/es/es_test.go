package es

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/agents"
	"fairlb/agents/nn"
	"fairlb/env"
	"fairlb/replay"
)

// TestNoise: trials of a pair have opposite noise, of mean 0 and variance 1;
// pairs and streams differ.
func TestNoise(t *testing.T) {
	t.Parallel()
	noise := func(seed, stream uint64) []float64 {
		dst := make([]float64, 1000)
		Noise(dst, seed, stream)
		return dst
	}
	a, b := noise(10, 1), noise(11, 1)
	var mean, square float64
	for k := range a {
		require.Equal(t, a[k], -b[k])
		mean += a[k] / 1000
		square += a[k] * a[k] / 1000
	}
	require.InDelta(t, 0, mean, 0.15)
	require.InDelta(t, 1, square, 0.25)
	require.NotEqual(t, a, noise(12, 1))
	require.NotEqual(t, a, noise(10, 2))
}

// TestLimit: a pair that differs by more than the limit counts as one that differs by it.
func TestLimit(t *testing.T) {
	t.Parallel()
	step := func(a, b float64) (norm float64, values []float32) {
		s := NewSearch(make([]float32, 2), 4)
		s.Limit(0.03)
		s.Observe(14, a)
		s.Observe(15, b)
		norm, err := s.Step(0.1, 0)
		require.NoError(t, err)
		return norm, s.Values
	}
	limit, worse := step(-1.03, -0.97)
	more, same := step(-9, -1)
	require.InEpsilon(t, limit, more, 1e-6)
	require.Equal(t, worse, same)
	more, better := step(-1, -9)
	require.InEpsilon(t, limit, more, 1e-6)
	require.Equal(t, worse[0], -better[0], "the other way round")
	less, _ := step(-1.01, -0.99)
	require.InEpsilon(t, limit/3, less, 1e-6)
}

// TestSearchGradient: by hand, with a fitness that is linear in the parameters.
func TestSearchGradient(t *testing.T) {
	t.Parallel()
	s := NewSearch([]float32{0, 0, 0}, 4)
	noise, want := make([]float64, 3), make([]float64, 3)
	for _, pair := range []uint64{7, 9} {
		Noise(noise, 2*pair, 4)
		f := 0.3*noise[0] - 0.1*noise[2] // of a trial about 5
		s.Observe(2*pair+1, 5-f)         // in either order
		require.Equal(t, int(pair-7)/2, s.Pairs(), "half a pair is none")
		s.Observe(2*pair+1, -1000) // and a trial that comes twice counts once
		s.Observe(2*pair, 5+f)
		for k, e := range noise {
			want[k] -= 2 * f / 10 * e / 4
		}
	}
	require.Equal(t, 2, s.Pairs())
	norm, err := s.Step(0.1, 0)
	require.NoError(t, err)
	length := 0.0
	for k, g := range want {
		length += g * g
		require.InDelta(t, -0.1*math.Copysign(1, g), s.Values[k], 1e-4, "Adam's first step")
	}
	require.InDelta(t, math.Sqrt(length), norm, 1e-6)
	require.Equal(t, s.Values, s.Average)

	norm, err = s.Step(0.1, 0) // nothing was seen since
	require.NoError(t, err)
	require.Zero(t, norm)

	before := slices.Clone(s.Values)
	s.Observe(20, 0)
	s.Observe(21, 0)
	_, err = s.Step(0.1, 0.5)
	require.NoError(t, err)
	s.Observe(30, math.NaN())
	s.Observe(31, 1)
	values := slices.Clone(s.Values)
	_, err = s.Step(0.1, 0.5)
	require.ErrorIs(t, err, nn.ErrDiverged)
	require.Equal(t, values, s.Values)
	require.NotEqual(t, before, s.Values, "momentum goes on where pairs say nothing")
}

// world is the spec of LBs that see a count and a delay.
func world(lbs, servers int) env.Spec {
	return env.Spec{
		Agents: lbs, Servers: servers, StepInterval: 1, Steps: 4,
		Features: []env.Feature{{Name: "ongoing", Unit: "requests"}, {Name: "elapsed", Unit: "s"}},
		Action:   env.ActionSpec{Low: math.Exp(-3), High: math.Exp(3)},
	}
}

// play returns an episode of random observations in which LB i earns what
// reward says of its log-weights u and what it saw.
func play(t *testing.T, spec env.Spec, actor agents.Actor, seed uint64, reward func(lb int, u []float64, obs []float32) float64) *replay.Episode {
	t.Helper()
	shape := replay.Shape{Agents: spec.Agents, Servers: spec.Servers, Features: len(spec.Features)}
	ep := replay.NewEpisode(shape, spec.Steps)
	ep.Seed, ep.Steps = seed, spec.Steps
	actor.Reset(seed)
	rng := rand.New(rand.NewPCG(seed/Trials, 77))
	dst := make([][]float64, spec.Agents)
	for i := range dst {
		dst[i] = make([]float64, spec.Servers)
	}
	observe := func() [][]float32 {
		var obs [][]float32
		for range spec.Agents {
			row := make([]float32, spec.Servers*len(spec.Features))
			for k := range row {
				row[k] = rng.Float32()
			}
			obs = append(obs, row)
			ep.Obs = append(ep.Obs, row...)
		}
		return obs
	}
	obs := observe()
	for range spec.Steps {
		require.NoError(t, actor.Act(dst, &env.Step{Obs: obs}))
		require.NoError(t, spec.CheckActions(dst))
		for i, row := range dst {
			u := make([]float64, len(row))
			for j, w := range row {
				u[j] = math.Log(w)
				ep.LogWeight = append(ep.LogWeight, float32(u[j]))
			}
			r := reward(i, u, obs[i])
			ep.Reward = append(ep.Reward, float32(r))
			for range row {
				ep.ServerReward = append(ep.ServerReward, float32(r)/float32(len(row)))
			}
		}
		obs = observe()
	}
	ep.Load = make([]float32, (spec.Steps+1)*spec.Agents*spec.Servers)
	return ep
}

// trained returns a learner after rounds of eight pairs.
func trained(t *testing.T, cfg Config, spec env.Spec, run uint64, rounds int, reward func(lb int, u []float64, obs []float32) float64) *Learner {
	t.Helper()
	l, err := New(cfg, spec)
	require.NoError(t, err)
	for round := range rounds {
		actor, err := l.Explorer()
		require.NoError(t, err)
		for trial := range uint64(16) {
			require.NoError(t, l.Observe(play(t, spec, actor, run*100_000+uint64(round)*16+trial, reward)))
		}
		stats, err := l.Update(1, float64(round+1)/float64(rounds))
		require.NoError(t, err)
		require.Contains(t, stats, "fitness/0")
	}
	return l
}

// want is the log-weight that earns most: an offset and a part of what is seen
// of the server, centred; each LB has another.
func want(lb int, obs []float32) []float64 {
	offsets := [][]float64{{0.5, -0.2, -0.3}, {-0.4, 0.1, 0.3}}[lb]
	u := slices.Clone(offsets)
	mean := 0.0
	for j := range u {
		u[j] -= 0.5 * math.Log1p(float64(obs[2*j+1]))
		mean += u[j] / 3
	}
	for j := range u {
		u[j] -= mean
	}
	return u
}

func distance(u, best []float64) float64 {
	sum := 0.0
	for j := range u {
		sum += (u[j] - best[j]) * (u[j] - best[j])
	}
	return sum
}

// TestLearns: each LB finds its own best policy of offsets and features, from
// its own reward alone, though the other's noise is part of it.
func TestLearns(t *testing.T) {
	t.Parallel()
	spec := world(2, 3)
	var last [2][]float64
	reward := func(lb int, u []float64, obs []float32) float64 {
		last[lb] = u
		other := 0.0
		if v := last[1-lb]; v != nil {
			other = 0.2 * v[0] * v[0]
		}
		return -1 - 5*distance(u, want(lb, obs)) - other
	}
	cfg := DefaultConfig()
	l := trained(t, cfg, spec, 1, 400, reward)
	check := func(actor agents.Actor) float64 {
		worst := 0.0
		play(t, spec, actor, 5_000_001, func(lb int, u []float64, obs []float32) float64 {
			worst = max(worst, math.Sqrt(distance(u, want(lb, obs))))
			return 0
		})
		return worst
	}
	policy, err := l.Policy()
	require.NoError(t, err)
	require.Less(t, check(policy), 0.1)

	cfg.Features = false
	l = trained(t, cfg, spec, 1, 400, reward)
	policy, err = l.Policy()
	require.NoError(t, err)
	require.Greater(t, check(policy), 0.1, "without features it cannot follow what is seen")
	require.Len(t, l.lbs[0].search.Values, 3)
}

// TestFitness: the first LB can earn more at the second's cost. Judged by its
// own rewards it does; judged by the team's it comes to what is best for both.
func TestFitness(t *testing.T) {
	t.Parallel()
	const cost = 4
	spec := world(2, 3)
	for fitness, want := range map[Fitness][2]float64{Own: {0.5, 0.5}, Team: {0.5 - cost/10., 0.5}} {
		var first float64
		cfg := DefaultConfig()
		cfg.Fitness, cfg.Features = fitness, false
		l := trained(t, cfg, spec, 2, 600, func(lb int, u []float64, _ []float32) float64 {
			r := -10 - 5*(u[0]-0.5)*(u[0]-0.5)
			if lb == 0 {
				first = u[0]
				return r
			}
			return r - cost*first
		})
		policy, err := l.Policy()
		require.NoError(t, err)
		play(t, spec, policy, 0, func(lb int, u []float64, _ []float32) float64 {
			require.InDelta(t, want[lb], u[0], 0.06, "%s, LB %d", fitness, lb)
			return 0
		})
	}
}

// TestDeterminism: runs of the same seeds are the same bits; the policy that
// is evaluated ignores seeds; explorers of other trials differ.
func TestDeterminism(t *testing.T) {
	t.Parallel()
	spec := world(2, 3)
	reward := func(_ int, u []float64, _ []float32) float64 { return -1 - u[0]*u[0] }
	a, b := trained(t, DefaultConfig(), spec, 1, 6, reward), trained(t, DefaultConfig(), spec, 1, 6, reward)
	require.Equal(t, a.Parameters(), b.Parameters())
	require.NotEqual(t, a.Parameters(), trained(t, DefaultConfig(), spec, 2, 6, reward).Parameters())

	act := func(actor agents.Actor, seed uint64) []float64 {
		var got []float64
		ep := play(t, spec, actor, seed, func(lb int, u []float64, _ []float32) float64 {
			got = append(got, u...)
			return 0
		})
		require.NoError(t, ep.Validate())
		return got
	}
	policy, err := a.Policy()
	require.NoError(t, err)
	require.Equal(t, act(policy, 6), act(policy, 7), "a pair sees the same, and the policy has no noise")
	explorer, err := a.Explorer()
	require.NoError(t, err)
	require.Equal(t, act(explorer, 6), act(explorer, 6))
	require.NotEqual(t, act(explorer, 6), act(explorer, 7))
}

// TestPermutes: servers in another order have their weights in that order, and
// LBs that swap what they learned and see swap what they do.
func TestPermutes(t *testing.T) {
	t.Parallel()
	spec := world(2, 3)
	a, err := New(DefaultConfig(), spec)
	require.NoError(t, err)
	b, err := New(DefaultConfig(), spec)
	require.NoError(t, err)
	rng := rand.New(rand.NewPCG(1, 1))
	order := []int{2, 0, 1}
	for i, x := range a.lbs {
		y := b.lbs[1-i].search.Average
		for k := range x.search.Average {
			x.search.Average[k] = float32(0.3 * rng.NormFloat64())
		}
		for j, from := range order {
			y[j] = x.search.Average[from]
		}
		copy(y[3:], x.search.Average[3:])
	}
	obs, swapped := make([][]float32, 2), make([][]float32, 2)
	for i := range obs {
		obs[i], swapped[1-i] = make([]float32, 6), make([]float32, 6)
		for k := range obs[i] {
			obs[i][k] = rng.Float32()
		}
		for j, from := range order {
			copy(swapped[1-i][2*j:2*j+2], obs[i][2*from:])
		}
	}
	act := func(l *Learner, obs [][]float32) [][]float64 {
		policy, err := l.Policy()
		require.NoError(t, err)
		dst := [][]float64{make([]float64, 3), make([]float64, 3)}
		require.NoError(t, policy.Act(dst, &env.Step{Obs: obs}))
		return dst
	}
	first, second := act(a, obs), act(b, swapped)
	for i := range first {
		for j, from := range order {
			require.InDelta(t, first[i][from], second[1-i][j], 1e-9)
		}
	}
}

// TestRefuses: each fault is named.
func TestRefuses(t *testing.T) {
	t.Parallel()
	spec := world(2, 3)
	for field, spoil := range map[string]func(*Config){
		"scale":          func(c *Config) { c.Scale = 0 },
		"box":            func(c *Config) { c.Box = math.Inf(1) },
		"fitness":        func(c *Config) { c.Fitness = "both" },
		"sigma":          func(c *Config) { c.Sigma = -1 },
		"final_sigma":    func(c *Config) { c.FinalSigma = 0 },
		"rate":           func(c *Config) { c.Rate = math.NaN() },
		"schedule":       func(c *Config) { c.Schedule = "none" },
		"final_rate":     func(c *Config) { c.FinalRate = 0 },
		"average":        func(c *Config) { c.Average = 1 },
		"feature_rounds": func(c *Config) { c.FeatureRounds = 0 },
	} {
		cfg := DefaultConfig()
		spoil(&cfg)
		_, err := New(cfg, spec)
		require.ErrorIs(t, err, ErrConfig, field)
		require.ErrorContains(t, err, field+" = ")
	}
	cfg := DefaultConfig()
	cfg.Box = 3.1
	_, err := New(cfg, spec)
	require.ErrorContains(t, err, "box = 3.1")
	_, err = New(DefaultConfig(), env.Spec{})
	require.ErrorIs(t, err, ErrConfig)

	l, err := New(DefaultConfig(), spec)
	require.NoError(t, err)
	_, err = l.Update(0, 0.5)
	require.ErrorContains(t, err, "n = 0")
	_, err = l.Update(1, 0.5)
	require.ErrorIs(t, err, replay.ErrEmpty)
	require.ErrorContains(t, l.Observe(replay.NewEpisode(replay.Shape{Agents: 1, Servers: 3, Features: 2}, 1)), "want {")
	policy, err := l.Policy()
	require.NoError(t, err)
	require.ErrorContains(t, policy.Act([][]float64{{0, 0, 0}}, &env.Step{}), "for 2 LBs")
}
