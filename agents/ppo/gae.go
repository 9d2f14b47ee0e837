package ppo

// gae writes the generalised advantage estimates (Schulman et al. 2016, eq. 16)
// of one episode of T steps, for N streams of rewards at once, and the returns
// that they are of, adv + v:
//
//	delta_t = r_t + gamma v_(t+1) - v_t
//	adv_t = delta_t + gamma lambda adv_(t+1)
//
// adv, ret and r are [T,N], v is [T+1,N]. A terminated episode has no future
// behind its last step; a truncated one has the value of its last state.
func gae(adv, ret, r, v []float32, n int, terminated bool, gamma, lambda float64) {
	steps := len(r) / n
	for j := range n {
		ahead := 0.0
		future := float64(v[steps*n+j])
		if terminated {
			future = 0
		}
		for t := steps - 1; t >= 0; t-- {
			k := t*n + j
			now := float64(v[k])
			ahead = float64(r[k]) + gamma*future - now + gamma*lambda*ahead
			adv[k], ret[k] = float32(ahead), float32(ahead+now)
			future = now
		}
	}
}
