package nash

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/eval/theory/markov"
)

// few is a case that is quick to solve.
func few(r Rule, load float64) Case {
	return Case{Speeds: [2]float64{4, 1}, Load: load, Shares: [2]float64{0.5, 0.5}, Rule: r, Ratios: []float64{1, 2, 2.5, 4, 8}, Most: 14}
}

// TestRandomAgainstChain holds the formula of tasks sent at random to the chain.
func TestRandomAgainstChain(t *testing.T) {
	t.Parallel()
	c := few(Random, 0.3)
	o := c.random([2]float64{2, 5})
	fast := [2]float64{2. / 3, 5. / 6}
	system := &markov.System{
		Servers: []markov.Server{{Processors: 1, Speed: 4}, {Processors: 1, Speed: 1}}, LBs: 2, Rate: 1.5, Most: 26,
		Dispatch: func(lb int, _ []int, chance []float64) { chance[0], chance[1] = fast[lb], 1-fast[lb] },
	}
	_, means, err := system.SolveMeasured(2, func(dst []float64, tasks []int) {
		for i := range 2 {
			dst[i] = float64(tasks[2*i] + tasks[2*i+1])
		}
	})
	require.NoError(t, err)
	for i := range 2 {
		require.InDelta(t, means[i]/0.75, o.time[i], 1e-6)
	}
	_, means, err = system.SolveMeasured(2, func(dst []float64, tasks []int) {
		for i := range 2 {
			mean := (float64(tasks[2*i])/4 + float64(tasks[2*i+1])) / 2
			dst[i] = -(math.Pow(float64(tasks[2*i])/4-mean, 2) + math.Pow(float64(tasks[2*i+1])-mean, 2)) / 2
		}
	})
	require.NoError(t, err)
	require.InDeltaSlice(t, means, o.vbf[:], 1e-5)

	c.Load = 0.9
	o = c.random([2]float64{0.01, 0.01}) // the slow server is overloaded
	require.True(t, math.IsInf(o.time[0], 1) && math.IsInf(o.vbf[1], -1))
}

// TestEquilibria: LBs judged by the time of all reach the best, those judged by VBF SED's
// weights, which are not; those judged by their own time are between.
func TestEquilibria(t *testing.T) {
	t.Parallel()
	c := few(Shortest, 0.5)
	s, err := c.Solve()
	require.NoError(t, err)
	require.Less(t, s.Lost, 1e-3)
	team, own, vbf := s.Under(EveryTime), s.Under(OwnTime), s.Under(OwnVBF)
	require.InDelta(t, 1, team.Stability(), 1e-12)
	require.GreaterOrEqual(t, own.Anarchy(), 1.0)
	require.Equal(t, [2]float64{4, 4}, vbf.Equilibria[0].Ratios)
	require.Greater(t, vbf.Anarchy(), 1.05)
	require.Greater(t, vbf.Anarchy(), own.Anarchy())
	require.Zero(t, vbf.Gap)
	require.Positive(t, own.Gap)
	require.Equal(t, [2]float64{2.5, 2.5}, own.Best.Ratios)

	// By symmetry, the LBs with their places changed; and one chain by itself.
	n := len(c.Ratios)
	for a := range n {
		for b := range n {
			require.InDelta(t, s.Time[a*n+b], s.Time[b*n+a], 1e-12)
			require.InDelta(t, s.of[OwnTime][0][a*n+b], s.of[OwnTime][1][b*n+a], 1e-12)
		}
	}
	o, err := c.pair(c.Ratios[3], c.Ratios[0])
	require.NoError(t, err)
	require.InDelta(t, -o.time[0], s.of[OwnTime][0][3*n], 1e-9)
	require.InDelta(t, o.vbf[1], s.of[OwnVBF][1][3*n], 1e-9)
}

// TestNoEquilibrium: the price of anarchy of none is none.
func TestNoEquilibrium(t *testing.T) {
	t.Parallel()
	r := Result{}
	require.True(t, math.IsNaN(r.Anarchy()) && math.IsNaN(r.Stability()))
}

// TestSearch finds the least of a noisy bowl whose noise is the pair's.
func TestSearch(t *testing.T) {
	t.Parallel()
	want := []float64{0.5, -0.3, 0.1}
	rng := rand.New(rand.NewPCG(1, 1))
	s := Search{Rounds: 60, Pairs: 8, Sigma: 0.1, Step: 0.1}
	got, err := s.Run(3, rng, func(place []float64, pair int) (float64, error) {
		sum := float64(pair % 7)
		for j, x := range place {
			sum += (x - want[j]) * (x - want[j])
		}
		return sum, nil
	})
	require.NoError(t, err)
	require.InDeltaSlice(t, want, got, 0.03)
	for _, bad := range []Search{{Rounds: 1, Pairs: 1, Sigma: 1, Step: 1}, {Rounds: 2, Sigma: 1, Step: 1}, {Rounds: 2, Pairs: 1, Step: 1}, {Rounds: 2, Pairs: 1, Sigma: 1}} {
		_, err := bad.Run(3, rng, nil)
		require.ErrorIs(t, err, ErrSearch)
	}
}

func TestCaseRefuses(t *testing.T) {
	t.Parallel()
	for want, change := range map[string]func(*Case){
		"load 1: must be positive":      func(c *Case) { c.Load = 1 },
		`rule "x"`:                      func(c *Case) { c.Rule = "x" },
		"must be positive and sum to 1": func(c *Case) { c.Shares[0] = 0.7 },
		"must be equal":                 func(c *Case) { c.Shares = [2]float64{0.7, 0.3} },
		"must be some":                  func(c *Case) { c.Ratios = nil },
		"most = 0":                      func(c *Case) { c.Most = 0 },
	} {
		c := few(Shortest, 0.5)
		change(&c)
		_, err := c.Solve()
		require.ErrorContains(t, err, want)
	}
}
