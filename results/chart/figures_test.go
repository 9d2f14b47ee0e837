package chart_test

import (
	"bytes"
	"io"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/eval/figure"
	"fairlb/eval/figure/figuretest"
	"fairlb/results/chart"
)

// means is a picture of two panels, with everything that a bar may have.
func means() *chart.Means {
	nan := math.NaN()
	return &chart.Means{Title: "Table 11", Label: "completion time (s)", Panels: []chart.MeansPanel{
		{Name: "wiki", Bars: []chart.MeanBar{
			{Name: "WCMP", Mean: 90, Low: 80, High: 100, Beside: nan},
			{Name: "SED", Mean: 1.25, Low: 1, High: 1.5, Beside: 1.75},
			{Name: "Distr-LB VBF", Trained: true, Mean: 1.125, Low: nan, High: nan, Beside: 1e9},
			{Name: "QMix-LB VBF", Trained: true, Mean: 1.25, Low: -8, High: 10, Beside: nan},
		}},
		{Name: "static", Bars: []chart.MeanBar{{Name: "SED", Mean: 0, Low: nan, High: nan, Beside: nan}}},
	}}
}

// TestDrawFigures: pictures name their axes with units, twice the same data
// gives the same bytes, and in every format.
func TestDrawFigures(t *testing.T) {
	for _, test := range []struct {
		name string
		draw func(w io.Writer, format string) error
		want []string
	}{
		{"2a", func(w io.Writer, format string) error {
			return chart.DrawFairWeights(w, figuretest.FairWeights(), format)
		},
			[]string{"application profile", "ratio, large / small server", "balanced", "weights of SED: processors", "within 0.5 %"}},
		{"2b", func(w io.Writer, format string) error {
			return chart.DrawWeightedDurations(w, figuretest.WeightedDurations(), format)
		},
			[]string{"weighted duration", "50 % -Q ~W", ">LSQ<", ">SED<", "as a chain of both queues", "by the printed equation", "queues of 5"}},
		{"4b", func(w io.Writer, format string) error {
			return chart.DrawCompletionDistributions(w, figuretest.CompletionDistributions("Figure 4 (b)", 1), format)
		},
			[]string{"completion time (s)", "part of the requests (%)", ">wiki<", ">static<", "Distr-LB VBF", "2 seeds of 60 s in Period I"}},
		{"8", func(w io.Writer, format string) error {
			return chart.DrawCompletionDistributions(w, figuretest.CompletionDistributions("Figure 8", 2), format)
		},
			[]string{"completion time (s)", "part of the requests (%)", "Period I, wiki", "Period II, static", ">sed<", "2 seeds of 60 s", ">99.9<", "the rest failed"}},
		{"means", func(w io.Writer, format string) error { return chart.DrawMeans(w, means(), format) },
			[]string{"Table 11", "completion time (s)", ">wiki<", ">static<", ">WCMP<", ">Distr-LB VBF<", ">90<", ">1.25<", "heuristic", "trained", "95 % interval", "published", "cut off, without its interval", "interval, on beyond the axis"}},
		{"10a", func(w io.Writer, format string) error {
			return chart.DrawBufferGrowth(w, figuretest.BufferGrowth(), format)
		},
			[]string{"episodes played", "replay buffer (MB)", "LBs, one agent each", ">6 LBs<", "1 LB, shared with nobody", "web-moderate/train"}},
		{"9", func(w io.Writer, format string) error { return chart.DrawProbing(w, figuretest.Probing(), format) },
			[]string{"Spearman", "requests held, probed", "CPU use, probed", "1 of 2 LBs", "what probes of 7 servers send", "100 kbit/s", "answers of 69 bytes", "sed, simulated"}},
		{"10b", func(w io.Writer, format string) error {
			return chart.DrawCommunicationLatency(w, figuretest.CommunicationLatency(), format)
		},
			[]string{"round-trip time (ms)", "99th percentile", "median", ">agents<", "a link of 100 Mbit/s", "96 kB: an episode of 60 s", "without messages", "10 times that", ">0.1<"}},
		{"11", func(w io.Writer, format string) error {
			return chart.DrawCollectionLatency(w, figuretest.CollectionLatency(), format)
		},
			[]string{"time of a reading (us)", "part of the readings (%)", "Getting 7 x 11 features", "shared memory, v2", "TCP, kept", ">99.9<", "after 2 ms of sleep", "the same frame again", "94.18 us"}},
		{"12a", func(w io.Writer, format string) error {
			return chart.DrawCapacityChangeServers(w, figuretest.CapacityChange(), format)
		},
			[]string{"time (s)", "busy workers a server", "CPU use (%)", "CPU work left (s / CPU)", "1 server of 4 CPUs", ">sed<", "servers change"}},
		{"12b", func(w io.Writer, format string) error {
			return chart.DrawCapacityChangeCompletions(w, figuretest.CapacityChange(), format)
		},
			[]string{"completion time (s)", "part of the requests (%)", "wiki", ">0.01<", ">0.1<", "the rest failed"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var svg, png, again bytes.Buffer
			require.NoError(t, test.draw(&svg, "svg"))
			for _, text := range test.want {
				require.Contains(t, svg.String(), text)
			}
			require.NotContains(t, svg.String(), "NaN")
			require.NoError(t, test.draw(&png, "png"))
			require.NoError(t, test.draw(&again, "png"))
			require.Equal(t, "\x89PNG", png.String()[:4])
			require.True(t, bytes.Equal(png.Bytes(), again.Bytes()))
			require.Error(t, test.draw(io.Discard, "gif"))
		})
	}
}

