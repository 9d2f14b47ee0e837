package qmix

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/agents/nn"
	"fairlb/replay"
)

// TestMarks: of windows of three steps, the second of which has but two.
func TestMarks(t *testing.T) {
	t.Parallel()
	cfg := DefaultConfig()
	shape := replay.Shape{Agents: 2, Servers: 2, Features: 1}
	w := replay.NewWindows(shape, 2, 3)
	copy(w.Mask, []float32{1, 1, 1, 1, 1, 0})
	byServer := []float32{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0}
	for _, test := range []struct {
		mixed       MixedUtilities
		independent bool
		mask        []float32
	}{{LBs, false, w.Mask}, {Servers, false, byServer}, {LBs, true, byServer}} {
		cfg.Mixed = test.mixed
		n, err := newNetworks(&cfg, shape, test.independent, rand.New(rand.NewPCG(1, 1)))
		require.NoError(t, err)
		g := nn.NewGraph(n.values)
		l := newLosses(g, &cfg, shape, n.jointValue(g, 6))
		require.NoError(t, g.Err())
		l.setMasks(w)
		require.Equal(t, test.mask, l.mask.Data())
		require.Equal(t, []float32{1, 1, 1, 1, 0, 0, 1, 1, 0, 0}, l.pairs.Data(), "each row and the next, both of one window")
	}
}

// TestLossIsTheSumOfItsTerms, with the weights of the configuration: QMix-LB has the
// team's term and not the LBs' own, IQL-LB has these and not the team's.
func TestLossIsTheSumOfItsTerms(t *testing.T) {
	t.Parallel()
	shape := replay.Shape{Agents: 2, Servers: 3, Features: 2}
	for _, test := range []struct {
		utility     UtilityForm
		independent bool
		mixed       MixedUtilities
		smoothness  float64
	}{
		{Quadratic, false, LBs, 0.5}, {Quadratic, false, Servers, 0}, {Quadratic, true, Servers, 0.5}, {Quadratic, true, LBs, 0},
		{Table, false, Heads, 0.5}, {Table, false, Servers, 0.5}, {Table, true, LBs, 0.5},
	} {
		cfg := DefaultConfig()
		cfg.Utility, cfg.Mixed, cfg.Smoothness = test.utility, test.mixed, test.smoothness
		rng := rand.New(rand.NewPCG(1, 1))
		n, err := newNetworks(&cfg, shape, test.independent, rng)
		require.NoError(t, err)
		g := nn.NewGraph(n.values)
		j := n.jointValue(g, 4)
		l := newLosses(g, &cfg, shape, j)
		program, err := g.Compile(l.loss)
		require.NoError(t, err)
		for i := range n.values.Values() {
			n.values.Values()[i] += float32(rng.NormFloat64())
		}
		normal := func(nodes ...*nn.Node) {
			for _, node := range nodes {
				for i := range node.Data() {
					node.Data()[i] = float32(rng.NormFloat64())
				}
			}
		}
		normal(append(j.x, l.own...)...)
		if !test.independent {
			normal(j.state, l.y)
		}
		w := replay.NewWindows(shape, 2, 2)
		for i := range w.Mask {
			w.Mask[i] = 1
		}
		l.setMasks(w)
		program.Run()
		want := scalar(l.team)
		if test.independent {
			require.Nil(t, l.team)
			require.Nil(t, n.mixer)
			want = scalar(l.individual)
		} else {
			require.Nil(t, l.individual)
		}
		require.Positive(t, want)
		if test.utility == Quadratic {
			if test.smoothness > 0 {
				require.Positive(t, scalar(l.smooth))
			}
			want += test.smoothness * scalar(l.smooth)
		} else {
			require.Nil(t, l.smooth)
		}
		require.InEpsilon(t, want, program.Loss(), 1e-5)
	}
}

// TestEffect: of two states of one LB and one server with levels worth 0, 1
// and 5 in the first, 2, 0 and 1 in the second.
func TestEffect(t *testing.T) {
	t.Parallel()
	cfg := DefaultConfig()
	cfg.Utility, cfg.Levels = Table, []float64{-1, 0, 1}
	n := &networks{cfg: &cfg, shape: replay.Shape{Agents: 1, Servers: 1, Features: 1}, utility: newUtility(&cfg, 1)}
	plan := nn.NewPlan(nn.NewArena())
	j := jointValue{out: []*nn.Node{plan.Input("out", 3, 3)}, action: []*nn.Node{plan.Input("action", 3, 1)}}
	copy(j.out[0].Data(), []float32{0, 1, 5, 2, 0, 1, 9, 9, 0})
	copy(j.action[0].Data(), []float32{2, 1, 2})
	share, spread := n.actionStatistics(j, []float32{1, 1, 0})
	// Utilities 5 and 0, advantages 3 and -1; the best are 0 and 2 above.
	require.InDelta(t, 4/6.25, share, 1e-6)
	require.InDelta(t, 1/2.5, spread, 1e-6)
}
