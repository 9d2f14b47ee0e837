package sac

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/agents/nn"
	"fairlb/agents/policy"
)

// TestAdvantageIsZeroAtTheMode: there Q is V, and V moves Q by as much at every
// action.
func TestAdvantageIsZeroAtTheMode(t *testing.T) {
	t.Parallel()
	cfg := DefaultConfig()
	cfg.Baseline = Advantage
	h := newHead(&cfg, 3, 1).(*gaussian)
	rng := rand.New(rand.NewPCG(1, 1))
	n, err := newNetworks(&cfg, h, 3, 2, rng)
	require.NoError(t, err)
	policy.DrawNormal(n.critic.Values(), rng)
	plan := nn.NewPlan(n.critic)
	x, u, mode := plan.Input("x", 6, 2), plan.Input("u", 6, 1), plan.Input("mode", 6, 1)
	q := h.q(plan, n, x, u, mode)
	v := [2]*nn.Node{n.values[0].Apply(plan, x), n.values[1].Apply(plan, x)}
	require.NoError(t, plan.Err())
	policy.DrawNormal(x.Data(), rng)
	policy.DrawNormal(mode.Data(), rng)
	copy(u.Data(), mode.Data())
	plan.Run()
	for i := range q {
		require.InDeltaSlice(t, v[i].Data(), q[i].Data(), 1e-4)
	}
	policy.DrawNormal(u.Data(), rng)
	plan.Run()
	require.NotEqual(t, v[0].Data(), q[0].Data())
}
