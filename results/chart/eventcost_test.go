package chart

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/eval/eventcost"
)

func TestDrawEventCost(t *testing.T) {
	t.Parallel()
	list := []eventcost.Cost{{Servers: 8, LBs: 2, Nanoseconds: []float64{100, 125}}, {Servers: 1000, LBs: 2, Nanoseconds: []float64{250}}, {Servers: 8, LBs: 64, Nanoseconds: []float64{200}}}
	var svg strings.Builder
	require.NoError(t, DrawEventCost(&svg, list, "svg"))
	require.Contains(t, svg.String(), "SED, load balancers of 8 servers")
}
