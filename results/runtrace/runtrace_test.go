package runtrace

import (
	"bytes"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	_ "fairlb/env/propertytest"
)

// header is of two load balancers and three servers.
func header() Header {
	return Header{
		Kind: kind, Format: Format, Scenario: "web-moderate/period-1", Target: "sed", Seed: math.MaxUint64, Live: true, Interval: 0.25, Duration: 60,
		LBs: 2, Servers: []Server{{"server0", 4}, {"server1", 2}, {"server2", 0}},
	}
}

// steps are three steps and the end, as a reader gives them.
func steps() []Step {
	return []Step{
		{Time: 0, Queue: []int{0, 0, 0}, Capacity: []float64{4, 2, 2}},
		{Time: 0.25, Late: 0.001, Queue: []int{5, 1, 0}, Capacity: []float64{4, 2, 2}, Weights: [][]float64{{1, 0.5, 2}, {0.25, 1, 1}},
			Arrived: 9, Sent: [][]int{{3, 1, 0}, {4, 0, 1}}, Completed: [][]int{{1, 1, 0}, {0, 0, 0}}, Ended: EndedOf([]float64{0.5, 0.25}, 0)},
		{Time: 0.5, Queue: []int{5, 1, 0}, Capacity: []float64{2, 2, 2}, Out: []int{2}, Sent: [][]int{{0, 0, 0}, {0, 0, 0}}},
		{Time: 0.5, End: true, Capacity: []float64{2, 2, 2}, Failed: [][]int{{0, 0, 0}, {0, 0, 1}}, Ended: EndedOf([]float64{40}, 1)},
	}
}

// written returns a file.
func written(t *testing.T, list []Step) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := NewWriter(&b, header())
	require.NoError(t, err)
	for _, s := range list {
		require.NoError(t, w.Write(&s))
	}
	return b.Bytes()
}

// TestRoundTrip: what is written is read, capacities included, which are written where they change.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	data := written(t, steps())
	path := filepath.Join(t.TempDir(), "x.jsonl")
	require.NoError(t, os.WriteFile(path, data, 0o666))
	run, err := Read(path)
	require.NoError(t, err)
	require.Equal(t, &Run{header(), steps()}, run)
	require.Equal(t, 2, bytes.Count(data, []byte(`"capacity"`)))
}

// TestNumbersAreShort: measured numbers have four digits, and counts of nothing are not there.
func TestNumbersAreShort(t *testing.T) {
	t.Parallel()
	third := 1.0 / 3
	s := Step{Time: 0.1 + 0.2, Late: third, Queue: []int{1, 2, 3}, Weights: [][]float64{{third, 1e9 / 3, 1}, {1e-9 / 3, 2, 3}},
		Completed: [][]int{{0, 0, 0}, {0, 0, 0}}, Ended: Ended{Count: 1, Mean: third, P50: third, P90: third, P99: third}}
	_, line, _ := strings.Cut(string(written(t, []Step{s})), "\n")
	require.Equal(t, `{"time_s":0.3,"late_s":0.3333,"queue":[1,2,3],"weights":[[0.3333,333300000,1],[3.333e-10,2,3]],"ended":{"count":1,"mean_s":0.3333,"p50_s":0.3333,"p90_s":0.3333,"p99_s":0.3333}}`+"\n", line)
}

// TestGrowing: a file that is written at any pace is read line by line, each once; what is no
// whole line is not there yet.
func TestGrowing(t *testing.T) {
	t.Parallel()
	data := written(t, steps())
	rapid.Check(t, func(t *rapid.T) {
		var file growing
		r := NewReader("x", &file)
		var got []Step
		for at := 0; at < len(data); {
			to := min(len(data), at+rapid.IntRange(1, 300).Draw(t, "bytes"))
			file.data = append(file.data, data[at:to]...)
			at = to
			for {
				s, err := r.Next()
				if errors.Is(err, io.EOF) {
					break
				}
				require.NoError(t, err)
				got = append(got, s)
			}
			require.LessOrEqual(t, len(got), max(0, bytes.Count(data[:at], []byte("\n"))-1))
		}
		require.Equal(t, steps(), got)
	})
}

