package sac

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/agents/nn"
)

// TestStraightLevelSamples: forwards, levels come as often as the categorical
// has them.
func TestStraightLevelSamples(t *testing.T) {
	t.Parallel()
	const rows = 40000
	p := []float64{0.1, 0.6, 0.3}
	h := &straightThrough{categorical{levels: []float64{-1, 0, 2}}}
	k := &straightLevel{levels: h.levels}
	_, err := k.Bind([]int{rows, 3}, []int{rows, 3})
	require.NoError(t, err)
	logp, noise, out := make([]float32, 3*rows), make([]float32, 3*rows), make([]float32, rows)
	for i := range logp {
		logp[i] = float32(math.Log(p[i%3]))
	}
	h.drawNoise(noise, rand.New(rand.NewPCG(1, 1)))
	k.Forward(out, [][]float32{logp, noise})
	count := map[float32]float64{}
	for _, u := range out {
		count[u]++
	}
	for i, level := range k.levels {
		require.InDelta(t, p[i], count[float32(level)]/rows, 4*math.Sqrt(p[i]*(1-p[i])/rows))
	}
	require.Len(t, count, 3)
}

// TestStraightLevelGradient: backwards, it is the mean level under the softmax
// of the sums, by central differences of 1e-5.
func TestStraightLevelGradient(t *testing.T) {
	t.Parallel()
	k := &straightLevel{levels: []float64{-1, 0, 2}}
	_, err := k.Bind([]int{2, 3}, []int{2, 3})
	require.NoError(t, err)
	logp, noise := []float32{-1, -2, -0.5, -3, -0.1, -2}, []float32{0.3, 2, -0.4, 0, 1, -1}
	out, dout, got := make([]float32, 2), []float32{1.5, -2}, make([]float32, 6)
	k.Forward(out, [][]float32{logp, noise})
	require.Equal(t, []float32{0, 0}, out)
	k.Backward([][]float32{got, nil}, dout, out, [][]float32{logp, noise})
	for i := range got {
		mean := func(by float64) (m float64) {
			sum := 0.0
			for j, level := range k.levels {
				x := float64(logp[i/3*3+j]) + float64(noise[i/3*3+j])
				if j == i%3 {
					x += by
				}
				m += math.Exp(x) * level
				sum += math.Exp(x)
			}
			return m / sum
		}
		require.InDelta(t, float64(dout[i/3])*(mean(1e-5)-mean(-1e-5))/2e-5, got[i], 1e-5, fmt.Sprint(i))
	}
}

// TestStraightThroughDraws: several LBs' levels stand in a server's row, and the
// logarithm of the probability is minus the entropies' sum.
func TestStraightThroughDraws(t *testing.T) {
	t.Parallel()
	for _, lbs := range []int{1, 2} {
		h := &straightThrough{categorical{lbs: lbs, levels: []float64{-1, 3}, entropyShare: 0.5}}
		plan := nn.NewPlan(nn.NewArena())
		out, noise := plan.Input("out", 2, 2*lbs), plan.Input("noise", 2, 2*lbs)
		u, logp := h.draw(plan, out, noise, 2)
		mode := h.mode(plan, out)
		require.NoError(t, plan.Err())
		out.Data()[len(out.Data())-1] = 20 // the last LB on the last server
		noise.Data()[1] = 1                // the first on the first
		plan.Run()
		want := map[int][]float32{1: {3, 3}, 2: {3, -1, -1, 3}}[lbs]
		require.Equal(t, want, u.Data())
		expected := map[int][]float32{1: {1, 3}, 2: {1, 1, 1, 3}}[lbs]
		require.InDeltaSlice(t, expected, mode.Data(), 1e-5)
		ln2 := float32(math.Ln2)
		entropies := map[int][]float32{1: {-ln2, 0}, 2: {-2 * ln2, -ln2}}[lbs]
		require.InDeltaSlice(t, entropies, logp.Data(), 1e-5)
		require.InDelta(t, float64(lbs)*0.5*math.Ln2, h.targetEntropy(0), 1e-9)
		require.Len(t, h.bias(), 2*lbs)
	}
}
