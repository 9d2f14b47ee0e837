package chart

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/eval/eventcost"
)

func TestPlotEventCost(t *testing.T) {
	t.Parallel()
	list := []eventcost.Cost{{Servers: 8, LBs: 2, Nanoseconds: []float64{100, 125}}, {Servers: 1000, LBs: 2, Nanoseconds: []float64{250}}, {Servers: 8, LBs: 64, Nanoseconds: []float64{200}}}
	path := filepath.Join(t.TempDir(), "growth.svg")
	require.NoError(t, PlotEventCost(path, list))
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Contains(t, string(data), "SED, load balancers of 8 servers")
}
