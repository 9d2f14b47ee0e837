package dispatch

import (
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// minimisers lists the servers of least (q+1)/w by exact arithmetic.
func minimisers(ongoing []int32, weights []int) []int {
	var best *big.Rat
	var list []int
	for j, q := range ongoing {
		score := big.NewRat(int64(q)+1, int64(weights[j]))
		switch {
		case best == nil || score.Cmp(best) < 0:
			best, list = score, []int{j}
		case score.Cmp(best) == 0:
			list = append(list, j)
		}
	}
	return list
}

// TestShortestDelayPicksEveryMinimiser: over a few draws, exactly the
// minimisers are picked.
func TestShortestDelayPicksEveryMinimiser(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 6).Draw(t, "servers")
		most := rapid.SampledFrom([]int{1, 2, 15, 100}).Draw(t, "largest weight")
		whole := rapid.SliceOfN(rapid.IntRange(1, most), n, n).Draw(t, "weights")
		ongoing := rapid.SliceOfN(rapid.Int32Range(0, 30), n, n).Draw(t, "ongoing")
		weights := make([]float64, n)
		for j, w := range whole {
			weights[j] = float64(w)
		}
		r, err := NewShortestDelay(weights, Options{})
		require.NoError(t, err)
		v := &View{Ongoing: ongoing, Rand: rand.New(rand.NewPCG(1, 1))}
		want := map[int]bool{}
		for _, j := range minimisers(ongoing, whole) {
			want[j] = true
		}
		got := map[int]bool{}
		for range 100 { // misses one of six with probability 1e-8
			got[r.Pick(v)] = true
		}
		require.Equal(t, want, got)
	})
}

// TestThirdsTie: 5/3 and 25/15 are equal, but not as products with inverses.
func TestThirdsTie(t *testing.T) {
	t.Parallel()
	r, err := NewShortestDelay([]float64{3, 15}, Options{})
	require.NoError(t, err)
	v := &View{Ongoing: []int32{4, 24}, Rand: rand.New(rand.NewPCG(1, 1))}
	counts := [2]int{}
	for range 1000 {
		counts[r.Pick(v)]++
	}
	require.InDelta(t, 500, counts[0], 60)
}

// TestTiesAreFair counts picks among three ties of five servers by the
// chi-square statistic (99.9 % quantile of 2 degrees of freedom).
func TestTiesAreFair(t *testing.T) {
	t.Parallel()
	sed, err := NewShortestDelay([]float64{1, 2, 1, 4, 1}, Options{})
	require.NoError(t, err)
	for name, test := range map[string]struct {
		rule Rule
		view View
		ties []int
	}{
		"shortest delay": {sed, View{Ongoing: []int32{1, 3, 2, 7, 5}}, []int{0, 1, 3}},
		"oracle":         {Oracle{}, View{Ongoing: make([]int32, 5), Global: finish{2, 9, 2, 2, 3}}, []int{0, 2, 3}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := test.view
			v.Rand = rand.New(rand.NewPCG(3, 4))
			const draws = 60_000
			counts := map[int]float64{}
			for range draws {
				counts[test.rule.Pick(&v)]++
			}
			require.Len(t, counts, len(test.ties))
			chi := 0.0
			for _, j := range test.ties {
				want := float64(draws) / float64(len(test.ties))
				chi += (counts[j] - want) * (counts[j] - want) / want
			}
			require.Less(t, chi, 13.82)
		})
	}
}

// TestNoTieDrawsNothing: where one server is the least, the random stream is
// left alone, so that two rules which agree stay in step.
func TestNoTieDrawsNothing(t *testing.T) {
	t.Parallel()
	r, err := NewShortestDelay([]float64{1, 1}, Options{})
	require.NoError(t, err)
	require.Equal(t, 1, r.Pick(&View{Ongoing: []int32{3, 2}})) // a nil Rand
}

func TestSetWeights(t *testing.T) {
	t.Parallel()
	r, err := NewShortestDelay([]float64{1, 1}, Options{})
	require.NoError(t, err)
	v := &View{Ongoing: []int32{1, 2}, Rand: rand.New(rand.NewPCG(1, 1))}
	require.Equal(t, 0, r.Pick(v))
	require.NoError(t, r.SetWeights([]float64{1, 3}))
	require.Equal(t, 1, r.Pick(v))
	require.ErrorContains(t, r.SetWeights([]float64{9, 0}), "weight of server 1 is 0")
	require.ErrorContains(t, r.SetWeights([]float64{9}), "1 weights for 2 servers")
	require.ErrorContains(t, r.SetWeights([]float64{9, 1, 1}), "3 weights for 2 servers")
	require.Equal(t, 1, r.Pick(v), "a refused call changed the weights")
}
