package results_test

import (
	"bytes"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/eval/figure"
	"fairlb/results"
)

// fair is data of Figure 2a with one profile.
func fair() *figure.Fair {
	return &figure.Fair{Window: 10, Warmup: 20, Duration: 60, Seeds: []uint64{1, 2}, Nearly: 0.005, Profiles: []figure.FairProfile{{
		Name: "balanced", Scenario: "sim-moderate/50-50", Work: []float64{1, 1.2, 1.4, 3}, Requests: []float64{0.5, 0.7, 0.9, 1.1},
		Tuned: 1.25, TunedLow: 1, TunedHigh: 1.5, Processors: 2,
	}}}
}

// dynamic is data of Figure 12 with one target, two groups and two samples.
func dynamic() *figure.Dynamic {
	d := &figure.Dynamic{Scenario: "web-dynamic", Duration: 0.5, Interval: 0.25, Seeds: []uint64{1, 2},
		Groups: []string{"1 server of 4 CPUs", "2 servers of 2 CPUs"}, Changes: []float64{0.3}, Classes: []string{"wiki", "static"}}
	t := figure.DynamicTarget{Name: "sed"}
	for m := range figure.Measures {
		for g := range d.Groups {
			x := 0.125 * float64(1+int(m)+g)
			t.Bands[m] = append(t.Bands[m], figure.Band{Mean: []float64{x, 2 * x}, SD: []float64{0.5, 0}})
		}
	}
	c := figure.Completions{N: 400, Failed: 1, Mean: 0.25, Longest: 0.5}
	for k := range figure.Quantiles() {
		c.Values = append(c.Values, 0.001*float64(k+1))
	}
	c.Done = c.Values
	t.Completions = []figure.Completions{c, {}}
	d.Targets = []figure.DynamicTarget{t}
	return d
}

// cases is data of Figure 8 with two cases, or of 4 (b) with one.
func cases(name string, n int) *figure.Cases {
	d := &figure.Cases{Figure: name, Duration: 60, Seeds: []uint64{1, 2}}
	completions := dynamic().Targets[0].Completions[0]
	for _, c := range []figure.Case{{Name: "Period I", Scenario: "web-moderate/period-1"}, {Name: "Period II", Scenario: "web-moderate/period-2"}}[:n] {
		c.Classes = []string{"wiki", "static"}
		for _, t := range []figure.CaseTarget{{Name: "sed"}, {Name: "Distr-LB VBF", Runs: 3}} {
			t.Completions = []figure.Completions{completions, completions}
			c.Targets = append(c.Targets, t)
		}
		d.Cases = append(d.Cases, c)
	}
	return d
}

// means is a picture of two panels, with everything that a bar may have.
func means() *results.Means {
	nan := math.NaN()
	return &results.Means{Title: "Table 11", Label: "completion time (s)", Panels: []results.MeansPanel{
		{Name: "wiki", Bars: []results.MeanBar{
			{Name: "WCMP", Mean: 90, Low: 80, High: 100, Published: nan},
			{Name: "SED", Mean: 1.25, Low: 1, High: 1.5, Published: 1.75},
			{Name: "Distr-LB VBF", Trained: true, Mean: 1.125, Low: nan, High: nan, Published: 1e9},
			{Name: "QMix-LB VBF", Trained: true, Mean: 1.25, Low: -8, High: 10, Published: nan},
		}},
		{Name: "static", Bars: []results.MeanBar{{Name: "SED", Mean: 0, Low: nan, High: nan, Published: nan}}},
	}}
}

// sharing is data of Figure 10 (a) with two numbers of agents.
func sharing() *figure.Sharing {
	return &figure.Sharing{Scenario: "web-moderate/train", Method: "qmix-lb", Duration: 50, Teams: []figure.Team{
		{Agents: 1, Servers: 7, Features: 11, Points: []figure.SharedBuffer{
			{Episodes: 2, Transitions: 8, Memory: 1000000, Saved: 1200000}, {Episodes: 4, Transitions: 17, Memory: 2000000, Saved: 2400000},
		}},
		{Agents: 6, Servers: 7, Features: 11, Points: []figure.SharedBuffer{{Episodes: 4, Transitions: 17, Memory: 12000000, Saved: 12500000}}},
	}}
}

