package figures

import (
	"encoding/csv"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/stat"

	"fairlb/cmd/fairlb/internal/executor"
	"fairlb/cmd/fairlb/internal/files/filestest"
	"fairlb/cmd/fairlb/internal/fixedweights"
	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/cmd/fairlb/internal/progress"
	"fairlb/cmd/fairlb/internal/runfolder"
	"fairlb/env/scenario"
	"fairlb/env/testbed/lab"
	"fairlb/env/testbed/overhead"
	"fairlb/env/testbed/probing"
	"fairlb/eval"
	"fairlb/eval/figure"
	"fairlb/eval/paper"
	"fairlb/eval/rows"
	"fairlb/results/chart"
	"fairlb/results/report"
)

// smallFigures makes figures from short runs and returns what is printed.
func smallFigures(t *testing.T, dir string, runs []string, names ...string) string {
	t.Helper()
	return figuresOf(t, paper.Profile{Name: "tiny", EvalSeeds: []uint64{1, 2}, EvalDuration: 40, Episodes: 5, EpisodeDuration: 2}, dir, runs, names...)
}

// maker makes figures of a profile in this process.
func maker(dir string, p paper.Profile, runs ...string) *Maker {
	search := fixedweights.DefaultSettings()
	search.Episodes, search.LastStep = 2, 0.2
	return &Maker{
		Dir: dir, Search: search, Runs: runs, Tables: filepath.Join(dir, "tables"), Profile: p,
		Executor: executor.Local{Log: progress.Silent(), Progress: progress.None{}},
		Out:      io.Discard, Log: progress.Silent(), Progress: progress.None{},
	}
}

// numbered returns the figures of these numbers.
func numbered(t *testing.T, numbers ...string) []paper.Figure {
	t.Helper()
	var list []paper.Figure
	for _, number := range numbers {
		f, err := paper.FigureNumbered(number)
		require.NoError(t, err)
		list = append(list, f)
	}
	return list
}

// trainBriefly trains for a few short episodes of a scenario and returns the
// run's folder.
func trainBriefly(t *testing.T, scenario string) string {
	t.Helper()
	path, dir := filepath.Join(t.TempDir(), "brief.yaml"), filepath.Join(t.TempDir(), "run")
	require.NoError(t, os.WriteFile(path, []byte("method: distr-lb\nepisodes: 2\nepisode_duration: 1\nepisodes_per_round: 1\n"+
		"updates_per_round: 1\nsac: {batch: 8, critic_rounds: 1}\n"), 0o666))
	training, err := runfolder.New(runfolder.Order{File: path, Dir: dir, Overrides: []string{"scenario=" + scenario}})
	require.NoError(t, err)
	training.Log, training.Progress, training.Workers = progress.Silent(), progress.None{}, 1
	require.NoError(t, training.Run(t.Context()))
	return dir
}

// figuresOf makes figures of a profile and returns what is printed.
func figuresOf(t *testing.T, p paper.Profile, dir string, runs []string, names ...string) string {
	t.Helper()
	var out strings.Builder
	m := maker(dir, p, runs...)
	m.Out = &out
	require.NoError(t, m.Make(t.Context(), numbered(t, names...)))
	return out.String()
}

// readCSV returns a file's rows below the header, by column.
func readCSV(t *testing.T, path string) []map[string]string {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	rows, err := csv.NewReader(strings.NewReader(string(data))).ReadAll()
	require.NoError(t, err)
	var out []map[string]string
	for _, row := range rows[1:] {
		named := map[string]string{}
		for k, name := range rows[0] {
			named[name] = row[k]
		}
		out = append(out, named)
	}
	return out
}

// TestFigure2a: the Oracle gives a large server about twice the work of a small
// one where processors are all that counts, and as much where IO is (appendix
// E.1); a second run makes the same.
func TestFigure2a(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "figures")
	text := smallFigures(t, dir, nil, "2a")
	require.Contains(t, text, "Figure 2a.")
	median := map[string]float64{}
	for _, row := range readCSV(t, filepath.Join(dir, "figure-2a.csv")) {
		if row["quantile"] == "0.5" {
			var err error
			median[row["application"]], err = strconv.ParseFloat(row["work_ratio"], 64)
			require.NoError(t, err)
			require.Equal(t, "2", row["processors_ratio"])
		}
	}
	require.Len(t, median, 5)
	require.InDelta(t, 2, median["pure CPU"], 0.5)
	require.InDelta(t, 1, median["IO intensive"], 0.25)
	require.Greater(t, median["CPU intensive"], median["balanced"])

	for _, name := range []string{"figure-2a.png", "figure-2a.svg"} {
		require.FileExists(t, filepath.Join(dir, name))
	}
	weights, err := filepath.Glob(filepath.Join(dir, "tuned-*.json"))
	require.NoError(t, err)
	require.Len(t, weights, 5)
	before := filestest.Modified(t, dir)
	require.Equal(t, text, smallFigures(t, dir, nil, "2a"))
	for _, path := range weights {
		require.Equal(t, before[path], filestest.Modified(t, dir)[path], "weights are searched once")
	}
}

