package sac

import (
	"math"

	"gonum.org/v1/gonum/stat"
)

// spread is how far apart the critics' values lie at the end of a round.
type spread struct {
	measured bool
	sd       float64 // of Q over the last batch
	twins    float64 // mean |Q1 - Q2| there
	share    float64 // actionShare
}

// measure takes the figures of the last update.
func (a *agent) measure() {
	if r := a.recurrent; r != nil {
		if a.averages.actorUpdates == 0 {
			return // the actor's graph has not run
		}
		var q1, q2 []float32
		for row, m := range r.critic.mask.Data() {
			if m != 0 {
				q1, q2 = append(q1, r.critic.q[0].Data()[row]), append(q2, r.critic.q[1].Data()[row])
			}
		}
		a.spread = spreadOf(q1, q2, r.values())
		return
	}
	q := a.critic.nodes.q
	a.spread = spreadOf(q[0].Data(), q[1].Data(), a.next.values(a.states[:len(a.states)/2], a.aside))
}

func spreadOf(q1, q2 []float32, drawn [2][]float64) spread {
	s := spread{measured: true, share: actionShare(drawn)}
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
func (s *spread) report(set func(name string, sum float64, n int)) {
	if !s.measured {
		return
	}
	set("q_sd", s.sd, 1)
	set("q_twins", s.twins, 1)
	set("action_share", s.share, 1)
}
