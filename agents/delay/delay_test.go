package delay

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/agents"
	"fairlb/agents/es"
	"fairlb/agents/nn"
	"fairlb/agents/nn/nntest"
	"fairlb/env"
	"fairlb/env/envtest"
	"fairlb/env/parallel"
	"fairlb/replay"
)

func TestKernels(t *testing.T) {
	t.Parallel()
	counts := nntest.Input{Shape: []int{6, 1}, Constant: true, Draw: func(rng *rand.Rand) float32 { return float32(rng.IntN(4)) }}
	times := nntest.Input{Shape: []int{6, 1}, Constant: true, Draw: func(rng *rand.Rand) float32 { return 3 * rng.Float32() }}
	nntest.Kernel(t, func() nn.Kernel { return new(offset) }, nntest.Of(6, 1), nntest.Of(3))
	nntest.Kernel(t, func() nn.Kernel { return new(likelihood) }, nntest.Of(6, 1), counts, times)

	// By hand: two flows of 3 s in all at u = 0 and one of 1 s at u = log 2.
	out := make([]float32, 1)
	new(likelihood).Forward(out, [][]float32{{0, math.Ln2}, {2, 1}, {3, 1}})
	require.InDelta(t, (3+2-math.Ln2)/3, out[0], 1e-6)

	for name, bind := range map[string]func() ([]int, error){
		"offset of no whole states": func() ([]int, error) { return new(offset).Bind([]int{7, 1}, []int{3}) },
		"offset of two columns":     func() ([]int, error) { return new(offset).Bind([]int{6, 2}, []int{3}) },
		"offset alone":              func() ([]int, error) { return new(offset).Bind([]int{6, 1}) },
		"likelihood of two":         func() ([]int, error) { return new(likelihood).Bind([]int{6, 1}, []int{6, 1}) },
		"likelihood of other rows":  func() ([]int, error) { return new(likelihood).Bind([]int{6, 1}, []int{5, 1}, []int{6, 1}) },
	} {
		_, err := bind()
		require.ErrorIs(t, err, nn.ErrShape, name)
	}
}

// world is the spec of LBs that see the count of ongoing requests and noise.
func world(lbs, servers int) env.Spec {
	return env.Spec{
		Agents: lbs, Servers: servers, StepInterval: 1, Steps: 50,
		Features: []env.Feature{{Name: "ongoing", Unit: "requests"}, {Name: "noise", Unit: "1"}},
		Action:   env.ActionSpec{Low: math.Exp(-3), High: math.Exp(3)},
	}
}

// blank returns an episode of random observations.
func blank(spec env.Spec, rng *rand.Rand) *replay.Episode {
	shape := replay.Shape{Agents: spec.Agents, Servers: spec.Servers, Features: len(spec.Features)}
	n := spec.Agents * spec.Servers
	ep := replay.NewEpisode(shape, spec.Steps)
	ep.Steps, ep.Seed = spec.Steps, rng.Uint64()
	ep.Obs = make([]float32, (ep.Steps+1)*n*shape.Features)
	for i := range ep.Obs {
		ep.Obs[i] = rng.Float32()
	}
	ep.LogWeight, ep.ServerReward = make([]float32, ep.Steps*n), make([]float32, ep.Steps*n)
	ep.Reward, ep.Load = make([]float32, ep.Steps*spec.Agents), make([]float32, (ep.Steps+1)*n)
	return ep
}

// queues returns an episode in which each LB has M/M/1 queues of the given
// speeds to itself: Poisson arrivals at 0.6 of the speed, so that a flow which
// meets q others takes (q+1) / speed on average.
func queues(spec env.Spec, speeds []float64, rng *rand.Rand) *replay.Episode {
	ep := blank(spec, rng)
	for lb := range spec.Agents {
		for j, speed := range speeds {
			var ends []float64 // of the flows so far, in order
			for now := rng.ExpFloat64() / (0.6 * speed); now < float64(ep.Steps); now += rng.ExpFloat64() / (0.6 * speed) {
				q := 0
				for _, end := range ends {
					if end > now {
						q++
					}
				}
				start := now
				if q > 0 {
					start = ends[len(ends)-1]
				}
				end := start + rng.ExpFloat64()/speed
				ends = append(ends, end)
				ep.AddFlow(int(now), lb, j, q, end-now)
			}
		}
	}
	ep.End()
	return ep
}

