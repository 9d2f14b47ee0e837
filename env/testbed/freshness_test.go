package testbed

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFreshness(t *testing.T) {
	t.Parallel()
	f := Freshness{Blackout: 10, Expiry: 180}
	in := []bool{true, true, true, false}
	fill := func(now float64) []float64 {
		w := []float64{2, 4, 9, 7}
		f.Fill(w, in, now)
		return w
	}
	require.Equal(t, []float64{1, 1, 1, 7}, fill(0), "nothing is known")
	f.Heard(0, 0)
	f.Heard(1, 1)
	require.Equal(t, []float64{1, 1, 1, 7}, fill(9.9), "blackout")
	require.Equal(t, []float64{1, 1, 1, 7}, fill(10), "one is known")
	require.Equal(t, []float64{2, 4, 3, 7}, fill(11), "the third gets the mean")
	f.Heard(3, 11)
	require.Equal(t, []float64{2, 4, 3, 7}, fill(30), "a server that is out does not count")
	f.Heard(2, 30)
	require.Equal(t, []float64{2, 4, 9, 7}, fill(40))
	f.Heard(1, 170)
	f.Heard(2, 170)
	require.Equal(t, []float64{6.5, 4, 9, 7}, fill(180), "the first has expired")
	f.Heard(0, 200)
	require.False(t, f.Fresh(0, 209), "and is in blackout again")
	require.True(t, f.Fresh(0, 210))
	f.Forget(0)
	require.False(t, f.Fresh(0, 211))
	f.Forget(99)
	require.True(t, new(Freshness).Blackout == 0 && !new(Freshness).Fresh(0, 0))
	always := Freshness{}
	always.Heard(0, 5)
	require.True(t, always.Fresh(0, 5))
	require.True(t, always.Fresh(0, 1e9))
}
