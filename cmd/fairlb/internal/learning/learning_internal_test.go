package learning

import (
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/env/scenario"
	"fairlb/eval/figure"
)

// TestValidatedAlike: the pools on which rules are validated depend on the recipe, those of
// other methods on the scenario that was stored.
func TestValidatedAlike(t *testing.T) {
	t.Parallel()
	validated := func(rule bool, requests float64, set ...string) *recipe {
		r := &recipe{rule: rule, scenario: scenario.Scenario{Name: "random/pool-1"}, curves: []figure.LearningCurve{{Greedy: true}}}
		r.hyperparameters.Methods.Universal.Requests, r.hyperparameters.ScenarioSet = requests, set
		return r
	}
	require.True(t, validated(true, 300, "lbs=3").validatedAlike(validated(true, 300, "lbs=3")))
	require.False(t, validated(true, 300).validatedAlike(validated(true, 600)))
	require.False(t, validated(true, 300).validatedAlike(validated(true, 300, "lbs=3")))
	require.True(t, validated(false, 300).validatedAlike(validated(false, 600)))
	require.False(t, validated(false, 300).validatedAlike(validated(true, 300)))
}

// TestAddUnlike: in a recipe, too, curves are all of validation, or none is.
func TestAddUnlike(t *testing.T) {
	t.Parallel()
	run := func(name string, seed uint64, greedy bool) *recipe {
		return &recipe{runs: []string{name}, curves: []figure.LearningCurve{{Seed: seed, Greedy: greedy}}}
	}
	for _, greedy := range []bool{true, false} {
		r := run("a", 1, greedy)
		require.NoError(t, r.add(run("b", 2, greedy)))
		names := map[bool]string{greedy: "a", !greedy: "c"}
		require.ErrorContains(t, r.add(run("c", 3, !greedy)), names[false]+": was validated less than twice, "+names[true]+" more often")
		require.Len(t, r.curves, 2)
	}
}