// TestFigure10a: what is measured grows by the same for each episode, and in
// proportion to the agents but for what they have in common; a second run
// measures the same.
func TestFigure10a(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "figures")
	text := smallFigures(t, dir, nil, "10a")
	require.Contains(t, text, "Figure 10 (a).")
	number := func(row map[string]string, column string) int {
		n, err := strconv.Atoi(row[column])
		require.NoError(t, err)
		return n
	}
	memory := map[[2]int]int{}
	_, _, counts := paper.BufferGrowthRuns()
	for _, row := range readCSV(t, filepath.Join(dir, "figure-10a.csv")) {
		lbs, episodes := number(row, "lbs"), number(row, "episodes")
		memory[[2]int{lbs, episodes}] = number(row, "memory_bytes")
		require.Equal(t, 8*episodes, number(row, "transitions"), "steps of 0.25 s")
		require.InEpsilon(t, number(row, "memory_bytes"), number(row, "saved_bytes"), 0.1)
		require.Equal(t, "11", row["features"])
	}
	require.Len(t, memory, 5*len(counts))
	common := 4 * 8 * (1 + 7) // the team's rewards, whole and by server
	one := memory[[2]int{1, 1}] - common
	require.Greater(t, one, 4*9*7*11, "the observations alone")
	for _, lbs := range counts {
		for k := 1; k <= 5; k++ {
			require.Equal(t, k*(lbs*one+common), memory[[2]int{lbs, k}], "%d agents, %d episodes", lbs, k)
		}
	}
	before := readCSV(t, filepath.Join(dir, "figure-10a.csv"))
	require.Equal(t, text, smallFigures(t, dir, nil, "10a"))
	require.Equal(t, before, readCSV(t, filepath.Join(dir, "figure-10a.csv")))
	for _, name := range []string{"figure-10a.png", "figure-10a.svg"} {
		require.FileExists(t, filepath.Join(dir, name))
	}
}

// number reads a cell.
func number(t *testing.T, cell string) float64 {
	t.Helper()
	x, err := strconv.ParseFloat(cell, 64)
	require.NoError(t, err)
	return x
}

// TestFigure9: the more often servers are probed the more is known of them and the more is
// sent (appendix E.2.2), what a load balancer counts itself sends nothing, and a second run
// says the same.
func TestFigure9(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "figures")
	text := smallFigures(t, dir, nil, "9")
	require.Contains(t, text, "Figure 9. ")
	rows := readCSV(t, filepath.Join(dir, "figure-9.csv"))
	_, _, frequencies := paper.ProbingRuns()
	require.Len(t, rows, 1+2*len(frequencies), "own counts, measures, probes/s")
	own := rows[0]
	require.Equal(t, "0", own["probes_per_s"])
	require.Equal(t, "0", own["wire_bit_s"])
	require.Greater(t, number(t, own["spearman"]), 0.5)
	for k, row := range rows[1:] {
		require.Equal(t, "sim", row["environment"])
		require.Equal(t, "2", row["episodes"])
		if k%len(frequencies) == 0 {
			continue
		}
		before := rows[k]
		require.Greater(t, number(t, row["spearman"]), number(t, before["spearman"]), row)
		require.Greater(t, number(t, row["spearman_across"]), number(t, before["spearman_across"]), row)
		require.Less(t, number(t, row["rmse"]), number(t, before["rmse"]), row)
		require.Greater(t, number(t, row["wire_bit_s"]), number(t, before["wire_bit_s"]))
	}
	for _, measure := range []int{1, 1 + len(frequencies)} {
		require.Greater(t, number(t, rows[measure+len(frequencies)-1]["spearman"]), 0.9, "probed 100 times a second")
	}
	require.Equal(t, text, smallFigures(t, dir, nil, "9"))
	require.Equal(t, rows, readCSV(t, filepath.Join(dir, "figure-9.csv")))
	for _, name := range []string{"figure-9.png", "figure-9.svg"} {
		require.FileExists(t, filepath.Join(dir, name))
	}
}

