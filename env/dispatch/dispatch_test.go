package dispatch

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// finish is a GlobalState of fixed times.
type finish []float64

func (f finish) Finish(server int) float64 { return f[server] }

func (f finish) Capacity(server int) float64 { return []float64{1, 4, 2}[server] }

func (f finish) Outstanding(server int) int32 { return int32(f[server]) }

func TestHeuristics(t *testing.T) {
	t.Parallel()
	capacity := []float64{1, 2, 4}
	for name, want := range map[string]int{ // of ongoing 0, 1, 4 and finish 3, 2, 5
		"lsq":    0,
		"sed":    0, // 1/1, 2/2 and 5/4: the first of the two ties that the constant draws
		"oracle": 1,

		"lsq-ordered": 0,
		"sed-ordered": 0, // of the ties the one of less capacity
		"sed-true":    1, // of 1/1, 2/4 and 5/2
		"jsq":         1, // of 3, 2 and 5 outstanding
		"sed-global":  1, // of 4/1, 3/2 and 6/4, the first of the two ties
	} {
		rule, err := New(name, Options{Capacity: capacity, LBs: 1})
		require.NoError(t, err)
		v := &View{Ongoing: []int32{0, 1, 4}, Rand: rand.New(constant(0)), Global: finish{3, 2, 5}}
		require.Equal(t, want, rule.Pick(v), name)
	}
	for name, want := range map[string][]float64{
		"ecmp": {1. / 3, 1. / 3, 1. / 3},
		"wcmp": {1. / 7, 2. / 7, 4. / 7},
	} {
		rule, err := New(name, Options{Capacity: capacity, LBs: 1})
		require.NoError(t, err)
		require.InDeltaSlice(t, want, probabilities(rule.(*Random)), 1e-15, name)
	}
}

func TestSingleServer(t *testing.T) {
	t.Parallel()
	for _, name := range Names() {
		rule, err := New(name, Options{Capacity: []float64{3}, LBs: 1, Told: true, Classes: 1})
		require.NoError(t, err)
		v := &View{Ongoing: []int32{7}, Rand: rand.New(rand.NewPCG(1, 1)), Global: finish{1}}
		for range 10 {
			require.Zero(t, rule.Pick(v), name)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	_, err := New("fifo", Options{Capacity: []float64{1}, LBs: 1})
	require.ErrorContains(t, err, `unknown heuristic "fifo" (known: ecmp, wcmp, lsq, sed, oracle, p2c, wlr, peak-ewma, prequal, cswrr, least-time, d2, p2c-accrual, self-tuning, universal, carried, universal-carried, class-aware, lsq-ordered, sed-ordered, sed-true, jsq, sed-global)`)
	_, err = New(CarriedName, Options{Capacity: []float64{1}, LBs: 1})
	require.ErrorContains(t, err, "carried: needs servers that tell how many requests they have: set reports.carried or reports.every in the scenario")
	_, err = New(ClassAwareName, Options{Capacity: []float64{1}, LBs: 1})
	require.ErrorContains(t, err, "class-aware: needs load balancers that see of which class a request is: set classes_seen in the scenario")
	_, err = New(ClassAwareName, Options{Capacity: []float64{1}, LBs: 1, Classes: 17})
	require.ErrorContains(t, err, "class-aware: 17 classes: must be at most 16")
	_, err = New(UniversalCarriedName, Options{Capacity: []float64{1}, LBs: 1})
	require.ErrorContains(t, err, "universal-carried: needs servers that tell")
	for _, lb := range []int{-1, 2} {
		_, err = New("sed", Options{Capacity: []float64{1}, LB: lb, LBs: 2})
		require.ErrorContains(t, err, fmt.Sprintf("LB %d of 2: must be in [0, number of LBs)", lb))
	}
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
		_, err = NewShortestDelay(test.weights, Options{})
		require.ErrorContains(t, err, test.want)
	}
}

func TestNamesHaveSummaries(t *testing.T) {
	t.Parallel()
	for _, name := range Names() {
		require.NotEmpty(t, Summary(name), name)
	}
	require.Empty(t, Summary("fifo"))
}

// TestTwoChoicesInDistribution: with one server shorter than the other two,
// which tie, a draw of two among three equal capacities takes it unless it is
// missed twice, with probability 5/9, and each other with 2/9.
func TestTwoChoicesInDistribution(t *testing.T) {
	t.Parallel()
	r, err := NewTwoChoices([]float64{1, 1, 1})
	require.NoError(t, err)
	v := &View{Ongoing: []int32{4, 1, 4}, Rand: rand.New(rand.NewPCG(5, 6))}
	const draws = 90_000
	var counts [3]float64
	for range draws {
		counts[r.Pick(v)]++
	}
	require.InDelta(t, 5./9, counts[1]/draws, 0.008)
	require.InDelta(t, 2./9, counts[0]/draws, 0.008)
	require.InDelta(t, 2./9, counts[2]/draws, 0.008)
}

// TestGlobalShortestDelayCountsAllLBs: the LB's own counts do not matter.
func TestGlobalShortestDelayCountsAllLBs(t *testing.T) {
	t.Parallel()
	r, err := NewGlobalShortestDelay([]float64{1, 1})
	require.NoError(t, err)
	v := &View{Ongoing: []int32{0, 9}, Rand: rand.New(rand.NewPCG(5, 6)), Global: finish{7, 3}}
	require.Equal(t, 1, r.Pick(v))
}

// TestKnowsMore: constants behind a name change nothing of what its heuristic knows.
func TestKnowsMore(t *testing.T) {
	t.Parallel()
	for name, more := range map[string]bool{
		"sed": false, "self-tuning:overflow=0.2": false, "universal:overflow=0.2": true, "carried:age=2": true, "class-aware": true, "universal-carried": true,
	} {
		require.Equal(t, more, KnowsMore(name), name)
	}
	require.True(t, NeedsTold("carried:age=2"))
	require.False(t, NeedsTold("universal"))
}
