package universal

import (
	"cmp"
	"fmt"
	"slices"

	"fairlb/agents"
	"fairlb/agents/selftuning"
	"fairlb/env"
	"fairlb/env/dispatch"
)

var _ agents.Actor = (*Actor)(nil)

// Actor is the rule for load balancers that are steered by weights, as
// selftuning.Actor is self-tuning: it learns by the counts of an interval, whatever servers the pool has, and keeps
// flows from those that fail them.
//
// The rule's score has two numbers a server, (q + c)/w, and a load balancer that takes
// weights scores (q + 1)/w'. Weights are given by which the latter shares the LB's flows
// of the moment out as the former does: w' = q* + 1, where q* are the flows, whole or not,
// that make the scores of all servers equal which have some.
type Actor struct {
	policy *dispatch.Policy
	choose func(seed uint64) (*dispatch.Policy, error)
	tuner  *selftuning.Actor // which servers there are, and which of them fail
	cfg    ActorConfig
	lbs    []lb
	err    error // of choose
}

// lb is what one LB knows beside what the tuner does.
type lb struct {
	score   *dispatch.LearnedScore // of the servers of the last step; nil: there was none
	servers int                    // that score is of
	ongoing float64                // the LB's flows, smoothed over intervals
	fill    []level
}

// level is a server in the order in which flows reach it.
type level struct {
	server         int
	weight, offset float64
}

// ActorConfig describes an Actor: of LBs from the index First on, of as many as Of that
// share the servers.
type ActorConfig struct {
	First, Of int
	LBs       int
	Interval  float64        // s between two actions
	Bounds    env.ActionSpec // of weights
}

// NewActor returns an Actor of such a policy, which knows nothing yet.
func NewActor(policy *dispatch.Policy, cfg ActorConfig) (*Actor, error) {
	return actorOf(cfg, func(uint64) (*dispatch.Policy, error) { return policy, nil })
}

// newActor returns an Actor for environments of the given spec, whose policy its Reset chooses.
func newActor(spec env.Spec, choose func(seed uint64) (*dispatch.Policy, error)) (*Actor, error) {
	return actorOf(ActorConfig{Of: spec.Agents, LBs: spec.Agents, Interval: spec.StepInterval, Bounds: spec.Action}, choose)
}

func actorOf(cfg ActorConfig, choose func(seed uint64) (*dispatch.Policy, error)) (*Actor, error) {
	tuner, err := selftuning.New(selftuning.Config{LBs: cfg.LBs, Interval: cfg.Interval, Bounds: cfg.Bounds, Rule: dispatch.DefaultSelfTuning()})
	if err != nil {
		return nil, err
	}
	a := &Actor{choose: choose, tuner: tuner, cfg: cfg, lbs: make([]lb, cfg.LBs)}
	a.Reset(0)
	return a, a.err
}

// Reset implements agents.Actor.
func (a *Actor) Reset(seed uint64) {
	a.tuner.Reset(seed)
	a.policy, a.err = a.choose(seed)
	clear(a.lbs)
}

// Act implements agents.Actor.
func (a *Actor) Act(dst [][]float64, step *env.Step) error {
	if a.err != nil {
		return a.err
	}
	if err := a.tuner.Act(dst, step); err != nil {
		return err
	}
	if step.Counts == nil {
		return nil
	}
	for i := range a.lbs {
		if err := a.learn(i, step.Counts[i]); err != nil {
			return fmt.Errorf("universal: LB %d: %w", i, err)
		}
		a.weigh(i, dst[i], step.Counts[i])
	}
	return nil
}

// smoothing is what an interval leaves of the number of flows before it.
const smoothing = 0.8

// learn takes in the counts of an interval, which the tuner has taken in before.
func (a *Actor) learn(i int, counts []env.ServerCounts) error {
	x := &a.lbs[i]
	if x.score == nil || len(counts) != x.servers {
		old, from := x.score, make([]int, len(counts))
		equal := make([]float64, len(counts)) // nobody has told the servers' capacities
		for j := range counts {
			equal[j], from[j] = 1, j
			if j >= x.servers {
				from[j] = -1
			}
		}
		score, err := dispatch.NewLearnedScore(a.policy, a.tuner.Capacities(i), dispatch.Options{Capacity: equal, LB: a.cfg.First + i, LBs: a.cfg.Of})
		if err != nil {
			return err
		}
		score.Inherit(old, from)
		x.score, x.servers = score, len(counts)
	}
	ongoing := 0.0
	for j := range counts {
		n := &counts[j]
		if n.Absent || n.Joined {
			x.score.Forget(j)
		}
		if n.Completed > 0 {
			x.score.Add(j, uint64(n.Completed), n.OngoingSum, n.Durations)
		}
		if !n.Absent && !n.Out {
			ongoing += float64(n.Ongoing)
		}
	}
	for j := range counts {
		x.score.Refresh(j)
	}
	x.ongoing = smoothing*x.ongoing + (1-smoothing)*ongoing
	return nil
}

// weigh sets the weights of the servers that are there. The flows of the moment are
// poured over the servers in the order of their scores when they are empty, until all that
// have some have one score: with the first k servers that is
//
//	(ongoing + sum of offsets) / sum of weights.
func (a *Actor) weigh(i int, dst []float64, counts []env.ServerCounts) {
	x := &a.lbs[i]
	x.fill = x.fill[:0]
	for j := range counts {
		if n := &counts[j]; !n.Absent && !n.Out {
			x.fill = append(x.fill, level{j, x.score.Weight(j), x.score.Offset(j)})
		}
	}
	slices.SortFunc(x.fill, func(a, b level) int { return cmp.Compare(a.offset*b.weight, b.offset*a.weight) })
	score, offsets, weights := 0.0, 0.0, 0.0
	for _, l := range x.fill {
		if weights > 0 && l.offset >= score*l.weight {
			break
		}
		offsets, weights = offsets+l.offset, weights+l.weight
		score = (x.ongoing + offsets) / weights
	}
	for _, l := range x.fill {
		w := score*l.weight - l.offset + 1
		if w < 1 { // the flows do not reach it: the less, the later they would
			w = score * l.weight / l.offset
		}
		dst[l.server] = min(max(w*a.tuner.Trust(i, l.server), a.cfg.Bounds.Low), a.cfg.Bounds.High)
	}
}
