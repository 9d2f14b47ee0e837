package nn_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"fairlb/agents/nn"
	"fairlb/agents/nn/nntest"
	_ "fairlb/env/propertytest"
)

func TestMaskedLossGradients(t *testing.T) {
	t.Parallel()
	of := nntest.Of
	losses := map[string]func() nn.Kernel{
		"mean square": func() nn.Kernel { return new(nn.MeanSquare) },
	}
	for _, shape := range [][]int{{1}, {1, 1}, {7}, {5, 3}} {
		for name, loss := range losses {
			t.Run(name, func(t *testing.T) {
				nntest.Kernel(t, loss, of(shape...), of(shape...))
				for _, draw := range []func(*rand.Rand) float32{nntest.Level(1), nntest.Level(2)} { // nothing; about half
					nntest.Kernel(t, loss, of(shape...), of(shape...), nntest.Input{Shape: shape, Constant: true, Draw: draw})
				}
			})
		}
	}
}

func TestLossValues(t *testing.T) {
	t.Parallel()
	x, y, mask := []float32{1, 2, 5, -4}, []float32{3, 1.5, 1, 1}, []float32{1, 1, 0, 1}
	two, three := [][]int{{4}, {4}}, [][]int{{4}, {4}, {4}} // differences -2, 0.5, 4, -5
	for _, c := range []struct {
		name   string
		kernel nn.Kernel
		shapes [][]int
		in     [][]float32
		loss   float32
		dx     []float32
	}{
		{"mean square", new(nn.MeanSquare), two, [][]float32{x, y}, 45.25 / 4, []float32{-1, .25, 2, -2.5}},
		{"masked mean square", new(nn.MeanSquare), three, [][]float32{x, y, mask}, 29.25 / 3, []float32{-4. / 3, 1. / 3, 0, -10. / 3}},
	} {
		require.InDelta(t, c.loss, forward(t, c.kernel, c.shapes, c.in...)[0], 1e-6, c.name)
		din := backward(t, c.kernel, c.shapes, []float32{3}, c.in...)
		for i, d := range c.dx {
			require.InDelta(t, 3*d, din[0][i], 1e-6, c.name)
			require.InDelta(t, -3*d, din[1][i], 1e-6, c.name)
		}
		for _, m := range din[2:] {
			require.Equal(t, make([]float32, 4), m, "the mask has no gradient")
		}
	}
}

// What masked entries hold does not reach loss and gradient: they are those of
// the entries that are left. None left gives 0.
func TestLossesIgnoreMaskedEntries(t *testing.T) {
	t.Parallel()
	bad := []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)), 3e38}
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(1, 9).Draw(rt, "n")
		var x, y, mask, keptX, keptY []float32
		var kept []int
		for i := range n {
			m := rapid.IntRange(0, 1).Draw(rt, "mask")
			value := func() float32 {
				if m == 0 {
					return rapid.SampledFrom(bad).Draw(rt, "masked")
				}
				return rapid.Float32Range(-3, 3).Draw(rt, "value")
			}
			x, y, mask = append(x, value()), append(y, value()), append(mask, float32(m))
			if m == 1 {
				keptX, keptY, kept = append(keptX, x[i]), append(keptY, y[i]), append(kept, i)
			}
		}
		for _, loss := range []func() nn.Kernel{
			func() nn.Kernel { return new(nn.MeanSquare) },
		} {
			got := forward(t, loss(), [][]int{{n}, {n}, {n}}, x, y, mask)[0]
			din := backward(t, loss(), [][]int{{n}, {n}, {n}}, []float32{2}, x, y, mask)
			want, dx, dy := float32(0), make([]float32, n), make([]float32, n)
			if left := len(kept); left > 0 {
				shapes := [][]int{{left}, {left}}
				want = forward(t, loss(), shapes, keptX, keptY)[0]
				dleft := backward(t, loss(), shapes, []float32{2}, keptX, keptY)
				for i, index := range kept {
					dx[index], dy[index] = dleft[0][i], dleft[1][i]
				}
			}
			require.Equal(rt, want, got)
			require.Equal(rt, dx, din[0])
			require.Equal(rt, dy, din[1])
		}
	})
}

// An entry that counts and is NaN shows: in loss and gradient.
func TestLossesKeepNaN(t *testing.T) {
	t.Parallel()
	nan := float32(math.NaN())
	for _, k := range []nn.Kernel{new(nn.MeanSquare)} {
		shapes, in := [][]int{{2}, {2}, {2}}, [][]float32{{nan, 1}, {0, 0}, {1, 1}}
		require.True(t, math.IsNaN(float64(forward(t, k, shapes, in...)[0])), k.Name())
		require.True(t, math.IsNaN(float64(backward(t, k, shapes, []float32{1}, in...)[0][0])), k.Name())
	}
}

func TestLossesRefuse(t *testing.T) {
	t.Parallel()
	for _, k := range []nn.Kernel{new(nn.MeanSquare)} {
		requireRefusals(t, nn.ErrShape,
			refusal{"target", k, [][]int{{3, 2}, {2, 3}}},
			refusal{"mask", k, [][]int{{3, 2}, {3, 2}, {3, 1}}},
			refusal{"no target", k, [][]int{{3, 2}}},
			refusal{"four inputs", k, [][]int{{3}, {3}, {3}, {3}}})
	}
}
