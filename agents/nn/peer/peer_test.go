package peer

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/agents/nn"
	"fairlb/agents/nn/nntest"
)

var small = Sizes{Hidden: 5, Batch: 3, Steps: 4, Servers: 2, Features: 3, Levels: 3}

func TestLossGradients(t *testing.T) {
	t.Parallel()
	of, constant := nntest.Of, func(shape ...int) nntest.Input { return nntest.Input{Shape: shape, Constant: true} }
	for _, s := range []struct{ rows, batch, n, k int }{{1, 1, 1, 2}, {4, 2, 3, 3}} {
		h := heads{s.n, s.k}
		levels := constant(s.rows, s.n)
		levels.Draw = nntest.Level(s.k)
		nntest.Kernel(t, func() nn.Kernel { return &criticLoss{heads: h} }, of(s.rows, h.critic()), levels, constant(s.rows, 1))
		nntest.Kernel(t, func() nn.Kernel { return &policyLoss{heads: h} },
			of(s.rows+s.batch, h.logits()), constant(s.rows, h.critic()), constant(s.rows, h.critic()), constant(1))
	}
}

// The losses of a learner fall on a batch that it sees again and again; any
// number of workers gives the same bits.
func TestUpdateLearnsItsBatch(t *testing.T) {
	t.Parallel()
	var want []float32
	for _, count := range []int{1, 2} {
		workers := nn.NewWorkers(count)
		u, err := New(small, 1, workers)
		require.NoError(t, err)
		u.Fill(2)
		require.NoError(t, u.Step())
		first := u.Loss()
		for range 300 {
			require.NoError(t, u.Step())
		}
		require.Less(t, u.Loss(), first/2)
		got := append([]float32{u.Loss(), u.LogAlpha()}, u.params.Values()...)
		if want == nil {
			want = got
		}
		require.Equal(t, want, got)
		workers.Close()
	}
}

// Thousands of steps leave the heap as it was.
func TestHeapDoesNotGrow(t *testing.T) {
	u, err := New(small, 1, nil)
	require.NoError(t, err)
	u.Fill(2)
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	for range 10 {
		require.NoError(t, u.Step())
	}
	before := heap()
	for range 2000 {
		require.NoError(t, u.Step())
	}
	require.Less(t, float64(heap()), float64(before)+100e3)
	require.Zero(t, testing.AllocsPerRun(100, func() {
		if u.Step() != nil {
			panic("step")
		}
	}))
	obs := make([]float32, small.Observation())
	require.Zero(t, testing.AllocsPerRun(100, func() { u.Act(obs) }))
}

func TestShapeIsChecked(t *testing.T) {
	t.Parallel()
	_, err := New(Sizes{}, 1, nil)
	require.ErrorContains(t, err, "want all at least 1")
}

func benchmarkUpdate(b *testing.B, s Sizes, count int) {
	workers := nn.NewWorkers(count)
	defer workers.Close()
	u, err := New(s, 1, workers)
	require.NoError(b, err)
	u.Fill(2)
	for range 3 {
		require.NoError(b, u.Step())
	}
	for b.Loop() {
		if err := u.Step(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkUpdate(b *testing.B)           { benchmarkUpdate(b, Default(), 1) }
func BenchmarkUpdateTwoWorkers(b *testing.B) { benchmarkUpdate(b, Default(), 2) }
func BenchmarkUpdateLarge(b *testing.B) {
	benchmarkUpdate(b, Sizes{Hidden: 128, Batch: 12, Steps: 240, Servers: 20, Features: 11, Levels: 3}, 1)
}

func BenchmarkPolicyStep(b *testing.B) {
	u, err := New(Default(), 1, nil)
	require.NoError(b, err)
	obs := make([]float32, Default().Observation())
	for i := range obs {
		obs[i] = float32(i%7) - 3
	}
	for b.Loop() {
		u.Act(obs)
	}
}
