package train

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"sync/atomic"

	"fairlb/agents"
	"fairlb/agents/methods"
	"fairlb/env"
	"fairlb/env/parallel"
	"fairlb/replay"
	"fairlb/rewards"
)

// player plays the episodes of a training.
type player interface {
	// play plays the episodes first, first+1, ... of a run, n in all, by the exploring
	// policy of this moment.
	play(ctx context.Context, learner agents.Learner, seed uint64, first, n int) ([]played, error)
	// validate returns the mean completion time (s) of the policy that is evaluated.
	validate(ctx context.Context, learner agents.Learner, seeds []uint64) (float64, error)
	// spec describes the environments.
	spec() (env.Spec, error)
	close()
}

// newPlayer returns the player of a run.
func newPlayer(cfg *Config, reward rewards.Reward) (player, error) {
	h := &cfg.Hyperparameters
	workers := max(1, min(cfg.Workers, h.EpisodesPerRound))
	if m, err := methods.Find(h.Method); err == nil && m.Rule {
		if cfg.Rule == nil {
			return nil, fmt.Errorf("method %s learns a dispatch rule, which this environment does not take", h.Method)
		}
		return &rulePool{*cfg.Rule, workers}, nil
	}
	return newPool(cfg.Env, reward, workers)
}

// pool plays episodes that agents act in, one environment a worker.
type pool struct {
	envs   []env.Env
	reward rewards.Reward // of the team; the environments know that of each LB
}

func newPool(open func() (env.Env, error), reward rewards.Reward, workers int) (*pool, error) {
	c := &pool{reward: reward}
	for range workers {
		e, err := open()
		if err != nil {
			c.close()
			return nil, err
		}
		c.envs = append(c.envs, e)
	}
	return c, nil
}

func (c *pool) close() {
	for _, e := range c.envs {
		e.Close() // only frees; an episode that failed has said so
	}
}

// spec implements player.
func (c *pool) spec() (env.Spec, error) { return c.envs[0].Spec(), nil }

// played is one episode and its sums.
type played struct {
	episode  *replay.Episode // nil: a rule decided, and no agent
	explore  uint64          // the explorer's seed, where a rule decided
	steps    int
	reward   float64 // mean over LBs of the summed rewards
	interval env.Interval
}

// play plays the episodes first, first+1, ... of a run, n in all, by the
// learner's exploring policy of this moment. Which worker plays which does not
// matter: an episode follows from its seed.
func (c *pool) play(ctx context.Context, learner agents.Learner, seed uint64, first, n int) ([]played, error) {
	trials := 1
	if c, ok := learner.(agents.Comparer); ok {
		trials = c.Trials()
	}
	return c.playAll(ctx, learner.Explorer, first, n, true, func(episode int) (workload, explore uint64) {
		workload = EpisodeSeed(seed, episode/trials)
		return workload, trialSeed(workload, episode%trials, trials)
	})
}

// playAll plays n episodes from the one of number first on, each by the seeds
// that its number gives, with an actor of newActor for each worker. Unless the
// episodes are to be kept, the results are their sums alone.
func (c *pool) playAll(ctx context.Context, newActor func() (agents.Actor, error), first, n int, keep bool,
	seeds func(episode int) (workload, explore uint64)) ([]played, error) {
	actors := make([]agents.Actor, len(c.envs))
	for k := range actors {
		var err error
		if actors[k], err = newActor(); err != nil {
			return nil, err
		}
	}
	results := make([]played, n)
	var next atomic.Int64
	play := func(ctx context.Context, e env.Env, actor agents.Actor) error {
		for {
			k := int(next.Add(1)) - 1
			if k >= n {
				return nil
			}
			workload, explore := seeds(first + k)
			r, err := playOne(ctx, e, actor, c.reward, workload, explore)
			if err != nil {
				return fmt.Errorf("episode %d: %w", first+k, err)
			}
			if !keep {
				r.episode = nil
			}
			results[k] = r
		}
	}
	group, ctx := parallel.NewGroup(ctx)
	for w, e := range c.envs {
		group.Go(func() error { return play(ctx, e, actors[w]) })
	}
	return results, group.Wait()
}

// EpisodeSeed returns the seed of a training episode. Its highest bit is set:
// it is none of the seeds below 2^63, which alone an evaluation can name.
func EpisodeSeed(run uint64, episode int) uint64 {
	return rand.NewPCG(run, uint64(episode)).Uint64() | 1<<63
}

// trialSeed returns the explorer's seed in one of several trials of a workload
// (agents.Comparer). That of the only trial is the workload's.
func trialSeed(workload uint64, trial, trials int) uint64 {
	n := uint64(trials)
	base := workload - workload%n
	if base > math.MaxUint64-(n-1) { // the last ones have too few above them
		base -= n
	}
	return base + uint64(trial)
}

func playOne(ctx context.Context, e env.Env, actor agents.Actor, reward rewards.Reward, seed, explore uint64) (played, error) {
	spec := e.Spec()
	step, err := e.Reset(ctx, seed)
	if err != nil {
		return played{}, err
	}
	actor.Reset(explore)
	shape := replay.Shape{Agents: spec.Agents, Servers: spec.Servers, Features: len(spec.Features)}
	r := played{episode: replay.NewEpisode(shape, spec.Steps)}
	r.episode.Seed = explore
	recordObservation(r.episode, &step)
	weights := spec.NewActions()
	team := make([]float64, spec.Servers)
	r.episode.TeamServerReward = make([]float32, 0, spec.Steps*spec.Servers)
	for !step.Terminated && !step.Truncated {
		if err := actor.Act(weights, &step); err != nil {
			return played{}, err
		}
		if step, err = e.Step(ctx, weights); err != nil {
			return played{}, err
		}
		r.recordTransition(weights, &step)
		whole := reward.TeamByServer(team, step.Reward, step.ServerReward, step.Load)
		r.episode.TeamReward = append(r.episode.TeamReward, float32(whole))
		for _, x := range team {
			r.episode.TeamServerReward = append(r.episode.TeamServerReward, float32(x))
		}
	}
	r.episode.Terminated = step.Terminated
	r.episode.End()
	return r, nil
}

// recordObservation adds a step's observation and loads to an episode.
func recordObservation(ep *replay.Episode, step *env.Step) {
	for i, obs := range step.Obs {
		ep.Obs = append(ep.Obs, obs...)
		for _, l := range step.Load[i] {
			ep.Load = append(ep.Load, float32(l))
		}
	}
}

// recordTransition adds an action and the step that followed it.
func (r *played) recordTransition(weights [][]float64, step *env.Step) {
	ep := r.episode
	ep.Steps++
	r.steps++
	for i, row := range weights {
		for _, w := range row {
			ep.LogWeight = append(ep.LogWeight, float32(math.Log(w)))
		}
		ep.Reward = append(ep.Reward, float32(step.Reward[i]))
		for _, x := range step.ServerReward[i] {
			ep.ServerReward = append(ep.ServerReward, float32(x))
		}
		r.reward += step.Reward[i] / float64(len(weights))
	}
	for _, f := range step.Flows {
		ep.AddFlow(f.Step, f.LB, f.Server, f.Ongoing, f.Completion)
	}
	recordObservation(ep, step)
	r.add(step.Interval)
}

// add adds what happened in a step.
func (r *played) add(x env.Interval) {
	r.interval.Arrived += x.Arrived
	r.interval.Completed += x.Completed
	r.interval.Failed += x.Failed
	r.interval.CompletionSum += x.CompletionSum
}
