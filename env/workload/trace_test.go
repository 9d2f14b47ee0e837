package workload

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// openText opens a trace that is in memory.
func openText(text string) (*Trace, error) {
	return newTrace("t.tsv", strings.NewReader(text))
}

// traced is one request of a trace.
type traced struct{ time, n float64 }

// readAll reads a trace to its end.
func readAll(t *testing.T, trace *Trace) []traced {
	t.Helper()
	var list []traced
	for {
		time, n, err := trace.Next()
		if err == io.EOF {
			return list
		}
		require.NoError(t, err)
		list = append(list, traced{time, n})
	}
}

func TestTraceAccepts(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, text string
		want       []traced
	}{
		{"published", "time\tquery\n0.11515061509231506\t/dummy.php/?n=5478122\n0.2\t/dummy.php/?n=0\n", []traced{{0.11515061509231506, 5478122}, {0.2, 0}}},
		{"only header", "time\tquery", nil},
		{"no last break", "time\tquery\n1\t?n=2", []traced{{1, 2}}},
		{"CRLF", "time\tquery\r\n1\t?n=2\r\n2\t?n=3\r\n\r\n", []traced{{1, 2}, {2, 3}}},
		{"empty last line", "time\tquery\n1\t?n=2\n\n", []traced{{1, 2}}},
		{"equal times", "time\tquery\n1\t?n=2\n1.0\t?n=3\n", []traced{{1, 2}, {1, 3}}},
		{"other parameters", "time\tquery\n0\t/a?nn=1&m=n=7&n=8&n=9#?n=3\n1e1\t/?&&n=4#x\n", []traced{{0, 8}, {10, 4}}},
		{"largest n", "time\tquery\n0\t?n=9007199254740992\n", []traced{{0, 1 << 53}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			trace, err := openText(tt.text)
			require.NoError(t, err)
			require.Equal(t, tt.want, readAll(t, trace))
			_, _, err = trace.Next()
			require.Equal(t, io.EOF, err)
			require.NoError(t, trace.Rewind())
			require.Equal(t, tt.want, readAll(t, trace))
		})
	}
}

func TestTraceRefuses(t *testing.T) {
	t.Parallel()
	const (
		form   = "a line must be time<TAB>query"
		finite = "a time must be a finite number of seconds, not negative"
		whole  = "a query must have a parameter n, a whole number up to 2^53"
		header = `line 1 must be the header "time<TAB>query"`
	)
	for _, tt := range []struct{ text, want string }{
		{"", `t.tsv:1: ` + header},
		{"\n", `t.tsv:1: ` + header},
		{"0.1\t/?n=1\n", `t.tsv:1: value "0.1\t/?n=1": ` + header},
		{"time query\n", `t.tsv:1: value "time query": ` + header},
		{"time\tquery\n0 ?n=1\n", `t.tsv:2: value "0 ?n=1": ` + form},
		{"time\tquery\n0\t?n=1\t\n", `t.tsv:2: value "0\t?n=1\t": ` + form},
		{"time\tquery\n0\t?n=1\n\n1\t?n=1\n", `t.tsv:3: an empty line`},
		{"time\tquery\n\t?n=1\n", `t.tsv:2: ` + finite},
		{"time\tquery\n-1\t?n=1\n", `t.tsv:2: value "-1": ` + finite},
		{"time\tquery\nNaN\t?n=1\n", `t.tsv:2: value "NaN": ` + finite},
		{"time\tquery\n1e999\t?n=1\n", `t.tsv:2: value "1e999": ` + finite},
		{"time\tquery\n0x10\t?n=1\n", `t.tsv:2: value "0x10": ` + finite},
		{"time\tquery\n 1\t?n=1\n", `t.tsv:2: value " 1": ` + finite},
		{"time\tquery\n2\t?n=1\n1.5\t?n=1\n", `t.tsv:3: value "1.5": a time must not be before the line above it (2)`},
		{"time\tquery\n0\t/x\n", `t.tsv:2: value "/x": ` + whole},
		{"time\tquery\n0\tn=1\n", `t.tsv:2: value "n=1": ` + whole},
		{"time\tquery\n0\t?n=\n", `t.tsv:2: value "?n=": ` + whole},
		{"time\tquery\n0\t?n=-1\n", `t.tsv:2: value "?n=-1": ` + whole},
		{"time\tquery\n0\t?n=1.5\n", `t.tsv:2: value "?n=1.5": ` + whole},
		{"time\tquery\n0\t?n=9007199254740993\n", `t.tsv:2: value "?n=9007199254740993": ` + whole},
		{"time\tquery\n0\t?n=18446744073709551617\n", `t.tsv:2: value "?n=18446744073709551617": ` + whole},
		{"time\tquery\n0\t\xff\n", `t.tsv:2: value "?": ` + whole},
		{"time\tquery\n0\t" + strings.Repeat("x", 100) + "\n", `t.tsv:2: value "` + strings.Repeat("x", 80) + `...": ` + whole},
		{"time\tquery\n0\t" + strings.Repeat("x", maxTraceLine) + "?n=1\n", `t.tsv:2: value "0\t` + strings.Repeat("x", 78) + `...": a line must not be longer than 65536 bytes`},
	} {
		name := tt.text[:min(len(tt.text), 40)]
		t.Run(strconv.Quote(name), func(t *testing.T) {
			t.Parallel()
			trace, err := openText(tt.text)
			for err == nil {
				_, _, err = trace.Next()
			}
			require.EqualError(t, err, tt.want)
			require.ErrorAs(t, err, new(*TraceError))
			if trace != nil {
				_, _, again := trace.Next()
				require.Equal(t, err, again, "a fault stays")
			}
		})
	}
}

func TestTraceFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	_, err := OpenTrace(filepath.Join(dir, "none.tsv"))
	require.EqualError(t, err, filepath.Join(dir, "none.tsv")+": no such file")
	require.ErrorIs(t, err, fs.ErrNotExist)
	_, err = OpenTrace(dir)
	require.EqualError(t, err, dir+": is a folder, not a trace file")
	require.ErrorAs(t, err, new(*TraceError))

	path := filepath.Join(dir, "a.tsv")
	require.NoError(t, os.WriteFile(path, []byte("time\tquery\n1\t?n=2\n"), 0o600))
	trace, err := OpenTrace(path)
	require.NoError(t, err)
	require.NoError(t, trace.Close())
	_, _, err = trace.Next()
	require.ErrorIs(t, err, fs.ErrClosed)
}

func TestTraceGzip(t *testing.T) {
	t.Parallel()
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, err := io.WriteString(w, "time\tquery\n1\t?n=2\n3\t?n=4\n")
	require.NoError(t, err)
	require.NoError(t, w.Close())

	trace, err := newTrace("t.tsv.gz", bytes.NewReader(packed.Bytes()))
	require.NoError(t, err)
	require.Len(t, readAll(t, trace), 2)
	require.NoError(t, trace.Rewind())
	require.Len(t, readAll(t, trace), 2)
	require.EqualError(t, trace.SeekFraction(0.5), "t.tsv.gz: cannot start inside a gzip file: unpack it first")

	_, err = newTrace("t.tsv.gz", strings.NewReader("time\tquery\n"))
	require.EqualError(t, err, "t.tsv.gz: not a gzip file")

	cut := packed.Bytes()[:packed.Len()-4]
	trace, err = newTrace("t.tsv.gz", bytes.NewReader(cut))
	for err == nil {
		_, _, err = trace.Next()
	}
	require.ErrorContains(t, err, "damaged gzip file: unexpected EOF")
}

// TestTraceSeek compares SeekFraction with a search over the whole text, for
// random traces and every byte.
func TestTraceSeek(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		breaks := rapid.SampledFrom([]string{"\n", "\r\n"}).Draw(rt, "break")
		text := "time\tquery" + breaks
		start := len(text)
		ns := rapid.SliceOfN(rapid.IntRange(0, 100000), 1, 8).Draw(rt, "n")
		begins := make([]int, len(ns))
		for i, n := range ns {
			begins[i] = len(text)
			text += fmt.Sprintf("%d\t?n=%d%s", i, n, breaks)
		}
		trace, err := openText(text)
		require.NoError(rt, err)
		size := len(text) - start
		for b := range size + 1 {
			f := float64(b) / float64(size)
			require.NoError(rt, trace.SeekFraction(f))
			// The byte as SeekFraction rounds it.
			offset := start + int(f*float64(size))
			var want []traced
			for i, n := range ns {
				if begins[i] >= offset {
					want = append(want, traced{float64(i), float64(n)})
				}
			}
			var got []traced
			for {
				time, n, err := trace.Next()
				if err == io.EOF {
					break
				}
				require.NoError(rt, err)
				got = append(got, traced{time, n})
			}
			require.Equal(rt, want, got, "byte %d of %d", b, size)
		}
	})
}

