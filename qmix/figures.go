package qmix

import (
	"fairlb/agents"
	"fairlb/agents/nn"
)

// sums add up the figures of the updates of a round.
type sums struct{ loss, team, own, smooth, norm, value float64 }

// add adds the figures of the last update, whose gradient had the given norm.
func (s *sums) add(t *lossGraph, norm float64) {
	s.loss += float64(t.program.Loss())
	s.team += scalar(t.team)
	s.own += scalar(t.individual)
	s.smooth += scalar(t.smooth)
	s.norm += norm
	s.value += t.mean()
}

// report writes the means of n updates to stats.
func (s *sums) report(stats agents.Stats, t *lossGraph, n int) {
	set := func(name string, sum float64) { stats[name] = sum / float64(n) }
	set("loss", s.loss)
	set("grad_norm", s.norm)
	set("q_mean", s.value)
	if t.team != nil {
		set("loss_team", s.team)
	}
	if t.individual != nil {
		set("loss_own", s.own)
	}
	if t.smooth != nil {
		set("smoothness", s.smooth)
	}
}

// mean is the mean value of the levels that were chosen: that of all LBs, or, where
// nothing is mixed, of a mean LB's mean server.
func (j *jointValue) mean() float64 {
	if j.total != nil {
		return nn.Mean(j.total.Data())
	}
	mean := 0.0
	for _, q := range j.q {
		mean += nn.Mean(q.Data()) / float64(len(j.q))
	}
	return mean
}

// scalar is the value of a node [1], 0 if there is none.
func scalar(n *nn.Node) float64 {
	if n == nil {
		return 0
	}
	return float64(n.Data()[0])
}
