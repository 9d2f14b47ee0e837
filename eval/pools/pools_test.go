package pools_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/eval"
	"fairlb/eval/pools"
)

// evaluation is of two targets on one pool; p99 is three times the mean.
func evaluation(name string, sed, other float64) *eval.Evaluation {
	e := &eval.Evaluation{Scenario: name}
	for k, mean := range []float64{sed, other} {
		e.Results = append(e.Results, eval.Result{
			Target:  []string{"sed", "other"}[k],
			Classes: eval.Classes{{Class: eval.AllClasses, N: 100, Failed: uint64(3 * k), Mean: mean, P99: 3 * mean}},
		})
	}
	return e
}

// none of the targets was learned.
func none(*eval.Result) bool { return false }

func TestCompare(t *testing.T) {
	t.Parallel()
	list, err := pools.Compare([]*eval.Evaluation{evaluation("a", 1, 0.5), evaluation("b", 0.01, 0.02), evaluation("c", 2, 0.25)}, "sed", none)
	require.NoError(t, err)
	require.Len(t, list, 2)
	sed, other := list[0], list[1]
	require.Equal(t, 1.0, sed.Ratio)
	require.InDelta(t, math.Cbrt(2*8), sed.ToBest, 1e-12)
	require.InDelta(t, 8, sed.Worst, 1e-12)
	require.Zero(t, sed.Failed)
	require.Equal(t, "other", other.Target)
	require.InDelta(t, math.Cbrt(0.5*2*0.125), other.Ratio, 1e-12)
	require.InDelta(t, other.Ratio, other.P99, 1e-12)
	require.InDelta(t, math.Cbrt(2), other.ToBest, 1e-12)
	require.InDelta(t, 2, other.Worst, 1e-12)
	require.InDelta(t, 0.03, other.Failed, 1e-12)
	// The logarithms are -1, 1 and -3 times log 2: mean -1, standard deviation 2;
	// the 97.5 % quantile of Student's t with 2 degrees of freedom is 4.302653
	// (R 4.2, qt(0.975, 2)).
	half := 4.302653 * 2 * math.Ln2 / math.Sqrt(3)
	require.InEpsilon(t, math.Exp(-math.Ln2-half), other.Lo, 1e-5)
	require.InEpsilon(t, math.Exp(-math.Ln2+half), other.Hi, 1e-5)
}

func TestCompareRefuses(t *testing.T) {
	t.Parallel()
	_, err := pools.Compare(nil, "sed", none)
	require.ErrorContains(t, err, "none was evaluated")
	_, err = pools.Compare([]*eval.Evaluation{evaluation("a", 1, 1)}, "lsq", none)
	require.ErrorIs(t, err, pools.ErrNoBaseline)
	short := evaluation("b", 1, 1)
	short.Results = short.Results[:1]
	_, err = pools.Compare([]*eval.Evaluation{evaluation("a", 1, 1), short}, "sed", none)
	require.ErrorContains(t, err, "b was not evaluated with the targets of a")
	_, err = pools.Compare([]*eval.Evaluation{evaluation("a", 1, 0)}, "sed", none)
	require.ErrorContains(t, err, "a has no requests")
	one, err := pools.Compare([]*eval.Evaluation{evaluation("a", 1, 2)}, "sed", none)
	require.NoError(t, err)
	require.True(t, math.IsNaN(one[1].Lo))
}

// TestLearned: what was learned is not asked whether it is the best of a pool, and trainings of one
// recipe are summed up, with an interval over pools and trainings.
func TestLearned(t *testing.T) {
	t.Parallel()
	trained := func(name string, sed, lsq, one, two float64) *eval.Evaluation {
		e := evaluation(name, sed, lsq)
		for k, mean := range []float64{one, two} {
			r := eval.Result{Target: []string{"one", "two"}[k], Recipe: "recipe"}
			r.Classes = eval.Classes{{Class: eval.AllClasses, N: 100, Mean: mean, P99: mean}}
			e.Results = append(e.Results, r)
		}
		return e
	}
	list, err := pools.Compare([]*eval.Evaluation{trained("a", 1, 2, 0.5, 0.25), trained("b", 2, 1, 1, 0.5)}, "sed", func(r *eval.Result) bool { return r.Recipe != "" })
	require.NoError(t, err)
	require.Len(t, list, 5)
	require.InDelta(t, math.Sqrt2, list[0].ToBest, 1e-12)
	require.InDelta(t, math.Sqrt(0.5), list[2].ToBest, 1e-12)
	require.InDelta(t, math.Sqrt(0.125), list[3].ToBest, 1e-12)
	all := list[4]
	require.Equal(t, "2 trainings", all.Target)
	require.Equal(t, 2, all.Trainings)
	require.InDelta(t, 0.5, all.ToBest, 1e-12)
	require.InDelta(t, 1, all.Worst, 1e-12)
	// Logarithms of the pools' means are -1.5 and -0.5 times log 2, of the trainings' -0.5 and -1.5:
	// each has half an interval of t(0.975, 1) = 12.706205 (R 4.2) times log 2 / 2.
	half := math.Sqrt2 * 12.706205 * math.Ln2 / 2
	require.InEpsilon(t, 0.5*math.Exp(-half), all.BestLo, 1e-5)
	require.InEpsilon(t, 0.5*math.Exp(half), all.BestHi, 1e-5)
}
