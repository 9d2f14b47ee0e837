package delay

import (
	"math"

	"fairlb/agents"
	"fairlb/replay"
)

const (
	featureClip  = 5    // of normalised features
	featureFloor = 1e-4 // of their standard deviation
)

// features normalises an LB's observations: log(1 + x), because delays compare
// by ratios, less its mean and over its standard deviation, per feature and
// shared over servers.
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
	return features{append([]float32(nil), f.mean...), append([]float32(nil), f.sd...)}
}

func (f features) parameters(prefix string) []agents.Parameter {
	return []agents.Parameter{
		{Name: prefix + "features.mean", Shape: []int{len(f.mean)}, Data: f.mean},
		{Name: prefix + "features.sd", Shape: []int{len(f.sd)}, Data: f.sd},
	}
}

func compress(x float32) float64 { return math.Log1p(max(0, float64(x))) }

// fit takes mean and standard deviation from what one LB observed in all
// episodes of a buffer.
func (f features) fit(buffer *replay.Buffer, agent int) {
	count := len(f.mean)
	sums, squares := make([]float64, count), make([]float64, count)
	rows := 0.0
	for i := range buffer.Len() {
		ep := buffer.Episode(i)
		state := ep.Servers * count
		for t := range ep.Steps + 1 {
			at := (t*ep.Agents + agent) * state
			for k, v := range ep.Obs[at : at+state] {
				x := compress(v)
				sums[k%count] += x
				squares[k%count] += x * x
			}
			rows += float64(ep.Servers)
		}
	}
	for k := range count {
		mean := sums[k] / rows
		f.mean[k] = float32(mean)
		f.sd[k] = float32(max(math.Sqrt(max(0, squares[k]/rows-mean*mean)), featureFloor))
	}
}

// apply writes the normalised observations src [rows,F] to dst.
func (f features) apply(dst, src []float32) {
	count := len(f.mean)
	for i, v := range src {
		k := i % count
		dst[i] = min(max((float32(compress(v))-f.mean[k])/f.sd[k], -featureClip), featureClip)
	}
}
