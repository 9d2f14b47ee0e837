package dispatch

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// universal returns the rule of such a policy.
func universal(t *testing.T, policy *Policy, o Options) Rule {
	t.Helper()
	o.Policy = policy
	rule, err := New(policy.Rule(), o)
	require.NoError(t, err)
	return rule
}

// TestWithoutCoefficients: a policy without coefficients picks as self-tuning does, through failures and
// servers that come and go.
func TestWithoutCoefficients(t *testing.T) {
	t.Parallel()
	samePicks(t, false, selfTuningName, &Policy{})
}

// TestCarriedWithoutReports: where servers tell nothing universal-carried picks as universal does with the
// same coefficients, through failures and servers that come and go.
func TestCarriedWithoutReports(t *testing.T) {
	t.Parallel()
	samePicks(t, true, UniversalName, ShippedPolicy(false).WithCarried())
}

// samePicks has a rule and that of a policy choose for the same requests, at servers that may be silent.
func samePicks(t *testing.T, silent bool, name string, policy *Policy) {
	t.Helper()
	for _, n := range []int{1, 2, 7, 40} {
		for lb := range 2 {
			a, b := newSimulatedLB(n, 3, true), newSimulatedLB(n, 3, true)
			a.silent, b.silent = silent, silent
			plain, err := New(name, a.options(lb))
			require.NoError(t, err)
			rule := universal(t, policy, b.options(lb))
			for k := range 3000 {
				require.Equal(t, a.step(plain), b.step(rule), "pick %d of %d servers", k, n)
			}
		}
	}
}

// TestEveryCoefficientCounts: each feature tells servers apart or, where it is the pool's,
// states, so that no coefficient is learned for nothing.
func TestEveryCoefficientCounts(t *testing.T) {
	t.Parallel()
	picks := func(policy *Policy) []int {
		w := newSimulatedLB(7, 5, false)
		o := w.options(1)
		o.LBs = 5
		rule := universal(t, policy, o)
		var list []int
		for range 2000 {
			list = append(list, w.step(rule))
		}
		return list
	}
	for _, carried := range []bool{false, true} {
		without := picks(&Policy{Carried: carried})
		for k := range PolicySize(carried) {
			coefficients := make([]float64, PolicySize(carried))
			coefficients[k] = 1
			policy, err := NewPolicy(carried, coefficients)
			require.NoError(t, err)
			require.NotEqual(t, without, picks(policy), "coefficient %d", k)
		}
	}
}

// TestFeaturesAreRelative: a pool whose times and configured capacities are others by a factor is
// treated alike.
func TestFeaturesAreRelative(t *testing.T) {
	t.Parallel()
	coefficients := make([]float64, PolicySize(false))
	rng := rand.New(rand.NewPCG(1, 2))
	for k := range coefficients {
		coefficients[k] = 0.2 * rng.NormFloat64()
	}
	policy, err := NewPolicy(false, coefficients)
	require.NoError(t, err)
	score := func(factor float64) *LearnedScore {
		long, err := NewCapacities(5, DefaultSelfTuning())
		require.NoError(t, err)
		s, err := NewLearnedScore(policy, long, Options{Capacity: []float64{1, 2, 3, 4, 5}, LB: 1, LBs: 3})
		require.NoError(t, err)
		rng := rand.New(rand.NewPCG(3, 4))
		for range 500 {
			j, counts, times := rng.IntN(5), float64(1+rng.IntN(4)), rng.ExpFloat64()
			long.Add(j, 1, counts, factor*times*float64(j+1))
			s.Add(j, 1, counts, factor*times*float64(j+1))
			s.Refresh(rng.IntN(5))
		}
		return s
	}
	a, b := score(1), score(1000)
	for j := range 5 {
		require.InEpsilon(t, a.Weight(j), b.Weight(j), 1e-9)
		require.InEpsilon(t, a.Offset(j), b.Offset(j), 1e-9)
		require.Greater(t, math.Abs(math.Log(a.Weight(j))), 1e-3)
	}
}

// TestFeaturesOfManyServers: no pool counts as greater than those of training.
func TestFeaturesOfManyServers(t *testing.T) {
	t.Parallel()
	feature := func(servers int) float64 {
		long, err := NewCapacities(servers, DefaultSelfTuning())
		require.NoError(t, err)
		s, err := NewLearnedScore(&Policy{}, long, Options{Capacity: uniform(servers), LBs: 1})
		require.NoError(t, err)
		all := s.Features(0)
		return all[len(all)-poolFeatures+slices.Index(PoolFeatures(), "servers")]
	}
	require.InDelta(t, math.Log(10)/2-1, feature(10), 1e-12)
	require.InDelta(t, math.Log(64)/2-1, feature(64), 1e-12)
	require.Equal(t, feature(64), feature(250))
}

