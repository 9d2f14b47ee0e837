package hypernet_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"fairlb/agents/nn"
	"fairlb/agents/nn/nntest"
	_ "fairlb/env/propertytest"
	"fairlb/hypernet"
)

func mixer(t testing.TB, s hypernet.MixerShape, seed uint64) (*nn.Arena, *hypernet.Mixer) {
	t.Helper()
	arena := nn.NewArena()
	m, err := hypernet.New(arena, "mixer", s, rand.New(rand.NewPCG(seed, 1)))
	require.NoError(t, err)
	return arena, m
}

// fill writes numbers between -2 and 2 into an input.
func fill(n *nn.Node, seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 2))
	for i := range n.Data() {
		n.Data()[i] = float32(4*rng.Float64() - 2)
	}
}

// The gradients by the mixer's own parameters and by the utilities.
func TestMixerGradients(t *testing.T) {
	t.Parallel()
	for _, s := range []hypernet.MixerShape{{Agents: 1, State: 1, Mixing: 1}, {Agents: 3, State: 4, Mixing: 5}} {
		arena, m := mixer(t, s, 3)
		arena2 := nn.NewArena()
		utilities := arena2.Add("q", nn.Uniform(rand.New(rand.NewPCG(5, 5)), 1), 6, s.Agents)
		loss := func(b nn.Builder, q *nn.Node) *nn.Node {
			state, target := b.Input("state", 6, s.State), b.Input("target", 6, 1)
			fill(state, 7)
			fill(target, 8)
			return b.Apply(new(nn.MeanSquare), m.Apply(b, q, state), target)
		}
		nntest.Loss(t, arena, func(b nn.Builder) *nn.Node {
			q := b.Input("q", 6, s.Agents)
			fill(q, 6)
			return loss(b, q)
		})
		nntest.Loss(t, arena2, func(b nn.Builder) *nn.Node { return loss(b, b.Param(utilities)) })
	}
}

// dQ/dq_i is at least 0, whatever the state ([QMIX], eq. 5), and not 0
// everywhere.
func TestMixerIsMonotonic(t *testing.T) {
	t.Parallel()
	risen := 0
	rapid.Check(t, func(rt *rapid.T) {
		s := hypernet.MixerShape{
			Agents: rapid.IntRange(1, 4).Draw(rt, "agents"), State: rapid.IntRange(1, 4).Draw(rt, "state"),
			Mixing: rapid.IntRange(1, 8).Draw(rt, "mixing"),
		}
		arena, m := mixer(t, s, rapid.Uint64().Draw(rt, "seed"))
		plan := nn.NewPlan(arena)
		q, state := plan.Input("q", 1, s.Agents), plan.Input("state", 1, s.State)
		out := m.Apply(plan, q, state)
		require.NoError(rt, plan.Err())
		for _, n := range []*nn.Node{q, state} {
			copy(n.Data(), rapid.SliceOfN(rapid.Float32Range(-3, 3), len(n.Data()), len(n.Data())).Draw(rt, "input"))
		}
		plan.Run()
		before := out.Data()[0]
		q.Data()[rapid.IntRange(0, s.Agents-1).Draw(rt, "which")] += rapid.Float32Range(0, 3).Draw(rt, "rise")
		plan.Run()
		rounding := 1e-5 * (1 + math.Abs(float64(before)))
		require.GreaterOrEqual(rt, float64(out.Data()[0]), float64(before)-rounding)
		if float64(out.Data()[0]) > float64(before)+rounding {
			risen++
		}
	})
	require.Greater(t, risen, 20, "the check would pass on a constant")
}

// TestMixerFormula computes the mixer by hand from its parameters.
func TestMixerFormula(t *testing.T) {
	t.Parallel()
	s := hypernet.MixerShape{Agents: 2, State: 3, Mixing: 4}
	arena, m := mixer(t, s, 9)
	plan := nn.NewPlan(arena)
	q, state := plan.Input("q", 2, 2), plan.Input("state", 2, 3)
	out := m.Apply(plan, q, state)
	require.NoError(t, plan.Err())
	fill(q, 1)
	fill(state, 2)
	plan.Run()

	value := map[string][]float32{}
	for _, p := range arena.Parameters("") {
		value[p.Name] = p.Data
	}
	dense := func(x []float64, name string) []float64 {
		w, b := value["mixer."+name+".weights"], value["mixer."+name+".bias"]
		y := make([]float64, len(b))
		for o := range y {
			y[o] = float64(b[o])
			for i, v := range x {
				y[o] += v * float64(w[i*len(b)+o])
			}
		}
		return y
	}
	for r := range 2 {
		x := make([]float64, 3)
		for i := range x {
			x[i] = float64(state.Data()[r*3+i])
		}
		w1, b1, w2, hidden := dense(x, "first"), dense(x, "first_bias"), dense(x, "second"), dense(x, "offset_hidden")
		for i := range hidden {
			hidden[i] = max(hidden[i], 0)
		}
		want := dense(hidden, "offset")[0]
		for e := range 4 {
			h := b1[e]
			for a := range 2 {
				h += float64(q.Data()[r*2+a]) * math.Abs(w1[a*4+e])
			}
			if h < 0 {
				h = math.Expm1(h)
			}
			want += h * math.Abs(w2[e])
		}
		require.InDelta(t, want, out.Data()[r], 1e-5)
	}
}

func TestMixerRefuses(t *testing.T) {
	t.Parallel()
	for _, s := range []hypernet.MixerShape{{0, 1, 1}, {1, 0, 1}, {1, 1, 0}} {
		_, err := hypernet.New(nn.NewArena(), "mixer", s, rand.New(rand.NewPCG(1, 1)))
		require.ErrorIs(t, err, nn.ErrShape)
	}
	arena, m := mixer(t, hypernet.MixerShape{Agents: 2, State: 3, Mixing: 4}, 1)
	plan := nn.NewPlan(arena)
	m.Apply(plan, plan.Input("q", 2, 3), plan.Input("state", 2, 3))
	require.ErrorIs(t, plan.Err(), nn.ErrShape)
}
