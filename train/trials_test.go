package train

import (
	"context"
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"fairlb/agents"
	"fairlb/env"
	"fairlb/env/envtest"
	_ "fairlb/env/propertytest"
	"fairlb/replay"
)

func TestTrialSeed(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		workload := rapid.OneOf(rapid.Uint64(), rapid.Uint64Range(math.MaxUint64-200, math.MaxUint64)).Draw(t, "workload") | 1<<63
		trials := rapid.IntRange(1, 100).Draw(t, "trials")
		first := trialSeed(workload, 0, trials)
		for k := range trials {
			seed := trialSeed(workload, k, trials)
			require.Equal(t, uint64(k), seed%uint64(trials))
			require.Equal(t, first/uint64(trials), seed/uint64(trials))
		}
		require.Equal(t, workload, trialSeed(workload, 0, 1))
	})
}

// listed is an environment and an actor that write down how they are reset.
type listed struct {
	env.Env
	agents.Actor
	workload, explorer []uint64
}

func (l *listed) reset(seed uint64) { l.explorer = append(l.explorer, seed) }

type listedEnv struct{ *listed }

func (l listedEnv) Spec() env.Spec { return l.Env.Spec() }
func (l listedEnv) Reset(ctx context.Context, seed uint64) (env.Step, error) {
	l.workload = append(l.workload, seed)
	return l.Env.Reset(ctx, seed)
}

type listedActor struct{ *listed }

func (l listedActor) Reset(seed uint64) { l.reset(seed) }
func (l listedActor) Act(dst [][]float64, _ *env.Step) error {
	for i := range dst {
		for j := range dst[i] {
			dst[i][j] = 1
		}
	}
	return nil
}

// comparer compares three policies.
type comparer struct {
	agents.Learner
	list *listed
}

func (c comparer) Trials() int                     { return 3 }
func (c comparer) Explorer() (agents.Actor, error) { return listedActor{c.list}, nil }

// TestTrials: a learner that compares meets each workload three times in a
// row, also across rounds, each time with an explorer of another trial; its
// episodes say which.
func TestTrials(t *testing.T) {
	t.Parallel()
	list := &listed{Env: envtest.NewFake(1, 4, 1, 2)}
	pool := &pool{envs: []env.Env{listedEnv{list}}, reward: reward(t, "vbf")}
	var episodes []*replay.Episode
	for _, round := range [][2]int{{0, 4}, {4, 5}} {
		results, err := pool.play(context.Background(), comparer{list: list}, 7, round[0], round[1])
		require.NoError(t, err)
		for _, r := range results {
			episodes = append(episodes, r.episode)
		}
	}
	for k, ep := range episodes {
		require.Equal(t, EpisodeSeed(7, k/3), list.workload[k])
		require.Equal(t, trialSeed(EpisodeSeed(7, k/3), k%3, 3), list.explorer[k], fmt.Sprint(k))
		require.Equal(t, list.explorer[k], ep.Seed)
	}
}
