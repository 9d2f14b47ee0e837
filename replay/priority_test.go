package replay_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/replay"
)

func priorities(t testing.TB, b *replay.Buffer, agent int, alpha float64) *replay.Priorities {
	t.Helper()
	p, err := replay.NewPriorities(b, agent, alpha)
	require.NoError(t, err)
	return p
}

// prioritise gives each transition the error that its reward stands for. It
// takes enough draws to meet all of them.
func prioritise(t testing.TB, p *replay.Priorities, errorOf func(reward float32) float32) {
	t.Helper()
	batch, weights := replay.NewBatch(shape, 400), make([]float32, 400)
	errs := make([]float32, batch.Size)
	require.NoError(t, p.Sample(batch, weights, 0, rand.New(rand.NewPCG(8, 8))))
	for row, r := range batch.Reward {
		errs[row] = errorOf(r)
	}
	require.NoError(t, p.Update(errs))
}

// draws counts transitions by reward over many batches of five.
func draws(t testing.TB, p *replay.Priorities, n int) map[float32]float64 {
	t.Helper()
	counts := map[float32]float64{}
	batch, weights := replay.NewBatch(shape, 5), make([]float32, 5)
	rng := rand.New(rand.NewPCG(5, 1))
	for range n / 5 {
		require.NoError(t, p.Sample(batch, weights, 1, rng))
		for _, r := range batch.Reward {
			counts[r]++
		}
	}
	return counts
}

// sizes are errors that differ by transition: 1 to 4 by its time, twice that
// in the second episode, the odd ones negative.
func sizes(reward float32) float32 {
	id, step := int(reward)/10000, int(reward)/1000%10
	e := float32(id * (1 + step))
	if step%2 == 1 {
		e = -e
	}
	return e
}

// TestPrioritiesDrawInProportion: |error|^alpha, over episodes of unequal
// lengths and of no step at all.
func TestPrioritiesDrawInProportion(t *testing.T) {
	t.Parallel()
	for _, alpha := range []float64{1, 0.5} {
		b := filled(t, 5, episode(1, 4, false), episode(3, 0, false), episode(2, 3, true))
		p := priorities(t, b, 1, alpha)
		prioritise(t, p, sizes)
		const n = 50000
		counts := draws(t, p, n)
		require.Len(t, counts, 7)
		sum := 0.0
		for r := range counts {
			sum += math.Pow(math.Abs(float64(sizes(r))), alpha)
		}
		chi := 0.0
		for r, got := range counts {
			want := n * math.Pow(math.Abs(float64(sizes(r))), alpha) / sum
			chi += (got - want) * (got - want) / want
		}
		require.Less(t, chi, 22.5, "chi-square of 6 degrees of freedom, p = 0.001; alpha = %g", alpha)
	}
}

// TestEqualPrioritiesDrawAsUniform: new transitions, equal errors, and any
// errors at alpha = 0; and weights are 1.
func TestEqualPrioritiesDrawAsUniform(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		alpha   float64
		errorOf func(float32) float32
	}{
		"new":       {0.6, nil},
		"equal":     {0.6, func(float32) float32 { return -3 }},
		"alpha = 0": {0, sizes},
	} {
		b := filled(t, 5, episode(1, 1, false), episode(2, 9, false))
		p := priorities(t, b, 0, test.alpha)
		if test.errorOf != nil {
			prioritise(t, p, test.errorOf)
		}
		chi := 0.0
		counts := draws(t, p, 20000)
		for _, n := range counts {
			chi += (n - 2000) * (n - 2000) / 2000
		}
		require.Len(t, counts, 10)
		require.Less(t, chi, 27.9, "%s: chi-square of 9 degrees of freedom, p = 0.001", name)
		batch, weights := replay.NewBatch(shape, 3), make([]float32, 3)
		require.NoError(t, p.Sample(batch, weights, 1, rand.New(rand.NewPCG(1, 1))))
		require.Equal(t, []float32{1, 1, 1}, weights, name)
	}
}

// TestWeightsUndoTheBias: the weighted mean of a figure over prioritised draws
// is its mean over transitions; the plain mean is far from it.
func TestWeightsUndoTheBias(t *testing.T) {
	t.Parallel()
	b := filled(t, 5, episode(1, 4, false), episode(2, 3, true))
	p := priorities(t, b, 1, 0.7)
	prioritise(t, p, sizes)
	figure := func(reward float32) float64 { return math.Abs(float64(sizes(reward))) }
	want := (1. + 2 + 3 + 4 + 2 + 4 + 6) / 7
	batch, weights := replay.NewBatch(shape, 20000), make([]float32, 20000)
	require.NoError(t, p.Sample(batch, weights, 1, rand.New(rand.NewPCG(4, 1))))
	var plain, weighted, sum float64
	most := float32(0)
	for row, r := range batch.Reward {
		plain += figure(r) / float64(batch.Size)
		weighted += float64(weights[row]) * figure(r)
		sum += float64(weights[row])
		most = max(most, weights[row])
	}
	require.InDelta(t, want, weighted/sum, 0.02)
	require.Greater(t, plain, want+0.4)
	require.Equal(t, float32(1), most)

	// Half of the exponent: the weight of the error 6 beside that of 1.
	require.NoError(t, p.Sample(batch, weights, 0.5, rand.New(rand.NewPCG(4, 1))))
	for row, r := range batch.Reward {
		require.InDelta(t, math.Pow(figure(r), -0.35), weights[row], 1e-5)
	}
}

