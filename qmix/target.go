package qmix

// tdLambda sets y [W,L,C] to the targets of windows of L steps, of C streams of
// reward each, from their last step to their first:
//
//	y_t = r_t + gamma ((1-lambda) v_t + lambda y_t+1),
//
// with v_t the value of the state after step t, which takes y_t+1's place at
// the end of a window or of its episode: what was cut off goes on. Where
// bootstrap is 0 the episode terminated and nothing follows. r and v are
// [W,L,C], bootstrap and mask [W,L]; where mask is 0, y is 0.
func tdLambda(y, r, v, bootstrap, mask []float32, steps int, gamma, lambda float64) {
	n := len(y) / len(mask)
	for t := len(mask) - 1; t >= 0; t-- {
		if mask[t] == 0 {
			clear(y[t*n : (t+1)*n])
			continue
		}
		goesOn := t%steps < steps-1 && mask[t+1] != 0
		for i := t * n; i < (t+1)*n; i++ {
			future := float64(v[i])
			if goesOn {
				future += lambda * (float64(y[i+n]) - future)
			}
			y[i] = float32(float64(r[i]) + gamma*float64(bootstrap[t])*future)
		}
	}
}