func TestTraceSeekErrors(t *testing.T) {
	t.Parallel()
	trace, err := openText("time\tquery\n1\t?n=1\n2\t?n=2\n1\t?n=3\n")
	require.NoError(t, err)
	require.NoError(t, trace.SeekFraction(0.3))
	time, _, err := trace.Next()
	require.NoError(t, err)
	require.Equal(t, 2.0, time)
	_, _, err = trace.Next()
	require.EqualError(t, err, `t.tsv: byte 25: value "1": a time must not be before the line above it (2)`)

	// Going back clears the fault, and a seek forgets the last time.
	require.NoError(t, trace.SeekFraction(0.9))
	_, _, err = trace.Next()
	require.Equal(t, io.EOF, err)
	require.NoError(t, trace.SeekFraction(0.6))
	time, _, err = trace.Next()
	require.NoError(t, err)
	require.Equal(t, 1.0, time)
	require.NoError(t, trace.Rewind())
	_, _, err = trace.Next()
	require.NoError(t, err)

	for _, f := range []float64{-0.1, 1.1} {
		require.EqualError(t, trace.SeekFraction(f), fmt.Sprintf("workload: trace: fraction %v: must be in [0, 1]", f))
	}
}

// TestPublishedTraces reads the traces of the paper's testbed whole.
func TestPublishedTraces(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(moduleRoot(t), "..", "shared", "traces")
	paths, err := filepath.Glob(filepath.Join(dir, "*.tsv"))
	require.NoError(t, err)
	if len(paths) == 0 {
		t.Skipf("no published traces in %s", dir)
	}
	for _, path := range paths {
		trace, err := OpenTrace(path)
		require.NoError(t, err)
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Len(t, readAll(t, trace), bytes.Count(text, []byte{'\n'})-1, "requests are lines less the header")
		require.NoError(t, trace.SeekFraction(0.5))
		time, n, err := trace.Next()
		require.NoError(t, err)
		require.Positive(t, time)
		require.Positive(t, n)
		require.NoError(t, trace.Close())
	}
}

// moduleRoot returns the folder of go.mod.
func moduleRoot(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	require.NoError(t, err)
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		require.NotEqual(t, dir, filepath.Dir(dir), "no go.mod above")
		dir = filepath.Dir(dir)
	}
}

// endless is a trace of as many lines as one likes, made as it is read.
type endless struct {
	lines int
	rest  []byte
	block []byte // reused
}

func (e *endless) Seek(int64, int) (int64, error) { return 0, nil }

func (e *endless) Read(p []byte) (int, error) {
	if len(e.rest) == 0 {
		if e.lines == 0 {
			return 0, io.EOF
		}
		e.lines--
		e.rest = e.block
	}
	n := copy(p, e.rest)
	e.rest = e.rest[n:]
	return n, nil
}

// openEndless opens a trace of the given number of lines.
func openEndless(tb testing.TB, lines int) *Trace {
	e := &endless{lines: lines, rest: []byte(traceHeader + "\n"), block: []byte("0.11515061509231506\t/dummy.php/?id=7&n=5478122\n")}
	trace, err := newTrace("endless.tsv", e)
	require.NoError(tb, err)
	return trace
}

func TestTraceAllocatesNothingPerLine(t *testing.T) {
	trace := openEndless(t, 100_000)
	allocs := testing.AllocsPerRun(50_000, func() {
		if _, _, err := trace.Next(); err != nil {
			t.Fatal(err)
		}
	})
	require.Zero(t, allocs)
}

func BenchmarkTraceNext(b *testing.B) {
	trace := openEndless(b, b.N)
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := trace.Next(); err == io.EOF {
			b.StopTimer()
			trace = openEndless(b, 1<<30)
			b.StartTimer()
		} else if err != nil {
			b.Fatal(err)
		}
	}
}

// FuzzTrace: no text panics, and what is accepted reads the same when it is
// written out again.
func FuzzTrace(f *testing.F) {
	for _, text := range []string{
		"", "time\tquery\n", "time\tquery\r\n0.5\t/dummy.php/?n=5478122\r\n1\t/?a=b&n=3#x\n\n",
		"time\tquery\n1e-3\t?n=9007199254740992", "time\tquery\n2\t?n=1\n1\t?n=1\n", "time\tquery\n0\tn=1\n",
	} {
		f.Add(text, 0.5)
	}
	f.Fuzz(func(t *testing.T, text string, fraction float64) {
		trace, err := openText(text)
		if err != nil {
			require.ErrorAs(t, err, new(*TraceError))
			return
		}
		var first []traced
		again := traceHeader + "\n"
		for {
			time, n, err := trace.Next()
			if err != nil {
				break
			}
			first = append(first, traced{time, n})
			again += fmt.Sprintf("%s\t/?n=%.0f\n", strconv.FormatFloat(time, 'g', -1, 64), n)
		}
		second, err := openText(again)
		require.NoError(t, err)
		require.Equal(t, first, readAll(t, second))

		if trace.SeekFraction(fraction) == nil {
			for err := error(nil); err == nil; {
				_, _, err = trace.Next()
			}
		}
	})
}
