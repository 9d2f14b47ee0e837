package workload

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNewEmpirical(t *testing.T) {
	t.Parallel()
	values := []float64{1, 1, 4}
	law, err := NewEmpirical(values, 0)
	require.NoError(t, err)
	require.Equal(t, 2.0, law.Mean())
	scaled, err := NewEmpirical(values, 3)
	require.NoError(t, err)
	require.Equal(t, 3.0, scaled.Mean())
	values[0] = 100 // a copy is drawn from
	count, rng, same := map[float64]float64{}, rand.New(rand.NewPCG(1, 2)), rand.New(rand.NewPCG(1, 2))
	for range 30_000 {
		x := law.Draw(rng)
		count[x]++
		require.InDelta(t, 1.5*x, scaled.Draw(same), 1e-12)
	}
	require.Len(t, count, 2)
	require.InDelta(t, 10_000, count[4], 330)

	for _, test := range []struct {
		values []float64
		mean   float64
		want   string
	}{
		{nil, 1, "an empirical law needs at least one value"},
		{[]float64{1, -1}, 1, "value -1: must be in [0, 1e15]"},
		{[]float64{0, 0}, 1, "mean 1: values that are all 0 cannot be scaled to it"},
		{[]float64{1}, -1, "mean -1: must be in"},
		{[]float64{1e7}, 0, "mean 1e+07: must be at most 1e+06"},
	} {
		_, err := NewEmpirical(test.values, test.mean)
		require.ErrorContains(t, err, test.want)
	}
}

func TestTraceLaw(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "t.tsv")
	require.NoError(t, os.WriteFile(path, []byte("time\tquery\n0\t/?n=2000\n1\t/x\n2\t/?n=4000\n"), 0o600))
	law, err := TraceLaw(path, 1e-6, 0)
	require.NoError(t, err)
	require.InDelta(t, 0.003, law.Mean(), 1e-15)
	law, err = TraceLaw(path, 1e-6, 0.6)
	require.NoError(t, err)
	require.InDelta(t, 0.4, min(law.values[0], law.values[1]), 1e-12)

	require.NoError(t, os.WriteFile(path, []byte("time\tquery\n0\t/\n"), 0o600))
	_, err = TraceLaw(path, 1, 0)
	require.EqualError(t, err, path+": no law of its n: an empirical law needs at least one value")
	require.ErrorAs(t, err, new(*TraceError))
	_, err = TraceLaw(path+".none", 1, 0)
	require.ErrorContains(t, err, "no such file")
}

// TestSubsample: the values kept of a long series are evenly spaced in it.
func TestSubsample(t *testing.T) {
	t.Parallel()
	const most = 64
	for _, n := range []int{5, most, most + 1, 2*most + 7, 5 * most} {
		s := subsample{capacity: most}
		for i := range n {
			s.add(float64(i))
		}
		require.LessOrEqual(t, len(s.values), most)
		require.GreaterOrEqual(t, len(s.values), min(n, most/2))
		for k, x := range s.values {
			if x != float64(k*s.stride) {
				t.Fatalf("%d values: number %d is %g, stride %d", n, k, x, s.stride)
			}
		}
		require.Less(t, n-1-int(s.values[len(s.values)-1]), s.stride)
	}
}