// TestOverwrittenPrioritiesAreGone: an episode in the place of one of great
// errors is drawn as new ones are, by the greatest priority that there was.
func TestOverwrittenPrioritiesAreGone(t *testing.T) {
	t.Parallel()
	b := filled(t, 3, episode(1, 4, false), episode(2, 2, false))
	p := priorities(t, b, 0, 1)
	prioritise(t, p, func(r float32) float32 { // of episode 1 the most
		if r < 20000 {
			return 9
		}
		return 1
	})
	prioritise(t, p, func(float32) float32 { return 3 }) // and 9 is past
	require.NoError(t, b.Add(episode(3, 3, false)))
	require.NoError(t, b.Add(episode(4, 5, false))) // over episode 1
	counts := draws(t, p, 20000)
	var old, young float64
	for r, n := range counts {
		require.GreaterOrEqual(t, r, float32(20000), "of the overwritten episode")
		if r < 30000 {
			old += n
		} else {
			young += n
		}
	}
	require.Len(t, counts, 2+3+5)
	require.InDelta(t, 8*9/(2*3.), young/old, 1)

	// More episodes than there are places, between two samples.
	for id := 5; id < 9; id++ {
		require.NoError(t, b.Add(episode(id, id-4, false)))
	}
	counts = draws(t, p, 2000)
	require.Len(t, counts, 2+3+4)
	for r := range counts {
		require.GreaterOrEqual(t, r, float32(60000))
	}
}

// TestUpdateAfterAdd: errors of transitions that were overwritten since they
// were drawn do not reach those in their place.
func TestUpdateAfterAdd(t *testing.T) {
	t.Parallel()
	b := filled(t, 2, episode(1, 6, false), episode(2, 2, false))
	p := priorities(t, b, 0, 1)
	batch, weights := replay.NewBatch(shape, 200), make([]float32, 200)
	require.NoError(t, p.Sample(batch, weights, 1, rand.New(rand.NewPCG(1, 1))))
	require.NoError(t, b.Add(episode(3, 1, false)))
	errs := make([]float32, 200)
	for row := range errs {
		errs[row] = 1e-9
	}
	require.NoError(t, p.Update(errs))
	counts := draws(t, p, 100)
	require.Equal(t, map[float32]float64{30004: 100}, counts, "one new transition, and two that are known")
}

// TestPrioritiesFollowTheirSource, and are each agent's own.
func TestPrioritiesFollowTheirSource(t *testing.T) {
	t.Parallel()
	b := filled(t, 5, episode(1, 4, false), episode(2, 3, true))
	run := func(p *replay.Priorities, seed uint64) ([]float32, []float32) {
		rng := rand.New(rand.NewPCG(seed, 0))
		batch, weights := replay.NewBatch(shape, 6), make([]float32, 6)
		for range 20 {
			require.NoError(t, p.Sample(batch, weights, 0.4, rng))
			errs := make([]float32, 6)
			for row, r := range batch.Reward {
				errs[row] = sizes(r)
			}
			require.NoError(t, p.Update(errs))
		}
		return batch.Reward, weights
	}
	first := priorities(t, b, 0, 0.6)
	r1, w1 := run(first, 1)
	run(priorities(t, b, 1, 0.6), 7)
	r2, w2 := run(priorities(t, b, 0, 0.6), 1)
	require.Equal(t, r1, r2)
	require.Equal(t, w1, w2)
	r3, _ := run(priorities(t, b, 0, 0.6), 2)
	require.NotEqual(t, r1, r3)
}

func TestPrioritiesErrors(t *testing.T) {
	t.Parallel()
	b := filled(t, 2)
	_, err := replay.NewPriorities(b, 2, 0.6)
	require.ErrorContains(t, err, "agent 2 of 2")
	_, err = replay.NewPriorities(b, 0, 1.1)
	require.ErrorContains(t, err, "alpha = 1.1")
	_, err = replay.NewPriorities(b, 0, math.NaN())
	require.ErrorContains(t, err, "alpha = NaN")

	rng := rand.New(rand.NewPCG(1, 1))
	p := priorities(t, b, 0, 0.6)
	batch, weights := replay.NewBatch(shape, 2), make([]float32, 2)
	require.ErrorIs(t, p.Sample(batch, weights, 1, rng), replay.ErrEmpty)
	require.NoError(t, b.Add(episode(1, 0, false)))
	require.ErrorIs(t, p.Sample(batch, weights, 1, rng), replay.ErrEmpty)
	require.NoError(t, b.Add(episode(2, 3, false)))
	require.ErrorContains(t, p.Sample(batch, weights[:1], 1, rng), "1 weights of a batch of 2")
	require.ErrorContains(t, p.Sample(batch, weights, -1, rng), "beta = -1")
	other := replay.NewBatch(replay.Shape{Agents: 2, Servers: 4, Features: 2}, 2)
	require.ErrorContains(t, p.Sample(other, weights, 1, rng), "batch of 4 servers")

	require.ErrorContains(t, p.Update([]float32{1, 1}), "2 for 0")
	require.NoError(t, p.Sample(batch, weights, 1, rng))
	require.ErrorContains(t, p.Update([]float32{1}), "1 for 2")
	require.ErrorContains(t, p.Update([]float32{1, float32(math.NaN())}), "error of row 1 is NaN")
	require.ErrorContains(t, p.Update([]float32{float32(math.Inf(-1)), 1}), "error of row 0 is -Inf")
	require.NoError(t, p.Update([]float32{1, 0}))
}