// TestFigure8: every test case, class and target, of the same requests; the
// paper's methods are trained once and for both figures.
func TestFigure8(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "figures")
	p := paper.Profile{Name: "tiny", TrainingSeeds: []uint64{1, 2}, EvalSeeds: []uint64{1, 2}, EvalDuration: 4, Episodes: 1, EpisodeDuration: 2}
	text := figuresOf(t, p, dir, nil, "8")
	require.Contains(t, text, "Figure 8.")
	rows := readCSV(t, filepath.Join(dir, "figure-8.csv"))
	require.Equal(t, 4*2*7, len(rows), "cases, classes, targets")
	requests := map[string]string{}
	for _, row := range rows {
		runs := map[string]string{"wcmp": "0", "lsq": "0", "sed": "0"}[row["target"]]
		if runs == "" {
			runs = "2" // training seeds, whose requests are together
		}
		require.Equal(t, runs, row["runs"])
		key := row["scenario"] + row["class"] + runs
		if requests[key] == "" {
			requests[key] = row["requests"]
		}
		require.Equal(t, requests[key], row["requests"], "%v", row)
	}
	require.NotEqual(t, requests["web-moderate/period-3wiki0"], requests["web-moderate/period-4wiki0"], "periods have seeds of their own, as in the tables")
	trained := filestest.Modified(t, filepath.Join(dir, "tables"))
	require.Contains(t, figuresOf(t, p, dir, nil, "4b"), "Figure 4 (b).")
	require.Equal(t, trained, filestest.Modified(t, filepath.Join(dir, "tables")))
	first := readCSV(t, filepath.Join(dir, "figure-4b.csv"))
	require.Equal(t, rows[:len(first)], first)
	for _, name := range []string{"figure-8.png", "figure-8.svg", "figure-4b.png", "figure-4b.svg"} {
		require.FileExists(t, filepath.Join(dir, name))
	}
}

// TestFigure4bOfRuns: runs that the user names stand in place of the paper's
// methods.
func TestFigure4bOfRuns(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "figures")
	run := trainBriefly(t, "web-moderate/train")
	text := smallFigures(t, dir, []string{run}, "4b")
	require.NotContains(t, text, run, "a path is shortened")
	require.Contains(t, text, " "+filepath.Base(run)+" ")
	require.NotContains(t, text, "Distr-LB")
	require.NoDirExists(t, filepath.Join(dir, "tables"))

	for _, test := range []struct{ run, want string }{
		{"sed", `--run "sed": is shown already`},
		{filepath.Join(dir, "none"), "neither a heuristic"},
		{"tuned", `--run "tuned": must be a run's folder or a checkpoint`},
	} {
		err := maker(dir, paper.Profile{EvalDuration: 1}, test.run).Make(t.Context(), numbered(t, "8"))
		require.ErrorContains(t, err, test.want)
		require.True(t, invalid.Is(err))
	}
}

// TestFigure10b: round trips beside every message to every number of agents; where the system
// has not what that needs, an error that says so before anything is made.
func TestFigure10b(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "figures")
	p := paper.Profile{Name: "tiny", Readings: 50, EpisodeDuration: 2}
	if err := overhead.Available(); err != nil {
		made := maker(dir, p).Make(t.Context(), numbered(t, "10b"))
		require.ErrorIs(t, made, lab.ErrUnsupported)
		require.True(t, invalid.Is(made))
		require.NoDirExists(t, dir)
		t.Skip(err)
	}
	t.Setenv("TMPDIR", t.TempDir()) // where the lock is of what plays in real time
	text := figuresOf(t, p, dir, nil, "10b")
	require.Contains(t, text, "Figure 10 (b).")
	rows := readCSV(t, filepath.Join(dir, "figure-10b.csv"))
	_, _, agents := paper.CommunicationRuns()
	require.Len(t, rows, 1+3*len(agents))
	for k, row := range rows {
		want := "0"
		if k > 0 {
			want = strconv.Itoa(agents[(k-1)%len(agents)])
		}
		require.Equal(t, want, row["agents"])
		answered, err := strconv.Atoi(row["answered"])
		require.NoError(t, err)
		lost, err := strconv.Atoi(row["lost"])
		require.NoError(t, err)
		require.Equal(t, 20, answered+lost)
	}
	for _, name := range []string{"figure-10b.png", "figure-10b.svg"} {
		require.FileExists(t, filepath.Join(dir, name))
	}
}

