package chart

import (
	"bytes"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/eval/figure"
)

// methods are so many methods of two runs each, of times from 1 to 2 s.
func methods(n int) []figure.MethodCurves {
	var list []figure.MethodCurves
	for k := range n {
		var f figure.MethodCurves
		f.Name = string(rune('a' + k))
		for run := range 2 {
			var c figure.LearningCurve
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

// TestDrawMethodCurves: a panel a method, whatever their number; axes with units;
// what is cut off is said.
func TestDrawMethodCurves(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 2, 4, 7} {
		var svg bytes.Buffer
		require.NoError(t, DrawMethodCurves(&svg, "cpu: learning", methods(n), 9, "svg"))
		for k := range n {
			require.Contains(t, svg.String(), ">"+string(rune('a'+k))+" (2)<")
		}
		require.Contains(t, svg.String(), "mean completion time (s)")
		require.Contains(t, svg.String(), "training episodes")
		require.NotContains(t, svg.String(), "cut off")
		require.NotContains(t, svg.String(), "NaN")
		require.Equal(t, n > 1, bytes.Contains(svg.Bytes(), []byte("means of the other methods")))

		svg.Reset()
		require.NoError(t, DrawMethodCurves(&svg, "cpu: learning", methods(n), 1.5, "svg"))
		require.Contains(t, svg.String(), ">cpu: learning; cut off at 1.5 s<")
		require.NoError(t, DrawMethodCurves(io.Discard, "", methods(n), 1.5, "png"))
	}
	require.ErrorIs(t, DrawMethodCurves(io.Discard, "", nil, 1, "svg"), ErrCurve)
	short := methods(2)
	short[1].Curves[1].Episodes = nil
	require.ErrorIs(t, DrawMethodCurves(io.Discard, "", short, 1, "svg"), ErrCurve)
}

// TestDrawLearningCurves: the legend names the runs and what they are compared to. Curves
// of validation are over SED's where that is given.
func TestDrawLearningCurves(t *testing.T) {
	t.Parallel()
	l := &figure.Learning{Scenario: "cpu", Methods: methods(2), Levels: []figure.ReferenceLevel{{Name: "sed", Value: 40}, {Name: "oracle", Value: 1}}}
	draw := func() string {
		var svg bytes.Buffer
		require.NoError(t, DrawLearningCurves(&svg, l, "svg"))
		return svg.String()
	}
	svg := draw()
	for _, text := range []string{"Training on cpu", "a, agents while they explore: mean and range of 2 runs", ">b, agents", ">sed<", ">oracle<", "training episodes", "mean completion time (s)", ">30<"} {
		require.Contains(t, svg, text)
	}
	for k := range l.Methods {
		for j := range l.Methods[k].Curves {
			l.Methods[k].Curves[j].Greedy = true
		}
	}
	svg = draw()
	for _, text := range []string{"a, without exploring, in validation: mean and range of 2 runs", "mean completion time over sed&#39;s", ">1<"} {
		require.Contains(t, svg, text)
	}
	require.NotContains(t, svg, ">30<")
	l.Levels = l.Levels[1:]
	require.Contains(t, draw(), "mean completion time (s)")
	l.Methods = methods(7)
	require.Contains(t, draw(), ">g, agents while they explore")
	l.Methods = methods(8)
	require.ErrorContains(t, DrawLearningCurves(io.Discard, l, "svg"), "there are 8 methods: want at most 7")
	l.Methods = nil
	require.ErrorIs(t, DrawLearningCurves(io.Discard, l, "svg"), ErrCurve)
}

// TestNarrowDecades: a long axis has labels at the powers of ten alone.
func TestNarrowDecades(t *testing.T) {
	t.Parallel()
	labels := func(lo, hi float64) []string {
		var list []string
		for _, tick := range (narrowTicks{}).Ticks(lo, hi) {
			if tick.Label != "" {
				list = append(list, tick.Label)
			}
		}
		return list
	}
	require.Equal(t, []string{"5", "10", "20", "50", "100"}, labels(4, 120))
	require.Equal(t, []string{"10", "100", "1000"}, labels(8, 9600))
}
