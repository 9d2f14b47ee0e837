package train

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync/atomic"

	"fairlb/agents"
	"fairlb/env"
	"fairlb/env/dispatch"
	"fairlb/env/parallel"
)

// RuleEnvs opens environments whose requests a dispatch rule of a policy spreads, for
// methods whose policy is a rule (methods.Method.Rule).
type RuleEnvs struct {
	// Open opens the environment of a pool. Where there is one pool alone, every number
	// is that.
	Open func(pool uint64, policy *dispatch.Policy) (env.Env, error)
	// Any says whether every number is another pool. Each workload of a training is then on
	// a pool of its own, whose number is the workload's seed, which no evaluation can name, and
	// validation_seeds are numbers of pools.
	Any bool
}

// validationSeed is that of the episode on each pool that validates.
const validationSeed = 1

// rulePool plays trials of rules, several at a time.
type rulePool struct {
	envs    RuleEnvs
	workers int
}

// close implements player.
func (c *rulePool) close() {}

// spec implements player: that of a pool.
func (c *rulePool) spec() (env.Spec, error) {
	e, err := c.envs.Open(validationSeed, &dispatch.Policy{})
	if err != nil {
		return env.Spec{}, err
	}
	defer e.Close()
	return e.Spec(), nil
}

// play implements player.
func (c *rulePool) play(ctx context.Context, learner agents.Learner, seed uint64, first, n int) ([]played, error) {
	l, trials, err := ruleLearner(learner)
	if err != nil {
		return nil, err
	}
	return c.playAll(ctx, n, func(k int) (uint64, uint64, uint64, *dispatch.Policy, error) {
		workload := EpisodeSeed(seed, (first+k)/trials)
		explore := trialSeed(workload, (first+k)%trials, trials)
		policy, err := l.Trial(explore)
		return workload, workload, explore, policy, err
	})
}

// validate implements player: the geometric mean, as the pools' times have different scales.
func (c *rulePool) validate(ctx context.Context, learner agents.Learner, seeds []uint64) (float64, error) {
	l, _, err := ruleLearner(learner)
	if err != nil {
		return 0, err
	}
	policy, err := l.Rule()
	if err != nil {
		return 0, err
	}
	mean, err := c.envs.Validate(ctx, seeds, policy, c.workers)
	if err != nil {
		return 0, fmt.Errorf("validation: %w", err)
	}
	return mean, nil
}

// Validate returns the geometric mean, over pools (where Any is not set, over seeds of the
// one), of the mean completion times (s) that requests have under a policy. So many pools are
// played at a time.
func (x RuleEnvs) Validate(ctx context.Context, seeds []uint64, policy *dispatch.Policy, workers int) (float64, error) {
	c := rulePool{x, workers}
	results, err := c.playAll(ctx, len(seeds), func(k int) (uint64, uint64, uint64, *dispatch.Policy, error) {
		if x.Any {
			return seeds[k], validationSeed, 0, policy, nil
		}
		return seeds[k], seeds[k], 0, policy, nil
	})
	if err != nil {
		return 0, err
	}
	mean := 0.0
	for _, r := range results {
		completion, err := r.completion()
		if err != nil {
			return 0, err
		}
		mean += math.Log(completion) / float64(len(results))
	}
	return math.Exp(mean), nil
}

// ruleLearner returns a learner of rules and how often it wants each workload played.
func ruleLearner(learner agents.Learner) (agents.RuleLearner, int, error) {
	l, ok := learner.(agents.RuleLearner)
	if !ok {
		return nil, 0, fmt.Errorf("%T learns no rule", learner)
	}
	trials := 1
	if c, ok := learner.(agents.Comparer); ok {
		trials = c.Trials()
	}
	return l, trials, nil
}

// playAll plays n episodes; trial gives of each the pool, the seeds of its workload and of
// its exploration, and the rule. Results are in order, whoever played which.
func (c *rulePool) playAll(ctx context.Context, n int, trial func(k int) (pool, workload, explore uint64, policy *dispatch.Policy, err error)) ([]played, error) {
	results := make([]played, n)
	var next atomic.Int64
	group, ctx := parallel.NewGroup(ctx)
	for range min(c.workers, n) {
		group.Go(func() error {
			for {
				k := int(next.Add(1)) - 1
				if k >= n {
					return nil
				}
				pool, workload, explore, policy, err := trial(k)
				if err != nil {
					return err
				}
				if results[k], err = c.playOne(ctx, pool, workload, policy); err != nil {
					return fmt.Errorf("pool %d: %w", pool, err)
				}
				results[k].explore = explore
			}
		})
	}
	return results, group.Wait()
}

// playOne plays one episode.
func (c *rulePool) playOne(ctx context.Context, pool, workload uint64, policy *dispatch.Policy) (r played, err error) {
	e, err := c.envs.Open(pool, policy)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, e.Close()) }()
	step, err := e.Reset(ctx, workload)
	if err != nil {
		return r, err
	}
	for !step.Terminated && !step.Truncated {
		if step, err = e.Step(ctx, nil); err != nil {
			return r, err
		}
		r.steps++
		r.add(step.Interval)
	}
	return r, nil
}

// teach gives a learner what an episode says.
func (r *played) teach(learner agents.Learner) error {
	if r.episode != nil {
		return learner.Observe(r.episode)
	}
	l, _, err := ruleLearner(learner)
	if err != nil {
		return err
	}
	completion, err := r.completion()
	if err != nil {
		return err
	}
	return l.ObserveTrial(r.explore, completion)
}

// completion is the mean completion time (s) of an episode's requests.
func (r *played) completion() (float64, error) {
	if n := r.interval.Completed + r.interval.Failed; n > 0 {
		return r.interval.CompletionSum / float64(n), nil
	}
	return 0, errors.New("no request ended")
}