// fitted returns a learner of flows through queues of the given speeds, after
// rounds of the fit.
func fitted(t *testing.T, cfg Config, spec env.Spec, speeds []float64, seed uint64) *Learner {
	t.Helper()
	l, err := New(cfg, spec, seed)
	require.NoError(t, err)
	rng := rand.New(rand.NewPCG(seed, 9))
	for range 100 {
		require.NoError(t, l.Observe(queues(spec, speeds, rng)))
	}
	for k := range 20 {
		stats, err := l.Update(30, float64(k+1)/20*cfg.Fit)
		require.NoError(t, err)
		require.Contains(t, stats, "loss/0")
	}
	return l
}

// logWeights returns the log-weights of an actor for observations of 0.5.
func logWeights(t *testing.T, a agents.Actor, spec env.Spec) [][]float64 {
	t.Helper()
	step := env.Step{}
	dst := grid(spec.Agents, spec.Servers)
	for range dst {
		obs := make([]float32, spec.Servers*len(spec.Features))
		for i := range obs {
			obs[i] = 0.5
		}
		step.Obs = append(step.Obs, obs)
	}
	require.NoError(t, a.Act(dst, &step))
	require.NoError(t, spec.CheckActions(dst))
	for _, row := range dst {
		for j := range row {
			row[j] = math.Log(row[j])
		}
	}
	return dst
}

func small() Config {
	cfg := DefaultConfig()
	cfg.Box, cfg.Kappa, cfg.Batch, cfg.Hidden = 2.5, 1, 64, 8
	return cfg
}

// TestRecoversSpeeds: from flows alone, without and with a network, the
// log-weights are the log-speeds, to 0.08, and kappa shrinks them.
func TestRecoversSpeeds(t *testing.T) {
	t.Parallel()
	speeds := []float64{0.5, 1, 2, 3}
	spec := world(2, len(speeds))
	mean := 0.0
	for _, s := range speeds {
		mean += math.Log(s) / 4
	}
	for _, layers := range []int{0, 2} {
		for _, kappa := range []float64{1, 0.5} {
			cfg := small()
			cfg.Layers, cfg.Kappa = layers, kappa
			l := fitted(t, cfg, spec, speeds, 3)
			policy, err := l.Policy()
			require.NoError(t, err)
			for i, row := range logWeights(t, policy, spec) {
				for j, u := range row {
					require.InDelta(t, kappa*(math.Log(speeds[j])-mean), u, 0.08*kappa, "%d layers, LB %d, server %d", layers, i, j)
				}
			}
		}
	}
}

// TestUntrainedIsLeastQueue: before the first update weights are all but equal.
func TestUntrainedIsLeastQueue(t *testing.T) {
	t.Parallel()
	spec := world(2, 3)
	l, err := New(small(), spec, 1)
	require.NoError(t, err)
	policy, err := l.Policy()
	require.NoError(t, err)
	for _, row := range logWeights(t, policy, spec) {
		for _, u := range row {
			require.InDelta(t, 0, u, 0.05)
		}
	}
}

