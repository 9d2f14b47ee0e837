package ppo

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/agents/nn"
	"fairlb/env"
	"fairlb/env/parallel"
	"fairlb/replay"
)

// TestOldLogProbs: the probabilities of a round's actions are those of the
// feature statistics of its collection, also in a round that changes them, and
// those of the LB's own rows; three episodes of odd lengths fill no whole batch.
func TestOldLogProbs(t *testing.T) {
	t.Parallel()
	const n, f = 3, 2
	for _, ratio := range []Ratio{Joint, Server} {
		cfg := DefaultConfig()
		cfg.Ratio, cfg.Batch, cfg.Hidden = ratio, 4, 5
		spec := env.Spec{Agents: 2, Servers: n, Features: make([]env.Feature, f), Action: env.ActionSpec{Low: 0.1, High: 10}}
		l, err := New(cfg, spec, false, 1)
		require.NoError(t, err)
		rng := rand.New(rand.NewPCG(1, 1))
		for _, steps := range []int{3, 1, 5} {
			ep := replay.NewEpisode(l.shape, steps)
			ep.Steps = steps
			noise := func(dst []float32, count int) []float32 {
				for range count {
					dst = append(dst, float32(rng.Float64()-0.5))
				}
				return dst
			}
			ep.Obs, ep.Load = noise(ep.Obs, (steps+1)*2*n*f), noise(ep.Load, (steps+1)*2*n)
			ep.LogWeight, ep.ServerReward = noise(ep.LogWeight, steps*2*n), noise(ep.ServerReward, steps*2*n)
			ep.Reward = noise(ep.Reward, steps*2)
			require.NoError(t, l.Observe(ep))
		}
		a := l.actors[1]
		for i := range a.values.Values() { // away from outputs that hardly depend on the state
			a.values.Values()[i] += float32(0.3 * rng.NormFloat64())
		}
		plan := nn.NewPlan(a.values) // one state
		obs, taken := plan.Input("state", n, f), plan.Input("actions", n, 1)
		logp, _ := a.head.logProb(plan, a.net.Apply(plan, obs), taken)
		require.NoError(t, plan.Err())
		var want []float64
		for _, ep := range l.round.episodes {
			for s := range ep.Steps {
				copy(obs.Data(), ep.Obs[(2*s+1)*n*f:][:n*f]) // no statistics yet: as they are
				copy(taken.Data(), ep.LogWeight[(2*s+1)*n:][:n])
				plan.Run()
				sum := 0.0
				for _, lp := range logp.Data() {
					sum += float64(lp)
				}
				want = append(want, sum)
			}
		}

		a.prepare(&l.round, true)
		require.Len(t, l.round.transitions, len(want))
		groups := n / a.loss.Group
		for i, s := range l.round.transitions {
			sum := 0.0
			for _, lp := range a.oldLogp[s*groups:][:groups] {
				sum += float64(lp)
			}
			require.InDelta(t, want[i], sum, 1e-5)
		}
		raw := l.round.episodes[0].Obs[n*f:][:n*f]
		require.NotEqual(t, raw, a.states[:n*f], "what is learned from is normalised anew")
		require.Greater(t, slices.Max(want)-slices.Min(want), 0.5)
	}
}

// TestPanicOfANetwork: what a network's goroutine does wrong, in any part of a
// round, is the round's error.
func TestPanicOfANetwork(t *testing.T) {
	t.Parallel()
	spec := env.Spec{Agents: 2, Servers: 3, Features: make([]env.Feature, 2), Action: env.ActionSpec{Low: 0.1, High: 10}}
	for name, spoil := range map[string]func(*Learner){
		"(*actor).prepare":  func(l *Learner) { l.actors[1] = nil },
		"(*critic).prepare": func(l *Learner) { l.critics[1] = nil },
		"(*actor).train":    func(l *Learner) { l.actors[1].adam = nil },
		"(*critic).train":   func(l *Learner) { l.critics[1].adam = nil },
	} {
		l, err := New(DefaultConfig(), spec, false, 1)
		require.NoError(t, err)
		ep := replay.NewEpisode(l.shape, 4)
		ep.Steps = 4
		ep.Obs, ep.Load = make([]float32, 5*2*3*2), make([]float32, 5*2*3)
		ep.LogWeight, ep.ServerReward, ep.Reward = make([]float32, 4*2*3), make([]float32, 4*2*3), make([]float32, 4*2)
		require.NoError(t, l.Observe(ep))
		spoil(l)
		_, err = l.Update(1, 0)
		var fault *parallel.PanicError
		require.ErrorAs(t, err, &fault, name)
		require.Contains(t, fault.Stack, name)
	}
}
