package qmix

import (
	"math"

	"fairlb/replay"
)

// rewards normalises the team's: centred, divided by their standard deviation
// and scaled so that returns are of order one.
type rewards struct {
	mean, scale float64 // scale is (1 - gamma) / sd
}

// fit takes the statistics over a buffer.
func (w *rewards) fit(buffer *replay.Buffer, gamma float64) {
	count := float64(buffer.Transitions())
	each := func(visit func(r float64)) {
		for i := range buffer.Len() {
			ep := buffer.Episode(i)
			for t := range ep.Steps {
				visit(float64(ep.Team(t)))
			}
		}
	}
	w.mean = 0
	each(func(r float64) { w.mean += r / count })
	variance := 0.0
	each(func(r float64) { variance += (r - w.mean) * (r - w.mean) / count })
	sd := math.Sqrt(variance)
	if sd == 0 {
		sd = 1 // constant rewards: nothing to scale
	}
	w.scale = (1 - gamma) / sd
}

// apply writes the normalised rewards src to dst.
func (w *rewards) apply(dst, src []float32) {
	for i, r := range src {
		dst[i] = float32((float64(r) - w.mean) * w.scale)
	}
}
