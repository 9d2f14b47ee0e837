package dispatch

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestTiesNames(t *testing.T) {
	t.Parallel()
	require.Equal(t, []string{"fair", "plugin", "ordered"}, TiesNames())
	for k, name := range TiesNames() {
		ties, err := ParseTies(name)
		require.NoError(t, err)
		require.Equal(t, Ties(k), ties)
		require.Equal(t, name, ties.String())
	}
	_, err := ParseTies("first")
	require.EqualError(t, err, `dispatch: unknown tie rule "first" (known: fair, plugin, ordered)`)
	require.Equal(t, "Ties(3)", Ties(3).String())
	_, err = New("sed", Options{Capacity: []float64{1}, LBs: 1, Ties: 3})
	require.EqualError(t, err, "dispatch: unknown tie rule Ties(3) (known: fair, plugin, ordered)")
	_, err = NewShortestDelay([]float64{1, 2}, Options{Capacity: []float64{1}, Ties: PluginTies})
	require.EqualError(t, err, "dispatch: capacities of 1 servers and weights of 2")
}

// TestPluginTiesByHand: five servers, the candidate drawn in turn from each part of
// the random numbers.
func TestPluginTiesByHand(t *testing.T) {
	t.Parallel()
	capacity := []float64{1, 2, 1, 2, 4} // in the order 4, 1, 3, 0, 2
	for _, test := range []struct {
		name    string
		rule    string
		ongoing []int32
		out     []bool
		want    []int // by candidate, of those that are in
	}{
		{"an idle system ties under LSQ", "lsq", []int32{0, 0, 0, 0, 0}, nil, []int{0, 1, 2, 3, 4}},
		{"no tie", "lsq", []int32{1, 1, 1, 0, 1}, nil, []int{3, 3, 3, 3, 3}},
		{"the small ones tie", "lsq", []int32{0, 1, 0, 1, 1}, nil, []int{0, 0, 2, 0, 0}},
		{"small and large tie", "lsq", []int32{0, 1, 1, 0, 1}, nil, []int{0, 3, 3, 3, 3}},
		{"the largest is first", "lsq", []int32{0, 0, 1, 1, 0}, nil, []int{0, 1, 4, 4, 4}},
		{"it is out", "lsq", []int32{0, 0, 1, 1, 0}, []bool{4: true}, []int{0, 1, 1, 1}},
		{"a candidate out is not drawn", "lsq", []int32{0, 0, 1, 1, 0}, []bool{0: true, 4: false}, []int{1, 4, 4, 4}},
		{"an idle system does not tie under SED", "sed", []int32{0, 0, 0, 0, 0}, nil, []int{4, 4, 4, 4, 4}},
		{"1/1, 2/2, 4/4", "sed", []int32{0, 1, 0, 1, 3}, nil, []int{0, 1, 2, 3, 4}},
		{"1/2, 2/4", "sed", []int32{0, 0, 0, 0, 1}, nil, []int{4, 1, 4, 3, 4}},
	} {
		rule, err := New(test.rule, Options{Capacity: capacity, LBs: 1, Ties: PluginTies})
		require.NoError(t, err)
		for k, want := range test.want {
			// IntN takes the upper bits of a random word or, of powers of two, the lower.
			word := uint64((float64(k)+0.5)/float64(len(test.want))*(1<<32))<<32 | uint64(k)
			v := &View{Ongoing: test.ongoing, Out: test.out, Rand: rand.New(constant(word))}
			require.Equal(t, want, rule.Pick(v), "%s, candidate %d", test.name, k)
		}
	}
}

// pluginScan is the rule of PluginTies as the testbed has it: all servers are
// passed in the order. The candidate is drawn from those that are in.
func pluginScan(v *View, weights, capacity []float64) int {
	var order, in []int
	for j := range weights {
		order = append(order, j)
		if !v.out(j) {
			in = append(in, j)
		}
	}
	slices.SortFunc(order, func(a, b int) int {
		if capacity[a] != capacity[b] {
			return int(capacity[b] - capacity[a]) // of whole capacities
		}
		return a - b
	})
	best := in[v.Rand.IntN(len(in))]
	score := float64(v.Ongoing[best]+1) / weights[best]
	for _, j := range order {
		if x := float64(v.Ongoing[j]+1) / weights[j]; !v.out(j) && x < score {
			best, score = j, x
		}
	}
	return best
}

// TestPluginTiesAgainstScan: with the same random numbers the rule picks as the
// plain loop does, of any number of servers, whatever goes out and comes in, for
// LSQ, SED and weights that an agent sets now and then.
func TestPluginTiesAgainstScan(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := newSimulatedLB(rapid.IntRange(1, 70).Draw(t, "servers"), rapid.Uint64().Draw(t, "seed"), true)
		o := w.options(rapid.IntRange(0, 1).Draw(t, "lb"))
		o.Ties = PluginTies
		weights := uniform(len(o.Capacity))
		if rapid.Bool().Draw(t, "by capacity") {
			copy(weights, o.Capacity)
		}
		acts := rapid.Bool().Draw(t, "an agent acts")
		r, err := NewShortestDelay(weights, o)
		require.NoError(t, err)
		for k := range uint64(200) {
			if acts && k%50 == 49 {
				for j := range weights {
					weights[j] = float64(1+w.random.IntN(4)) / 3
				}
				require.NoError(t, r.SetWeights(weights))
			}
			w.step(check(func(v *View) int {
				v.Rand = rand.New(rand.NewPCG(k, 7))
				want := pluginScan(v, weights, o.Capacity)
				v.Rand = rand.New(rand.NewPCG(k, 7))
				require.Equal(t, want, r.Pick(v))
				return want
			}))
		}
	})
}

