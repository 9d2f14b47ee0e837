package train

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/agents"
	"fairlb/env"
)

// brokenEnv is an environment that cannot even begin.
type brokenEnv struct{ env.Env }

func (brokenEnv) Spec() env.Spec { return env.Spec{Agents: 1, Servers: 1, Steps: 1} }

func (brokenEnv) Reset(context.Context, uint64) (env.Step, error) { panic("boom") }

// TestPanicsReachTheCaller: one worker is the caller itself, which may be that of
// a queue and go on.
func TestPanicsReachTheCaller(t *testing.T) {
	t.Parallel()
	p := &pool{envs: []env.Env{brokenEnv{}}, reward: reward(t, "vbf")}
	noActor := func() (agents.Actor, error) { return nil, nil }
	require.PanicsWithValue(t, "boom", func() {
		_, _ = p.playAll(t.Context(), noActor, 0, 1, true, func(int) (workload, explore uint64) { return 1, 1 })
	})
}
