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
	s, err := OpenRecorded(path, 0.25, false, []float64{1}, 1)
	require.NoError(t, err)
	require.Equal(t, []traced{{0.5, 0.25}, {2, 0.5}, {2, 0.75}, {7, 1}}, replayed(t, s))
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
		s, err := OpenRecorded(path, 1, true, []float64{1}, seed)
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
		again, err := OpenRecorded(path, 1, true, []float64{1}, seed)
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
			s, err := OpenRecorded(path, 1, true, []float64{1}, seed)
			require.NoError(t, err)
			require.LessOrEqual(t, len(replayed(t, s)), 2)
		}
		s, err := OpenRecorded(path, 1, false, []float64{1}, 1)
		require.NoError(t, err)
		require.Len(t, replayed(t, s), len(times))
	}
}

func TestRecordedSplit(t *testing.T) {
	t.Parallel()
	times := make([]float64, 20_000)
	path := traceFile(t, times...)
	s, err := OpenRecorded(path, 1, false, []float64{0.25, 0.75}, 1)
	require.NoError(t, err)
	count := 0.0
	for _, r := range draw(t, s, 1, len(times)) {
		count += float64(r.LB)
	}
	require.InDelta(t, 0.75, count/20_000, 0.0125)
}

func TestRecordedRefuses(t *testing.T) {
	t.Parallel()
	_, err := OpenRecorded(filepath.Join(t.TempDir(), "none.tsv"), 1, false, []float64{1}, 1)
	require.ErrorContains(t, err, "none.tsv: no such file")

	bad := filepath.Join(t.TempDir(), "bad.tsv")
	require.NoError(t, os.WriteFile(bad, []byte("time\tquery\n1\t?n=1\n2\t?n=x\n"), 0o600))
	s, err := OpenRecorded(bad, 1, false, []float64{1}, 1)
	require.NoError(t, err)
	r := Request{Demand: make([]float64, 1)}
	require.NoError(t, s.Next(&r))
	require.ErrorContains(t, s.Next(&r), "bad.tsv:3: value \"?n=x\"")
	require.NoError(t, s.Close())

	zipped := filepath.Join(t.TempDir(), "t.tsv.gz")
	require.NoError(t, os.WriteFile(zipped, []byte("no gzip"), 0o600))
	_, err = OpenRecorded(zipped, 1, true, []float64{1}, 1)
	require.ErrorContains(t, err, "not a gzip file")
}
