package sac

import (
	"math"

	"fairlb/agents"
	"fairlb/replay"
)

const (
	// featureClip bounds normalised features: times have heavy tails.
	featureClip = 5
	// Floors of a feature's standard deviation, as a part of its mean and
	// absolute, so that a feature that hardly varies is not blown up.
	featureFloorShare = 1e-3
	featureFloor      = 1e-4
)

// features normalises an LB's observations: per feature, shared over servers.
type features struct {
	mean, sd []float32 // [F]
}

func newFeatures(count int) features {
	f := features{mean: make([]float32, count), sd: make([]float32, count)}
	for i := range f.sd {
		f.sd[i] = 1
	}
	return f
}

func (f features) clone() features {
	return features{mean: append([]float32(nil), f.mean...), sd: append([]float32(nil), f.sd...)}
}

func (f features) parameters(prefix string) []agents.Parameter {
	return []agents.Parameter{
		{Name: prefix + "features.mean", Shape: []int{len(f.mean)}, Data: f.mean},
		{Name: prefix + "features.sd", Shape: []int{len(f.sd)}, Data: f.sd},
	}
}

// fit takes mean and standard deviation from what one LB observed in all
// episodes of a buffer.
func (f features) fit(buffer *replay.Buffer, agent int) {
	count := len(f.mean)
	sums, squares := make([]float64, count), make([]float64, count)
	rows := 0
	for i := range buffer.Len() {
		ep := buffer.Episode(i)
		state := ep.Servers * count
		for t := range ep.Steps + 1 {
			at := (t*ep.Agents + agent) * state
			for k, v := range ep.Obs[at : at+state] {
				sums[k%count] += float64(v)
				squares[k%count] += float64(v) * float64(v)
			}
			rows += ep.Servers
		}
	}
	if rows == 0 {
		return
	}
	for k := range count {
		mean := sums[k] / float64(rows)
		sd := math.Sqrt(max(0, squares[k]/float64(rows)-mean*mean))
		f.mean[k] = float32(mean)
		f.sd[k] = float32(max(sd, featureFloorShare*math.Abs(mean), featureFloor))
	}
}

// apply writes the normalised observations src [rows,F] to dst.
func (f features) apply(dst, src []float32) {
	count := len(f.mean)
	for r := 0; r < len(src); r += count {
		x, y := src[r:r+count], dst[r:r+count]
		for k, v := range x {
			y[k] = min(max((v-f.mean[k])/f.sd[k], -featureClip), featureClip)
		}
	}
}

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
