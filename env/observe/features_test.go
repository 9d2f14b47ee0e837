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
		"elapsed_mean s", "elapsed_sd s", "elapsed_p90 s", "elapsed_discounted_mean s", "elapsed_discounted_p90 s",
	}, names)
	require.Len(t, names, featureCount)
}

// TestWrite puts one server's figures in the order of Features and takes the
// load from the elapsed times alone; what was not seen is 0.
func TestWrite(t *testing.T) {
	t.Parallel()
	o := New(3)
	o.Reset(rand.New(farSlots{}))
	o.Completed(1, 0, 2)
	o.Completed(1, 5, 6)
	o.Elapsed(1, 1, 10)
	o.Elapsed(1, 3, 30)
	o.Elapsed(2, 3, 7)
	obs, load := make([]float32, 3*featureCount), make([]float64, 3)
	for i := range obs {
		obs[i] = -1
	}
	o.Write(obs, load, []int32{0, 4, 1})

	old, older := math.Pow(0.9, 2), math.Pow(0.9, 5)
	completion, elapsed := (6+2*older)/(1+older), (30+10*old)/(1+old)
	want := []float64{
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		4, 4, 2, 6, completion, 6, 20, 10, 30, elapsed, 30,
		1, 0, 0, 0, 0, 0, 7, 0, 7, 7, 7,
	}
	for i, w := range want {
		require.InDelta(t, w, obs[i], 1e-6*(1+w), "feature %d of server %d", i%featureCount, i/featureCount)
	}
	require.InDeltaSlice(t, []float64{0, elapsed, 7}, load, 1e-12)

	o.Reset(rand.New(farSlots{}))
	o.Write(obs, load, []int32{0, 0, 0})
	require.Equal(t, make([]float32, 3*featureCount), obs)
	require.Equal(t, make([]float64, 3), load)
}
