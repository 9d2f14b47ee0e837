// Package rules is what the settings of the methods share: the rules that
// their fields must keep, in the words in which a fault is reported, and those
// that an environment sets.
package rules

import (
	"errors"
	"fmt"
	"math"
	"strconv"

	"fairlb/agents/nn"
	"fairlb/env"
)

// Report takes a field that breaks its rule, under its name in a file.
type Report func(field string, value any, rule string)

// Validate returns every fault that check reports, joined; each error wraps
// kind and names field, value and rule.
func Validate(kind error, check func(Report)) error {
	var faults []error
	check(func(field string, value any, rule string) {
		if text, ok := value.(string); ok {
			value = strconv.Quote(text)
		}
		faults = append(faults, fmt.Errorf("%w: %s = %v: %s", kind, field, value, rule))
	})
	return errors.Join(faults...)
}

// Want reports a field unless ok.
func (r Report) Want(ok bool, field string, value any, rule string) {
	if !ok {
		r(field, value, rule)
	}
}

// Positive wants a positive, finite value.
func (r Report) Positive(field string, v float64) {
	r.Want(v > 0 && !math.IsInf(v, 0), field, v, "must be positive and finite")
}

// NotNegative wants a finite value of at least 0.
func (r Report) NotNegative(field string, v float64) {
	r.Want(v >= 0 && !math.IsInf(v, 0), field, v, "must be finite and not negative")
}

// Within wants a whole number from least to most.
func (r Report) Within(field string, v, least, most int) {
	r.Want(v >= least && v <= most, field, v, fmt.Sprintf("must be in [%d, %d]", least, most))
}

// Part wants a value in [0, 1].
func (r Report) Part(field string, v float64) {
	r.Want(v >= 0 && v <= 1, field, v, "must be in [0, 1]")
}

// Below1 wants a value in [0, 1).
func (r Report) Below1(field string, v float64) {
	r.Want(v >= 0 && v < 1, field, v, "must be in [0, 1)")
}

// Share wants a value in (0, 1].
func (r Report) Share(field string, v float64) {
	r.Want(v > 0 && v <= 1, field, v, "must be in (0, 1]")
}

// Levels wants at least two finite values in rising order.
func (r Report) Levels(field string, levels []float64) {
	ok := len(levels) >= 2
	for i, l := range levels {
		ok = ok && !math.IsNaN(l) && !math.IsInf(l, 0) && (i == 0 || l > levels[i-1])
	}
	r.Want(ok, field, levels, "must be at least two finite values in rising order")
}

// Schedule wants a schedule of the fields schedule, final_rate and warmup.
func (r Report) Schedule(s nn.Schedule) {
	names := map[string]string{"shape": "schedule", "final": "final_rate", "warmup": "warmup"}
	s.Check(func(field string, value any, rule string) { r(names[field], value, rule) })
}

// Environment reports an environment without LBs, servers or features.
func Environment(kind error, spec env.Spec) error {
	if spec.Agents < 1 || spec.Servers < 1 || len(spec.Features) < 1 {
		return fmt.Errorf("%w: environment of %d agents, %d servers, %d features: each must be at least 1",
			kind, spec.Agents, spec.Servers, len(spec.Features))
	}
	return nil
}

// Weights reports log-weights, from low to high by the given setting, whose
// weights may leave the environment's bounds.
func Weights(kind error, spec env.Spec, setting string, low, high float64) error {
	if math.Exp(low) < spec.Action.Low || math.Exp(high) > spec.Action.High {
		return fmt.Errorf("%w: %s: log-weights in [%g, %g] give weights in [%.4g, %.4g]: must lie in the environment's [%g, %g]",
			kind, setting, low, high, math.Exp(low), math.Exp(high), spec.Action.Low, spec.Action.High)
	}
	return nil
}
