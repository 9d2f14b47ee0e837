package results

import (
	"bytes"
	"io"
	"testing"

	"github.com/stretchr/testify/require"
)

// families are so many methods of two runs each, of times from 1 to 2 s.
func families(n int) []Family {
	var list []Family
	for k := range n {
		var f Family
		f.Name = string(rune('a' + k))
		for run := range 2 {
			var c Curve
			for round := range 20 {
				c.Episodes = append(c.Episodes, float64(4*(round+1)))
				c.Completion = append(c.Completion, 2-float64(round)/20-0.1*float64(run)+0.01*float64(k))
			}
			f.Curves = append(f.Curves, c)
		}
		list = append(list, f)
	}
	return list
}

// TestDrawFamilies: a panel a method, whatever their number; axes with units;
// what is cut off is said.
func TestDrawFamilies(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 2, 4, 7} {
		var svg bytes.Buffer
		require.NoError(t, DrawFamilies(&svg, "cpu: learning", families(n), 9, "svg"))
		for k := range n {
			require.Contains(t, svg.String(), ">"+string(rune('a'+k))+" (2)<")
		}
		require.Contains(t, svg.String(), "mean completion time (s)")
		require.Contains(t, svg.String(), "training episodes")
		require.NotContains(t, svg.String(), "cut off")
		require.NotContains(t, svg.String(), "NaN")
		require.Equal(t, n > 1, bytes.Contains(svg.Bytes(), []byte("means of the other methods")))

		svg.Reset()
		require.NoError(t, DrawFamilies(&svg, "cpu: learning", families(n), 1.5, "svg"))
		require.Contains(t, svg.String(), ">cpu: learning; cut off at 1.5 s<")
		require.NoError(t, DrawFamilies(io.Discard, "", families(n), 1.5, "png"))
	}
	require.ErrorIs(t, DrawFamilies(io.Discard, "", nil, 1, "svg"), ErrCurve)
	short := families(2)
	short[1].Curves[1].Episodes = nil
	require.ErrorIs(t, DrawFamilies(io.Discard, "", short, 1, "svg"), ErrCurve)
}

// TestDrawLearning: the legend names the runs and what they are compared to.
func TestDrawLearning(t *testing.T) {
	t.Parallel()
	curves := families(1)[0].Curves
	var svg bytes.Buffer
	require.NoError(t, DrawLearning(&svg, "distr-lb, reward vbf", curves, []Level{{"sed", 1.2}, {"oracle", 1}}, "svg"))
	for _, text := range []string{"distr-lb, reward vbf", "mean and range of 2 runs", ">sed<", ">oracle<", "training episodes", "mean completion time (s)"} {
		require.Contains(t, svg.String(), text)
	}
	require.ErrorIs(t, DrawLearning(io.Discard, "", nil, nil, "svg"), ErrCurve)
}

// TestNarrowDecades: a long axis has labels at the powers of ten alone.
func TestNarrowDecades(t *testing.T) {
	t.Parallel()
	labels := func(lo, hi float64) []string {
		var list []string
		for _, tick := range (narrowDecades{}).Ticks(lo, hi) {
			if tick.Label != "" {
				list = append(list, tick.Label)
			}
		}
		return list
	}
	require.Equal(t, []string{"5", "10", "20", "50", "100"}, labels(4, 120))
	require.Equal(t, []string{"10", "100", "1000"}, labels(8, 9600))
}
