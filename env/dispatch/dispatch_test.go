package dispatch

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// finish is a Foresight of fixed times.
type finish []float64

func (f finish) Finish(server int) float64 { return f[server] }

func TestHeuristics(t *testing.T) {
	t.Parallel()
	capacity := []float64{1, 2, 4}
	for name, want := range map[string]int{ // of ongoing 0, 1, 4 and finish 3, 2, 5
		"lsq":    0,
		"sed":    0, // 1/1, 2/2 and 5/4: the first of the two ties that the constant draws
		"oracle": 1,
	} {
		rule, err := New(name, capacity)
		require.NoError(t, err)
		v := &View{Ongoing: []int32{0, 1, 4}, Rand: rand.New(constant(0)), Oracle: finish{3, 2, 5}}
		require.Equal(t, want, rule.Pick(v), name)
	}
	for name, want := range map[string][]float64{
		"ecmp": {1. / 3, 1. / 3, 1. / 3},
		"wcmp": {1. / 7, 2. / 7, 4. / 7},
	} {
		rule, err := New(name, capacity)
		require.NoError(t, err)
		require.InDeltaSlice(t, want, probabilities(rule.(*Random)), 1e-15, name)
	}
}

func TestSingleServer(t *testing.T) {
	t.Parallel()
	for _, name := range Names() {
		rule, err := New(name, []float64{3})
		require.NoError(t, err)
		v := &View{Ongoing: []int32{7}, Rand: rand.New(rand.NewPCG(1, 1)), Oracle: finish{1}}
		for range 10 {
			require.Zero(t, rule.Pick(v), name)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	_, err := New("jsq", []float64{1})
	require.ErrorContains(t, err, `unknown heuristic "jsq" (known: ecmp, wcmp, lsq, sed, oracle)`)
	for _, test := range []struct {
		weights []float64
		want    string
	}{
		{nil, "no servers"},
		{[]float64{1, 0}, "weight of server 1 is 0: must be in (0, 1e12]"},
		{[]float64{-1}, "weight of server 0 is -1"},
		{[]float64{math.NaN()}, "weight of server 0 is NaN"},
		{[]float64{math.Inf(1)}, "weight of server 0 is +Inf"},
		{[]float64{2e12}, "weight of server 0 is 2e+12"},
	} {
		_, err := NewRandom(test.weights)
		require.ErrorContains(t, err, test.want)
		_, err = NewShortestDelay(test.weights)
		require.ErrorContains(t, err, test.want)
	}
}
