package sac_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/agents"
	"fairlb/env"
	"fairlb/replay"
	"fairlb/sac"
)

// static is an environment without state: pay[i][j] is what server j pays LB i
// for the weights of all LBs, up to noise of that standard deviation.
type static struct {
	spec  env.Spec
	pay   func(pay, weights [][]float64)
	noise float64
	rng   *rand.Rand
}

func newStatic(lbs int, noise float64, pay func(pay, weights [][]float64)) *static {
	return &static{spec: specOf(lbs, 2, 1), pay: pay, noise: noise, rng: rand.New(rand.NewPCG(7, 7))}
}

// episode plays one of so many steps.
func (s *static) episode(t testing.TB, actor agents.Actor, seed uint64, steps int) *replay.Episode {
	lbs, servers := s.spec.Agents, s.spec.Servers
	ep := replay.NewEpisode(replay.Shape{Agents: lbs, Servers: servers, Features: 1}, steps)
	ep.Steps = steps
	ep.Obs = make([]float32, (steps+1)*lbs*servers)
	ep.Load = make([]float32, (steps+1)*lbs*servers)
	obs, weights, pay := grid[float32](lbs, servers), grid[float64](lbs, servers), grid[float64](lbs, servers)
	actor.Reset(seed)
	for range steps {
		require.NoError(t, actor.Act(weights, &env.Step{Obs: obs}))
		s.pay(pay, weights)
		for i, row := range pay {
			sum := float32(0)
			for j, x := range row {
				r := float32(x + s.noise*s.rng.NormFloat64())
				ep.LogWeight = append(ep.LogWeight, float32(math.Log(weights[i][j])))
				ep.ServerReward = append(ep.ServerReward, r)
				sum += r
			}
			ep.Reward = append(ep.Reward, sum)
		}
	}
	return ep
}

// train runs rounds of four episodes of 20 steps and 40 updates, and returns
// the policy's weights. The learner's explorer plays, or what behave makes of it.
func (s *static) train(t testing.TB, l *sac.Learner, rounds int, behave func(agents.Actor) agents.Actor) [][]float64 {
	t.Helper()
	for r := range rounds {
		for k := range 4 {
			actor, err := l.Explorer()
			require.NoError(t, err)
			if behave != nil {
				actor = behave(actor)
			}
			require.NoError(t, l.Observe(s.episode(t, actor, uint64(4*r+k), 20)))
		}
		_, err := l.Update(40, float64(r)/float64(rounds))
		require.NoError(t, err)
	}
	return weights(t, l, s.spec, grid[float32](s.spec.Agents, s.spec.Servers))
}
