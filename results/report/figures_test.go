package report_test

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/eval/figure"
	"fairlb/eval/figure/figuretest"
	"fairlb/eval/rows"
	"fairlb/results/chart"
	"fairlb/results/report"
)

// lines runs what writes and returns its lines.
func lines(t *testing.T, write func(io.Writer) error) []string {
	t.Helper()
	var b strings.Builder
	require.NoError(t, write(&b))
	return strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
}

func TestFairWeightsCSV(t *testing.T) {
	got := lines(t, func(w io.Writer) error { return report.WriteFairWeightsCSV(w, figuretest.FairWeights()) })
	require.Equal(t, "application,scenario,window_s,windows,quantile,work_ratio,requests_ratio,best_fixed_ratio,best_fixed_low,best_fixed_high,processors_ratio", got[0])
	require.Len(t, got, 1+21)
	require.Equal(t, "balanced,sim-moderate/50-50,10,4,0,1,0.5,1.25,1,1.5,2", got[1])
	require.Equal(t, "balanced,sim-moderate/50-50,10,4,0.5,1.2,0.7,1.25,1,1.5,2", got[11])
	require.Equal(t, "balanced,sim-moderate/50-50,10,4,1,3,1.1,1.25,1,1.5,2", got[21])
}

func TestFairWeightsText(t *testing.T) {
	text := strings.Join(lines(t, func(w io.Writer) error { return report.WriteFairWeightsText(w, figuretest.FairWeights()) }), "\n")
	require.Regexp(t, `balanced +sim-moderate/50-50 +4 +1\.00 +1\.00 +1\.20 +1\.40 +3\.00 +0\.70 +1\.25 +1\.00 to 1\.50 +2\.00`, text)
	require.Contains(t, text, "within 0.5 % of it")
	for _, line := range strings.Split(text, "\n") {
		require.LessOrEqual(t, len([]rune(line)), report.MaxWidth)
		require.Equal(t, strings.TrimRight(line, " "), line)
	}
}

func TestBufferGrowthCSV(t *testing.T) {
	require.Equal(t, []string{
		"scenario,method,lbs,servers,features,episode_s,episodes,transitions,memory_bytes,saved_bytes",
		"web-moderate/train,qmix-lb,1,7,11,50,2,8,1000000,1200000",
		"web-moderate/train,qmix-lb,1,7,11,50,4,17,2000000,2400000",
		"web-moderate/train,qmix-lb,6,7,11,50,4,17,12000000,12500000",
	}, lines(t, func(w io.Writer) error { return report.WriteBufferGrowthCSV(w, figuretest.BufferGrowth()) }))
}

// TestBufferGrowthText: 2.4 MB of 4 episodes of 50 s are 96 kbit/s.
func TestBufferGrowthText(t *testing.T) {
	text := strings.Join(lines(t, func(w io.Writer) error { return report.WriteBufferGrowthText(w, figuretest.BufferGrowth()) }), "\n")
	require.Regexp(t, `\n +1 +4 +17 +2\.00 +2\.40 +600\.0 +96\.0\n`, text)
	require.Regexp(t, `\n +6 +4 +17 +12\.00 +12\.50 +3125\.0 +500\.0\n`, text)
	for _, line := range strings.Split(text, "\n") {
		require.LessOrEqual(t, len([]rune(line)), report.MaxWidth)
	}
}

func TestCapacityChangeCSV(t *testing.T) {
	got := lines(t, func(w io.Writer) error { return report.WriteCapacityChangeServersCSV(w, figuretest.CapacityChange()) })
	require.Equal(t, "scenario,environment,changes_s,target,servers,time_s,seeds,busy_workers_per_server,busy_workers_per_server_sd,cpu_use,cpu_use_sd,cpu_work_s_per_processor,cpu_work_s_per_processor_sd", got[0])
	require.Len(t, got, 1+2*2, "groups, samples")
	require.Equal(t, "web-dynamic,sim,0.3,sed,1 server of 4 CPUs,0.25,2,0.125,0.5,0.25,0.5,0.375,0.5", got[1])
	require.Equal(t, "web-dynamic,sim,0.3,sed,2 servers of 2 CPUs,0.5,2,0.5,0,0.75,0,1,0", got[4])

	got = lines(t, func(w io.Writer) error {
		return report.WriteCapacityChangeCompletionsCSV(w, figuretest.CapacityChange())
	})
	require.Equal(t, "scenario,target,class,requests,failed,longest_done_s,quantile,completion_s,done_s", got[0])
	require.Len(t, got, 1+209, "no static page was asked for")
	require.Equal(t, "web-dynamic,sed,wiki,400,1,0.5,0.005,0.001,0.001", got[1])
	require.Equal(t, "web-dynamic,sed,wiki,400,1,0.5,0.9999,0.209,0.209", got[209])
}

