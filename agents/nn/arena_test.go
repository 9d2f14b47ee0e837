package nn_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/agents/nn"
)

func twoParams(seed uint64) *nn.Arena {
	rng := rand.New(rand.NewPCG(seed, 0))
	a := nn.NewArena()
	a.Add("w", nn.HeUniform(rng, 2), 2, 3)
	a.Add("b", nn.Constant(4), 3)
	return a
}

func TestArenaParametersAreViews(t *testing.T) {
	t.Parallel()
	a := twoParams(1)
	params := a.Parameters("net.")
	require.Equal(t, "net.w", params[0].Name)
	require.Equal(t, []int{2, 3}, params[0].Shape)
	require.Equal(t, []float32{4, 4, 4}, params[1].Data)
	params[1].Data[0] = 9
	require.Equal(t, float32(9), a.Values()[6])
	for _, v := range a.Values()[:6] {
		require.Less(t, v*v, float32(3.0001), "outside the He bound sqrt(6/2)")
	}

	clone := a.Clone()
	clone.Values()[6] = 1
	require.Equal(t, float32(9), a.Values()[6], "a clone shares memory")
	nn.Polyak(clone.Values(), a.Values(), 0.25)
	require.Equal(t, float32(3), clone.Values()[6])
}

func TestArenaInitFollowsItsSource(t *testing.T) {
	t.Parallel()
	require.Equal(t, twoParams(1).Values(), twoParams(1).Values())
	require.NotEqual(t, twoParams(1).Values(), twoParams(2).Values())
}

func TestArenaPanicsOnProgramFaults(t *testing.T) {
	t.Parallel()
	a := twoParams(1)
	require.Panics(t, func() { a.Add("w", nn.Constant(0), 1) })
	require.Panics(t, func() { a.Add("empty", nn.Constant(0), 0) })
	a.Values()
	require.Panics(t, func() { a.Add("late", nn.Constant(0), 1) })
	require.Panics(t, func() { nn.Polyak(make([]float32, 2), make([]float32, 3), 1) })
}
