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

// streams normalises rewards of LBs and servers: centred for each, divided by
// one standard deviation, that of all together.
type streams struct {
	mean  []float64 // [M,N]
	scale float64   // (1 - gamma) / sd
}

// fit takes the statistics over a buffer.
func (w *streams) fit(buffer *replay.Buffer, gamma float64) {
	clear(w.mean)
	n := len(w.mean)
	count := float64(buffer.Transitions())
	for i := range buffer.Len() {
		for k, r := range buffer.Episode(i).ServerReward {
			w.mean[k%n] += float64(r) / count
		}
	}
	variance := 0.0
	for i := range buffer.Len() {
		for k, r := range buffer.Episode(i).ServerReward {
			d := float64(r) - w.mean[k%n]
			variance += d * d / (count * float64(n))
		}
	}
	w.scale = 1 - gamma
	if variance > 0 {
		w.scale /= math.Sqrt(variance)
	}
}

// apply writes the normalised rewards src [R,M,N] of LB i to dst [R,N].
func (w *streams) apply(dst, src []float32, i, servers int) {
	lbs := len(w.mean) / servers
	for r := 0; r*servers < len(dst); r++ {
		for j, v := range src[(r*lbs+i)*servers:][:servers] {
			dst[r*servers+j] = float32((float64(v) - w.mean[i*servers+j]) * w.scale)
		}
	}
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
