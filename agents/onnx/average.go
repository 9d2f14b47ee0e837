package onnx

// RunningMean is the mean of x [B,N] over the steps of an episode, this one included:
// the plain mean until that many steps are taken, then an exponential one, of which x is
// one part in so many. The owner's state holds the N means, then the number of steps
// counted, at most that many: zeros as an episode begins.
func (g *Graph) RunningMean(x, owner string, steps int) string {
	n := g.Servers
	g.states = append(g.states, state{owner, n + 1})
	means, count := make([]float32, (n+1)*n), make([]float32, n+1) // [N+1,N] and [N+1,1], which pick the two
	for j := range n {
		means[j*n+j] = 1
	}
	count[n] = 1
	last := g.MatMul(StateName(owner), g.Constant("means", []int{n + 1, n}, means))
	taken := g.MatMul(StateName(owner), g.Constant("count", []int{n + 1, 1}, count))
	taken = g.Clip(g.Add(taken, g.Scalar("one", 1)), 1, float32(steps))
	mean := g.Add(last, g.Div(g.Sub(x, last), taken))

	back := make([]float32, n*(n+1)) // [N,N+1], which puts the means in their place
	for j := range n {
		back[j*(n+1)+j] = 1
	}
	g.node("Add", []string{
		g.MatMul(mean, g.Constant("means", []int{n, n + 1}, back)),
		g.MatMul(taken, g.Constant("count", []int{1, n + 1}, count)),
	}, NextStateName(owner))
	return mean
}
