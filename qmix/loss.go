package qmix

import (
	"fairlb/agents/nn"
	"fairlb/replay"
)

// losses are the terms of the loss and their inputs. R = W*L is the number of steps
// of a batch. Terms that the learner does not have are nil, and so are their inputs:
// QMix-LB has the team's, IQL-LB the LBs' own.
type losses struct {
	servers int

	mask *nn.Node // [R*C,1], of the team's, or [R*N,1], of the LBs' own: 1 for steps that count

	y    *nn.Node // [R*C,1]: targets of Q_tot
	team *nn.Node // mean (Q - y)^2

	own        []*nn.Node // per LB [R*N,1]: targets of each server's part
	individual *nn.Node   // mean_ij (Q_ij - y_ij)^2

	pairs  *nn.Node // [(R-1)*N,1]: 1 for steps that the next row follows in their window
	smooth *nn.Node // mean_ij (d_ij(s) - d_ij(s'))^2, where d are the best log-weights

	loss *nn.Node // their weighted sum
}

// newLosses adds the loss of a joint action to g.
func newLosses(g *nn.Graph, cfg *Config, shape replay.Shape, j jointValue) losses {
	l := losses{servers: shape.Servers}
	if g.Err() != nil {
		l.loss = j.q[0]
		return l
	}
	n := shape.Servers
	rows := j.q[0].Shape()[0] / n
	var terms []*nn.Node
	if j.total == nil {
		l.mask = g.Input("mask", rows*n, 1)
		l.individual = meanOverLBs(g, j.q, func(q *nn.Node) *nn.Node {
			y := g.Input("targets of servers", rows*n, 1)
			l.own = append(l.own, y)
			return g.Apply(new(nn.MeanSquare), q, y, l.mask)
		})
		terms = append(terms, l.individual)
	} else {
		l.y, l.mask = g.Input("targets", j.total.Shape()...), g.Input("mask", j.total.Shape()...)
		l.team = g.Apply(new(nn.MeanSquare), j.total, l.y, l.mask)
		terms = append(terms, l.team)
	}
	weights := []float32{1}
	if cfg.smooth() && rows > 1 {
		l.pairs = g.Input("mask of pairs", (rows-1)*n, 1)
		l.smooth = meanOverLBs(g, j.out, func(out *nn.Node) *nn.Node {
			d := g.Apply(&peak{servers: n}, out)
			now, next := g.Apply(&nn.Rows{From: 0, To: (rows - 1) * n}, d), g.Apply(&nn.Rows{From: n, To: rows * n}, d)
			return g.Apply(new(nn.MeanSquare), now, next, l.pairs)
		})
		terms, weights = append(terms, l.smooth), append(weights, float32(cfg.Smoothness))
	}
	l.loss = g.Apply(&nn.WeightedSum{Weights: weights}, terms...)
	return l
}

// meanOverLBs adds the mean over LBs of a loss [1] of each LB's node.
func meanOverLBs(b nn.Builder, nodes []*nn.Node, loss func(*nn.Node) *nn.Node) *nn.Node {
	var terms []*nn.Node
	var weights []float32
	for _, node := range nodes {
		terms, weights = append(terms, loss(node)), append(weights, 1/float32(len(nodes)))
	}
	return b.Apply(&nn.WeightedSum{Weights: weights}, terms...)
}

// setMasks sets the masks to the steps that a batch of windows has.
func (l *losses) setMasks(w *replay.Windows) {
	mask := l.mask.Data()
	values := len(mask) / len(w.Mask) // of a step
	for k := range mask {
		mask[k] = w.Mask[k/values]
	}
	if l.pairs != nil {
		mask := l.pairs.Data()
		for k := range mask {
			next := k/l.servers + 1
			if mask[k] = w.Mask[next]; next%w.Steps == 0 {
				mask[k] = 0 // the next row is of the next window
			}
		}
	}
}
