package normalise

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/replay"
)

// TestFeatureStatistics: of an episode of two agents, of which the other one
// sees nothing but 99.
func TestFeatureStatistics(t *testing.T) {
	t.Parallel()
	ep := replay.NewEpisode(replay.Shape{Agents: 2, Servers: 2, Features: 2}, 2)
	ep.Steps = 2
	for _, own := range [][]float32{{0, 7, 0, 7}, {0, 7, 0, 7}, {0, 7, 6, 7}} {
		ep.Obs = append(append(ep.Obs, 99, 99, 99, 99), own...)
	}
	f := NewFeatures(2)
	f.Fit()
	require.Equal(t, []float32{1, 1}, f.sd, "nothing was added")
	for range 2 { // dropped once
		f.Reset()
		f.Add(ep, 1)
	}
	f.Fit()
	require.InDeltaSlice(t, []float32{1, 7}, f.mean, 1e-6)
	require.InDelta(t, 2.2360680, f.sd[0], 1e-5) // of 0, 0, 0, 0, 0, 6
	require.InDelta(t, 7e-3, f.sd[1], 1e-6, "a constant feature has the floor")
	require.Equal(t, 6, f.rows)
	got := make([]float32, 4)
	f.Clone().Apply(got, []float32{1, 7, 1e6, 6.9})
	require.InDeltaSlice(t, []float32{0, 0, 5, -5}, got, 1e-5)
}

// TestLogFeatures: delays of 0, 1 and e^2-1 s compare by log(1 + x); a clone
// normalises alike.
func TestLogFeatures(t *testing.T) {
	t.Parallel()
	ep := replay.NewEpisode(replay.Shape{Agents: 1, Servers: 1, Features: 1}, 1)
	ep.Steps = 1
	ep.Obs = []float32{0, float32(math.Exp(2) - 1)}
	f := NewLogFeatures(1)
	f.Add(ep, 0)
	f.Fit()
	require.InDelta(t, 1, f.mean[0], 1e-6)
	require.InDelta(t, 1, f.sd[0], 1e-6)
	got := make([]float32, 3)
	f.Clone().Apply(got, []float32{0, float32(math.Exp(2) - 1), -5})
	require.InDeltaSlice(t, []float32{-1, 1, -1}, got, 1e-5, "what is negative counts as 0")
}

// TestFixedFeatures: statistics that are fixed stay, whatever is added or fitted to.
func TestFixedFeatures(t *testing.T) {
	t.Parallel()
	shape := replay.Shape{Agents: 1, Servers: 1, Features: 1}
	ep := replay.NewEpisode(shape, 1)
	ep.Steps = 1
	ep.Obs = []float32{3, 5}
	f := NewFeatures(1)
	f.Fix()
	f.Add(ep, 0)
	f.Fit()
	require.Equal(t, []float32{0}, f.mean)
	buffer, err := replay.NewBuffer(shape, 1)
	require.NoError(t, err)
	f.FitTo(buffer, 0)
	require.Equal(t, []float32{1}, f.sd)
}
