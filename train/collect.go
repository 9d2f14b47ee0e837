package train

import (
	"context"
	"fmt"

	"fairlb/agents/methods"
	"fairlb/env"
	"fairlb/replay"
)

// Collect plays the first n training episodes of h by the exploring policy of
// an untrained learner, one after the other in an environment that open builds,
// and hands each to add, which keeps it.
func Collect(ctx context.Context, h *Hyperparameters, open func() (env.Env, error), n int, add func(*replay.Episode) error) error {
	reward, err := h.RewardFunction()
	if err != nil {
		return fmt.Errorf("train: %w", err)
	}
	pool, err := newPool(open, reward, 1)
	if err != nil {
		return fmt.Errorf("train: %w", err)
	}
	defer pool.close()
	learner, err := methods.Learner(h.Method, h.Methods, pool.envs[0].Spec(), h.Seed)
	if err != nil {
		return fmt.Errorf("train: %w", err)
	}
	for k := range n {
		results, err := pool.play(ctx, learner, h.Seed, k, 1)
		if err != nil {
			return fmt.Errorf("train: %w", err)
		}
		if err := add(results[0].episode); err != nil {
			return fmt.Errorf("train: %w", err)
		}
	}
	return nil
}