// TestServersPermute: servers in another order, with what is particular to a
// server in that order too, have their weights in that order.
func TestServersPermute(t *testing.T) {
	t.Parallel()
	order := []int{2, 0, 3, 1} // server j of the second is order[j] of the first
	const features = 2
	spec := world(1, len(order))
	cfg := small()
	a, err := New(cfg, spec, 1)
	require.NoError(t, err)
	b, err := New(cfg, spec, 1)
	require.NoError(t, err)
	permute := func(x []float32) []float32 {
		width := len(x) / len(order)
		var y []float32
		for _, j := range order {
			y = append(y, x[j*width:(j+1)*width]...)
		}
		return y
	}
	byServer := func(l *Learner) [][]float32 {
		var out [][]float32
		for _, p := range l.Parameters() {
			if p.Name == "lb0.offset" || p.Name == "lb0.net.embedding" {
				out = append(out, p.Data)
			}
		}
		require.Len(t, out, 2)
		return out
	}
	for k, data := range byServer(b) {
		copy(data, permute(byServer(a)[k]))
	}
	rng := rand.New(rand.NewPCG(4, 4))
	obs := make([]float32, len(order)*features)
	for i := range obs {
		obs[i] = rng.Float32()
	}
	for range 20 { // the same episodes, in both orders of the servers
		ep := queues(spec, []float64{1, 2, 0.7, 3}, rng)
		other := *ep
		other.Obs, other.Flows, other.FlowDelay = nil, nil, nil
		for row := range ep.Steps + 1 {
			other.Obs = append(other.Obs, permute(ep.Obs[row*len(obs):(row+1)*len(obs)])...)
		}
		for row := range ep.Steps {
			first := row * len(order)
			other.Flows = append(other.Flows, permute(ep.Flows[first:first+4])...)
			other.FlowDelay = append(other.FlowDelay, permute(ep.FlowDelay[first:first+4])...)
		}
		require.NoError(t, a.Observe(ep))
		require.NoError(t, b.Observe(&other))
	}
	weights := func(l *Learner, obs []float32) []float64 {
		_, err := l.Update(10, 0.1)
		require.NoError(t, err)
		policy, err := l.Policy()
		require.NoError(t, err)
		dst := grid(1, len(order))
		require.NoError(t, policy.Act(dst, &env.Step{Obs: [][]float32{obs}}))
		return dst[0]
	}
	first, second := weights(a, obs), weights(b, permute(obs))
	for j := range order {
		require.InDelta(t, first[order[j]], second[j], 1e-3)
	}
	require.Greater(t, slices.Max(first)-slices.Min(first), 0.03, "the check would pass on equal weights")
}

// TestSameSeed: the same seed gives the same bits, another other ones.
func TestSameSeed(t *testing.T) {
	t.Parallel()
	spec := world(2, 3)
	speeds := []float64{1, 2, 3}
	a, b := fitted(t, small(), spec, speeds, 5), fitted(t, small(), spec, speeds, 5)
	require.Equal(t, a.Parameters(), b.Parameters())
	require.NotEqual(t, a.Parameters(), fitted(t, small(), spec, speeds, 6).Parameters())

	l, err := New(small(), spec, 1)
	require.NoError(t, err)
	noise := func(seed uint64) [][]float64 {
		e, err := l.Explorer()
		require.NoError(t, err)
		e.Reset(3)
		e.Reset(seed)
		return logWeights(t, e, spec)
	}
	require.Equal(t, noise(8), noise(8))
	require.NotEqual(t, noise(8), noise(10))
}

// crowd returns an episode in which LB i always has ongoing[i] requests.
func crowd(spec env.Spec, seed uint64, ongoing ...float32) *replay.Episode {
	ep := blank(spec, rand.New(rand.NewPCG(1, 1)))
	ep.Seed = seed
	for row := range ep.Steps + 1 {
		for lb, q := range ongoing {
			for j := range spec.Servers {
				ep.Obs[((row*spec.Agents+lb)*spec.Servers+j)*len(spec.Features)] = q / float32(spec.Servers)
			}
		}
	}
	return ep
}

// TestChooses: with the model frozen, each LB moves kappa and the corrections
// to where it had fewer ongoing requests of its own, over pairs of trials; what
// was played before, and half a pair, have no say.
func TestChooses(t *testing.T) { testChooses(t, es.Own, 0) }

