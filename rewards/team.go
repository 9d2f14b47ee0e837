package rewards

// Team returns the reward of all LBs together, which a centralised learner
// earns: that of the mean over LBs of their load estimates load[i][j] = l_ij,
// or, for "ongoing", the mean of the LBs' own rewards own[i], which is the
// same: it is linear. scratch has one entry per server. Team panics where the
// lengths do not fit.
func (r Reward) Team(own []float64, load [][]float64, scratch []float64) float64 {
	if len(own) != len(load) {
		panic(errShape)
	}
	if r.kind == kindOngoing {
		return meanOf(own)
	}
	clear(scratch)
	for _, row := range load {
		if len(row) != len(scratch) {
			panic(errShape)
		}
		for j, l := range row {
			scratch[j] += clean(l) / float64(len(load))
		}
	}
	return r.Of(scratch, nil)
}

// meanOf is the mean of rewards; 0 for none.
func meanOf(r []float64) float64 {
	sum := 0.0
	for _, x := range r {
		sum += x / float64(len(r))
	}
	return sum
}
