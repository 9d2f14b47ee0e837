package rules_test

import (
	"errors"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/agents/nn"
	"fairlb/agents/rules"
	"fairlb/env"
)

func TestRules(t *testing.T) {
	t.Parallel()
	kind, nan, inf := errors.New("kind"), math.NaN(), math.Inf(1)
	faults := func(check func(r rules.Report)) string {
		err := rules.Validate(kind, check)
		if err == nil {
			return ""
		}
		require.ErrorIs(t, err, kind)
		return err.Error()
	}
	for want, check := range map[string]func(r rules.Report){
		`kind: x = "y": must be z`:                                              func(r rules.Report) { r.Want(false, "x", "y", "must be z"); r.Want(true, "x", 1, "") },
		"kind: x = 0: must be positive and finite":                              func(r rules.Report) { r.Positive("x", 0); r.Positive("x", 1) },
		"kind: x = NaN: must be finite and not negative":                        func(r rules.Report) { r.NotNegative("x", nan); r.NotNegative("x", 0) },
		"kind: x = +Inf: must be positive and finite":                           func(r rules.Report) { r.Positive("x", inf) },
		"kind: x = 4: must be in [1, 3]":                                        func(r rules.Report) { r.Within("x", 4, 1, 3); r.Within("x", 1, 1, 3); r.Within("x", 3, 1, 3) },
		"kind: x = 1.1: must be in [0, 1]":                                      func(r rules.Report) { r.Part("x", 1.1); r.Part("x", 0); r.Part("x", 1) },
		"kind: x = 1: must be in [0, 1)":                                        func(r rules.Report) { r.Below1("x", 1); r.Below1("x", 0) },
		"kind: x = 0: must be in (0, 1]":                                        func(r rules.Report) { r.Share("x", 0); r.Share("x", 1) },
		"kind: x = NaN: must be in [0, 1)":                                      func(r rules.Report) { r.Below1("x", nan) },
		"kind: x = [0]: must be at least two finite values in rising order":     func(r rules.Report) { r.Levels("x", []float64{0}); r.Levels("x", []float64{0, 1}) },
		"kind: x = [1 1]: must be at least two finite values in rising order":   func(r rules.Report) { r.Levels("x", []float64{1, 1}) },
		"kind: x = [0 NaN]: must be at least two finite values in rising order": func(r rules.Report) { r.Levels("x", []float64{0, nan}) },
		"kind: final_rate = 0: must be in (0, 1]":                               func(r rules.Report) { r.Schedule(nn.Schedule{Shape: nn.Linear}) },
	} {
		require.Equal(t, want, faults(check))
	}

	spec := env.Spec{Agents: 1, Servers: 2, Features: make([]env.Feature, 3), Action: env.ActionSpec{Low: 0.5, High: 2}}
	require.NoError(t, rules.Environment(kind, spec))
	require.NoError(t, rules.Weights(kind, spec, "box = 0.6", -0.6, 0.6))
	require.EqualError(t, rules.Weights(kind, spec, "box = 1", -1, 1),
		"kind: box = 1: log-weights in [-1, 1] give weights in [0.3679, 2.718]: must lie in the environment's [0.5, 2]")
	require.Error(t, rules.Weights(kind, spec, "levels", 0, 0.7))
	spec.Servers = 0
	require.EqualError(t, rules.Environment(kind, spec), "kind: environment of 1 agents, 0 servers, 3 features: each must be at least 1")
}
