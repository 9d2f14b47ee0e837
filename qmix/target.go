package qmix

// tdLambda sets y [W,L] to the targets of windows of L steps, from their last
// step to their first:
//
//	y_t = r_t + gamma ((1-lambda) v_t + lambda y_t+1),
//
// with v_t the value of the state after step t, which takes y_t+1's place at
// the end of a window or of its episode: what was cut off goes on. Where
// bootstrap is 0 the episode terminated and nothing follows. r, v, bootstrap
// and mask are [W,L]; where mask is 0, y is 0.
func tdLambda(y, r, v, bootstrap, mask []float32, steps int, gamma, lambda float64) {
	for t := len(y) - 1; t >= 0; t-- {
		if mask[t] == 0 {
			y[t] = 0
			continue
		}
		future := float64(v[t])
		if t%steps < steps-1 && mask[t+1] != 0 {
			future += lambda * (float64(y[t+1]) - future)
		}
		y[t] = float32(float64(r[t]) + gamma*float64(bootstrap[t])*future)
	}
}