// TestCapacityChangeAgain: what was written is read back and drawn, and what is no such
// file is refused.
func TestCapacityChangeAgain(t *testing.T) {
	want := figuretest.CapacityChange()
	want.Targets = append(want.Targets, want.Targets[0])
	want.Targets[1].Name, want.Changes, want.Live = "self-tuning", []float64{0.25, 0.3}, true
	var file bytes.Buffer
	require.NoError(t, report.WriteCapacityChangeServersCSV(&file, want))
	read := func(text string) (*figure.CapacityChange, error) {
		f, err := rows.Read("12a.csv", strings.NewReader(text))
		require.NoError(t, err)
		return figure.CapacityChangeOf(f)
	}
	got, err := read(file.String())
	require.NoError(t, err)
	picture := func(d *figure.CapacityChange) string {
		var svg strings.Builder
		require.NoError(t, chart.DrawCapacityChangeServers(&svg, d, "svg"))
		return svg.String()
	}
	require.Equal(t, picture(want), picture(got))
	lines := strings.SplitAfter(file.String(), "\n")
	for old, fault := range map[string][2]string{
		",testbed,":         {",moon,", "record 2: environment"},
		",0.25 0.3,":        {",0.25 x,", `record 2: changes_s = "0.25 x": must be times above 0`},
		"0.5,2,0.25":        {"0.75,2,0.25", `record 3: time_s = "0.75": must be the end of the next interval`},
		"0.25,2,0.125":      {"0.25,0,0.125", "record 2: seeds"},
		"cpu_use_sd":        {"use_sd", "there is no such column"},
		lines[3] + lines[4]: {"", "record 6: servers"},
		lines[7] + lines[8]: {"", "self-tuning has other servers or times than sed"},
		lines[8]:            {"", "self-tuning has other servers or times than sed"},
		lines[5]:            {strings.Replace(lines[5], "1 server", "9 servers", 1), "record 6: servers"},
		lines[5] + lines[6]: {"", "record 6: servers"},
	} {
		require.Contains(t, file.String(), old)
		_, err := read(strings.Replace(file.String(), old, fault[0], 1))
		require.ErrorIs(t, err, rows.ErrUnreadable, old)
		require.ErrorContains(t, err, fault[1])
	}
	for column, change := range map[string][2]string{"scenario": {"web-dynamic", "cpu"}, "environment": {",testbed,", ",sim,"}, "changes_s": {",0.25 0.3,", ",0.25,"}, "seeds": {",2,", ",3,"}} {
		require.Contains(t, lines[8], change[0])
		_, err := read(strings.Join(lines[:8], "") + strings.Replace(lines[8], change[0], change[1], 1))
		require.ErrorContains(t, err, "record 9: "+column+" = ")
		require.ErrorContains(t, err, "must be that of the first record")
	}
}

// TestProbingText: what does not exist is a dash.
func TestProbingText(t *testing.T) {
	text := strings.Join(lines(t, func(w io.Writer) error { return report.WriteProbingText(w, figuretest.Probing()) }), "\n")
	require.Regexp(t, `requests, own counts +- +1\.500 +0\.500 +0\.750 +- +- +- +- +-`, text)
	require.Regexp(t, `CPU use +20 +1\.250 +0\.250 +0\.750 +0\.625 to 0\.875 +0\.375 +80\.00 +32\.00 +200\.00`, text)
	for _, line := range strings.Split(text, "\n") {
		require.LessOrEqual(t, len([]rune(line)), report.MaxWidth)
	}
	empty := figuretest.Probing()
	empty.Points = empty.Points[:3]
	require.ErrorIs(t, report.WriteProbingText(io.Discard, empty), figure.ErrEmpty)
}

