package train

import (
	"context"
	"math"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/agents/methods"
	"fairlb/env"
	"fairlb/env/dispatch"
)

// ruled is an environment whose requests take the longer, the further the first
// coefficient of the rule is from a half, on a scale that is the pool's.
type ruled struct {
	env.Env
	completion float64
	steps      int
	seeds      *sync.Map // of the workloads that were played
	pool       uint64
}

func (e *ruled) Spec() env.Spec { return env.Spec{Agents: 3, Servers: 4, StepInterval: 1, Steps: 2} }

func (e *ruled) Reset(_ context.Context, seed uint64) (env.Step, error) {
	e.seeds.Store([2]uint64{e.pool, seed}, true)
	return env.Step{}, nil
}

func (e *ruled) Step(_ context.Context, actions [][]float64) (env.Step, error) {
	if actions != nil {
		panic("a rule decides, and no agent")
	}
	e.steps++
	return env.Step{Truncated: e.steps == 2, Interval: env.Interval{Arrived: 10, Completed: 10, CompletionSum: 10 * e.completion}}, nil
}

func (e *ruled) Close() error { return nil }

// TestTrainsARule: trials of a pair are on one pool and one workload, pairs on different
// ones, the coefficient is learned, and the validation is a geometric mean over the pools that
// are named.
func TestTrainsARule(t *testing.T) {
	t.Parallel()
	var seeds sync.Map
	envs := RuleEnvs{Any: true, Open: func(pool uint64, policy *dispatch.Policy) (env.Env, error) {
		scale := math.Exp(float64(pool % 7))
		return &ruled{completion: scale * (1 + math.Abs(policy.Weight[0]-0.5)), seeds: &seeds, pool: pool}, nil
	}}
	h := DefaultHyperparameters()
	h.Method, h.Episodes, h.EpisodesPerRound, h.ValidationSeeds = "universal", 800, 16, "1-7"
	cfg := Config{Hyperparameters: h, Rule: &envs, Workers: 3}
	reward, err := h.RewardFunction()
	require.NoError(t, err)
	p, err := newPlayer(&cfg, reward)
	require.NoError(t, err)
	defer p.close()
	spec, err := p.spec()
	require.NoError(t, err)
	require.Equal(t, 4, spec.Servers)
	learner, err := methods.Learner(h.Method, h.Methods, spec, h.Seed)
	require.NoError(t, err)
	validate := func() float64 {
		score, err := p.validate(context.Background(), learner, []uint64{1, 2, 3, 4, 5, 6, 7})
		require.NoError(t, err)
		return score
	}
	mean := math.Exp(3) // of the pools' scales
	require.InEpsilon(t, 1.5*mean, validate(), 1e-6)
	played := func() (n int) {
		seeds.Range(func(any, any) bool { n++; return true })
		return n
	}
	require.Equal(t, 7, played())
	for k := 0; k < h.Episodes; k += h.EpisodesPerRound {
		round, err := runRound(context.Background(), &h, p, learner, k/h.EpisodesPerRound, k, h.EpisodesPerRound)
		require.NoError(t, err)
		require.Equal(t, 2*h.EpisodesPerRound, round.Steps)
		require.Equal(t, 7+(k+h.EpisodesPerRound)/2, played(), "a pool and a workload for each pair")
	}
	require.Less(t, validate(), 1.35*mean)

	cfg.Rule = nil
	_, err = newPlayer(&cfg, reward)
	require.ErrorContains(t, err, "method universal learns a dispatch rule")
}