// TestChoosesForAll: what an LB's kappa costs the other LB has a say if all
// LBs' requests are what it is chosen by.
func TestChoosesForAll(t *testing.T) { testChooses(t, es.Team, 6) }

// testChooses lets an LB's kappa cost the other LB so many requests a unit.
func testChooses(t *testing.T, fitness es.Fitness, harm float64) {
	t.Parallel()
	spec := world(2, 3)
	cfg := small()
	cfg.Fit, cfg.ChoiceRate, cfg.Average, cfg.Fitness = 0.1, 0.05, 0.9, fitness
	l, err := New(cfg, spec, 1)
	require.NoError(t, err)
	require.Equal(t, 2, l.Trials())
	rng := rand.New(rand.NewPCG(2, 2))
	require.NoError(t, l.Observe(queues(spec, []float64{1, 2, 4}, rng)))
	_, err = l.Update(200, cfg.Fit)
	require.NoError(t, err)
	require.True(t, l.frozen)
	before := slices.Clone(l.lbs[0].arena.Values())
	require.Equal(t, []float32{1, 0, 0, 0}, l.lbs[0].choice.Values, "the fit moved the choice")

	// Each LB's requests grow with the distance of its choice from one of its
	// own, which a real pool would hide.
	best := [][]float64{{0.6, 0.2, 0, -0.2}, {0.9, -0.3, 0.1, 0.2}}
	noise := make([]float64, 4)
	for step := range 200 {
		for pair := range uint64(8) {
			for half := range uint64(2) {
				seed := 2*(uint64(step)*8+pair) + half
				q := []float32{20, 20}
				for i, m := range l.lbs {
					es.Noise(noise, seed, uint64(i))
					for k, b := range best[i] {
						value := float64(m.choice.Values[k]) + l.sigma*noise[k]
						q[i] += float32(10 * (value - b) * (value - b))
						if k == 0 {
							q[1-i] += float32(harm * value)
						}
					}
				}
				require.NoError(t, l.Observe(crowd(spec, seed, q...)))
			}
		}
		stats, err := l.Update(1, cfg.Fit+(1-cfg.Fit)*float64(step+1)/200)
		require.NoError(t, err)
		require.NotContains(t, stats, "loss/0", "a frozen model")
	}
	for i, m := range l.lbs {
		for k, b := range best[i] {
			if k == 0 {
				b -= harm / 20
			}
			require.InDelta(t, b, m.choice.Average[k], 0.05, "LB %d, %d", i, k)
		}
	}
	require.Equal(t, before, l.lbs[0].arena.Values(), "a frozen model")
	require.InDelta(t, cfg.FinalSigma, l.sigma, 1e-12)

	chosen := slices.Clone(l.lbs[0].choice.Values)
	require.NoError(t, l.Observe(crowd(spec, 4000, 1, 1)))
	require.NoError(t, l.Observe(crowd(spec, 4000, 900, 900)))
	_, err = l.Update(1, 1)
	require.NoError(t, err)
	require.Equal(t, chosen, l.lbs[0].choice.Values, "half a pair, however often, has no say")
}

