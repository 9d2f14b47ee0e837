package eventcost_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/eval/eventcost"
)

const benchmarkOutput = `goos: linux
BenchmarkGrowth/servers=8/lbs=2-2         	     201	   8000000 events/s	     725 B/op	      27 allocs/op
BenchmarkGrowth/servers=1000/lbs=2-2      	     106	   4000000 events/s	    3112 B/op	      51 allocs/op
BenchmarkGrowth/servers=8/lbs=64-2        	     120	   5000000 events/s
BenchmarkGrowth/servers=8/lbs=2-2         	     201	  10000000 events/s	     725 B/op	      27 allocs/op
PASS
`

func TestRead(t *testing.T) {
	t.Parallel()
	list, err := eventcost.Read(strings.NewReader(benchmarkOutput))
	require.NoError(t, err)
	require.Equal(t, []eventcost.Cost{{Servers: 8, LBs: 2, Nanoseconds: []float64{100, 125}}, {Servers: 1000, LBs: 2, Nanoseconds: []float64{250}}, {Servers: 8, LBs: 64, Nanoseconds: []float64{200}}}, list)
	require.Equal(t, 100., list[0].Median())
	for text, want := range map[string]string{
		"PASS": "there is no line of BenchmarkGrowth",
		"BenchmarkGrowth/servers=8/lbs=2-2 5 7 ns/op":       "has no events/s",
		"BenchmarkGrowth/servers=8-2 5 7 events/s":          `"BenchmarkGrowth/servers=8-2 5 7 events/s"`,
		"BenchmarkGrowth/servers=8/lbs=2 0 x events/s":      `"x" events/s`,
		"BenchmarkGrowth/servers=8/lbs=2 0 -1 events/s":     `"-1" events/s`,
		"BenchmarkGrowth/servers=8/lbs=0 9 9 events/s":      "must be positive",
		"BenchmarkGrowth/servers=-8/lbs=2 9 9 events/s":     "must be positive",
		"BenchmarkGrowth/servers=8/lbs=2 0 +Inf events/s":   `"+Inf" events/s`,
		"BenchmarkGrowth/servers=8/lbs=2 0 1e-320 events/s": `"1e-320" events/s`,
		"BenchmarkGrowth/": "has no figures",
	} {
		_, err := eventcost.Read(strings.NewReader(text))
		require.ErrorIs(t, err, eventcost.ErrBenchmark)
		require.ErrorContains(t, err, want)
	}
}

// FuzzRead: whatever the text, what is read of it are costs above nothing, rising.
func FuzzRead(f *testing.F) {
	f.Add(benchmarkOutput)
	f.Fuzz(func(t *testing.T, text string) {
		list, err := eventcost.Read(strings.NewReader(text))
		if err != nil {
			require.ErrorIs(t, err, eventcost.ErrBenchmark)
			return
		}
		for _, c := range list {
			require.Positive(t, min(c.Servers, c.LBs))
			require.True(t, slices.IsSorted(c.Nanoseconds))
			require.Positive(t, c.Median())
			require.False(t, math.IsInf(c.Median(), 0))
		}
	})
}