// lines runs what writes and returns its lines.
func lines(t *testing.T, write func(io.Writer) error) []string {
	t.Helper()
	var b strings.Builder
	require.NoError(t, write(&b))
	return strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
}

func TestFairCSV(t *testing.T) {
	got := lines(t, func(w io.Writer) error { return results.WriteFairCSV(w, fair()) })
	require.Equal(t, "application,scenario,window_s,windows,quantile,work_ratio,requests_ratio,best_fixed_ratio,best_fixed_low,best_fixed_high,processors_ratio", got[0])
	require.Len(t, got, 1+21)
	require.Equal(t, "balanced,sim-moderate/50-50,10,4,0,1,0.5,1.25,1,1.5,2", got[1])
	require.Equal(t, "balanced,sim-moderate/50-50,10,4,0.5,1.2,0.7,1.25,1,1.5,2", got[11])
	require.Equal(t, "balanced,sim-moderate/50-50,10,4,1,3,1.1,1.25,1,1.5,2", got[21])
}

func TestFairText(t *testing.T) {
	text := strings.Join(lines(t, func(w io.Writer) error { return results.WriteFairText(w, fair()) }), "\n")
	require.Regexp(t, `balanced +sim-moderate/50-50 +4 +1\.00 +1\.00 +1\.20 +1\.40 +3\.00 +0\.70 +1\.25 +1\.00 to 1\.50 +2\.00`, text)
	require.Contains(t, text, "within 0.5 % of it")
	for _, line := range strings.Split(text, "\n") {
		require.LessOrEqual(t, len([]rune(line)), results.MaxWidth)
		require.Equal(t, strings.TrimRight(line, " "), line)
	}
}

func TestSharingCSV(t *testing.T) {
	require.Equal(t, []string{
		"scenario,method,lbs,servers,features,episode_s,episodes,transitions,memory_bytes,saved_bytes",
		"web-moderate/train,qmix-lb,1,7,11,50,2,8,1000000,1200000",
		"web-moderate/train,qmix-lb,1,7,11,50,4,17,2000000,2400000",
		"web-moderate/train,qmix-lb,6,7,11,50,4,17,12000000,12500000",
	}, lines(t, func(w io.Writer) error { return results.WriteSharingCSV(w, sharing()) }))
}

// TestSharingText: 2.4 MB of 4 episodes of 50 s are 96 kbit/s.
func TestSharingText(t *testing.T) {
	text := strings.Join(lines(t, func(w io.Writer) error { return results.WriteSharingText(w, sharing()) }), "\n")
	require.Regexp(t, `\n +1 +4 +17 +2\.00 +2\.40 +600\.0 +96\.0\n`, text)
	require.Regexp(t, `\n +6 +4 +17 +12\.00 +12\.50 +3125\.0 +500\.0\n`, text)
	for _, line := range strings.Split(text, "\n") {
		require.LessOrEqual(t, len([]rune(line)), results.MaxWidth)
	}
}

func TestDynamicCSV(t *testing.T) {
	got := lines(t, func(w io.Writer) error { return results.WriteTimelineCSV(w, dynamic()) })
	require.Equal(t, "scenario,target,servers,measure,time_s,seeds,mean,sd", got[0])
	require.Len(t, got, 1+2*3*2, "groups, measures, samples")
	require.Equal(t, "web-dynamic,sed,1 server of 4 CPUs,busy_workers_per_server,0.25,2,0.125,0.5", got[1])
	require.Equal(t, "web-dynamic,sed,2 servers of 2 CPUs,cpu_work_s_per_processor,0.5,2,1,0", got[12])

	got = lines(t, func(w io.Writer) error { return results.WriteCompletionCSV(w, dynamic()) })
	require.Equal(t, "scenario,target,class,requests,failed,longest_done_s,quantile,completion_s,done_s", got[0])
	require.Len(t, got, 1+209, "no static page was asked for")
	require.Equal(t, "web-dynamic,sed,wiki,400,1,0.5,0.005,0.001,0.001", got[1])
	require.Equal(t, "web-dynamic,sed,wiki,400,1,0.5,0.9999,0.209,0.209", got[209])
}

