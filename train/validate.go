package train

import (
	"context"
	"errors"
	"fmt"

	"fairlb/agents"
	"fairlb/eval"
)

// BestName is the name of the checkpoint of a run that did best on the
// validation seeds, in its folder.
const BestName = "best.safetensors"

// validationSeeds lists those of ValidationSeeds, none where that is empty.
func (h *Hyperparameters) validationSeeds() ([]uint64, error) {
	if h.ValidationSeeds == "" {
		return nil, nil
	}
	return eval.ParseSeeds(h.ValidationSeeds)
}

// validate returns the mean completion time (s) of the requests of episodes of
// the given seeds, all together, by the policy that is evaluated; a failed
// request counts at its timeout, one that is not over at the end does not.
func (c *pool) validate(ctx context.Context, learner agents.Learner, seeds []uint64) (float64, error) {
	results, err := c.playAll(ctx, learner.Policy, 0, len(seeds), false, func(k int) (workload, explore uint64) {
		return seeds[k], seeds[k]
	})
	if err != nil {
		return 0, fmt.Errorf("validation: %w", err)
	}
	ended, sum := 0, 0.0
	for _, r := range results {
		ended += r.interval.Completed + r.interval.Failed
		sum += r.interval.CompletionSum
	}
	if ended == 0 {
		return 0, errors.New("validation: no request ended")
	}
	return sum / float64(ended), nil
}