// TestNothingToDraw: windows without requests and classes without any are
// errors, not empty pictures.
func TestNothingToDraw(t *testing.T) {
	f := figuretest.FairWeights()
	f.Profiles[0].WorkRatios[3] = math.Inf(1)
	require.ErrorIs(t, chart.DrawFairWeights(io.Discard, f, "svg"), chart.ErrFigure)
	f.Profiles[0].WorkRatios = nil
	require.ErrorIs(t, chart.DrawFairWeights(io.Discard, f, "svg"), chart.ErrFigure)
	s := figuretest.BufferGrowth()
	s.Buffers[1].Points = nil
	require.ErrorIs(t, chart.DrawBufferGrowth(io.Discard, s, "svg"), chart.ErrFigure)
	s.Buffers = nil
	require.ErrorIs(t, chart.DrawBufferGrowth(io.Discard, s, "svg"), chart.ErrFigure)
	l := figuretest.CollectionLatency()
	l.Readings[1].Times = figure.Distribution{}
	require.ErrorIs(t, chart.DrawCollectionLatency(io.Discard, l, "svg"), chart.ErrFigure)
	require.ErrorIs(t, chart.DrawCollectionLatency(io.Discard, &figure.CollectionLatency{}, "svg"), chart.ErrFigure)
	o := figuretest.CommunicationLatency()
	o.Messages[1].Points[0].Agents = 0
	require.ErrorIs(t, chart.DrawCommunicationLatency(io.Discard, o, "svg"), chart.ErrFigure)
	o.Messages[1].Points = nil
	require.ErrorIs(t, chart.DrawCommunicationLatency(io.Discard, o, "svg"), chart.ErrFigure)
	o.Idle.Times = figure.Distribution{}
	require.ErrorIs(t, chart.DrawCommunicationLatency(io.Discard, o, "svg"), chart.ErrFigure)
	b := figuretest.WeightedDurations()
	b.Bars = b.Bars[1:]
	require.ErrorIs(t, chart.DrawWeightedDurations(io.Discard, b, "svg"), chart.ErrFigure)
	d := figuretest.CapacityChange()
	d.Targets[0].ByClass[0] = figure.Distribution{}
	require.ErrorIs(t, chart.DrawCapacityChangeCompletions(io.Discard, d, "svg"), chart.ErrFigure)
	m := means()
	m.Panels[1].Bars[0].Mean = math.Inf(1)
	require.ErrorIs(t, chart.DrawMeans(io.Discard, m, "svg"), chart.ErrFigure)
	m.Panels[1].Bars = nil
	require.ErrorIs(t, chart.DrawMeans(io.Discard, m, "svg"), chart.ErrFigure)
	require.ErrorIs(t, chart.DrawMeans(io.Discard, &chart.Means{}, "svg"), chart.ErrFigure)
	c := figuretest.CompletionDistributions("Figure 8", 2)
	c.Cases[1].Targets = nil
	require.ErrorIs(t, chart.DrawCompletionDistributions(io.Discard, c, "svg"), chart.ErrFigure)
	c.Cases = nil
	require.ErrorIs(t, chart.DrawCompletionDistributions(io.Discard, c, "svg"), chart.ErrFigure)
}
