package dispatch

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// TestScoreTreeAgainstScan: after any changes, the tree and the plain scan pick
// the same server from the same random stream, whatever their size.
func TestScoreTreeAgainstScan(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 70).Draw(t, "servers")
		b := newScoreTree(n)
		scores := make([]float64, n)
		b.fill(func(j int) float64 { return scores[j] }, n)
		a, c := rand.New(rand.NewPCG(1, 2)), rand.New(rand.NewPCG(1, 2))
		changes := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) [2]int {
			return [2]int{rapid.IntRange(0, n-1).Draw(t, "server"), rapid.IntRange(0, 3).Draw(t, "score")}
		}), 0, 200).Draw(t, "changes")
		for _, change := range changes {
			scores[change[0]] = float64(change[1])
			b.set(change[0], scores[change[0]])
			require.Equal(t, scan(scores, c), b.pick(a))
		}
	})
}

// scan is the plain form of pick.
func scan(scores []float64, rng *rand.Rand) int {
	var ties []int
	for j, s := range scores {
		if s == slices.Min(scores) {
			ties = append(ties, j)
		}
	}
	if len(ties) == 1 {
		return ties[0]
	}
	return ties[rng.IntN(len(ties))]
}

// TestScoreTreeTiesAreFair draws among 24 ties of 40 servers, a tree, and counts
// by the chi-square statistic (99.9 % quantile of 23 degrees of freedom).
func TestScoreTreeTiesAreFair(t *testing.T) {
	t.Parallel()
	b := newScoreTree(40)
	b.fill(func(j int) float64 { return math.Min(float64(j%5), 3) / 3 }, 40)
	for j := range 16 {
		b.set(5*(j%8)+j/8, 0) // what is at 0 or 1 mod 5
	}
	for j := range 8 {
		b.set(5*j+2, 0)
	}
	rng := rand.New(rand.NewPCG(8, 9))
	const draws = 240_000
	counts := map[int]float64{}
	for range draws {
		counts[b.pick(rng)]++
	}
	require.Len(t, counts, 24)
	chi := 0.0
	for j, got := range counts {
		require.Less(t, j%5, 3)
		chi += (got - draws/24) * (got - draws/24) / (draws / 24)
	}
	require.Less(t, chi, 49.73)
}

// TestChangedCountsSuffice: a rule that is told which counts changed picks as
// one that looks at all of them each time.
func TestChangedCountsSuffice(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 7, 16, 17, 100} {
		rng := rand.New(rand.NewPCG(3, uint64(n)))
		weights := make([]float64, n)
		for j := range weights {
			weights[j] = float64(1 + rng.IntN(3))
		}
		told, looking := &View{Ongoing: make([]int32, n)}, &View{Ongoing: make([]int32, n)}
		told.Rand, looking.Rand = rand.New(rand.NewPCG(4, 4)), rand.New(rand.NewPCG(4, 4))
		a, err := NewShortestDelay(weights, Options{})
		require.NoError(t, err)
		b, err := NewShortestDelay(weights, Options{})
		require.NoError(t, err)
		for k := range 2000 {
			pick := a.Pick(told)
			require.Equal(t, b.Pick(looking), pick)
			told.changed = append(told.changed[:0], int32(pick))
			told.Ongoing[pick]++
			looking.Ongoing[pick]++
			if j := rng.IntN(n); told.Ongoing[j] > 0 {
				told.Ongoing[j]--
				looking.Ongoing[j]--
				told.changed = append(told.changed, int32(j))
			}
			if k%500 == 499 {
				weights[rng.IntN(n)] = float64(1 + rng.IntN(9))
				require.NoError(t, a.SetWeights(weights))
				require.NoError(t, b.SetWeights(weights))
			}
		}
	}
}
