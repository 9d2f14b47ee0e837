package results

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const growthOutput = `goos: linux
BenchmarkGrowth/servers=8/lbs=2-2         	     201	   8000000 events/s	     725 B/op	      27 allocs/op
BenchmarkGrowth/servers=1000/lbs=2-2      	     106	   4000000 events/s	    3112 B/op	      51 allocs/op
BenchmarkGrowth/servers=8/lbs=64-2        	     120	   5000000 events/s
BenchmarkGrowth/servers=8/lbs=2-2         	     201	  10000000 events/s	     725 B/op	      27 allocs/op
PASS
`

func TestReadGrowth(t *testing.T) {
	t.Parallel()
	list, err := ReadGrowth(strings.NewReader(growthOutput))
	require.NoError(t, err)
	require.Equal(t, []Growth{{8, 2, []float64{100, 125}}, {1000, 2, []float64{250}}, {8, 64, []float64{200}}}, list)
	require.Equal(t, 100., list[0].Median())
	for text, want := range map[string]string{
		"PASS": "there is no line of BenchmarkGrowth",
		"BenchmarkGrowth/servers=8/lbs=2-2 5 7 ns/op":   "has no events/s",
		"BenchmarkGrowth/servers=8-2 5 7 events/s":      `"BenchmarkGrowth/servers=8-2 5 7 events/s"`,
		"BenchmarkGrowth/servers=8/lbs=2 0 x events/s":  `"x" events/s`,
		"BenchmarkGrowth/servers=8/lbs=2 0 -1 events/s": `"-1" events/s`,
		"BenchmarkGrowth/":                              "has no figures",
	} {
		_, err := ReadGrowth(strings.NewReader(text))
		require.ErrorIs(t, err, ErrBench)
		require.ErrorContains(t, err, want)
	}
}

func TestPlotGrowth(t *testing.T) {
	t.Parallel()
	list, err := ReadGrowth(strings.NewReader(growthOutput))
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "growth.svg")
	require.NoError(t, PlotGrowth(path, list))
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Contains(t, string(data), "SED, load balancers of 8 servers")
}
