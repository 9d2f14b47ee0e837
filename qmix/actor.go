package qmix

import (
	"fmt"
	"math/rand/v2"

	"fairlb/agents"
	"fairlb/agents/nn"
	"fairlb/agents/normalise"
	"fairlb/agents/policy"
	"fairlb/env"
)

// actor steers all LBs by copies of their utilities; actors of one learner share
// nothing that they write.
type actor struct {
	spec     env.Spec
	features []*normalise.Features
	levels   []float64          // log-weights
	weights  []float64          // of the levels
	utility  greedyChoice       // the best levels of one state
	level    []float32          // [N], indices of levels
	noise    []explorationNoise // of each LB; none if the actor does not explore
	averages []actionAverage    // of each LB; none if the actor does not average
}

// explorationNoise puts random levels in the place of an LB's best ones: each
// server has one that it holds for some steps, or none (Dabney et al. 2021,
// "Temporally-Extended epsilon-Greedy Exploration").
type explorationNoise struct {
	epsilon float64 // probability that a draw is a random level
	renew   float64 // probability of a new draw at a step
	rng     *rand.Rand
	source  *rand.PCG // of rng
	held    []int     // [N], levels; -1 for the best one
	begun   bool      // whether the episode's first draws have been made
}

// reset begins an episode.
func (e *explorationNoise) reset(seed uint64, lb int) {
	e.source.Seed(seed, uint64(lb))
	e.begun = false
}

// apply writes the random levels that are held to level [N].
func (e *explorationNoise) apply(level []float32, levels int) {
	for j := range level {
		if !e.begun || e.rng.Float64() < e.renew {
			e.held[j] = -1
			if e.rng.Float64() < e.epsilon {
				e.held[j] = e.rng.IntN(levels)
			}
		}
		if k := e.held[j]; k >= 0 {
			level[j] = float32(k)
		}
	}
	e.begun = true
}

// actionAverage is an average of the log-weights that an LB has chosen in an episode
// (Config.ActionAverage). Log-weights, and not weights, because weights act by their
// ratios alone: what a step adds to all log-weights changes no ratio of the average.
type actionAverage struct {
	steps int       // from which on the average is exponential
	taken int       // choices so far, counted up to steps
	mean  []float64 // [N], log-weights
}

// reset begins an episode.
func (a *actionAverage) reset() {
	a.taken = 0
	clear(a.mean)
}

// apply takes in the chosen levels and writes the weights of the average to dst [N].
func (a *actionAverage) apply(dst []float64, level []float32, levels []float64, spec env.Spec) {
	a.taken = min(a.taken+1, a.steps)
	for j, k := range level {
		a.mean[j] += (levels[int(k)] - a.mean[j]) / float64(a.taken)
		dst[j] = policy.Weight(spec, a.mean[j])
	}
}

var _ agents.Actor = (*actor)(nil)

// newActor returns an actor with copies of the utilities in values. One that explores
// does not average.
func (l *Learner) newActor(values *nn.Arena, explore bool) (agents.Actor, error) {
	a := &actor{spec: l.spec, levels: l.cfg.Levels, level: make([]float32, l.spec.Servers)}
	var err error
	if a.utility, err = l.nets.greedy(values.Clone(), 1); err != nil {
		return nil, fmt.Errorf("qmix: actor: %w", err)
	}
	for i, f := range l.features {
		a.features = append(a.features, f.Clone())
		if explore {
			source := rand.NewPCG(0, uint64(i))
			a.noise = append(a.noise, explorationNoise{
				epsilon: l.epsilon, renew: 1 / l.cfg.Hold, rng: rand.New(source), source: source, held: make([]int, l.spec.Servers),
			})
		} else if l.cfg.averages() {
			a.averages = append(a.averages, actionAverage{steps: l.cfg.ActionAverage, mean: make([]float64, l.spec.Servers)})
		}
	}
	for _, u := range l.cfg.Levels {
		a.weights = append(a.weights, policy.Weight(l.spec, u))
	}
	return a, nil
}

// Reset implements agents.Actor.
func (a *actor) Reset(seed uint64) {
	for i := range a.noise {
		a.noise[i].reset(seed, i)
	}
	for i := range a.averages {
		a.averages[i].reset()
	}
}

// Act implements agents.Actor. It fails if an observation is of another shape
// or not finite.
func (a *actor) Act(dst [][]float64, step *env.Step) error {
	if err := policy.CheckAct(a.spec, dst, step); err != nil {
		return err
	}
	for i, obs := range step.Obs {
		a.features[i].Apply(a.utility.x[i].Data(), obs)
	}
	a.utility.plan.Run()
	for i := range a.utility.out {
		a.utility.choose(a.level, i)
		if len(a.noise) > 0 {
			a.noise[i].apply(a.level, len(a.weights))
		}
		if len(a.averages) > 0 {
			a.averages[i].apply(dst[i], a.level, a.levels, a.spec)
			continue
		}
		for j, k := range a.level {
			dst[i][j] = a.weights[int(k)]
		}
	}
	return nil
}
