package workload

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// traceFile writes a trace of requests at the given times, n = 1, 2, ...
func traceFile(t *testing.T, times ...float64) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("time\tquery\n")
	for i, s := range times {
		fmt.Fprintf(&b, "%.3f\t/?n=%d\n", s, i+1)
	}
	path := filepath.Join(t.TempDir(), "trace.tsv")
	require.NoError(t, os.WriteFile(path, []byte(b.String()), 0o600))
	return path
}

// replayed reads a source to its end: times and n.
func replayed(t *testing.T, s Source) []traced {
	t.Helper()
	var list []traced
	r := Request{Demand: make([]float64, 1)}
	for {
		err := s.Next(&r)
		if err == io.EOF {
			require.ErrorIs(t, s.Next(&r), io.EOF, "the end stays the end")
			require.NoError(t, s.Close())
			return list
		}
		require.NoError(t, err)
		require.Zero(t, r.Class)
		require.Len(t, r.Demand, 1)
		list = append(list, traced{r.Time, r.Demand[0]})
	}
}

func TestRecordedFromTheBeginning(t *testing.T) {
	t.Parallel()
	path := traceFile(t, 0.5, 2, 2, 7)
	s, err := NewReplay(Recording{Path: path, SecondsPerN: 0.25, Shares: []float64{1}}).Open(1)
	require.NoError(t, err)
	require.Equal(t, []traced{{0, 0.25}, {1.5, 0.5}, {1.5, 0.75}, {6.5, 1}}, replayed(t, s))
}

// TestRecordedFromAnywhere: the requests that follow the one at which reading
// begins, then, once, the trace's from its second on, all at the trace's
// distances.
func TestRecordedFromAnywhere(t *testing.T) {
	t.Parallel()
	times := []float64{10, 11, 13, 16, 20, 25, 31, 38}
	path := traceFile(t, times...)
	begins := map[int]bool{}
	for seed := range uint64(60) {
		s, err := NewReplay(Recording{Path: path, SecondsPerN: 1, Window: FromAnywhere, Shares: []float64{1}}).Open(seed)
		require.NoError(t, err)
		got := replayed(t, s)
		k := 2*len(times) - 2 - len(got) // the line that set the clock
		begins[k] = true
		var want []traced
		clock := 0.0
		for i := k + 1; i < len(times); i++ {
			clock += times[i] - times[i-1]
			want = append(want, traced{clock, float64(i + 1)})
		}
		if len(got) > len(want) {
			for i := 1; i < len(times); i++ {
				clock += times[i] - times[i-1]
				want = append(want, traced{clock, float64(i + 1)})
			}
		}
		require.Len(t, got, len(want))
		for i := range want {
			require.InDelta(t, want[i].time, got[i].time, 1e-9)
			require.Equal(t, want[i].n, got[i].n)
		}
		again, err := NewReplay(Recording{Path: path, SecondsPerN: 1, Window: FromAnywhere, Shares: []float64{1}}).Open(seed)
		require.NoError(t, err)
		require.Equal(t, got, replayed(t, again), "one seed, one window")
	}
	require.GreaterOrEqual(t, len(begins), 6, "windows begin all over the trace")
}

func TestRecordedShortTraces(t *testing.T) {
	t.Parallel()
	for _, times := range [][]float64{{}, {3}, {3, 3}} {
		path := traceFile(t, times...)
		for seed := range uint64(8) {
			s, err := NewReplay(Recording{Path: path, SecondsPerN: 1, Window: FromAnywhere, Shares: []float64{1}}).Open(seed)
			require.NoError(t, err)
			require.LessOrEqual(t, len(replayed(t, s)), 2)
		}
		s, err := NewReplay(Recording{Path: path, SecondsPerN: 1, Shares: []float64{1}}).Open(1)
		require.NoError(t, err)
		require.Len(t, replayed(t, s), len(times))
	}
}

func TestRecordedSplit(t *testing.T) {
	t.Parallel()
	times := make([]float64, 20_000)
	path := traceFile(t, times...)
	s, err := NewReplay(Recording{Path: path, SecondsPerN: 1, Shares: []float64{0.25, 0.75}}).Open(1)
	require.NoError(t, err)
	count := 0.0
	for _, r := range draw(t, s, 1, len(times)) {
		count += float64(r.LB)
	}
	require.InDelta(t, 0.75, count/20_000, 0.0125)
}

