package figures

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/cmd/fairlb/internal/files/filestest"
	"fairlb/cmd/fairlb/internal/progress"
	"fairlb/cmd/fairlb/internal/realtime/realtimetest"
	"fairlb/cmd/fairlb/internal/simulate"
	"fairlb/cmd/fairlb/internal/target"
	"fairlb/env"
	"fairlb/env/scenario"
	"fairlb/env/testbed/loadprobe"
	"fairlb/env/testbed/probing"
	"fairlb/eval/figure"
	"fairlb/eval/paper"
	"fairlb/eval/visibility"
)

// TestMain makes the test binary the load balancers of the tests that play in real time, too.
func TestMain(m *testing.M) {
	if slices.Equal(os.Args[1:], RespondCommand()) { // the process whose features are read
		if err := probing.Respond(context.Background(), os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(realtimetest.Main(m, os.Args, os.Stderr))
}

// liveMaker makes figures of a quarter of a second in real time.
func liveMaker(t *testing.T, dir string) *Maker {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("emulated servers and load balancers need Linux")
	}
	t.Setenv("TMPDIR", t.TempDir()) // where the lock is of what plays in real time
	m := maker(dir, paper.Profile{Name: "tiny", EvalSeeds: []uint64{1}, EvalDuration: 0.25}, "self-tuning")
	m.Live = true
	return m
}

// asMeasured makes the recorded episodes measurements, whether or not this machine kept up.
func asMeasured(t *testing.T, dir string) {
	t.Helper()
	for path := range filestest.Modified(t, filepath.Join(dir, "live")) {
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		var record map[string]any
		require.NoError(t, json.Unmarshal(data, &record))
		delete(record, "no_measurement")
		delete(record, "sum")
		data, err = json.Marshal(record)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(path, data, 0o666))
	}
}

// TestLiveFigure: figure 4b of real traffic is drawn by what draws the simulator's, from
// records of its episodes, which are played once.
func TestLiveFigure(t *testing.T) {
	if testing.Short() {
		t.Skip("in real time: what it does at once is raced in package loopback")
	}
	dir := t.TempDir()
	m := liveMaker(t, dir)
	if err := m.Make(t.Context(), numbered(t, "4b")); err != nil {
		require.ErrorIs(t, err, errNoMeasurement)
	}
	asMeasured(t, dir)
	played := filestest.Modified(t, filepath.Join(dir, "live"))
	require.Len(t, played, 4, "targets")
	var out strings.Builder
	m.Out = &out
	require.NoError(t, m.Make(t.Context(), numbered(t, "4b")))
	require.Equal(t, played, filestest.Modified(t, filepath.Join(dir, "live")), "nothing is played twice")
	require.Contains(t, out.String(), "Figure 4 (b), on real traffic")
	require.Len(t, readCSV(t, filepath.Join(dir, "figure-4b.csv")), 4*2, "targets, classes")
	require.FileExists(t, filepath.Join(dir, "figure-4b.png"))
}

