package qmix_test

import (
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/agents"
	"fairlb/agents/checkpoint"
	"fairlb/agents/methods"
	"fairlb/env"
	"fairlb/qmix"
)

func TestUntrainedPolicyTreatsServersAlike(t *testing.T) {
	t.Parallel()
	spec := specOf(2, 5, 4)
	for _, row := range weights(t, newLearner(t, qmix.DefaultConfig(), spec, 1), spec, observation(spec, 1)) {
		require.Equal(t, []float64{1, 1, 1, 1, 1}, row)
	}
}

func TestPolicyIsPermutationEquivariant(t *testing.T) {
	t.Parallel()
	spec := specOf(1, 3, 2)
	l := newLearner(t, qmix.DefaultConfig(), spec, 1)
	rng := rand.New(rand.NewPCG(1, 1))
	output := parameter(t, l, "lb0.utility.out.weights")
	for i := range output { // untrained outputs are near zero
		output[i] = float32(rng.NormFloat64())
	}
	permutation := []int{2, 0, 1}
	permute := func(x []float32) []float32 {
		cols := len(x) / 3
		var out []float32
		for _, j := range permutation {
			out = append(out, x[j*cols:(j+1)*cols]...)
		}
		return out
	}
	embedding := parameter(t, l, "lb0.utility.embedding")
	first, unlike := slices.Clone(embedding), 0
	for seed := range uint64(10) {
		obs := observation(spec, seed)
		copy(embedding, first)
		before := weights(t, l, spec, obs)[0]
		copy(embedding, permute(first))
		after := weights(t, l, spec, [][]float32{permute(obs[0])})[0]
		for k, j := range permutation {
			require.Equal(t, before[j], after[k])
		}
		if before[0] != before[1] {
			unlike++
		}
	}
	require.Positive(t, unlike, "the check would pass on equal weights")
}

func TestPolicyIsDeterministicAndExplorersAreNot(t *testing.T) {
	t.Parallel()
	spec := specOf(2, 6, 2)
	l := newLearner(t, qmix.DefaultConfig(), spec, 1)
	obs := &env.Step{Obs: observation(spec, 1)}
	act := func(a agents.Actor, seed uint64) [][]float64 {
		out, again := grid[float64](2, 6), grid[float64](2, 6)
		a.Reset(seed)
		require.NoError(t, a.Act(out, obs))
		require.NoError(t, a.Act(again, obs))
		return append(out, again...)
	}
	policy, err := l.Policy()
	require.NoError(t, err)
	p := act(policy, 1)
	require.Equal(t, p[:2], p[2:])
	require.Equal(t, p, act(policy, 2))

	got := make([][][]float64, 4)
	var wg sync.WaitGroup
	for i := range got { // several at once
		explorer, err := l.Explorer()
		require.NoError(t, err)
		wg.Go(func() { got[i] = act(explorer, uint64(i%2)) })
	}
	wg.Wait()
	require.NotEqual(t, got[0][:2], got[0][2:], "noise is drawn at every step")
	require.NotEqual(t, got[0], got[1], "another seed")
	require.Equal(t, got[0], got[2], "the same seed")
	require.NotEqual(t, got[0][0], got[0][1], "LBs draw apart")
}

func TestActorsAreSnapshots(t *testing.T) {
	t.Parallel()
	spec := specOf(2, 3, 2)
	l := newLearner(t, qmix.DefaultConfig(), spec, 1)
	policy, err := l.Policy()
	require.NoError(t, err)
	train(t, l, spec, 4, 40)
	obs := &env.Step{Obs: observation(spec, 1)}
	w := grid[float64](2, 3)
	require.NoError(t, policy.Act(w, obs))
	require.Equal(t, [][]float64{{1, 1, 1}, {1, 1, 1}}, w)
	require.NotEqual(t, w, weights(t, l, spec, obs.Obs))
}

func TestExploration(t *testing.T) {
	t.Parallel()
	spec := specOf(1, 10, 2)
	count := func(l *qmix.Learner) (off, changes float64) {
		explorer, err := l.Explorer()
		require.NoError(t, err)
		obs, w, last := &env.Step{Obs: observation(spec, 1)}, grid[float64](1, 10), make([]float64, 10)
		for seed := range uint64(20) {
			explorer.Reset(seed)
			for k := range 100 {
				require.NoError(t, explorer.Act(w, obs))
				for j, x := range w[0] {
					if x != 1 { // what the untrained policy chooses
						off += 1. / 20000
					}
					if k > 0 && x != last[j] {
						changes += 1. / 19800
					}
				}
				copy(last, w[0])
			}
		}
		return off, changes
	}
	for _, hold := range []float64{1, 10} {
		cfg := qmix.DefaultConfig()
		cfg.Levels = []float64{-0.8, -0.4, 0, 0.4, 0.8}
		cfg.Epsilon, cfg.FinalEpsilon, cfg.EpsilonShare, cfg.Hold, cfg.Rate = 1, 0.2, 0.5, hold, 1e-12
		l := newLearner(t, cfg, spec, 5)
		off, changes := count(l)
		require.InDelta(t, 0.8, off, 0.03, "the best level of five is drawn too")
		require.InDelta(t, 0.8/hold, changes, 0.03/hold)
		train(t, l, spec, 1, 1) // to the end
		off, _ = count(l)
		require.InDelta(t, 0.8*0.2, off, 0.03)
		_, err := l.Update(1, 0.25)
		require.NoError(t, err)
		off, _ = count(l)
		require.InDelta(t, 0.8*0.6, off, 0.03, "half of the way")
	}
}