// TestProbingAgain: what was written is read back, and what is no such file is refused.
func TestProbingAgain(t *testing.T) {
	want := figuretest.Probing()
	want.Live = true
	var file bytes.Buffer
	require.NoError(t, report.WriteProbingCSV(&file, want))
	read := func(text string) (*figure.Probing, error) {
		f, err := rows.Read("9.csv", strings.NewReader(text))
		require.NoError(t, err)
		return figure.ProbingOf(f)
	}
	got, err := read(file.String())
	require.NoError(t, err)
	require.Equal(t, fmt.Sprint(want), fmt.Sprint(got)) // NaN is not equal to itself
	for old, fault := range map[string][2]string{
		"testbed,web":  {"moon,web", "record 2: environment"},
		",20,requests": {",0.5,requests", "frequencies that do not rise"},
		",1,requests":  {",-1,requests", "record 3: probes_per_s"},
		"cpu_use":      {"requests", "frequencies that do not rise"},
		"wire_bit_s":   {"wire", "there is no such column"},
		",0.75,,":      {",x,,", "record 2: spearman"},
	} {
		require.Contains(t, file.String(), old)
		_, err := read(strings.ReplaceAll(file.String(), old, fault[0]))
		require.ErrorIs(t, err, rows.ErrUnreadable, old)
		require.ErrorContains(t, err, fault[1])
	}
}

// TestNothingToWrite: buffers without episodes are an error, not an empty table.
func TestNothingToWrite(t *testing.T) {
	g := figuretest.BufferGrowth()
	g.Buffers[1].Points = nil
	require.ErrorIs(t, report.WriteBufferGrowthText(io.Discard, g), figure.ErrEmpty)
}

// TestCapacityChangeText: means are from the first change on.
func TestCapacityChangeText(t *testing.T) {
	text := strings.Join(lines(t, func(w io.Writer) error { return report.WriteCapacityChangeText(w, figuretest.CapacityChange()) }), "\n")
	require.Contains(t, text, "from the first change, at 0.3 s, to the end")
	require.Regexp(t, `sed +1 server of 4 CPUs +0\.25 +50\.0 +0\.750`, text)
	require.Regexp(t, `wiki +sed +400 +0\.25 % +0\.250 +0\.100 +0\.180 +0\.190 +0\.198`, text)
	require.NotContains(t, text, "static")
	require.NotContains(t, text, "NaN")
}

func TestCompletionDistributionsCSV(t *testing.T) {
	got := lines(t, func(w io.Writer) error {
		return report.WriteCompletionDistributionsCSV(w, figuretest.CompletionDistributions("Figure 8", 2))
	})
	require.Contains(t, got[0], "case,scenario,class,target,runs,requests,failed,mean_s,longest_done_s,all_0.005,all_0.01,")
	require.Contains(t, got[0], ",all_0.9999,done_0.005,")
	require.Len(t, got, 1+2*2*2, "cases, classes, targets")
	require.Contains(t, got[1], "Period I,web-moderate/period-1,wiki,sed,0,400,1,0.25,0.5,0.001,0.002,")
	require.True(t, strings.HasSuffix(got[8], ",0.208,0.209"), "the last quantiles of what did not fail")
}

// TestCompletionDistributionsAgain: what was written is read back, but for seeds and
// durations, and what is no such file is refused.
func TestCompletionDistributionsAgain(t *testing.T) {
	want := figuretest.CompletionDistributions("", 2)
	want.Duration = 0
	for k := range want.Cases {
		want.Cases[k].Seeds = nil
	}
	want.Cases[0].Targets[0].ByClass[1] = figure.Distribution{}                                                                  // no requests
	want.Cases[1].Targets[1].ByClass[0] = figure.Distribution{N: 7, Failed: 7, Mean: 40, All: slices.Repeat([]float64{40}, 209)} // all failed
	var file bytes.Buffer
	require.NoError(t, report.WriteCompletionDistributionsCSV(&file, want))
	read := func(text string) (*figure.CompletionDistributions, error) {
		f, err := rows.Read("8.csv", strings.NewReader(text))
		require.NoError(t, err)
		return figure.CompletionDistributionsOf(f)
	}
	got, err := read(file.String())
	require.NoError(t, err)
	require.Equal(t, want, got)

	text := file.String()
	for old, fault := range map[string][2]string{
		"sed,0,400,1,0.25,0.5,0.001,0.002,0.003":   {"sed,0,400,401,0.25,0.5,0.001,0.002,0.003", "record 2: failed"},
		"sed,0,400,1,0.25,0.5,0.001,0.002,":        {"sed,0,400,1,0.25,0.5,0.001,0.0005,", "record 2: all_0.01"},
		"sed,0,400,1,0.25,0.5,0.001,":              {"sed,0,400,1,0.25,0.5,,", "record 2: all_0.005"},
		",done_0.9999":                             {",done_1", "there is no such column"},
		"wiki,Distr-LB VBF,3":                      {"wiki,sed,3", "already"},
		"Period II,web-moderate/period-2,wiki,sed": {"Period II,web-moderate/period-2,other,sed", "Period II has the classes"},
	} {
		require.Contains(t, text, old)
		_, err := read(strings.ReplaceAll(text, old, fault[0]))
		require.ErrorIs(t, err, rows.ErrUnreadable)
		require.ErrorContains(t, err, fault[1])
	}
}

