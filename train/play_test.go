package train

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/agents"
	"fairlb/env"
	"fairlb/env/parallel"
)

// brokenEnv is an environment that cannot even begin.
type brokenEnv struct{ env.Env }

func (brokenEnv) Spec() env.Spec { return env.Spec{Agents: 1, Servers: 1, Steps: 1} }

func (brokenEnv) Reset(context.Context, uint64) (env.Step, error) { panic("boom") }

// TestPanicIsTheTrainingsError: a worker of a queue goes on with other jobs.
func TestPanicIsTheTrainingsError(t *testing.T) {
	t.Parallel()
	for _, workers := range []int{1, 3} {
		p := &pool{reward: reward(t, "vbf")}
		for range workers {
			p.envs = append(p.envs, brokenEnv{})
		}
		noActor := func() (agents.Actor, error) { return nil, nil }
		_, err := p.playAll(t.Context(), noActor, 0, 3, true, func(int) (workload, explore uint64) { return 1, 1 })
		var fault *parallel.PanicError
		require.ErrorAs(t, err, &fault, "%d workers", workers)
		require.Equal(t, "boom", fault.Value)
		require.Contains(t, fault.Stack, "brokenEnv")
	}
}
