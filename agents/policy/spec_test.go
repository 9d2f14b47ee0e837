package policy_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/agents/policy"
	"fairlb/env"
)

func TestSpec(t *testing.T) {
	t.Parallel()
	kind := errors.New("kind")
	spec := env.Spec{Agents: 1, Servers: 2, Features: make([]env.Feature, 3), Action: env.ActionSpec{Low: 0.5, High: 2}}
	require.NoError(t, policy.CheckSpec(kind, spec))
	require.NoError(t, policy.CheckLogWeights(kind, spec, "box = 0.6", -0.6, 0.6))
	err := policy.CheckLogWeights(kind, spec, "box = 1", -1, 1)
	require.ErrorIs(t, err, kind)
	require.EqualError(t, err, "kind: box = 1: log-weights in [-1, 1] give weights in [0.3679, 2.718]: must lie in the environment's [0.5, 2]")
	require.Error(t, policy.CheckLogWeights(kind, spec, "levels", 0, 0.7))
	spec.Servers = 0
	err = policy.CheckSpec(kind, spec)
	require.ErrorIs(t, err, kind)
	require.EqualError(t, err, "kind: environment of 1 agents, 0 servers, 3 features: each must be at least 1")
}