// TestFigure11: every way reads new frames and the same again, after no pause and after one;
// shared memory takes less than a connection for each probe, on however busy a machine.
func TestFigure11(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("shared memory needs Linux")
	}
	t.Setenv("TMPDIR", t.TempDir()) // where the lock is of what plays in real time
	dir := filepath.Join(t.TempDir(), "figures")
	text := figuresOf(t, paper.Profile{Name: "tiny", Readings: 50}, dir, nil, "11")
	require.Contains(t, text, "Figure 11.")
	require.Contains(t, text, "the paper has more than 94.18 us")
	median := map[string]float64{}
	rows := readCSV(t, filepath.Join(dir, "figure-11.csv"))
	for _, row := range rows {
		require.Equal(t, "7", row["servers"])
		require.Equal(t, map[string]string{"0": "50", "0.002": "20"}[row["pause_s"]], row["readings"])
		x, err := strconv.ParseFloat(row["all_0.5"], 64)
		require.NoError(t, err)
		median[row["way"]+" "+row["pause_s"]+" "+row["again"]] = x
	}
	ways := len(probing.Kinds())
	require.Len(t, median, 2*(2*ways-1), "a writer at full rate has no frame twice")
	require.Len(t, rows, len(median))
	for _, pause := range []string{" 0 ", " 0.002 "} {
		for _, again := range []string{"false", "true"} {
			require.Less(t, median["shm-v2"+pause+again], median["tcp-connection"+pause+again])
		}
	}
	for _, name := range []string{"figure-11.png", "figure-11.svg"} {
		require.FileExists(t, filepath.Join(dir, name))
	}
}

// TestFigure12: both parts, with a trained run among the targets.
func TestFigure12(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "figures")
	run := trainBriefly(t, "web-dynamic")
	text := smallFigures(t, dir, []string{run}, "12")
	require.Contains(t, text, "Figure 12 (a).")
	require.Contains(t, text, "Figure 12 (b).")
	require.NotContains(t, text, run, "a path is shortened")
	require.Contains(t, text, " "+filepath.Base(run)+" ")

	s, err := scenario.Load("web-dynamic", nil)
	require.NoError(t, err)
	rows := readCSV(t, filepath.Join(dir, "figure-12a.csv"))
	require.Len(t, rows, 5*len(s.Servers)*int(s.Duration), "targets, groups, seconds")
	for _, row := range rows {
		busy, err := strconv.ParseFloat(row["busy_workers_per_server"], 64)
		require.NoError(t, err)
		require.GreaterOrEqual(t, busy, 0.0)
		use, err := strconv.ParseFloat(row["cpu_use"], 64)
		require.NoError(t, err)
		require.LessOrEqual(t, use, 1+1e-9)
	}
	requests := map[string]map[string]bool{}
	for _, row := range readCSV(t, filepath.Join(dir, "figure-12b.csv")) {
		if requests[row["class"]] == nil {
			requests[row["class"]] = map[string]bool{}
		}
		requests[row["class"]][row["requests"]] = true
	}
	require.Len(t, requests, len(s.ClassNames()))
	for class, numbers := range requests {
		require.Len(t, numbers, 1, "%s: the same arrivals for every target", class)
	}
	for _, name := range []string{"figure-12a.png", "figure-12a.svg", "figure-12b.png", "figure-12b.svg"} {
		require.FileExists(t, filepath.Join(dir, name))
	}
}