// TestDynamicText: means are from the first change on.
func TestDynamicText(t *testing.T) {
	text := strings.Join(lines(t, func(w io.Writer) error { return results.WriteDynamicText(w, dynamic()) }), "\n")
	require.Contains(t, text, "from the first change, at 0.3 s, to the end")
	require.Regexp(t, `sed +1 server of 4 CPUs +0\.25 +50\.0 +0\.750`, text)
	require.Regexp(t, `wiki +sed +400 +0\.25 % +0\.250 +0\.100 +0\.180 +0\.190 +0\.198`, text)
	require.NotContains(t, text, "static")
	require.NotContains(t, text, "NaN")
}

func TestCasesCSV(t *testing.T) {
	got := lines(t, func(w io.Writer) error { return results.WriteCasesCSV(w, cases("8", 2)) })
	require.Equal(t, "case,scenario,class,target,runs,requests,failed,mean_s,longest_done_s,quantile,completion_s,done_s", got[0])
	require.Len(t, got, 1+2*2*2*209, "cases, classes, targets")
	require.Equal(t, "Period I,web-moderate/period-1,wiki,sed,0,400,1,0.25,0.5,0.005,0.001,0.001", got[1])
	require.Equal(t, "Period II,web-moderate/period-2,static,Distr-LB VBF,3,400,1,0.25,0.5,0.9999,0.209,0.209", got[1672])
}

func TestCasesText(t *testing.T) {
	text := strings.Join(lines(t, func(w io.Writer) error { return results.WriteCasesText(w, cases("4b", 1)) }), "\n")
	require.Contains(t, text, "Figure 4 (b). Completion times")
	require.Regexp(t, `web-moderate/period-1 +wiki +sed +- +400 +0\.25 % +0\.250 +0\.100 +0\.180 +0\.190 +0\.198`, text)
	require.Regexp(t, `web-moderate/period-1 +static +Distr-LB VBF +3 +400`, text)
	for _, line := range strings.Split(text, "\n") {
		require.LessOrEqual(t, len([]rune(line)), results.MaxWidth)
	}
	text = strings.Join(lines(t, func(w io.Writer) error { return results.WriteCasesText(w, cases("8", 2)) }), "\n")
	require.Contains(t, text, "Figure 8. Completion times")
}

