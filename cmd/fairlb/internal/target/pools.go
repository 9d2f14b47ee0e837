package target

import (
	"context"
	"fmt"

	"fairlb/cmd/fairlb/internal/progress"
	"fairlb/env/dispatch"
	"fairlb/env/scenario"
	"fairlb/eval"
)

// EvaluatePools evaluates the targets of the given names on the random scenarios of a family, by their
// numbers, with the overrides set in each. It calls done with how many it is through with.
func EvaluatePools(ctx context.Context, family string, numbers []uint64, set, names []string, seeds []uint64, done func(pools int)) ([]*eval.Evaluation, error) {
	var list []*eval.Evaluation
	for k, number := range numbers {
		s, err := scenario.Load(scenario.Random(family, number), set)
		if err != nil {
			return nil, err
		}
		targets, err := ParseAll(s, names, nil)
		if err != nil {
			return nil, err
		}
		e, err := Evaluate(ctx, s, targets, seeds, 0, progress.None{})
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.Name, err)
		}
		list = append(list, e)
		done(k + 1)
	}
	return list, nil
}

// KnowsMore says whether a target was trained or is a heuristic that knows more than others do
// (dispatch.KnowsMore): the best heuristic of a pool is one of the others.
func KnowsMore(r *eval.Result) bool { return r.Recipe != "" || dispatch.KnowsMore(r.Target) }
