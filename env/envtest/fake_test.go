package envtest

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/env"
)

func TestFakeConforms(t *testing.T) {
	Conformance(t, func(*testing.T) env.Env { return NewFake(2, 5, 1, 2, 3) })
}

func TestFakeRewardsWeightsProportionalToSpeed(t *testing.T) {
	ctx := context.Background()
	reward := func(weights ...float64) float64 {
		f := NewFake(1, 5, 1, 2, 3)
		_, err := f.Reset(ctx, 1)
		require.NoError(t, err)
		step, err := f.Step(ctx, [][]float64{weights})
		require.NoError(t, err)
		return step.Reward[0]
	}
	best := reward(1, 2, 3)
	for _, other := range [][]float64{{1, 1, 1}, {1.1, 2, 3}, {1, 1.9, 3}, {3, 2, 1}} {
		require.Less(t, reward(other...), best)
	}
}
