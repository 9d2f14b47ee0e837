package workload

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestParetoMean integrates the inverse of the distribution that is drawn
// from by the midpoint rule: the mean is the given one, and the ends are L and
// max times the mean.
func TestParetoMean(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ shape, max float64 }{
		{0.1, 5}, {0.5, 10}, {0.9, 100}, {1, 100}, {1 + 1e-12, 100}, {1.1, 1000}, {1.5, 50}, {2, 20}, {3, 1e6}, {100, 1.5}, {0.1, 1e6}, {5, 1.0001},
	} {
		law, err := NewPareto(0.25, test.shape, test.max)
		require.NoError(t, err)
		require.Equal(t, 0.25, law.Mean())
		low, ratio := law.a, 0.25*test.max/law.a
		require.True(t, low > 0 && low < 0.25, "%+v: from %g s", test, low)
		require.InDelta(t, math.Pow(ratio, -test.shape), 1-law.share, 1e-12, "%+v: the largest", test)
		// The integral of x over the logarithm of x: what the density is a
		// power of.
		const steps = 200_000
		logRatio, sum, mass := math.Log(ratio), 0.0, 0.0
		for i := range steps {
			s := logRatio * (float64(i) + 0.5) / steps
			weight := math.Exp(-test.shape * s)
			sum += weight * math.Exp(s) * low
			mass += weight
		}
		require.InEpsilon(t, 0.25, sum/mass, 1e-5, "%+v: the mean", test)
	}
}

// TestParetoDraws holds the share of draws beyond a few points to the formula.
func TestParetoDraws(t *testing.T) {
	t.Parallel()
	const draws = 100_000
	law, err := NewPareto(2, 1.3, 40)
	require.NoError(t, err)
	rng := rand.New(rand.NewPCG(3, 1))
	xs := make([]float64, draws)
	for i := range xs {
		xs[i] = law.Draw(rng)
		if !(xs[i] >= law.a && xs[i] <= 80*(1+1e-12)) {
			t.Fatalf("draw %g outside [%g, 80]", xs[i], law.a)
		}
	}
	for _, x := range []float64{0.5, 1, 2, 10, 60} {
		want := (math.Pow(law.a/x, 1.3) - math.Pow(law.a/80, 1.3)) / (1 - math.Pow(law.a/80, 1.3))
		got := 0.0
		for _, d := range xs {
			if d > x {
				got++
			}
		}
		require.InDelta(t, want, got/draws, 4*math.Sqrt(want*(1-want)/draws), "beyond %g", x)
	}
}

func TestNewParetoRefuses(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		mean, shape, max float64
		want             string
	}{
		{-1, 1, 2, "mean -1: must be in [0, 1e+06]"},
		{1, 0, 2, "shape 0: must be in [0.1, 100] for law pareto"},
		{1, math.NaN(), 2, "shape NaN"},
		{1, 101, 2, "shape 101"},
		{1, 1, 1, "max 1: must be in (1, 1e+06] for law pareto, the largest demand over the mean"},
		{1, 1, math.Inf(1), "max +Inf"},
	} {
		_, err := NewPareto(test.mean, test.shape, test.max)
		require.ErrorContains(t, err, test.want)
	}
}

// TestLawsAllocateNothing draws from every law.
func TestLawsAllocateNothing(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for name, law := range everyLaw(t) {
		require.Zero(t, testing.AllocsPerRun(100, func() { law.Draw(rng) }), name)
	}
}

// everyLaw has one of each name.
func everyLaw(t *testing.T) map[string]Law {
	t.Helper()
	laws := map[string]Law{}
	for name, cv := range map[string]float64{"exponential": 0, "deterministic": 0, "log-normal": 1.5, "hyperexponential": 2} {
		law, err := NewLaw(name, 0.5, cv)
		require.NoError(t, err)
		laws[name] = law
	}
	var err error
	laws["pareto"], err = NewPareto(0.5, 1.2, 100)
	require.NoError(t, err)
	laws["mixture"], err = NewMixture(0.5, []Part{{Share: 0.5, Mean: 1, CV: 0.5}, {Share: 0.5, Mean: 20, CV: 1}})
	require.NoError(t, err)
	laws["trace"], err = NewEmpirical([]float64{1, 2, 5}, 0.5)
	require.NoError(t, err)
	for _, name := range LawNames() {
		require.Contains(t, laws, name)
	}
	return laws
}

// TestDrawsAreFrozen: recorded results rest on these numbers (to 1e-13, since
// processors differ in the last bit of math.Exp).
func TestDrawsAreFrozen(t *testing.T) {
	t.Parallel()
	for name, want := range map[string][3]float64{
		"exponential":      {0.13136502778970882, 0.2526828049872875, 0.07187809496853145},
		"deterministic":    {0.5, 0.5, 0.5},
		"log-normal":       {0.6895125555682378, 0.13287509830791844, 0.16892443488144288},
		"hyperexponential": {0.14238886467384831, 1.6789723178817897, 3.5350299213147696},
		"pareto":           {0.5436816509622483, 0.23250842182150633, 0.7619282970229786},
		"trace":            {0.1875, 0.1875, 0.375},
	} {
		law, rng := everyLaw(t)[name], rand.New(rand.NewPCG(5, 6))
		for _, x := range want {
			require.InEpsilon(t, x, law.Draw(rng), 1e-13, name)
		}
	}
}