// TestDivision: the feature is 1 for one in as many servers as there are load balancers, others for
// each of them; over the load balancers it sums to 0, and it is 0 for one alone.
func TestDivision(t *testing.T) {
	t.Parallel()
	for lbs := 1; lbs <= 5; lbs++ {
		sums := make([]float64, 12)
		for lb := range lbs {
			long, err := NewCapacities(len(sums), DefaultSelfTuning())
			require.NoError(t, err)
			s, err := NewLearnedScore(&Policy{}, long, Options{Capacity: slices.Repeat([]float64{1}, len(sums)), LB: lb, LBs: lbs})
			require.NoError(t, err)
			for j, x := range s.division {
				sums[j] += x
				if lbs > 1 {
					require.Equal(t, j%lbs == lb, x > 1-1e-9, "LB %d of %d, server %d", lb, lbs, j)
				}
			}
		}
		for _, sum := range sums {
			require.InDelta(t, 0, sum, 1e-9)
		}
	}
}

// TestSlopeTellsWhoIsRight: where estimates follow the configured capacities the slope comes to 1,
// and where they do not, to 0.
func TestSlopeTellsWhoIsRight(t *testing.T) {
	t.Parallel()
	told := []float64{1, 2, 4, 8, 1, 2, 4, 8}
	for _, test := range []struct{ power, slope float64 }{{1, 1}, {0, 0}, {0.5, 0.5}} {
		long, err := NewCapacities(len(told), DefaultSelfTuning())
		require.NoError(t, err)
		s, err := NewLearnedScore(&Policy{}, long, Options{Capacity: told, LBs: 1})
		require.NoError(t, err)
		for range 300 {
			for j, c := range told {
				long.Add(j, 1, 1, 1/math.Pow(c, test.power))
				s.Add(j, 1, 1, 1/math.Pow(c, test.power))
			}
		}
		s.Refresh(0)
		require.InDelta(t, test.slope, s.slope, 0.07, "a prior of one half is left")
	}
}

func TestNewPolicyRefuses(t *testing.T) {
	t.Parallel()
	_, err := NewPolicy(false, make([]float64, PolicySize(false)-1))
	require.ErrorContains(t, err, "must be 48")
	coefficients := make([]float64, PolicySize(false))
	coefficients[3] = math.NaN()
	_, err = NewPolicy(false, coefficients)
	require.ErrorContains(t, err, "coefficient 3 of a policy is NaN")
}

// TestPolicyFile: what is written is read back, and what is not a policy's is refused by
// its line.
func TestPolicyFile(t *testing.T) {
	t.Parallel()
	type change struct{ from, to, want string }
	for _, test := range []struct {
		carried bool
		shipped string
		changes []change
		last    string
	}{
		{false, shippedPolicy, []change{
			{"trend,", "tend,", `p.csv: line 8: "tend,0.09375,0.421875": must be trend and as many numbers as line 1 has behind feature, with commas between`},
			{"trend,0.09375", "trend,x", `p.csv: line 8: trend: weight "x": must be a number in [-100, 100]`},
			{"spread,,", "spread,1,", `p.csv: line 28: spread: weight "1": must be empty`},
			{"feature,weight,offset\n", "", `p.csv: line 1: must be "feature,weight,offset", or "feature,weight,offset,others,age" for universal-carried`},
			{"offset\n", "offset,others,age\n", `p.csv: line 2: "capacity,0,0.328125": must be capacity and as many numbers as line 1 has behind feature, with commas between`},
		}, "p.csv: line 29: one line too many"},
		{true, shippedCarriedPolicy, []change{
			{"popular,0.359375,0.765625,,", "popular,0.359375,0.765625,,1", `p.csv: line 25: popular: age "1": must be empty`},
			{"one,,", "one,2,", `p.csv: line 28: one: weight "2": must be empty`},
			{"1.078125\n", "NaN\n", `p.csv: line 33: spread: age "NaN": must be a number in [-100, 100]`},
		}, "p.csv: line 34: one line too many"},
	} {
		coefficients := make([]float64, PolicySize(test.carried))
		for k := range coefficients {
			coefficients[k] = float64(k) / 64
		}
		policy, err := NewPolicy(test.carried, coefficients)
		require.NoError(t, err)
		text := policy.Text()
		again, err := ParsePolicy("p.csv", text)
		require.NoError(t, err)
		require.Equal(t, policy, again)
		for _, c := range test.changes {
			changed := strings.Replace(text, c.from, c.to, 1)
			require.NotEqual(t, text, changed)
			_, err := ParsePolicy("p.csv", changed)
			require.EqualError(t, err, c.want)
		}
		_, err = ParsePolicy("p.csv", text[:len(text)/2])
		require.ErrorContains(t, err, "p.csv: ")
		_, err = ParsePolicy("p.csv", text+"more,1,2\n")
		require.EqualError(t, err, test.last)
		shipped := ShippedPolicy(test.carried)
		require.Equal(t, test.shipped, shipped.Text())
		require.Equal(t, test.carried, shipped.Carried)
		_, err = New((&Policy{Carried: !test.carried}).Rule(), Options{Capacity: []float64{1}, LBs: 1, Told: true, Policy: shipped})
		require.ErrorContains(t, err, "the policy is of the rule "+shipped.Rule())
	}
}