// TestLiveProbing: figure 9 of real traffic has the bytes that went over real connections,
// and is drawn of records of its episodes, which are played once.
func TestLiveProbing(t *testing.T) {
	if testing.Short() {
		t.Skip("in real time: what it does at once is raced in packages loadprobe and loopback")
	}
	dir := t.TempDir()
	m := liveMaker(t, dir)
	m.Profile.EvalDuration = 0.5
	if err := m.Make(t.Context(), numbered(t, "9")); err != nil {
		require.ErrorIs(t, err, errNoMeasurement)
	}
	asMeasured(t, dir)
	played := filestest.Modified(t, filepath.Join(dir, "live"))
	require.Len(t, played, 1)
	var out strings.Builder
	m.Out = &out
	require.NoError(t, m.Make(t.Context(), numbered(t, "9")))
	require.Equal(t, played, filestest.Modified(t, filepath.Join(dir, "live")), "nothing is played twice")
	require.Contains(t, out.String(), "Figure 9, on real traffic")
	require.Contains(t, out.String(), "counted at the sockets")
	rows := readCSV(t, filepath.Join(dir, "figure-9.csv"))
	_, _, frequencies := paper.ProbingRuns()
	require.Len(t, rows, 1+2*len(frequencies), "own counts, measures, probes/s")
	last := rows[len(frequencies)] // requests, most often
	require.Equal(t, "testbed", last["environment"])
	payload, wire := number(t, last["payload_bit_s"]), number(t, last["wire_bit_s"])
	require.Positive(t, payload)
	require.Zero(t, math.Mod(payload*m.Profile.EvalDuration/8, loadprobe.RequestSize+loadprobe.AnswerSize), "whole probes and answers")
	probes := payload / 8 / (loadprobe.RequestSize + loadprobe.AnswerSize)
	require.InDelta(t, visibility.AnswersRate(1, probes), number(t, last["answers_bit_s"]), 1e-6)
	require.Greater(t, wire-payload, 8*probes*1.9*visibility.Header, "a segment each way at least, but for what is under way")
	require.Less(t, wire-payload, 8*probes*4*visibility.Header)
	require.FileExists(t, filepath.Join(dir, "figure-9.png"))
}

// TestReadProbing: the record of a probed episode that is damaged, of another episode or of
// other frequencies is played again.
func TestReadProbing(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "x.json")
	want := livePlay{Target: "sed", Scenario: "web", Seed: 1}
	for text, fault := range map[string]string{
		"{": "is not the record of an episode",
		`{"target":"lsq","scenario":"web","seed":1}`:                                                    "of another episode",
		`{"target":"sed","scenario":"web","seed":1,"probes":[],"traffic":[]}`:                           "at other frequencies",
		`{"target":"sed","scenario":"web","seed":1,"probes":[[[1,1,1,1]]],"traffic":[{}]}`:              "at other frequencies",
		`{"target":"sed","scenario":"web","seed":1,"probes":[[["x"],[]]],"traffic":[{}]}`:               "is not the record of an episode",
		`{"target":"sed","scenario":"web","seed":1,"no_measurement":["late"]}`:                          "",
		`{"target":"sed","scenario":"web","seed":1,"probes":[[[1,null,1,1],[1,1,1,1]]],"traffic":[{}]}`: "",
	} {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o666))
		e, err := readProbing(path, want, 1)
		if fault != "" {
			require.ErrorContains(t, err, fault, text)
			continue
		}
		require.NoError(t, err)
		if len(e.NoMeasurement) == 0 {
			require.Equal(t, 1.0, e.Probes[0][0].RMSE)
			require.True(t, math.IsNaN(e.Probes[0][0].Relative))
		}
	}
}

// TestLiveServers: the servers' state over time is recorded, too; what is no measurement is
// left out, and so is a rule that no live load balancer has, and both are said.
func TestLiveServers(t *testing.T) {
	if testing.Short() {
		t.Skip("in real time: what it does at once is raced in package loopback")
	}
	dir := t.TempDir()
	m := liveMaker(t, dir)
	s, err := scenario.Load("web-dynamic", []string{"duration=0.5"})
	require.NoError(t, err)
	observe := func() observed {
		return observed{figure.NewCompletionRecorder(len(s.Workload.Classes)), figure.NewTimeline(s.Duration, scenario.SampleInterval, simulate.GroupOfServer(s))}
	}
	play := func(name string) ([]observed, []string) {
		list, notes, err := m.play(t.Context(), s, target.Heuristic(s, name), []uint64{1}, &episodeBar{Bar: progress.None{}.Bar("", 0)}, observe)
		require.NoError(t, err)
		return list, notes
	}
	list, notes := play("oracle")
	require.Empty(t, list)
	require.Contains(t, notes[0], `Without oracle: not to be had in real time: target "oracle"`)

	play("sed")
	asMeasured(t, dir)
	list, notes = play("sed")
	require.Empty(t, notes)
	require.True(t, list[0].Servers.Alike(observe().Servers))
	bands, err := figure.Bands([]*figure.Timeline{list[0].Servers}, 1)
	require.NoError(t, err)
	busy := 0.0
	for _, band := range bands[figure.BusyWorkers] {
		busy += band.Mean[len(band.Mean)-1]
	}
	require.Positive(t, busy, "servers are at work")
	require.Positive(t, figure.Distributions([]*figure.CompletionRecorder{list[0].Requests})[0].N)

	for path := range filestest.Modified(t, filepath.Join(dir, "live")) {
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(path, append([]byte(`{"no_measurement":["attempt 3: late"],`), data[1:]...), 0o666))
	}
	doubtful := filestest.Modified(t, filepath.Join(dir, "live"))
	list, notes = play("sed")
	require.Empty(t, list)
	require.Equal(t, doubtful, filestest.Modified(t, filepath.Join(dir, "live")))
	require.Contains(t, notes[0], "1 of 1 episodes of sed on web-dynamic were no measurement")
	m.Again = true
	play("sed")
	require.NotEqual(t, doubtful, filestest.Modified(t, filepath.Join(dir, "live")), "is played again")
}