// growing is a file to which bytes are added.
type growing struct {
	data []byte
	at   int
}

func (g *growing) Read(p []byte) (int, error) {
	if g.at == len(g.data) {
		return 0, io.EOF
	}
	n := copy(p, g.data[g.at:])
	g.at += n
	return n, nil
}

// TestFaults: each names the file, the line, the field and the rule, all of a line at once.
func TestFaults(t *testing.T) {
	t.Parallel()
	lines := strings.Split(strings.TrimSuffix(string(written(t, steps())), "\n"), "\n")
	for _, x := range []struct {
		line     int
		old, new string
		want     []string
	}{
		{1, `"kind":"run-trace"`, `"kind":"record"`, []string{`x:1: malformed trace of a run: kind = "record": must be "run-trace"`}},
		{1, `"format":1`, `"format":2`, []string{`x:1: malformed trace of a run: format = 2: must be 1`}},
		{1, `"interval_s":0.25,"duration_s":60,"lbs":2`, `"interval_s":0,"duration_s":-1,"lbs":0`, []string{"interval_s = 0: must be positive", "x:1: malformed trace of a run: duration_s = -1", "lbs = 0: must be 1 to"}},
		{1, `"seed":18446744073709551615`, `"seed":"1"`, []string{"x:1: malformed trace of a run: seed: string: must be uint64"}},
		{1, `"live":true`, `"alive":true`, []string{`x:1: malformed trace of a run: json: unknown field "alive"`}},
		{1, `{"kind"`, `x{"kind"`, []string{"x:1: malformed trace of a run: invalid character"}},
		{3, `"queue":[5,1,0]`, `"queue":[-5,1]`, []string{"x:3: malformed trace of a run: queue: 2 numbers: must be 3, one a server", "x:3: malformed trace of a run: queue[0] = -5: must not be negative"}},
		{3, `[0.25,1,1]]`, `[0.25,1,0]]`, []string{"x:3: malformed trace of a run: weights[1][2] = 0: must be positive and finite"}},
		{3, `,[4,0,1]]`, `]`, []string{"x:3: malformed trace of a run: sent: 1 rows: must be 2, one a load balancer"}},
		{3, `"late_s":0.001`, `"late_s":-1`, []string{"late_s = -1: must be finite and not negative"}},
		{3, `"arrived":9`, `"arrived":1.5`, []string{"x:3: malformed trace of a run: arrived: number 1.5: must be int"}},
		{3, `"count":2`, `"count":1`, []string{"ended.times: 2 times: must be 1, ended.count"}},
		{3, `"mean_s":0.375`, `"mean_s":-0.375`, []string{"ended.mean_s = -0.375"}},
		{3, `"times":[[`, `"times":[[900,1],[`, []string{"ended.times[0]: bucket 900: must be more than the bucket before, and at most 255"}},
		{4, `"time_s":0.5`, `"time_s":0.25`, []string{"x:4: malformed trace of a run: time_s = 0.25: must be more than 0.25, the time of the line before"}},
		{4, `"out":[2]`, `"out":[3]`, []string{"out[0] = 3: must be a server, 0 to 2"}},
		{5, `"failed":1`, `"failed":2`, []string{"ended.failed = 2: must be 0 to 1, ended.count"}},
		{5, `}}`, `}}` + "\n" + lines[4], []string{"x:6: malformed trace of a run: a line behind the one whose end is true"}},
		{4, `{"time_s"`, `{} {"time_s"`, []string{"more than one object of JSON"}},
	} {
		changed := slices.Clone(lines)
		require.Contains(t, changed[x.line-1], x.old)
		changed[x.line-1] = strings.Replace(changed[x.line-1], x.old, x.new, 1)
		r := NewReader("x", strings.NewReader(strings.Join(changed, "\n")+"\n"))
		var err error
		for err == nil {
			_, err = r.Next()
		}
		require.ErrorIs(t, err, ErrMalformed, x.new)
		for _, want := range x.want {
			require.ErrorContains(t, err, want)
		}
	}
}