// TestRefuses: each fault is named.
func TestRefuses(t *testing.T) {
	t.Parallel()
	spec := world(2, 3)
	for field, spoil := range map[string]func(*Config){
		"kappa":          func(c *Config) { c.Kappa = -1 },
		"fitness":        func(c *Config) { c.Fitness = "both" },
		"sigma":          func(c *Config) { c.Sigma = 0 },
		"final_sigma":    func(c *Config) { c.FinalSigma = 0 },
		"choice_rate":    func(c *Config) { c.ChoiceRate = -1 },
		"average":        func(c *Config) { c.Average = 1 },
		"noise":          func(c *Config) { c.Noise = -1 },
		"fit":            func(c *Config) { c.Fit = 0 },
		"box":            func(c *Config) { c.Box = math.NaN() },
		"layers":         func(c *Config) { c.Layers = 33 },
		"hidden":         func(c *Config) { c.Hidden = 0 },
		"embedding":      func(c *Config) { c.Embedding = 0 },
		"batch":          func(c *Config) { c.Batch = 0 },
		"capacity":       func(c *Config) { c.Capacity = 0 },
		"feature_rounds": func(c *Config) { c.FeatureRounds = 0 },
		"rate":           func(c *Config) { c.Rate = 0 },
		"schedule":       func(c *Config) { c.Schedule = "none" },
		"final_rate":     func(c *Config) { c.FinalRate = 2 },
		"gradient_norm":  func(c *Config) { c.GradientNorm = math.Inf(1) },
	} {
		cfg := DefaultConfig()
		spoil(&cfg)
		_, err := New(cfg, spec, 1)
		require.ErrorIs(t, err, ErrConfig, field)
		require.ErrorContains(t, err, field+" = ")
	}
	cfg := DefaultConfig()
	cfg.Box = 3.1
	_, err := New(cfg, spec, 1)
	require.ErrorContains(t, err, "box = 3.1")
	_, err = New(DefaultConfig(), env.Spec{}, 1)
	require.ErrorIs(t, err, ErrConfig)

	l, err := New(small(), spec, 1)
	require.NoError(t, err)
	_, err = l.Update(0, 0.5)
	require.ErrorContains(t, err, "n = 0")
	_, err = l.Update(1, 0.5)
	require.ErrorIs(t, err, replay.ErrEmpty)
	require.NoError(t, l.Observe(blank(spec, rand.New(rand.NewPCG(1, 1)))))
	_, err = l.Update(1, 0.5)
	require.ErrorIs(t, err, ErrNoFlows)

	policy, err := l.Policy()
	require.NoError(t, err)
	obs := [][]float32{make([]float32, 6), make([]float32, 6)}
	require.ErrorContains(t, policy.Act(grid(1, 3), &env.Step{Obs: obs}), "for 2 LBs")
	require.ErrorContains(t, policy.Act(grid(2, 4), &env.Step{Obs: obs}), "LB 0: 4 weights")
	obs[1][3] = float32(math.NaN())
	require.ErrorContains(t, policy.Act(grid(2, 3), &env.Step{Obs: obs}), "LB 1: feature noise of server 1 is NaN")

	fake := envtest.NewFake(1, 5, 1, 2).Spec() // has no feature of that name
	cfg.Box = 1
	l, err = New(cfg, fake, 1)
	require.NoError(t, err)
	l.frozen = true
	require.ErrorContains(t, l.Observe(blank(fake, rand.New(rand.NewPCG(1, 1)))), "no feature is called ongoing")
}

// TestPolicyIgnoresSeeds: what is evaluated depends on the state alone.
func TestPolicyIgnoresSeeds(t *testing.T) {
	t.Parallel()
	l, err := New(DefaultConfig(), world(2, 3), 1)
	require.NoError(t, err)
	policy, err := l.Policy()
	require.NoError(t, err)
	policy.Reset(1)
	first := logWeights(t, policy, l.spec)
	policy.Reset(2)
	require.Equal(t, first, logWeights(t, policy, l.spec))
}

func grid(rows, cols int) [][]float64 {
	g := make([][]float64, rows)
	for i := range g {
		g[i] = make([]float64, cols)
	}
	return g
}

// TestPanicOfAModel: what one model's goroutine does wrong is the round's error.
func TestPanicOfAModel(t *testing.T) {
	t.Parallel()
	spec := world(2, 2)
	l, err := New(DefaultConfig(), spec, 1)
	require.NoError(t, err)
	require.NoError(t, l.Observe(blank(spec, rand.New(rand.NewPCG(1, 1)))))
	l.lbs[1] = nil
	_, err = l.Update(1, 0)
	var fault *parallel.PanicError
	require.ErrorAs(t, err, &fault)
	require.Contains(t, fault.Stack, "delay.(*model).fit")
}