// logWeights returns, for each step of an episode of steps random states, the log-weights
// [lbs*servers] of an actor.
func logWeights(t *testing.T, actor agents.Actor, spec env.Spec, steps int) [][]float64 {
	t.Helper()
	out, w := make([][]float64, steps), grid[float64](spec.Agents, spec.Servers)
	actor.Reset(1)
	for k := range out {
		require.NoError(t, actor.Act(w, &env.Step{Obs: observation(spec, uint64(k))}))
		for _, x := range slices.Concat(w...) {
			out[k] = append(out[k], math.Log(x))
		}
	}
	return out
}

// TestActionAverage: the policy of QMIX and of IQL, and of a checkpoint of either, gives
// the plain mean of its choices up to so many steps and an exponential one from there on,
// in each episode anew; explorers do not.
func TestActionAverage(t *testing.T) {
	t.Parallel()
	const steps, average = 30, 6
	spec := specOf(2, 4, 3)
	for _, method := range []string{"qmix-lb", "iql-lb"} {
		for _, utility := range []qmix.UtilityForm{qmix.Quadratic, qmix.Table} {
			var s methods.Settings
			build := func(average int) agents.Learner {
				s = methods.DefaultSettings()
				s.QMIX.Utility, s.QMIX.ActionAverage = utility, average
				learner, err := methods.Learner(method, s, spec, 1)
				require.NoError(t, err)
				rng := rand.New(rand.NewPCG(2, 3))
				for _, p := range learner.Parameters() {
					for i := range p.Data { // untrained outputs are near zero
						if strings.HasSuffix(p.Name, "out.weights") {
							p.Data[i] = float32(rng.NormFloat64())
						}
					}
				}
				return learner
			}
			policy := func(l agents.Learner) agents.Actor {
				actor, err := l.Policy()
				require.NoError(t, err)
				return actor
			}
			explorer := func(l agents.Learner) agents.Actor {
				actor, err := l.Explorer()
				require.NoError(t, err)
				return actor
			}
			chosen := logWeights(t, policy(build(0)), spec, steps)
			require.Equal(t, chosen, logWeights(t, policy(build(1)), spec, steps), "of one step it is none")
			learner := build(average)
			actor := policy(learner)
			got := logWeights(t, actor, spec, steps)
			for k, row := range got {
				for j, u := range row {
					want, left := 0.0, 1.0 // what is left of the mean for steps before i
					for i := k; i >= 0; i-- {
						part := left / float64(min(i+1, average))
						want += part * chosen[i][j]
						left -= part
					}
					require.InDelta(t, want, u, 1e-9, "step %d", k)
				}
			}
			mean := 0.0
			for _, row := range chosen[:average] {
				mean += row[1] / average
			}
			require.InDelta(t, mean, got[average-1][1], 1e-9, "a plain mean at first")
			require.NotEqual(t, chosen[steps-1], chosen[steps-2], "the check would pass on choices that stay")
			require.Equal(t, got, logWeights(t, actor, spec, steps), "an episode begins anew")
			require.Equal(t, logWeights(t, explorer(build(0)), spec, steps), logWeights(t, explorer(learner), spec, steps))

			path := filepath.Join(t.TempDir(), "policy.safetensors")
			meta := checkpoint.Meta{Method: method, Scenario: "a test's", Fingerprint: checkpoint.FingerprintOf(spec), TrainSeed: 1}
			require.NoError(t, checkpoint.Save(path, meta, learner.Parameters()))
			meta, parameters, err := checkpoint.Load(path)
			require.NoError(t, err)
			s.QMIX.ActionAverage = average
			loaded, err := methods.Policy(meta, s, parameters, spec)
			require.NoError(t, err)
			require.Equal(t, got, logWeights(t, loaded, spec, steps))
		}
	}
}

func TestActRefuses(t *testing.T) {
	t.Parallel()
	spec := specOf(2, 3, 2)
	policy, err := newLearner(t, qmix.DefaultConfig(), spec, 1).Policy()
	require.NoError(t, err)
	good := observation(spec, 1)
	require.ErrorContains(t, policy.Act(grid[float64](1, 3), &env.Step{Obs: good}), "1 rows of actions")
	require.ErrorContains(t, policy.Act(grid[float64](2, 2), &env.Step{Obs: good}), "LB 0: 2 weights")
	good[1] = good[1][:5]
	require.ErrorContains(t, policy.Act(grid[float64](2, 3), &env.Step{Obs: good}), "LB 1: 3 weights from 5 values")
	bad := observation(spec, 1)
	bad[1][3] = float32(math.NaN())
	require.ErrorContains(t, policy.Act(grid[float64](2, 3), &env.Step{Obs: bad}), "LB 1: feature ongoing of server 1 is NaN")
}
