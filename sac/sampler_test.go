package sac

import (
	"math"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/agents/policy"
	"fairlb/env"
	"fairlb/replay"
)

func TestAbsoluteErrors(t *testing.T) {
	t.Parallel()
	dst := make([]float32, 2)
	q1, q2, y := []float32{1, 2, 3, 4}, []float32{2, 2, 0, 5}, []float32{0, 3, 3, 3}
	absoluteErrors(dst, q1, q2, y) // of two servers: 1 2, 1 1; then 0 3, 1 2
	require.Equal(t, []float32{5. / 4, 6. / 4}, dst)
	absoluteErrors(dst, q1[:2], q2[:2], y[:2]) // one target a state
	require.Equal(t, []float32{1.5, 1}, dst)
}

// noise is an episode of random figures.
func noise(lbs, servers, features, steps int, seed uint64) *replay.Episode {
	rng := rand.New(rand.NewPCG(seed, 17))
	draw := func(n int) []float32 {
		x := make([]float32, n)
		policy.DrawNormal(x, rng)
		return x
	}
	rows := lbs * servers
	return &replay.Episode{
		Shape: replay.Shape{Agents: lbs, Servers: servers, Features: features}, Steps: steps,
		Obs: draw((steps + 1) * rows * features), LogWeight: make([]float32, steps*rows),
		Reward: draw(steps * lbs), ServerReward: draw(steps * rows), Load: make([]float32, (steps+1)*rows),
	}
}

// learnt returns a learner after a few rounds on noise.
func learnt(t testing.TB, kind policy.Head, priority, beta float64, rounds int) *Learner {
	t.Helper()
	cfg := DefaultConfig()
	cfg.Head, cfg.Batch, cfg.CriticRounds = kind, 8, 1
	cfg.Priority, cfg.PriorityBeta = priority, beta
	l, err := New(cfg, env.Spec{Agents: 2, Servers: 3, Features: make([]env.Feature, 2),
		Action: env.ActionSpec{Low: 0.1, High: 10}}, 1)
	require.NoError(t, err)
	for r := range rounds {
		require.NoError(t, l.Observe(noise(2, 3, 2, 5+r, uint64(r))))
		_, err := l.Update(6, float64(r)/10)
		require.NoError(t, err)
	}
	return l
}

func values(l *Learner) []float32 {
	var all []float32
	for _, p := range l.Parameters() {
		all = append(all, p.Data...)
	}
	return append(all, l.agents[0].params.critic.Values()...)
}

// TestPrioritisedUpdate follows the weights and errors of an update: those of
// its loss, and of later draws.
func TestPrioritisedUpdate(t *testing.T) {
	t.Parallel()
	for _, kind := range []policy.Head{policy.Gaussian, policy.Discrete} {
		l := learnt(t, kind, 1, 0.5, 2)
		for _, a := range l.agents {
			f := a.trainer.(*feedForward)
			p, c := f.sampler.(*prioritisedSampler), &f.critic
			each := f.critics.targetRows(1)
			loss, most := 0.0, float32(0)
			for k, y := range c.y.Data() {
				w := p.weights[k/each]
				require.Equal(t, w, p.weight.Data()[k])
				most = max(most, w)
				for _, q := range c.nodes.q {
					d := float64(q.Data()[k] - y)
					loss += float64(w) * d * d / float64(len(c.y.Data()))
				}
			}
			require.Equal(t, float32(1), most)
			require.Less(t, p.weights[0]*p.weights[3]*p.weights[5], float32(0.99), "some are drawn too often")
			require.InEpsilon(t, loss, c.program.Loss(), 1e-5)

			// Its errors are the priorities by now: the weights of the next draw,
			// at beta = 1, are their inverse.
			known := map[float32]float64{}
			for row, r := range f.batch.Reward {
				known[r] = float64(p.errors[row])
			}
			require.NoError(t, f.draw(1))
			first := -1
			for row, r := range f.batch.Reward {
				e, ok := known[r]
				if !ok {
					continue
				}
				if first < 0 {
					first = row
				}
				require.InEpsilon(t, float64(p.weights[first])*known[f.batch.Reward[first]], float64(p.weights[row])*e, 1e-3)
			}
			require.GreaterOrEqual(t, first, 0)
		}
	}
}

// TestPrioritiesAreLearntBy: at exponent 0 as if there were none; else
// otherwise, the same on any number of cores, and by beta. It is not parallel:
// it sets GOMAXPROCS.
func TestPrioritiesAreLearntBy(t *testing.T) {
	procs := runtime.GOMAXPROCS(0)
	defer runtime.GOMAXPROCS(procs)
	for _, kind := range []policy.Head{policy.Gaussian, policy.Discrete} {
		runtime.GOMAXPROCS(1)
		uniform, want := values(learnt(t, kind, 0, 0.4, 3)), values(learnt(t, kind, 0.6, 0.4, 3))
		runtime.GOMAXPROCS(2)
		require.Equal(t, want, values(learnt(t, kind, 0.6, 0.4, 3)))
		require.Equal(t, uniform, values(learnt(t, kind, 0, 1, 3)))
		require.NotEqual(t, uniform, want)
		require.NotEqual(t, want, values(learnt(t, kind, 0.6, 0.8, 3)))
		for _, v := range want {
			require.False(t, math.IsNaN(float64(v)))
		}
	}
}

// TestBetaRises to 1 over training.
func TestBetaRises(t *testing.T) {
	t.Parallel()
	spread := func(progress float64) float64 {
		l := learnt(t, policy.Gaussian, 1, 0, 2)
		_, err := l.Update(1, progress)
		require.NoError(t, err)
		least := 1.0
		for _, w := range l.agents[0].trainer.(*feedForward).sampler.(*prioritisedSampler).weights {
			least = min(least, float64(w))
		}
		return least
	}
	require.Equal(t, 1.0, spread(0))
	whole := spread(1)
	require.Less(t, whole, 0.9)
	require.InEpsilon(t, math.Sqrt(whole), spread(0.5), 1e-5)
}
