package sac

import (
	"math"

	"fairlb/replay"
)

// rewards centres an LB's rewards per server and divides them by one standard
// deviation, that of all servers together: what a server's queue does to the
// return must not depend on how much that queue varies.
type rewards struct {
	mean  []float64 // [N]
	scale float64   // (1 - gamma) / sd, so that returns are of order one
}

// fit takes the statistics over one LB's transitions in the buffer.
func (w *rewards) fit(buffer *replay.Buffer, agent int, gamma float64) {
	clear(w.mean)
	n := len(w.mean)
	count := float64(buffer.Transitions())
	each := func(visit func(j int, r float64)) {
		for i := range buffer.Len() {
			ep := buffer.Episode(i)
			for t := range ep.Steps {
				at := (t*ep.Agents + agent) * n
				for j, r := range ep.ServerReward[at : at+n] {
					visit(j, float64(r))
				}
			}
		}
	}
	each(func(j int, r float64) { w.mean[j] += r / count })
	variance := 0.0
	each(func(j int, r float64) { variance += (r - w.mean[j]) * (r - w.mean[j]) })
	sd := math.Sqrt(variance / (count * float64(n)))
	if sd == 0 {
		sd = 1 // constant rewards: nothing to scale
	}
	w.scale = (1 - gamma) / sd
}

// apply writes the normalised rewards of src [B,N] to dst.
func (w *rewards) apply(dst, src []float32) {
	n := len(w.mean)
	for i, r := range src {
		dst[i] = float32((float64(r) - w.mean[i%n]) * w.scale)
	}
}

// applySums is apply for sums of rewards, the discounts of which sum to
// span [B].
func (w *rewards) applySums(dst, src, span []float32) {
	n := len(w.mean)
	for i, r := range src {
		dst[i] = float32((float64(r) - float64(span[i/n])*w.mean[i%n]) * w.scale)
	}
}