// TestNoFile: what holds no header or no step is said.
func TestNoFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "x.jsonl")
	_, err := Read(path)
	require.ErrorIs(t, err, os.ErrNotExist)
	for text, want := range map[string]string{"": ":1: malformed trace of a run: no header", `{"kind"`: "no header", string(written(t, nil)): ":2: malformed trace of a run: no step"} {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o666))
		_, err = Read(path)
		require.ErrorIs(t, err, ErrMalformed)
		require.ErrorContains(t, err, want)
	}
}

// TestWriterRefuses what its reader would.
func TestWriterRefuses(t *testing.T) {
	t.Parallel()
	_, err := NewWriter(io.Discard, Header{})
	require.ErrorContains(t, err, "lbs = 0")
	w, err := NewWriter(io.Discard, header())
	require.NoError(t, err)
	require.ErrorContains(t, w.Write(&Step{Queue: []int{1}}), "queue: 1 numbers: must be 3")
	require.ErrorContains(t, w.Write(&Step{Ended: Ended{Mean: math.NaN()}}), "ended.mean_s = NaN")
	require.NoError(t, w.Write(&Step{}))
	require.ErrorContains(t, w.Write(&Step{}), "must be more than 0")
}

// TestTogether: several intervals have the count, the mean and, within a bucket, the
// quantiles of all their requests.
func TestTogether(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var all []float64
		var list []Ended
		for range rapid.IntRange(1, 5).Draw(t, "intervals") {
			times := rapid.SliceOfN(rapid.Float64Range(2e-4, 50), 0, 40).Draw(t, "times")
			all = append(all, times...)
			list = append(list, EndedOf(slices.Clone(times), 0))
		}
		got := Together(list)
		want := EndedOf(all, 0)
		require.Equal(t, want.Count, got.Count)
		require.InDelta(t, want.Mean, got.Mean, 1e-9*(1+want.Mean))
		require.Equal(t, want.Times, got.Times)
		for _, q := range [][2]float64{{want.P50, got.P50}, {want.P90, got.P90}, {want.P99, got.P99}} {
			require.LessOrEqual(t, q[1], bucketFactor*q[0])
			require.GreaterOrEqual(t, q[1]*bucketFactor, q[0])
		}
	})
	require.Equal(t, Ended{}, Together(nil))
	require.Equal(t, EndedOf([]float64{3, 1, 2, 1}, 0).Times, Times(nil).Add(2, 1).Add(1, 2).Add(3, 1))
	e := EndedOf([]float64{4, 1, 3, 2}, 2)
	require.Equal(t, []float64{2.5, 2, 4, 4}, []float64{e.Mean, e.P50, e.P90, e.P99})
	require.Equal(t, []int{0, buckets - 1}, []int{bucketOf(0), bucketOf(math.MaxFloat64)})
}

// FuzzReader: no bytes make a reader panic, and what it reads can be written.
func FuzzReader(f *testing.F) {
	var b bytes.Buffer
	w, _ := NewWriter(&b, header())
	for _, s := range steps() {
		_ = w.Write(&s)
	}
	f.Add(b.Bytes())
	f.Add([]byte("{}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		r := NewReader("x", bytes.NewReader(data))
		h, err := r.Header()
		if err != nil {
			return
		}
		w, err := NewWriter(io.Discard, h)
		require.NoError(t, err)
		for {
			s, err := r.Next()
			if err != nil {
				return
			}
			require.NoError(t, w.Write(&s))
		}
	})
}
