package sac

import (
	"math"
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
	rng := rand.New(rand.NewPCG(1, 1))
	a := agentOf(t, &cfg, 1, 3, 2)
	h := a.trainer.(*feedForward).critics.(*perServerCritics)
	policy.DrawNormal(a.params.critic.Values(), rng)
	plan := nn.NewPlan(a.params.critic)
	x, u, mode := plan.Input("x", 6, 2), plan.Input("u", 6, 1), plan.Input("mode", 6, 1)
	q := h.q(plan, x, u, func() *nn.Node { return mode })
	nets := h.twins.(*duelingQ).value
	v := [2]*nn.Node{nets[0].Apply(plan, x), nets[1].Apply(plan, x)}
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

// TestAdvantageOfScaledFeatures: an advantage that hardly sees features is nearly the
// same in all states, and one that does is not.
func TestAdvantageOfScaledFeatures(t *testing.T) {
	t.Parallel()
	spread := func(scale float64) float64 {
		cfg := DefaultConfig()
		cfg.Baseline, cfg.AdvantageScale = Advantage, scale
		rng := rand.New(rand.NewPCG(1, 1))
		a := agentOf(t, &cfg, 1, 3, 2)
		h := a.trainer.(*feedForward).critics.(*perServerCritics)
		policy.DrawNormal(a.params.critic.Values(), rng)
		plan := nn.NewPlan(a.params.critic)
		x, u, mode := plan.Input("x", 6, 2), plan.Input("u", 6, 1), plan.Input("mode", 6, 1)
		q := h.q(plan, x, u, func() *nn.Node { return mode })
		value := h.twins.(*duelingQ).value[0].Apply(plan, x)
		require.NoError(t, plan.Err())
		policy.DrawNormal(x.Data(), rng)
		copy(u.Data(), []float32{0.5, 0, -0.5, 0.5, 0, -0.5}) // the same in both states
		plan.Run()
		widest := 0.0
		for j := range 3 {
			one, other := q[0].Data()[j]-value.Data()[j], q[0].Data()[3+j]-value.Data()[3+j]
			widest = max(widest, math.Abs(float64(one-other)))
		}
		return widest
	}
	require.Greater(t, spread(0), 0.1)
	require.Equal(t, spread(0), spread(1))
	require.Less(t, spread(1e-4), 1e-2)
}