func TestCompletionDistributionsText(t *testing.T) {
	text := strings.Join(lines(t, func(w io.Writer) error {
		return report.WriteCompletionDistributionsText(w, figuretest.CompletionDistributions("Figure 4 (b)", 1))
	}), "\n")
	require.Contains(t, text, "Figure 4 (b). Completion times")
	require.Regexp(t, `web-moderate/period-1 +wiki +sed +- +400 +0\.25 % +0\.250 +0\.100 +0\.180 +0\.190 +0\.198`, text)
	require.Regexp(t, `web-moderate/period-1 +static +Distr-LB VBF +3 +400`, text)
	for _, line := range strings.Split(text, "\n") {
		require.LessOrEqual(t, len([]rune(line)), report.MaxWidth)
	}
	text = strings.Join(lines(t, func(w io.Writer) error {
		return report.WriteCompletionDistributionsText(w, figuretest.CompletionDistributions("Figure 8", 2))
	}), "\n")
	require.Contains(t, text, "Figure 8. Completion times")
}

// TestCollectionLatencyAgain: what was written is read back, but for what is not recorded,
// and what no measurement comes to is refused.
func TestCollectionLatencyAgain(t *testing.T) {
	want := figuretest.CollectionLatency()
	var file bytes.Buffer
	require.NoError(t, report.WriteCollectionLatencyCSV(&file, want))
	want.Figure, want.Machine, want.Measured = "", "", ""
	read := func(text string) (*figure.CollectionLatency, error) {
		f, err := rows.Read("11.csv", strings.NewReader(text))
		require.NoError(t, err)
		return figure.CollectionLatencyOf(f)
	}
	got, err := read(file.String())
	require.NoError(t, err)
	require.Len(t, got.Readings, len(want.Readings))
	for k := range want.Readings {
		require.InDeltaSlice(t, want.Readings[k].Times.All, got.Readings[k].Times.All, 1e-9)
		want.Readings[k].Times.All, want.Readings[k].Times.Done = got.Readings[k].Times.All, got.Readings[k].Times.Done
	}
	require.Equal(t, want, got)
	for old, fault := range map[string][2]string{
		",0,false,0,0.25,0.125,100,": {",0,false,0,0.25,0.125,0,", "record 2: readings"},
		",0,false,0,":                {",-1,false,0,", "record 2: pause_s"},
		",0,false,":                  {",0,no,", "record 2: again"},
		",1e-05,1.1e-05,":            {",1e-05,1e-06,", "record 2: all_0.015"},
	} {
		require.Contains(t, file.String(), old)
		_, err := read(strings.Replace(file.String(), old, fault[0], 1))
		require.ErrorIs(t, err, rows.ErrUnreadable)
		require.ErrorContains(t, err, fault[1])
	}
}

// TestCollectionLatencyText: medians in microseconds, and the margin of a TCP probe.
func TestCollectionLatencyText(t *testing.T) {
	text := strings.Join(lines(t, func(w io.Writer) error { return report.WriteCollectionLatencyText(w, figuretest.CollectionLatency()) }), "\n")
	require.Contains(t, text, "Figure 11. How long it takes to get 11 features of each of 7 servers")
	require.Regexp(t, `TCP, kept +new +0 +332 +100 +159\.0 +199\.0 +208\.0 +209\.0 +209\.0 +100\.0\n`, text)
	require.Regexp(t, `shared memory, v2 +again +2 +0 +100 +79\.0 .* -\n`, text)
	require.Contains(t, text, "Other programs used 25 % of the processors meanwhile, other virtual machines 12 %")
	require.Contains(t, text, "After 2 ms the median of a TCP probe for a new frame is 100.0 us above that of shared memory")
	for _, line := range strings.Split(text, "\n") {
		require.LessOrEqual(t, len([]rune(line)), report.MaxWidth)
	}
	require.ErrorIs(t, report.WriteCollectionLatencyText(io.Discard, &figure.CollectionLatency{}), figure.ErrEmpty)
}

