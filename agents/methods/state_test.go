package methods

import (
	"bytes"
	"io"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/agents"
	"fairlb/agents/policy"
	"fairlb/env"
	"fairlb/qmix"
	"fairlb/replay"
	"fairlb/sac"
)

// stateSpec is what the learners of these tests learn in.
var stateSpec = env.Spec{
	Agents: 2, Servers: 3, Features: []env.Feature{{Name: "ongoing"}, {Name: "x"}}, StepInterval: 0.5, Steps: 6,
	Action: env.ActionSpec{Low: math.Exp(-2), High: math.Exp(2)},
}

// smallSettings are settings of all methods that train in no time and that wrap
// the buffer in a few rounds.
func smallSettings() Settings {
	s := DefaultSettings()
	s.SAC.Hidden, s.SAC.Layers, s.SAC.Batch, s.SAC.Capacity, s.SAC.CriticRounds, s.SAC.FeatureRounds = 4, 1, 4, 5, 1, 2
	s.QMIX.Hidden, s.QMIX.Layers, s.QMIX.Mixing, s.QMIX.Batch, s.QMIX.Window, s.QMIX.Capacity, s.QMIX.FeatureRounds = 4, 1, 4, 2, 4, 5, 2
	s.PPO.Hidden, s.PPO.Layers, s.PPO.Batch, s.PPO.FeatureRounds = 4, 1, 8, 3
	s.Delay.Hidden, s.Delay.Layers, s.Delay.Batch, s.Delay.Capacity, s.Delay.FeatureRounds, s.Delay.Fit = 4, 1, 4, 5, 2, 0.5
	s.ES.FeatureRounds = 4
	return s
}

// variant is a method with a way to train it.
type variant struct {
	name, method string
	set          func(*Settings)
}

func variants() []variant {
	none := func(*Settings) {}
	return []variant{
		{"gaussian", "distr-lb", none},
		{"discrete", "rlb-sac", func(s *Settings) { s.SAC.Head = policy.Discrete }},
		{"straight-through", "distr-lb", func(s *Settings) { s.SAC.Head, s.SAC.Discrete = policy.Discrete, sac.StraightThrough }},
		{"priorities", "distr-lb", func(s *Settings) { s.SAC.Priority = 0.6 }},
		{"difference", "distr-lb", func(s *Settings) { s.SAC.Baseline, s.SAC.NStep = sac.Difference, 3 }},
		{"advantage", "distr-lb", func(s *Settings) { s.SAC.Baseline = sac.Advantage }},
		{"recurrent", "distr-lb", func(s *Settings) { s.SAC.Network = sac.Recurrent }},
		{"recurrent windows", "distr-lb", func(s *Settings) { s.SAC.Network, s.SAC.Window, s.SAC.BurnIn = sac.Recurrent, 3, 2 }},
		{"joint", "centr-lb", none},
		{"joint recurrent", "centr-lb", func(s *Settings) { s.SAC.Network = sac.Recurrent }},
		{"quadratic", "qmix-lb", none},
		{"levels", "qmix-lb", func(s *Settings) {
			s.QMIX.Utility, s.QMIX.Mixer, s.QMIX.TargetEvery = qmix.Table, qmix.Sum, 4
		}},
		{"mixed servers", "qmix-lb", func(s *Settings) { s.QMIX.Mixed = qmix.Servers }},
		{"independent", "iql-lb", none},
		{"local", "ippo", none},
		{"central", "mappo", func(s *Settings) { s.PPO.Head = policy.Discrete }},
		{"fit and choice", "delay", none},
		{"pairs", "es", none},
		{"offsets", "es", func(s *Settings) { s.ES.Features = false }},
		{"any pool", "universal", none},
		{"any pool that tells", "universal-carried", none},
	}
}

func (v variant) learner(t *testing.T, seed uint64) agents.Learner {
	t.Helper()
	s := smallSettings()
	v.set(&s)
	l, err := Learner(v.method, s, stateSpec, seed)
	require.NoError(t, err)
	return l
}

// The rounds of a run of these tests, and the episodes of one: an odd number,
// so that a pair of trials spans two rounds.
const stateRounds, roundEpisodes = 7, 3

// trainRound plays and learns the round k, and returns the figures.
func trainRound(t *testing.T, l agents.Learner, k int) agents.Stats {
	t.Helper()
	for e := range roundEpisodes {
		if r, ok := l.(agents.RuleLearner); ok {
			seed := uint64(k*roundEpisodes+e) ^ 1
			policy, err := r.Trial(seed)
			require.NoError(t, err)
			require.NoError(t, r.ObserveTrial(seed, 1+math.Abs(policy.Weight[0]-1)))
			continue
		}
		require.NoError(t, l.Observe(playRandom(t, l, uint64(k*roundEpisodes+e)^1))) // the second of a pair first
	}
	stats, err := l.Update(3, float64(k+1)/stateRounds)
	require.NoError(t, err)
	return stats
}

