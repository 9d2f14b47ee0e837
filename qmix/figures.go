package qmix

import (
	"fairlb/agents"
	"fairlb/agents/nn"
)

// sums add up the figures of the updates of a round.
type sums struct{ loss, team, streams, smooth, norm, value float64 }

// add adds the figures of the last update, whose gradient had the given norm.
func (s *sums) add(t *lossGraph, norm float64) {
	s.loss += float64(t.program.Loss())
	s.team += scalar(t.team)
	s.streams += scalar(t.streams)
	s.smooth += scalar(t.smooth)
	s.norm += norm
	s.value += nn.Mean(t.total.Data())
}

// report writes the means of n updates to stats.
func (s *sums) report(stats agents.Stats, t *lossGraph, n int) {
	set := func(name string, sum float64) { stats[name] = sum / float64(n) }
	set("loss", s.loss)
	set("loss_team", s.team)
	set("grad_norm", s.norm)
	set("q_mean", s.value)
	if t.streams != nil {
		set("loss_streams", s.streams)
	}
	if t.smooth != nil {
		set("smoothness", s.smooth)
	}
}

// scalar is the value of a node [1], 0 if there is none.
func scalar(n *nn.Node) float64 {
	if n == nil {
		return 0
	}
	return float64(n.Data()[0])
}
