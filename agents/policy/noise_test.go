package policy

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// draws returns the normal draws of so many steps, two a step.
func draws(n *Noise, seed uint64, steps int) [][]float32 {
	n.Reset(seed)
	all := make([][]float32, steps)
	for t := range all {
		all[t] = make([]float32, 2)
		n.next()
		n.normal(all[t])
	}
	return all
}

func TestNoiseIsThatOfItsStream(t *testing.T) {
	t.Parallel()
	rng, want := rand.New(rand.NewPCG(7, 3)), make([]float32, 2)
	for _, got := range draws(NewNoise(Exploration{}, 3), 7, 4) {
		DrawNormal(want, rng)
		require.Equal(t, want, got)
	}
}

func TestNoiseIsHeld(t *testing.T) {
	t.Parallel()
	n := NewNoise(Exploration{Hold: 3}, 1)
	got := draws(n, 5, 7)
	free := draws(NewNoise(Exploration{}, 1), 5, 3)
	for step, row := range got {
		require.Equal(t, free[step/3], row, "step %d", step)
	}
	require.NotEqual(t, got[0], got[3])
	require.Equal(t, got, draws(n, 5, 7), "an episode begins anew")
}

func TestOppositeNoise(t *testing.T) {
	t.Parallel()
	n := NewNoise(Exploration{Hold: 2, Opposite: true}, 1)
	plus, minus, other := draws(n, 8, 4), draws(n, 9, 4), draws(n, 10, 4)
	for step := range plus {
		for k := range plus[step] {
			require.Equal(t, plus[step][k], -minus[step][k])
		}
		require.NotEqual(t, plus[step], other[step])
	}
}