// TestDrawFigures: pictures name their axes with units, twice the same data
// gives the same bytes, and in every format.
func TestDrawFigures(t *testing.T) {
	for _, test := range []struct {
		name string
		draw func(w io.Writer, format string) error
		want []string
	}{
		{"2a", func(w io.Writer, format string) error { return results.DrawFair(w, fair(), format) },
			[]string{"application profile", "ratio, large / small server", "balanced", "weights of SED: processors", "within 0.5 %"}},
		{"4b", func(w io.Writer, format string) error { return results.DrawCases(w, cases("4b", 1), format) },
			[]string{"completion time (s)", "part of the requests (%)", ">wiki<", ">static<", "Distr-LB VBF", "2 seeds of 60 s in Period I"}},
		{"8", func(w io.Writer, format string) error { return results.DrawCases(w, cases("8", 2), format) },
			[]string{"completion time (s)", "part of the requests (%)", "Period I, wiki", "Period II, static", ">sed<", "2 seeds of 60 s", ">99.9<", "the rest failed"}},
		{"means", func(w io.Writer, format string) error { return results.DrawMeans(w, means(), format) },
			[]string{"Table 11", "completion time (s)", ">wiki<", ">static<", ">WCMP<", ">Distr-LB VBF<", ">90<", ">1.25<", "heuristic", "trained", "95 % interval", "published", "cut off, without its interval", "interval, on beyond the axis"}},
		{"10a", func(w io.Writer, format string) error { return results.DrawSharing(w, sharing(), format) },
			[]string{"episodes played", "replay buffer (MB)", "LBs, one agent each", ">6 LBs<", "1 LB, shared with nobody", "web-moderate/train"}},
		{"12a", func(w io.Writer, format string) error { return results.DrawTimeline(w, dynamic(), format) },
			[]string{"time (s)", "busy workers a server", "CPU use (%)", "CPU work left (s / CPU)", "1 server of 4 CPUs", ">sed<", "servers change"}},
		{"12b", func(w io.Writer, format string) error { return results.DrawCompletion(w, dynamic(), format) },
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
	f := fair()
	f.Profiles[0].Work[3] = math.Inf(1)
	require.ErrorIs(t, results.DrawFair(io.Discard, f, "svg"), results.ErrFigure)
	f.Profiles[0].Work = nil
	require.ErrorIs(t, results.DrawFair(io.Discard, f, "svg"), results.ErrFigure)
	s := sharing()
	s.Teams[1].Points = nil
	require.ErrorIs(t, results.DrawSharing(io.Discard, s, "svg"), results.ErrFigure)
	require.ErrorIs(t, results.WriteSharingText(io.Discard, s), results.ErrFigure)
	s.Teams = nil
	require.ErrorIs(t, results.DrawSharing(io.Discard, s, "svg"), results.ErrFigure)
	d := dynamic()
	d.Targets[0].Completions[0] = figure.Completions{}
	require.ErrorIs(t, results.DrawCompletion(io.Discard, d, "svg"), results.ErrFigure)
	m := means()
	m.Panels[1].Bars[0].Mean = math.Inf(1)
	require.ErrorIs(t, results.DrawMeans(io.Discard, m, "svg"), results.ErrFigure)
	m.Panels[1].Bars = nil
	require.ErrorIs(t, results.DrawMeans(io.Discard, m, "svg"), results.ErrFigure)
	require.ErrorIs(t, results.DrawMeans(io.Discard, &results.Means{}, "svg"), results.ErrFigure)
	c := cases("8", 2)
	c.Cases[1].Targets = nil
	require.ErrorIs(t, results.DrawCases(io.Discard, c, "svg"), results.ErrFigure)
	c.Cases = nil
	require.ErrorIs(t, results.DrawCases(io.Discard, c, "svg"), results.ErrFigure)
}

// TestLongNames: a run's path, however long, leaves tables in their width and
// legends in the picture; CSV has it whole.
func TestLongNames(t *testing.T) {
	path := "/" + strings.Repeat("a-rather-long-folder/", 10)
	one, two := dynamic(), cases("8", 2)
	sed := one.Targets[0]
	for _, run := range []string{"seed1", strings.Repeat("b", 200) + "-seed2"} {
		sed.Name = path + run
		one.Targets = append(one.Targets, sed)
		for k := range two.Cases {
			c := &two.Cases[k]
			c.Targets = append(c.Targets, figure.CaseTarget{Name: path + run, Runs: 1, Completions: c.Targets[0].Completions})
		}
	}
	for name, f := range map[string]struct {
		text, csv func(w io.Writer) error
		draw      []func(w io.Writer) error
	}{
		"12": {func(w io.Writer) error { return results.WriteDynamicText(w, one) }, func(w io.Writer) error { return results.WriteCompletionCSV(w, one) },
			[]func(w io.Writer) error{func(w io.Writer) error { return results.DrawTimeline(w, one, "svg") }, func(w io.Writer) error { return results.DrawCompletion(w, one, "svg") }}},
		"8": {func(w io.Writer) error { return results.WriteCasesText(w, two) }, func(w io.Writer) error { return results.WriteCasesCSV(w, two) },
			[]func(w io.Writer) error{func(w io.Writer) error { return results.DrawCases(w, two, "svg") }}},
	} {
		text := lines(t, f.text)
		for _, line := range text {
			require.LessOrEqual(t, len([]rune(line)), results.MaxWidth, "%s: %s", name, line)
		}
		shown := []string{strings.Join(text, "\n")}
		for _, draw := range f.draw {
			shown = append(shown, strings.Join(lines(t, draw), "\n"))
		}
		for _, s := range shown {
			require.Regexp(t, `\bseed1\b`, s)
			require.Contains(t, s, "b-seed2")
			require.NotContains(t, s, "a-rather-long-folder")
		}
		require.Contains(t, strings.Join(lines(t, f.csv), "\n"), path+"seed1")
	}
}
