package weblog

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/env/workload"
)

// imported is a trace's times and queries.
func imported(t *testing.T, text string, opts Options) ([]float64, []string, Summary, error) {
	t.Helper()
	var out bytes.Buffer
	im := newImporter(&out, opts)
	if err := im.log(context.Background(), "a.log", strings.NewReader(text)); err != nil {
		return nil, nil, im.summary, err
	}
	require.NoError(t, im.finish())
	head, rest, _ := strings.Cut(out.String(), "\n")
	require.Equal(t, "time\tquery", head)
	var times []float64
	var queries []string
	for row := range strings.Lines(rest) {
		stamp, q, found := strings.Cut(strings.TrimSuffix(row, "\n"), "\t")
		require.True(t, found, row)
		x, err := strconv.ParseFloat(stamp, 64)
		require.NoError(t, err)
		times, queries = append(times, x), append(queries, q)
	}
	return times, queries, im.summary, nil
}

const (
	common   = `192.0.2.7 - alice [10/Oct/2000:13:55:36 -0700] "GET /apache_pb.gif?who=bob&n=3 HTTP/1.0" 200 2326`
	combined = common + ` "http://www.example.com/start.html?s=secret" "Mozilla/4.08 [en] (\"Win98\")"`
)

// TestFormats: what becomes of one line, in each format and with each kind of
// request time.
func TestFormats(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, text string
		opts       Options
		query      string
		way        RequestTime
	}{
		{"common", common, Options{}, "/apache_pb.gif?who=", None},
		{"combined", combined, Options{}, "/apache_pb.gif?who=", None},
		{"nginx", combined + " 0.012", Options{}, "/apache_pb.gif?who=&n=12000", Seconds},
		{"nginx, forwarded", combined + ` "203.0.113.9" 1.500 0.900`, Options{}, "/apache_pb.gif?who=&n=1500000", Seconds},
		{"apache", combined + " 12345", Options{}, "/apache_pb.gif?who=&n=12345", Microseconds},
		{"apache, common", common + " 12345", Options{}, "/apache_pb.gif?who=&n=12345", Microseconds},
		{"unknown", combined + " -", Options{}, "/apache_pb.gif?who=", None},
		{"said", combined + " 0.1", Options{RequestTime: Seconds}, "/apache_pb.gif?who=&n=100000", Seconds},
		{"not wanted", combined + " 12345", Options{RequestTime: None}, "/apache_pb.gif?who=", None},
		{"values", combined + " 12345", Options{KeepValues: true}, "/apache_pb.gif?who=bob&n=12345", Microseconds},
		{"carriage return", common + "\r", Options{}, "/apache_pb.gif?who=", None},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			times, queries, s, err := imported(t, test.text+"\n", test.opts)
			require.NoError(t, err)
			require.Equal(t, []float64{0}, times)
			require.Equal(t, []string{test.query}, queries)
			require.Equal(t, test.way, s.Files[0].RequestTime)
			for _, private := range []string{"192", "alice", "example", "secret", "Mozilla"} {
				require.NotContains(t, queries[0], private)
			}
		})
	}
}

func TestQuery(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ target, names, values string }{
		{"/", "/?n=5", "/?n=5"},
		{"/a?b=c&d&n=7&e=", "/a?b=&e=&n=5", "/a?b=c&d&e=&n=5"},
		{"http://example.com/a?b=1", "/a?b=&n=5", "/a?b=1&n=5"},
		{"http://example.com", "/?n=5", "/?n=5"},
		{"/r?u=http://x/", "/r?u=&n=5", "/r?u=http://x/&n=5"},
		{"/a b\t\xe9#top", "/a%20b%09%E9?n=5", "/a%20b%09%E9?n=5"},
		{"*", "*?n=5", "*?n=5"},
		{"?x=1", "/?x=&n=5", "/?x=1&n=5"},
	} {
		names, wrong := query([]byte(test.target), false, 5)
		require.Empty(t, wrong.rule)
		require.Equal(t, test.names, names)
		values, wrong := query([]byte(test.target), true, 5)
		require.Empty(t, wrong.rule)
		require.Equal(t, test.values, values)
	}
}

// entry is a line of a log at so many s past an hour.
func entry(s int, path, more string) string {
	return fmt.Sprintf(`h - - [10/Oct/2000:13:%02d:%02d +0000] "GET %s HTTP/1.1" 200 1%s`, s/60, s%60, path, more) + "\n"
}

// TestOrder: nginx's times are of the end, so that the begin is the request
// time earlier; Apache's are of the begin; a flag says otherwise.
func TestOrder(t *testing.T) {
	t.Parallel()
	nginx := entry(100, "/quick", " 0.001") + entry(110, "/slow", " 30.000") + entry(111, "/last", " 0.000")
	times, queries, _, err := imported(t, nginx, Options{})
	require.NoError(t, err)
	require.Equal(t, []string{"/slow?n=30000000", "/quick?n=1000", "/last?n=0"}, queries)
	require.Zero(t, times[0])
	require.InDelta(t, 20, times[1], 1)
	require.InDelta(t, 31, times[2], 1)
	_, queries, _, err = imported(t, nginx, Options{Stamps: "begin"})
	require.NoError(t, err)
	require.Equal(t, "/quick?n=1000", queries[0])

	apache := entry(120, "/quick", " 1000") + entry(100, "/slow", " 30000000")
	times, queries, _, err = imported(t, apache, Options{})
	require.NoError(t, err)
	require.Equal(t, []string{"/slow?n=30000000", "/quick?n=1000"}, queries)
	require.InDelta(t, 20, times[1], 1)
	_, queries, _, err = imported(t, apache, Options{Stamps: "end"})
	require.NoError(t, err)
	require.Equal(t, "/slow?n=30000000", queries[0])
}

