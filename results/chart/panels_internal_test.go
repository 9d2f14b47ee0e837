package chart

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/plot/vg"
)

// TestLayout: title and legend stay inside the picture, in as many lines as
// they need, and nothing of them is lost.
func TestLayout(t *testing.T) {
	t.Parallel()
	p := panelGrid{title: "Study web. Intervals: of methods over training runs, of heuristics over 20 seeds", width: 4.6 * vg.Inch}
	names := []string{"wcmp", "lsq", "sed", "RLB-SAC G", "QMix-LB VBF", "Centr-LB VBF", "Distr-LB VBF"}
	for _, name := range names {
		p.legend = append(p.legend, legendEntry{name: name})
	}
	title, legend := p.layout()
	require.Equal(t, p.title, strings.Join(title, " "))
	require.Len(t, title, 2)
	for _, words := range title {
		require.LessOrEqual(t, titleStyle().Width(words), p.width-2*vg.Points(topMargin))
	}
	var got []string
	for _, entries := range legend {
		width := vg.Length(0)
		for k, entry := range entries {
			got = append(got, entry.name)
			width += vg.Points(topThumb+topGap) + legendStyle().Width(entry.name)
			if k > 0 {
				width += vg.Points(topBetween)
			}
		}
		require.LessOrEqual(t, width, p.width-2*vg.Points(topMargin))
	}
	require.Equal(t, names, got)
	require.Greater(t, len(legend), 1)

	p.width = 20 * vg.Inch
	title, legend = p.layout()
	require.Len(t, title, 1)
	require.Len(t, legend, 1)
}
