package observe

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFeatures(t *testing.T) {
	t.Parallel()
	var names []string
	for _, f := range Features() {
		names = append(names, f.Name+" "+f.Unit)
	}
	require.Equal(t, []string{
		"ongoing requests",
		"completion_mean s", "completion_sd s", "completion_p90 s", "completion_discounted_mean s", "completion_discounted_p90 s",
		"sampled_elapsed_mean s", "sampled_elapsed_sd s", "sampled_elapsed_p90 s", "sampled_elapsed_discounted_mean s", "sampled_elapsed_discounted_p90 s",
	}, names)
	require.Len(t, names, featureCount)
}

// flows are given as the starts of those that are ongoing, by server.
type flows [][]float64

func (f flows) Count(server int) int        { return len(f[server]) }
func (f flows) Start(server, k int) float64 { return f[server][k] }

// TestWrite puts one server's figures in the order of Features and takes the load
// from the elapsed times alone. With the source farSlots the moments are the ends of
// the intervals of 0.1 s.
func TestWrite(t *testing.T) {
	t.Parallel()
	o := New(3)
	o.Reset(rand.New(farSlots{}))
	o.Completed(1, 0, 2)
	o.Completed(1, 5, 6)
	o.Sample(0.15, flows{nil, {0.05, 0.06}, nil}) // at 0.1 s
	o.Sample(0.25, flows{nil, nil, {0.15}})       // at 0.2 s
	obs, load := make([]float32, 3*featureCount), make([]float64, 3)
	for i := range obs {
		obs[i] = -1
	}
	o.Write(obs, load, []int32{0, 4, 1})

	older, old := math.Pow(0.9, 5), math.Pow(0.9, 0.1)
	completion := (6 + 2*older) / (1 + older)
	faded, fresh := 0.04*old/(1+old), 0.05/(1+old)
	want := []float64{
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		4, 4, 2, 6, completion, 6, 0.02, 0.02, 0.04, faded, 0.04,
		1, 0, 0, 0, 0, 0, 0.025, 0.025, 0.05, fresh, 0.05,
	}
	for i, w := range want {
		require.InDelta(t, w, obs[i], 1e-6*(1+w), "feature %d of server %d", i%featureCount, i/featureCount)
	}
	require.InDeltaSlice(t, []float64{0, faded, fresh}, load, 1e-12)

	o.Reset(rand.New(farSlots{}))
	o.Write(obs, load, []int32{0, 0, 0})
	require.Equal(t, make([]float32, 3*featureCount), obs)
	require.Equal(t, make([]float64, 3), load)
}
