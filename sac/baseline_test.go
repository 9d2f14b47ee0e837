package sac

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/agents/nn"
	"fairlb/agents/normalise"
	"fairlb/agents/policy"
	"fairlb/replay"
)

// fading is an episode of one LB and two servers, each of whose feature halves
// at every step, from a random one, and whose reward is its feature, plus noise
// of the given size in place of what actions do.
func fading(rng *rand.Rand, steps int, noise float64) *replay.Episode {
	ep := replay.NewEpisode(replay.Shape{Agents: 1, Servers: 2, Features: 1}, steps)
	ep.Steps = steps
	x := [2]float64{rng.NormFloat64(), rng.NormFloat64()}
	for step := range steps + 1 {
		sum := 0.0
		for j := range x {
			ep.Obs = append(ep.Obs, float32(x[j]))
			ep.Load = append(ep.Load, 0)
			if step < steps {
				r := x[j] + noise*rng.NormFloat64()
				ep.ServerReward = append(ep.ServerReward, float32(r))
				ep.LogWeight = append(ep.LogWeight, 0)
				sum += r
			}
			x[j] /= 2
		}
		if step < steps {
			ep.Reward = append(ep.Reward, float32(sum))
		}
	}
	return ep
}

func fadingBuffer(t *testing.T, noise float64) *replay.Buffer {
	t.Helper()
	rng := rand.New(rand.NewPCG(1, 1))
	b, err := replay.NewBuffer(replay.Shape{Agents: 1, Servers: 2, Features: 1}, 100)
	require.NoError(t, err)
	for range 100 {
		require.NoError(t, b.Add(fading(rng, 3, noise)))
	}
	return b
}

// TestPotentialIsTheReturn: the value of x is x / (1 - gamma / 2), however short
// the truncated episodes.
func TestPotentialIsTheReturn(t *testing.T) {
	t.Parallel()
	p := newPotential(2, 1)
	p.fit(fadingBuffer(t, 0), 0, normalise.NewFeatures(1), normalise.NewRewards(2, 0), 0.8)
	for _, x := range [][]float32{{0, 0}, {1, -2}, {0.3, 0.4}} {
		for j := range 2 {
			require.InDelta(t, x[j]/0.6, p.value(x, j), 0.01)
		}
	}
}

// TestShapedRewardsTelescope to the return less Phi of the first state, and plus
// what the last one bootstraps; and so do sums over several steps.
func TestShapedRewardsTelescope(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(3, 1))
	p := newPotential(2, 3)
	for k := range p.weights {
		p.weights[k] = rng.NormFloat64()
	}
	const gamma, steps = 0.8, 5
	x := make([]float32, (steps+1)*6)
	policy.DrawNormal(x, rng)
	for _, ends := range []float32{0, 1} {
		r := make([]float32, steps*2)
		policy.DrawNormal(r, rng)
		want, whole := [2]float64{}, make([]float32, 2)
		for k, v := range r {
			want[k%2] += math.Pow(gamma, float64(k/2)) * float64(v)
		}
		for j := range want {
			whole[j] = float32(want[j])
			want[j] -= p.value(x[:6], j)
			want[j] += float64(ends) * math.Pow(gamma, steps) * p.value(x[steps*6:], j)
		}
		bootstrap := []float32{1, 1, 1, 1, ends}
		p.apply(r, x[:steps*6], x[6:], bootstrap, gamma)
		p.apply(whole, x[:6], x[steps*6:], []float32{ends * float32(math.Pow(gamma, steps-1))}, gamma)
		for j := range want {
			sum := 0.0
			for k := j; k < len(r); k += 2 {
				sum += math.Pow(gamma, float64(k/2)) * float64(r[k])
			}
			require.InDelta(t, want[j], sum, 1e-5)
			require.InDelta(t, want[j], whole[j], 1e-5)
		}
	}
}

// TestShapingLeavesTheNoise: where the state explains returns, it takes from the
// rewards' variance all but what it does not explain.
func TestShapingLeavesTheNoise(t *testing.T) {
	t.Parallel()
	b := fadingBuffer(t, 0.1)
	p := newPotential(2, 1)
	p.fit(b, 0, normalise.NewFeatures(1), normalise.NewRewards(2, 0), 0.8)
	batch := replay.NewBatch(replay.Shape{Agents: 1, Servers: 2, Features: 1}, 2000)
	require.NoError(t, b.Sample(batch, 0, rand.New(rand.NewPCG(1, 1))))
	sd := func(r []float32) float64 {
		m, sum := nn.Mean(r), 0.0
		for _, v := range r {
			sum += (float64(v) - m) * (float64(v) - m)
		}
		return math.Sqrt(sum / float64(len(r)))
	}
	require.Greater(t, sd(batch.ServerReward), 0.5)
	p.apply(batch.ServerReward, batch.Obs, batch.Next, batch.Bootstrap, 0.8)
	require.InDelta(t, 0.1, sd(batch.ServerReward), 0.01)
}