func TestRecordedRefuses(t *testing.T) {
	t.Parallel()
	_, err := NewReplay(Recording{Path: filepath.Join(t.TempDir(), "none.tsv"), SecondsPerN: 1, Shares: []float64{1}}).Open(1)
	require.ErrorContains(t, err, "none.tsv: no such file")

	bad := filepath.Join(t.TempDir(), "bad.tsv")
	require.NoError(t, os.WriteFile(bad, []byte("time\tquery\n1\t?n=1\n2\t?n=x\n"), 0o600))
	s, err := NewReplay(Recording{Path: bad, SecondsPerN: 1, Shares: []float64{1}}).Open(1)
	require.NoError(t, err)
	r := Request{Demand: make([]float64, 1)}
	require.NoError(t, s.Next(&r))
	require.ErrorContains(t, s.Next(&r), "bad.tsv:3: value \"?n=x\"")
	require.NoError(t, s.Close())

	zipped := filepath.Join(t.TempDir(), "t.tsv.gz")
	require.NoError(t, os.WriteFile(zipped, []byte("no gzip"), 0o600))
	_, err = NewReplay(Recording{Path: zipped, SecondsPerN: 1, Window: FromAnywhere, Shares: []float64{1}}).Open(1)
	require.ErrorContains(t, err, "not a gzip file")
}

// textFile writes a trace of the given lines.
func textFile(t testing.TB, lines ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "trace.tsv")
	require.NoError(t, os.WriteFile(path, []byte(traceHeader+"\n"+strings.Join(lines, "\n")+"\n"), 0o600))
	return path
}

// law returns a law that must be good.
func law(t testing.TB, name string, mean, cv float64) Law {
	t.Helper()
	l, err := NewLaw(name, mean, cv)
	require.NoError(t, err)
	return l
}

// wikiAndStatic are two classes told apart by paths.
func wikiAndStatic(t testing.TB) []Class {
	return []Class{
		{Name: "wiki", Paths: []string{"/wiki/*", "/w/*"}, Stages: []Stage{{CPU, law(t, "exponential", 0.03, 0)}, {IO, law(t, "deterministic", 0.01, 0)}}},
		{Name: "static", Paths: []string{"*.css"}, Stages: []Stage{{CPU, law(t, "deterministic", 0.002, 0)}}},
	}
}

// TestRecordedClasses: paths give the class, an n the demand, spread as the
// stages' means are, and without one the class's own laws do.
func TestRecordedClasses(t *testing.T) {
	t.Parallel()
	path := textFile(t, "0\t/wiki/A?n=2000", "1\t/a.css", "2\t/w/B", "3\t/b.css?v=1&n=500")
	rec := Recording{Path: path, SecondsPerN: 1e-5, Classes: wikiAndStatic(t), Shares: []float64{1}}
	s, err := NewReplay(rec).Open(3)
	require.NoError(t, err)
	list := draw(t, s, 2, 4)
	require.Equal(t, []int{0, 1, 0, 1}, []int{list[0].Class, list[1].Class, list[2].Class, list[3].Class})
	require.InDeltaSlice(t, []float64{0.015, 0.005}, list[0].Demand, 1e-15)
	require.Equal(t, []float64{0.002}, list[1].Demand)
	require.Len(t, list[2].Demand, 2)
	require.NotEqual(t, 0.03, list[2].Demand[0])
	require.Equal(t, 0.01, list[2].Demand[1])
	require.InDeltaSlice(t, []float64{0.005}, list[3].Demand, 1e-15)

	rec.SecondsPerN = 0
	s, err = NewReplay(rec).Open(3)
	require.NoError(t, err)
	require.Equal(t, 0.01, draw(t, s, 2, 1)[0].Demand[1], "without a size n is not looked at")

	rec.Path, rec.SecondsPerN = textFile(t, "0\t/wiki/A", "1\t/img/x.png?n=1"), 1
	s, err = NewReplay(rec).Open(3)
	require.NoError(t, err)
	r := Request{Demand: make([]float64, 2)}
	require.NoError(t, s.Next(&r))
	err = s.Next(&r)
	require.EqualError(t, err, rec.Path+`:3: value "/img/x.png?n=1": a query must match the paths of a class (a last class without paths takes every other)`)
	require.ErrorAs(t, err, new(*TraceError))
	require.Equal(t, err, s.Next(&r), "a fault stays")
	require.NoError(t, s.Close())

	rec.Classes[0].Paths = nil
	_, err = NewReplay(rec).Open(3)
	require.ErrorContains(t, err, "class 0 has no pattern")
}

// TestRecordedStart: the first request is at time 0, whatever time a trace gives it.
func TestRecordedStart(t *testing.T) {
	t.Parallel()
	for _, path := range []string{textFile(t, "1.7e9\t/?n=1", "1700000002.5\t/?n=2"), textFile(t, "59\t/?n=1", "61.5\t/?n=2")} {
		s, err := NewReplay(Recording{Path: path, SecondsPerN: 1, Shares: []float64{1}}).Open(1)
		require.NoError(t, err)
		require.Equal(t, []traced{{0, 1}, {2.5, 2}}, replayed(t, s))
	}
}
