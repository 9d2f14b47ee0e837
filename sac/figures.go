package sac

import (
	"fmt"
	"math"

	"fairlb/agents"

	"gonum.org/v1/gonum/stat"
)

// valueSpread is how far apart the critics' values lie in a batch.
type valueSpread struct {
	measured bool
	sd       float64 // of Q over the last batch
	twins    float64 // mean |Q1 - Q2| there
	share    float64 // actionShare
}

// spreadOf returns the spread of the twins' values q1 and q2 of a batch, and of
// drawn, their values of two actions that the policy draws in each state.
func spreadOf(q1, q2 []float32, drawn [2][]float64) valueSpread {
	s := valueSpread{measured: true, share: actionShare(drawn)}
	values := make([]float64, len(q1))
	for i, q := range q1 {
		values[i] = float64(q)
		s.twins += math.Abs(float64(q-q2[i])) / float64(len(q1))
	}
	s.sd = math.Sqrt(stat.PopVariance(values, nil))
	return s
}

// actionShare is the part of the variance of Q(s, a) that the action explains
// once the state is known, Q being what the critics say of the return, s the
// states of a batch and a what the policy draws:
//
//	E_s Var_a Q(s, a) / Var_{s,a} Q(s, a),
//
// estimated by two draws of a in each state. It is 0 if Q is a function of the
// state alone, and about 1 if it is one of the action alone; where it is small,
// what an actor learns from is a small part of what critics are fitted to.
func actionShare(q [2][]float64) float64 {
	within := 0.0
	for i := range q[0] {
		d := q[0][i] - q[1][i]
		within += d * d / 2 / float64(len(q[0]))
	}
	total := stat.PopVariance(append(append([]float64(nil), q[0]...), q[1]...), nil)
	if total == 0 {
		return 0
	}
	return min(within/total, 1)
}

// sumServers is the sum over servers of the mean of the twins q1 and q2 [B*N].
func sumServers(q1, q2 []float32, servers int) []float64 {
	sums := make([]float64, len(q1)/servers)
	for i := range q1 {
		sums[i/servers] += (float64(q1[i]) + float64(q2[i])) / 2
	}
	return sums
}

// report adds the figures to a round's.
func (s *valueSpread) report(set func(name string, sum float64, n int)) {
	if !s.measured {
		return
	}
	set("q_sd", s.sd, 1)
	set("q_twins", s.twins, 1)
	set("action_share", s.share, 1)
}

// sums add up the figures of the updates of a round.
type sums struct {
	updates, actorUpdates                 int
	critic, q, criticNorm                 float64
	actor, actorNorm, smoothness, entropy float64
}

// addCritics adds those of an update of the critics.
func (s *sums) addCritics(loss float32, norm, meanQ float64) {
	s.updates++
	s.critic += float64(loss)
	s.criticNorm += norm
	s.q += meanQ
}

// addActor adds those of an update of the actor.
func (s *sums) addActor(loss float32, norm, entropy float64, smoothness float32) {
	s.actorUpdates++
	s.actor += float64(loss)
	s.actorNorm += norm
	s.smoothness += float64(smoothness)
	s.entropy += entropy
}

// report adds the means of the last round to stats. A round of the critics
// alone has no figures of the actor.
func (a *agent) report(stats agents.Stats) {
	s := &a.sums
	set := func(name string, sum float64, n int) {
		if n > 0 {
			stats[name+a.suffix()] = sum / float64(n)
		}
	}
	set("critic_loss", s.critic, s.updates)
	set("grad_norm_critic", s.criticNorm, s.updates)
	set("q_mean", s.q, s.updates)
	a.spread.report(set)
	set("alpha", a.alpha.alpha(), 1)
	set("actor_loss", s.actor, s.actorUpdates)
	set("grad_norm_actor", s.actorNorm, s.actorUpdates)
	set("smoothness", s.smoothness, s.actorUpdates)
	set("entropy", s.entropy, s.actorUpdates)
}

// suffix is what the names of one LB's figures end with.
func (a *agent) suffix() string {
	if len(a.lbs) > 1 {
		return ""
	}
	return fmt.Sprintf("/%d", a.lbs[0])
}
