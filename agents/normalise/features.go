package normalise

import (
	"math"

	"fairlb/agents"
	"fairlb/env/snapshot"
	"fairlb/replay"
)

const (
	// FeatureClip bounds normalised features to [-FeatureClip, FeatureClip],
	// in standard deviations: measured times have heavy tails.
	FeatureClip = 5
	// A feature's standard deviation is taken to be at least these, the first
	// as a part of its mean and the second absolute, so that the noise of a
	// feature that hardly varies is not blown up.
	featureFloorShare = 1e-3
	featureFloor      = 1e-4
)

// Features normalises the observations of one LB (or of several that are
// steered jointly): each of the F features of a server is centred by its mean,
// divided by its standard deviation and clipped. Mean and deviation are shared
// by all servers. A new one leaves values as they are, but for the clip.
type Features struct {
	log      bool      // whether log(1 + x) is normalised in place of x
	fixed    bool      // whether mean and deviation stay as they are, whatever is added
	mean, sd []float32 // [F]

	rows          int       // servers' rows of features that have been added
	sums, squares []float64 // [F]: sums over these rows
}

// NewFeatures returns a normaliser of count features.
func NewFeatures(count int) *Features {
	f := &Features{
		mean: make([]float32, count), sd: make([]float32, count),
		sums: make([]float64, count), squares: make([]float64, count),
	}
	for i := range f.sd {
		f.sd[i] = 1
	}
	return f
}

// NewLogFeatures returns a normaliser of log(1 + x) of count features x, for
// delays, whose ratios matter rather than their differences. Negative features
// count as 0.
func NewLogFeatures(count int) *Features {
	f := NewFeatures(count)
	f.log = true
	return f
}

// scaled returns the feature x on the scale on which it is normalised.
func (f *Features) scaled(x float32) float64 {
	if f.log {
		return math.Log1p(max(0, float64(x)))
	}
	return float64(x)
}

// Clone returns a normaliser with the same mean and deviation, to which nothing
// has been added.
func (f *Features) Clone() *Features {
	c := NewFeatures(len(f.mean))
	c.log = f.log
	copy(c.mean, f.mean)
	copy(c.sd, f.sd)
	return c
}

// Parameters lists mean and standard deviation as parameters of a checkpoint
// whose names begin with prefix. The data are views.
func (f *Features) Parameters(prefix string) []agents.Parameter {
	return []agents.Parameter{
		{Name: prefix + "features.mean", Shape: []int{len(f.mean)}, Data: f.mean},
		{Name: prefix + "features.sd", Shape: []int{len(f.sd)}, Data: f.sd},
	}
}

// Fix keeps mean and deviation as they are from now on: Fit changes nothing any more.
// State does not save this.
func (f *Features) Fix() { f.fixed = true }

// Reset drops what has been added; mean and deviation stay as they are.
func (f *Features) Reset() {
	f.rows = 0
	clear(f.sums)
	clear(f.squares)
}

// Add takes in everything that one agent observed in an episode, for the next
// Fit.
func (f *Features) Add(ep *replay.Episode, agent int) {
	count := len(f.mean)
	state := ep.Servers * count
	for t := range ep.Steps + 1 {
		offset := (t*ep.Agents + agent) * state
		for k, v := range ep.Obs[offset : offset+state] {
			x := f.scaled(v)
			f.sums[k%count] += x
			f.squares[k%count] += x * x
		}
		f.rows += ep.Servers
	}
}

// Fit sets mean and standard deviation to those of what has been added since
// the last Reset. Where nothing was added, and after Fix, it changes nothing.
func (f *Features) Fit() {
	if f.rows == 0 || f.fixed {
		return
	}
	for k := range f.mean {
		mean := f.sums[k] / float64(f.rows)
		sd := math.Sqrt(max(0, f.squares[k]/float64(f.rows)-mean*mean))
		f.mean[k] = float32(mean)
		f.sd[k] = float32(max(sd, featureFloorShare*math.Abs(mean), featureFloor))
	}
}

// FitTo sets mean and standard deviation to those of everything that one agent
// observed in the episodes of a buffer. After Fix it changes nothing.
func (f *Features) FitTo(buffer *replay.Buffer, agent int) {
	if f.fixed {
		return
	}
	f.Reset()
	for i := range buffer.Len() {
		f.Add(buffer.Episode(i), agent)
	}
	f.Fit()
}

// State implements snapshot.Stater: mean and deviation, and what has been added.
func (f *Features) State(c *snapshot.Codec) {
	c.Float32s(f.mean)
	c.Float32s(f.sd)
	snapshot.Int(c, &f.rows)
	c.Float64s(f.sums)
	c.Float64s(f.squares)
}

// Apply writes the normalised observations src [rows,F] to dst, which may be
// src.
func (f *Features) Apply(dst, src []float32) {
	count := len(f.mean)
	for r := 0; r < len(src); r += count {
		x, y := src[r:r+count], dst[r:r+count]
		for k, v := range x {
			y[k] = min(max((float32(f.scaled(v))-f.mean[k])/f.sd[k], -FeatureClip), FeatureClip)
		}
	}
}