// TestPluginCandidateIsFair counts picks where four of eight servers that are in
// tie for least, and where ten of forty do, which are a tree: each is the candidate
// with the same chance, and the first in the order has the chances of those that do
// not tie, too. By the chi-square statistic (99.9 % quantiles of 3 and 9 degrees of
// freedom).
func TestPluginCandidateIsFair(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		servers, every, ties int
		quantile             float64
	}{{10, 2, 4, 16.27}, {50, 4, 10, 27.88}} {
		v := NewView(test.servers)
		v.Rand = rand.New(rand.NewPCG(5, 8))
		ties := 0
		for j := range test.servers {
			v.Out[j] = j%5 == 0
			if j%test.every != 1 {
				v.Ongoing[j] = 1
			} else if !v.Out[j] {
				ties++
			}
		}
		in := test.servers * 4 / 5
		r, err := New("lsq", Options{Capacity: uniform(test.servers), LBs: 1, Ties: PluginTies})
		require.NoError(t, err)
		const draws = 200_000
		counts := map[int]float64{}
		first := test.servers
		for range draws {
			pick := r.Pick(&v)
			counts[pick]++
			first = min(first, pick)
		}
		require.Equal(t, test.ties, ties)
		require.Len(t, counts, ties)
		chi := 0.0
		for j, got := range counts {
			want := float64(draws) / float64(in)
			if j == first {
				want *= float64(1 + in - ties)
			}
			chi += (got - want) * (got - want) / want
		}
		require.Less(t, chi, test.quantile, "%d servers", test.servers)
	}
}

// TestOrderedAgainstScan: of any number of servers, the first in the order of
// those with the least score, by exact comparison.
func TestOrderedAgainstScan(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := newSimulatedLB(rapid.IntRange(1, 70).Draw(t, "servers"), rapid.Uint64().Draw(t, "seed"), true)
		weights := w.capacity()
		r, err := NewShortestDelay(weights, ordered(w.options(rapid.IntRange(0, 1).Draw(t, "lb"))))
		require.NoError(t, err)
		for range 200 {
			w.step(check(func(v *View) int {
				best, want := math.Inf(1), -1
				for _, j := range r.order {
					if score := float64(v.Ongoing[j]+1) / weights[j]; !v.Out[j] && score < best {
						best, want = score, int(j)
					}
				}
				require.Equal(t, want, r.Pick(v))
				return want
			}))
		}
	})
}

// TestOrderedIsComplementary: two LBs break the same ties in opposite order,
// always the same way.
func TestOrderedIsComplementary(t *testing.T) {
	t.Parallel()
	capacity := []float64{1, 1, 1, 2, 2}
	for lb, want := range [][]int{{0, 3}, {2, 4}} {
		r, err := NewShortestDelay(capacity, Options{LB: lb, Ties: OrderedTies})
		require.NoError(t, err)
		require.Equal(t, want[0], r.Pick(&View{Ongoing: []int32{0, 0, 0, 1, 1}}), "all at 1")
		require.Equal(t, want[1], r.Pick(&View{Ongoing: []int32{1, 1, 1, 0, 0}}), "the large ones at 1/2")
		require.Equal(t, 1, r.Pick(&View{Ongoing: []int32{1, 0, 1, 3, 3}}), "no tie")
	}
}

// TestTiesOfOtherRules: under OrderedTies LSQ and SED are lsq-ordered and
// sed-ordered, and no other rule obeys the setting.
func TestTiesOfOtherRules(t *testing.T) {
	t.Parallel()
	same := func(t require.TestingT, a, b Rule) {
		one, other := newSimulatedLB(30, 3, true), newSimulatedLB(30, 3, true)
		for range 500 {
			require.Equal(t, one.step(a), other.step(b))
		}
	}
	for _, ties := range []Ties{PluginTies, OrderedTies} {
		for _, name := range Names() {
			plain := name
			if name == "lsq" || name == "sed" {
				if ties == PluginTies {
					continue // they obey: TestPluginTiesAgainstScan
				}
				plain = name + "-ordered"
			}
			t.Run(name+" "+ties.String(), func(t *testing.T) {
				t.Parallel()
				o := newSimulatedLB(30, 3, true).options(1)
				b, err := New(plain, o)
				require.NoError(t, err)
				o.Ties = ties
				a, err := New(name, o)
				require.NoError(t, err)
				same(t, a, b)
			})
		}
	}
}

// TestOrderStaysAsAnAgentActs: under OrderedTies the order is that of the weights
// with which the rule was made, also where an agent's weights tie.
func TestOrderStaysAsAnAgentActs(t *testing.T) {
	t.Parallel()
	for lb, want := range []int{1, 2} { // of the order 1, 2, 0 and of 2, 1, 0
		r, err := NewShortestDelay([]float64{2, 1, 1}, Options{LB: lb, LBs: 2, Ties: OrderedTies})
		require.NoError(t, err)
		v := &View{Ongoing: []int32{0, 0, 0}}
		require.Zero(t, r.Pick(v), "1/2 is less than 1/1")
		require.NoError(t, r.SetWeights([]float64{0.4, 0.4, 0.4}))
		require.Equal(t, want, r.Pick(v), "all are tied")
		require.NoError(t, r.SetWeights([]float64{0.5, 0.4, 0.4000001}))
		require.Zero(t, r.Pick(v))
		require.NoError(t, r.SetWeights([]float64{0.3, 0.4, 0.4000001}))
		require.Equal(t, 2, r.Pick(v), "weights that differ do not tie")
	}
}