// TestReorder: a request that began too long ago has no place any more.
func TestReorder(t *testing.T) {
	t.Parallel()
	text := entry(0, "/first", "") + entry(300, "/far", "") + entry(310, "/on", "") + entry(250, "/back", "")
	_, queries, _, err := imported(t, text, Options{})
	require.NoError(t, err)
	require.Equal(t, []string{"/first", "/back", "/far", "/on"}, queries)
	_, _, _, err = imported(t, text, Options{Reorder: 5})
	require.ErrorContains(t, err, "a.log:4: ")
	require.ErrorContains(t, err, "a request must not begin before one that is written already")
	_, queries, s, err := imported(t, text, Options{Reorder: 5, SkipBad: true})
	require.NoError(t, err)
	require.Len(t, queries, 3)
	require.Equal(t, 1, s.Skipped)
}

// TestZones: times of different zones are of one clock.
func TestZones(t *testing.T) {
	t.Parallel()
	text := `h - - [10/Oct/2000:13:55:36 -0700] "GET /a HTTP/1.0" 200 -
h - - [10/Oct/2000:22:56:36 +0200] "GET /c HTTP/1.0" 200 -
h - - [11/Oct/2000:02:25:56 +0530] "GET /b HTTP/1.0" 200 -
`
	times, queries, _, err := imported(t, text, Options{})
	require.NoError(t, err)
	require.Equal(t, []string{"/a", "/b", "/c"}, queries)
	require.InDelta(t, 20, times[1], 1)
	require.InDelta(t, 60, times[2], 1)
}

// TestWithinASecond: requests of a second lie uniformly in it, in order, and
// a second import is the same.
func TestWithinASecond(t *testing.T) {
	t.Parallel()
	text := entry(0, "/first", "") + strings.Repeat(entry(1, "/x", ""), 4000)
	times, _, _, err := imported(t, text, Options{})
	require.NoError(t, err)
	again, _, _, err := imported(t, text, Options{})
	require.NoError(t, err)
	require.Equal(t, times, again)
	low := times[1]
	require.Less(t, times[4000]-low, 1.0)
	for k := range 10 {
		count := 0
		for _, x := range times[1:] {
			if int((x-low)*10) == k {
				count++
			}
		}
		require.InDelta(t, 400, count, 80)
	}
}

func TestBadLines(t *testing.T) {
	t.Parallel()
	const (
		form   = `a line must be host ident user [time] "request" status bytes ...`
		stamp  = "a time must be like 10/Oct/2000:13:55:36 -0700, not before 1970"
		target = "a target must be a path that begins with /, a URL or *"
	)
	for _, test := range []struct{ text, want string }{
		{"nonsense", `a.log:1: value "nonsense": ` + form},
		{"", `a.log:1: ` + form},
		{strings.Replace(common, "Oct", "Okt", 1), `a.log:1: value "10/Okt/2000:13:55:36 -0700": ` + stamp},
		{strings.Replace(common, "2000", "1960", 1), `a.log:1: value "10/Oct/1960:13:55:36 -0700": ` + stamp},
		{strings.Replace(common, "-0700", "PDT", 1), `a.log:1: value "10/Oct/2000:13:55:36 PDT": ` + stamp},
		{`h - - [10/Oct/2000:13:55:36 -0700] "-" 408 -`, `a.log:1: value "-": a request must be METHOD TARGET PROTOCOL`},
		{`h - - [10/Oct/2000:13:55:36 -0700] "\x16\x03 x" 400 0`, `a.log:1: value "\\x16\\x03 x": a request must be METHOD TARGET PROTOCOL`},
		{`h - - [10/Oct/2000:13:55:36 -0700] "CONNECT h:80 HTTP/1.1" 400 0`, `a.log:1: value "h:80": ` + target},
		{`h - - [10/Oct/2000:13:55:36 -0700] "GET / HTTP`, `a.log:1: value "h - - [10/Oct/2000:13:55:36 -0700] \"GET / HTTP": a request must end in a quote`},
		{`h - - [10/Oct/2000:13:55:36 -0700] "GET /" OK 0`, `a.log:1: value "h - - [10/Oct/2000:13:55:36 -0700] \"GET /\" OK 0": a request must be followed by its status, three digits, and its size in bytes, or -`},
		{common + ` "x`, `a.log:1: value "192.0.2.7 - alice [10/Oct/2000:13:55:36 -0700] \"GET /apache_pb.gif?who=bob&n=3 H...": a quoted field must end in a quote`},
		{common + " 0.12", `a.log:1: value "0.12": a request time must be in s with three decimals (nginx) or in whole us (Apache); say which with --request-time`},
		{common + " 0.123\n" + common + " 5", `a.log:2: value "5": a request time must be in seconds with decimals, as in this file's first or as --request-time says`},
		{common + " 5\n" + common + " 0.123", `a.log:2: value "0.123": a request time must be in whole microseconds, as in this file's first or as --request-time says`},
		{common + " 9999999999999", `a.log:1: value "9999999999999": a request time must be at most 1e6 s`},
		{strings.Repeat("x", maxLine+1), `a.log:1: value "` + strings.Repeat("x", 80) + `...": a line must not be longer than 65536 bytes`},
	} {
		_, _, _, err := imported(t, test.text+"\n", Options{})
		require.EqualError(t, err, test.want)
		require.ErrorAs(t, err, new(*workload.TraceError))

		_, queries, s, err := imported(t, test.text+"\n"+common+"\n", Options{SkipBad: true})
		require.NoError(t, err)
		require.NotEmpty(t, queries, "reading goes on behind a bad line")
		require.Equal(t, 1, s.Skipped)
		require.EqualError(t, s.FirstBad, test.want)
	}
}

func TestFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, err := io.WriteString(w, entry(0, "/old", ""))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	old, current, broken := filepath.Join(dir, "access.log.1.gz"), filepath.Join(dir, "access.log"), filepath.Join(dir, "b.gz")
	require.NoError(t, os.WriteFile(old, packed.Bytes(), 0o600))
	require.NoError(t, os.WriteFile(broken, packed.Bytes()[:packed.Len()-6], 0o600))
	require.NoError(t, os.WriteFile(current, []byte(entry(600, "/new", " 7")), 0o600))

	ctx := context.Background()
	var out bytes.Buffer
	s, err := Import(ctx, []string{old, current}, &out, Options{})
	require.NoError(t, err)
	require.Equal(t, 2, s.Requests)
	require.InDelta(t, 600, s.Duration, 1)
	require.Equal(t, []FileSummary{{old, 1, 0, 0, None}, {current, 1, 0, 1, Microseconds}}, s.Files)
	require.Contains(t, out.String(), "/new?n=7\n")

	for _, test := range []struct{ path, want string }{
		{filepath.Join(dir, "none"), "no such file"}, {dir, "is a folder, not a log"}, {broken, "damaged gzip file: unexpected EOF"},
	} {
		_, err := Import(ctx, []string{test.path}, io.Discard, Options{})
		require.EqualError(t, err, test.path+": "+test.want)
		require.ErrorAs(t, err, new(*workload.TraceError))
	}
	long := filepath.Join(dir, "long")
	require.NoError(t, os.WriteFile(long, []byte(strings.Repeat(entry(1, "/", ""), 3000)), 0o600))
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	_, err = Import(cancelled, []string{long}, io.Discard, Options{})
	require.ErrorIs(t, err, context.Canceled)
	_, err = Import(ctx, []string{long}, full{}, Options{})
	require.ErrorContains(t, err, "disk full")
}

// full is a file that takes nothing.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("disk full") }

// TestStreams: however long a log is, the window alone is held.
func TestStreams(t *testing.T) {
	t.Parallel()
	im := newImporter(io.Discard, Options{Reorder: 10})
	s := FileSummary{RequestTime: Auto}
	rng, most := rand.New(rand.NewPCG(1, 1)), 0
	for i := range 50_000 {
		wrong, err := im.add(&s, []byte(strings.TrimSuffix(entry(i/50+rng.IntN(3), "/x", " 5"), "\n")))
		require.NoError(t, err)
		require.Empty(t, wrong.rule)
		most = max(most, len(im.window))
	}
	require.Less(t, most, 50*14)
}

// FuzzImport: no text panics, and what is written is a trace.
func FuzzImport(f *testing.F) {
	for _, text := range []string{
		common, combined + " 0.012\n", combined + " 12345\n" + common, entry(5, "http://x?n=1&y", ` "" "" 1.500`) + entry(3, "*", " -"),
		`h - - [10/Oct/2000:13:55:36 -0700] "-" 408 -`, "\x1f\x8b", `a [b] "c\" d" 1 2 "`,
	} {
		f.Add(text, false)
	}
	f.Fuzz(func(t *testing.T, text string, keep bool) {
		var out bytes.Buffer
		im := newImporter(&out, Options{KeepValues: keep, SkipBad: true})
		if err := im.log(context.Background(), "a.log", strings.NewReader(text)); err != nil {
			require.ErrorAs(t, err, new(*workload.TraceError))
			return
		}
		require.NoError(t, im.finish())
		path := filepath.Join(t.TempDir(), "t.tsv")
		require.NoError(t, os.WriteFile(path, out.Bytes(), 0o600))
		trace, err := workload.OpenTrace(path)
		require.NoError(t, err)
		defer trace.Close()
		for range im.summary.Requests {
			_, err := trace.NextRecord()
			require.NoError(t, err)
		}
		_, err = trace.NextRecord()
		require.Equal(t, io.EOF, err)
	})
}