// TestCommunicationLatencyAgain: what was written is read back, but for what is not recorded,
// and what no measurement comes to is refused.
func TestCommunicationLatencyAgain(t *testing.T) {
	want := figuretest.CommunicationLatency()
	var file bytes.Buffer
	require.NoError(t, report.WriteCommunicationLatencyCSV(&file, want))
	want.Figure, want.Machine, want.Measured = "", "", ""
	read := func(text string) (*figure.CommunicationLatency, error) {
		f, err := rows.Read("10b.csv", strings.NewReader(text))
		require.NoError(t, err)
		return figure.CommunicationLatencyOf(f)
	}
	got, err := read(file.String())
	require.NoError(t, err)
	rounded := func(want, got *figure.LinkLatency) {
		require.InDeltaSlice(t, want.Times.All, got.Times.All, 1e-9)
		want.Times.All, want.Times.Done = got.Times.All, got.Times.Done
	}
	rounded(&want.Idle, &got.Idle)
	require.Len(t, got.Messages, 2)
	for k := range want.Messages {
		require.Len(t, got.Messages[k].Points, 2)
		for i := range want.Messages[k].Points {
			rounded(&want.Messages[k].Points[i], &got.Messages[k].Points[i])
		}
	}
	require.Equal(t, want, got)
	for old, fault := range map[string][2]string{
		",100,0,":                {",0,0,", "record 2: answered"},
		",none,0,0,":             {",none,0,-1,", "record 2: agents"},
		",1e-06,2e-06,":          {",3e-06,2e-06,", "quantile before it"},
		"a reading,862,1,1e+08,": {"a reading,many,1,1e+08,", "record 3: message_bytes"},
	} {
		require.Contains(t, file.String(), old)
		_, err := read(strings.Replace(file.String(), old, fault[0], 1))
		require.ErrorIs(t, err, rows.ErrUnreadable)
		require.ErrorContains(t, err, fault[1])
	}
}

// TestCommunicationLatencyText: round trips in milliseconds and over those without messages;
// 96 kB to each of four agents each 0.25 s are 12.29 Mbit/s.
func TestCommunicationLatencyText(t *testing.T) {
	text := strings.Join(lines(t, func(w io.Writer) error {
		return report.WriteCommunicationLatencyText(w, figuretest.CommunicationLatency())
	}), "\n")
	require.Contains(t, text, "Figure 10 (b). Round-trip times")
	require.Regexp(t, `none +- +0 +- +0\.00 +100 +0 +0\.051 +0\.050 +0\.090 +0\.099 +0\.100 +1\.0 +1\.0\n`, text)
	require.Regexp(t, `an episode of 60 s +96\.0 +4 +12\.29 +4\.00 +100 +1 +3\.232 +3\.200 +5\.760 +6\.336 +6\.400 +64\.0 +64\.0\n`, text)
	require.Contains(t, text, "The paper: 0.099 ms on an idle link, and more than 10 times as much")
	for _, line := range strings.Split(text, "\n") {
		require.LessOrEqual(t, len([]rune(line)), report.MaxWidth)
	}
	require.ErrorIs(t, report.WriteCommunicationLatencyText(io.Discard, &figure.CommunicationLatency{}), figure.ErrEmpty)
}

// TestLongNames: a run's path, however long, leaves tables in their width and
// legends in the picture; CSV has it whole.
func TestLongNames(t *testing.T) {
	path := "/" + strings.Repeat("a-rather-long-folder/", 10)
	one, two := figuretest.CapacityChange(), figuretest.CompletionDistributions("Figure 8", 2)
	sed := one.Targets[0]
	for _, run := range []string{"seed1", strings.Repeat("b", 200) + "-seed2"} {
		sed.Name = path + run
		one.Targets = append(one.Targets, sed)
		for k := range two.Cases {
			c := &two.Cases[k]
			c.Targets = append(c.Targets, figure.TargetDistributions{Name: path + run, Runs: 1, ByClass: c.Targets[0].ByClass})
		}
	}
	for name, f := range map[string]struct {
		text, csv func(w io.Writer) error
		draw      []func(w io.Writer) error
	}{
		"12": {func(w io.Writer) error { return report.WriteCapacityChangeText(w, one) }, func(w io.Writer) error { return report.WriteCapacityChangeCompletionsCSV(w, one) },
			[]func(w io.Writer) error{func(w io.Writer) error { return chart.DrawCapacityChangeServers(w, one, "svg") }, func(w io.Writer) error { return chart.DrawCapacityChangeCompletions(w, one, "svg") }}},
		"8": {func(w io.Writer) error { return report.WriteCompletionDistributionsText(w, two) }, func(w io.Writer) error { return report.WriteCompletionDistributionsCSV(w, two) },
			[]func(w io.Writer) error{func(w io.Writer) error { return chart.DrawCompletionDistributions(w, two, "svg") }}},
	} {
		text := lines(t, f.text)
		for _, line := range text {
			require.LessOrEqual(t, len([]rune(line)), report.MaxWidth, "%s: %s", name, line)
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