// playRandom returns an episode of random observations, in which rewards and
// delays come of what the learner's explorer does.
func playRandom(t *testing.T, l agents.Learner, seed uint64) *replay.Episode {
	t.Helper()
	actor, err := l.Explorer()
	require.NoError(t, err)
	actor.Reset(seed)
	rng := rand.New(rand.NewPCG(seed, 77))
	shape := replay.Shape{Agents: stateSpec.Agents, Servers: stateSpec.Servers, Features: len(stateSpec.Features)}
	ep := replay.NewEpisode(shape, stateSpec.Steps)
	ep.Seed = seed
	weights := [][]float64{make([]float64, shape.Servers), make([]float64, shape.Servers)}
	see := func() (obs [][]float32) {
		for range shape.Agents {
			row := make([]float32, shape.Servers*shape.Features)
			for k := range row {
				row[k] = float32(rng.ExpFloat64())
			}
			obs, ep.Obs = append(obs, row), append(ep.Obs, row...)
			ep.Load = append(ep.Load, row[:shape.Servers]...)
		}
		return obs
	}
	for step := range stateSpec.Steps {
		require.NoError(t, actor.Act(weights, &env.Step{Obs: see()}))
		ep.Steps++
		for i, row := range weights {
			sum := float32(0)
			for j, w := range row {
				r := -float32(w*w)*float32(j+1) + float32(rng.NormFloat64())
				ep.LogWeight = append(ep.LogWeight, float32(math.Log(w)))
				ep.ServerReward = append(ep.ServerReward, r)
				sum += r
				ep.AddFlow(step, i, j, 1, w*rng.ExpFloat64())
			}
			ep.Reward = append(ep.Reward, sum)
		}
	}
	see()
	ep.End()
	return ep
}

// saved returns what a learner saves.
func saved(t *testing.T, l agents.Learner) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, l.(agents.Saver).Save(&b))
	return b.Bytes()
}

// TestResumed: every method, saved after any round and restored into a learner
// that began from another seed, goes on as if nothing had been: the same
// figures, parameters and actions, to the bit.
func TestResumed(t *testing.T) {
	t.Parallel()
	for _, v := range variants() {
		t.Run(v.method+" "+v.name, func(t *testing.T) {
			t.Parallel()
			whole := v.learner(t, 3)
			states := [][]byte{saved(t, whole)}
			var stats []agents.Stats
			for k := range stateRounds {
				stats = append(stats, trainRound(t, whole, k))
				states = append(states, saved(t, whole))
			}
			want := copies(whole.Parameters())
			for k, state := range states {
				other := v.learner(t, 4)
				r := bytes.NewReader(append(state[:len(state):len(state)], "more"...))
				require.NoError(t, other.(agents.Saver).Restore(r))
				require.Equal(t, len("more"), r.Len(), "it reads its own state alone")
				require.Equal(t, state, saved(t, other), "restored after round %d", k)
				for ; k < stateRounds; k++ {
					require.Equal(t, stats[k], trainRound(t, other, k), "figures of round %d", k)
				}
				require.Equal(t, want, other.Parameters())
				require.Equal(t, states[stateRounds], saved(t, other))
				if v.method != "universal-carried" { // which has no explorer
					require.Equal(t, playRandom(t, whole, 99), playRandom(t, other, 99))
				}
			}
		})
	}
}

// section returns the name of the settings that a method reads.
func section(t *testing.T, method string) string {
	t.Helper()
	m, err := Find(method)
	require.NoError(t, err)
	return m.Section
}

// TestEveryMethodResumes: no method is without a variant above, and its states
// are not taken for another's; what is cut anywhere is refused.
func TestEveryMethodResumes(t *testing.T) {
	t.Parallel()
	tested := map[string]bool{}
	for _, v := range variants() {
		tested[v.method] = true
	}
	for _, method := range Names() {
		require.True(t, tested[method], "%s", method)
		v := variant{method: method, set: func(*Settings) {}}
		l := v.learner(t, 1)
		trainRound(t, l, 0)
		state := saved(t, l)
		for n := 0; n < len(state); n += 1 + len(state)/50 {
			require.Error(t, v.learner(t, 1).(agents.Saver).Restore(bytes.NewReader(state[:n])), "%s cut at %d", method, n)
		}
		if m, err := Find(method); err == nil && m.Rule {
			continue // it has one size, and its state is a learner's of any pool
		}
		wide := v
		wide.set = func(s *Settings) {
			s.SAC.Hidden, s.QMIX.Hidden, s.PPO.Hidden, s.Delay.Hidden, s.ES.Features = 5, 5, 5, 5, false
		}
		require.ErrorIs(t, wide.learner(t, 1).(agents.Saver).Restore(bytes.NewReader(state)), agents.ErrState, method)
		for _, other := range Names() {
			if section(t, other) != section(t, method) {
				err := variant{method: other, set: v.set}.learner(t, 1).(agents.Saver).Restore(bytes.NewReader(state))
				require.ErrorIs(t, err, agents.ErrState, "%s from %s", other, method)
			}
		}
	}
	l, err := Learner("es", smallSettings(), stateSpec, 1)
	require.NoError(t, err)
	require.ErrorIs(t, l.(agents.Saver).Restore(bytes.NewReader(nil)), io.EOF)
}