// TestFigure12Scenario: where servers that are drawn become slower they are shown apart;
// before that nothing sets them apart, after it SED sends them more than they can do.
func TestFigure12Scenario(t *testing.T) {
	dir := t.TempDir()
	m := maker(dir, paper.Profile{}, "self-tuning")
	m.Scenario, m.Seeds = "sim-dynamic", nil
	for seed := range uint64(24) {
		m.Seeds = append(m.Seeds, seed)
	}
	require.NoError(t, m.Make(t.Context(), numbered(t, "12")))
	recorded, err := os.Open(filepath.Join(dir, "figure-12a-sim-dynamic.csv"))
	require.NoError(t, err)
	defer recorded.Close()
	file, err := rows.Read("12a", recorded)
	require.NoError(t, err)
	d, err := figure.CapacityChangeOf(file)
	require.NoError(t, err)
	require.Equal(t, []string{"sed", "self-tuning"}, d.TargetNames())
	require.Equal(t, []float64{25}, d.Changes)
	require.Len(t, d.Seeds, 24)
	use := func(group, from, to int) float64 {
		return stat.Mean(d.Targets[0].Servers[figure.CPUUse][group].Mean[from:to], nil)
	}
	for group := range 2 {
		require.InDelta(t, 0.634, use(group, 5, 25), 0.05, "the load")
	}
	require.Greater(t, use(1, 30, 60), use(0, 30, 60)+0.05)
}

// TestCapacityScenarios: changes of load balancers are none of servers, an episode must have
// a sample, and servers are shown apart where some become slower, never all and never none.
func TestCapacityScenarios(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "pool.yaml")
	load := func(more string) (scenario.Scenario, error) {
		text := `lbs: 2
servers: [{count: 4, cpus: 2, speed: 1}]
workload:
  arrivals: {rate: 3}
  classes: [{name: task, share: 1, stages: [{resource: cpu, law: exponential, mean: 0.5}]}]
step_interval: 0.25
` + more
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		m := maker("", paper.Profile{})
		m.Scenario = path
		s, _, err := m.capacityScenario()
		return s, err
	}
	_, err := load("duration: 60\nchanges: [{at: 1, kind: fail-lb, lb: 1}, {at: 5, kind: return-lb, lb: 1}]")
	require.ErrorContains(t, err, "no servers change")
	_, err = load("duration: 0.5\nrandom_changes: [{kind: speed, count: 2, at: 0.25, low: 0.5, high: 0.5}]")
	require.ErrorContains(t, err, "duration = 0.5: must be at least 1 s")
	for change, want := range map[string]bool{
		"{kind: speed, count: 2, at: 25, low: 0.4, high: 0.9}":                                                        true,
		"{kind: speed, count: 2, at: 25, low: 0.5, high: 1.5}":                                                        false,
		"{kind: speed, count: 4, at: 25, low: 0.5, high: 0.5}":                                                        false,
		"{kind: cpus, count: 2, at: 25, low: 0.5, high: 0.5}":                                                         false,
		"{kind: speed, count: 2, at: 25, low: 0.5, high: 0.5}, {kind: speed, count: 2, at: 30, low: 0.5, high: 0.5}":  false,
		"{kind: speed, count: 1, at: 25, low: 0.5, high: 0.5}, {kind: speed, per_minute: 1, low: 0.5, high: 0.5}":     false,
		"{kind: speed, count: 1, at: 25, low: 0.5, high: 0.5}, {kind: speed, count: 2, at: 60, low: 0.5, high: 0.5}":  false,
		"{kind: speed, count: 1, at: 25, low: 0.5, high: 0.5}, {kind: speed, count: 2, at: 30, low: 0.25, high: 0.5}": true,
	} {
		s, err := load("duration: 60\nrandom_changes: [" + change + "]")
		require.NoError(t, err)
		require.Equal(t, want, slowsSome(s), change)
	}
}

// TestDrawRecordedTable: the CSV of a table gives the picture that was drawn with it, over
// the rate where it is by traffic rates, of the ratios to SED else.
func TestDrawRecordedTable(t *testing.T) {
	t.Parallel()
	for number, draw := range map[int]func(io.Writer, *paper.Filled, string) error{14: chart.DrawTableRates, 16: chart.DrawTableRatios} {
		table, err := paper.Get(number)
		require.NoError(t, err)
		f, err := paper.Fill(table, func(row, col int) (paper.Measurement, bool) {
			v := paper.NewValue(eval.Replicates{{0.1 + 0.01*float64(row*col), 0.2, 0.3 / 7}})
			return paper.Measurement{Completed: v, All: v, Failed: 0.02 * float64(col%2)}, row != 1
		})
		require.NoError(t, err)
		var recorded, got, want strings.Builder
		require.NoError(t, report.WriteTableCSV(&recorded, f))
		require.NoError(t, DrawRecorded(&got, "table.csv", strings.NewReader(recorded.String()), "svg"))
		require.NoError(t, draw(&want, f, "svg"))
		require.Equal(t, want.String(), got.String())
	}
}