// TestReadEpisode: what is damaged or of another episode is played again.
func TestReadEpisode(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "x.json")
	want := &liveEpisode{livePlay{Target: "sed", Scenario: "web", Seed: 1}, observed{Requests: figure.NewCompletionRecorder(2)}}
	for text, fault := range map[string]string{
		"{": "is not the record of an episode",
		`{"target":"lsq","scenario":"web","seed":1}`:                                                            "of another episode",
		`{"target":"sed","scenario":"web","seed":1}`:                                                            "of other classes",
		`{"target":"sed","scenario":"web","seed":1,"requests":{"done_us":[[1]],"failed_us":[[]]}}`:              "of other classes",
		`{"target":"sed","scenario":"web","seed":1,"requests":{"done_us":[[-1],[]],"failed_us":[[],[]]}}`:       "that no episode comes to",
		`{"target":"sed","scenario":"web","seed":1,"requests":{"done_us":[[1],[]],"failed_us":[[]]}}`:           "that no episode comes to",
		`{"target":"sed","scenario":"web","seed":1,"requests":{"done_us":[[1500000],[]],"failed_us":[[],[3]]}}`: "",
	} {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o666))
		e, err := readEpisode(path, want)
		if fault != "" {
			require.ErrorContains(t, err, fault, text)
			continue
		}
		require.NoError(t, err)
		require.InDelta(t, 1.5, figure.Distributions([]*figure.CompletionRecorder{e.Requests})[0].Mean, 0)
	}
	_, err := readEpisode(path+"x", want)
	require.True(t, errors.Is(err, os.ErrNotExist))
}

// TestPlayOnce: a record is read back as it was played, and one of which a digit has changed
// is not taken.
func TestPlayOnce(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "live", "x.json")
	m := maker(t.TempDir(), paper.Profile{})
	want := &liveEpisode{livePlay{Target: "sed", Scenario: "web", Seed: 1}, observed{Requests: figure.NewCompletionRecorder(1)}}
	plays := 0
	episode := func() *liveEpisode {
		e, err := playOnce(m, path, func() (*liveEpisode, error) { return readEpisode(path, want) }, func() (*liveEpisode, error) {
			plays++
			e := &liveEpisode{want.livePlay, observed{Requests: figure.NewCompletionRecorder(1)}}
			e.Requests.Record(env.Outcome{Completion: 1.5})
			return e, nil
		})
		require.NoError(t, err)
		return e
	}
	played := episode()
	require.Equal(t, played, episode())
	require.Equal(t, 1, plays)
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	damaged := bytes.Replace(data, []byte("1500000"), []byte("2500000"), 1)
	require.NotEqual(t, data, damaged)
	require.NoError(t, os.WriteFile(path, damaged, 0o666))
	require.Equal(t, played, episode())
	require.Equal(t, 2, plays)
}
