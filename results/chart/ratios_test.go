package chart_test

import (
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/eval/study"
	"fairlb/results/chart"
)

// TestDrawRatios: rules come before methods, whatever the order asked for; all panels
// have the same rows, and only methods have intervals.
func TestDrawRatios(t *testing.T) {
	t.Parallel()
	r, err := study.ReadCSV("s.csv", strings.NewReader(`scenario,target,family,training_seed,mean_s
one,sed,,,2
one,a,paper,1,1.6
one,a,paper,2,1.8
one,lsq,,,3
two,sed,,,1
two,tuned,,,0.9
`))
	require.NoError(t, err)
	var svg strings.Builder
	require.NoError(t, chart.DrawRatios(&svg, r, []string{"a", "lsq", "tuned"}, "svg"))
	text := svg.String()
	for _, want := range []string{">one<", ">two<", ">0.850<", ">1.500<", ">0.900<", "interval over training runs", "the best of the untrained"} {
		require.Contains(t, text, want)
	}
	require.Less(t, strings.Index(text, ">lsq<"), strings.Index(text, ">a<"))
	require.Equal(t, 1, strings.Count(text, ">a<"))
	height := func(label string) float64 {
		found := regexp.MustCompile(`y="([-.0-9]+)"[^<>]*>` + regexp.QuoteMeta(label) + "<").FindStringSubmatch(text)
		require.NotNil(t, found, label)
		y, err := strconv.ParseFloat(found[1], 64)
		require.NoError(t, err)
		return y
	}
	for label, value := range map[string]string{"lsq": "1.500", "tuned": "0.900", "a": "0.850"} {
		require.InDelta(t, height(label), height(value), 3, "%s has its value beside it, in whichever panel", label)
	}
	require.Greater(t, height("a")-height("tuned"), 6.)
	require.ErrorIs(t, chart.DrawRatios(&svg, r, []string{"es"}, "svg"), chart.ErrFigure)
}
