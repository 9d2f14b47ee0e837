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
	"time"

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
		names, wrong := query([]byte(test.target), "", false, 5)
		require.Empty(t, wrong.rule)
		require.Equal(t, test.names, names)
		values, wrong := query([]byte(test.target), "", true, 5)
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
	times, queries, _, err := imported(t, nginx, Options{Format: "nginx"})
	require.NoError(t, err)
	require.Equal(t, []string{"/slow?n=30000000", "/quick?n=1000", "/last?n=0"}, queries)
	require.Zero(t, times[0])
	require.InDelta(t, 20, times[1], 1)
	require.InDelta(t, 31, times[2], 1)
	_, queries, _, err = imported(t, nginx, Options{Format: "nginx", Stamps: "begin"})
	require.NoError(t, err)
	require.Equal(t, "/quick?n=1000", queries[0])

	apache := entry(120, "/quick", " 1000") + entry(100, "/slow", " 30000000")
	times, queries, _, err = imported(t, apache, Options{Format: "apache-us"})
	require.NoError(t, err)
	require.Equal(t, []string{"/slow?n=30000000", "/quick?n=1000"}, queries)
	require.InDelta(t, 20, times[1], 1)
	_, queries, _, err = imported(t, apache, Options{Format: "apache-us", Stamps: "end"})
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

// TestBadLines: a line that breaks a rule is named with the rule and with the flag
// that would pass over it. The line behind it is read.
func TestBadLines(t *testing.T) {
	t.Parallel()
	const (
		stamp   = "a time must be like 10/Oct/2000:13:55:36 -0700, not before 1970"
		request = "a request must be METHOD TARGET PROTOCOL"
		target  = "a target must be a path that begins with /, a URL or *"
		skip    = " (--skip-bad passes over such lines and counts them)"
	)
	timed := strings.Replace(common, "GET /apache_pb.gif?who=bob&n=3 HTTP/1.0", "-", 1)
	for _, test := range []struct {
		text string
		opts Options
		want string
	}{
		{"nonsense", Options{}, `a.log:1: value "nonsense": at byte 1 there must be %h, as the format has it`},
		{strings.Replace(common, "Oct", "Okt", 1), Options{}, `a.log:1: value "10/Okt/2000:13:55:36 -0700": ` + stamp},
		{strings.Replace(common, "2000", "1960", 1), Options{}, `a.log:1: value "10/Oct/1960:13:55:36 -0700": ` + stamp},
		{strings.Replace(common, "10/Oct", "31/Feb", 1), Options{}, `a.log:1: value "31/Feb/2000:13:55:36 -0700": ` + stamp},
		{strings.Replace(common, "-0700", "PDT", 1), Options{}, `a.log:1: value "10/Oct/2000:13:55:36 PDT": ` + stamp},
		{timed, Options{}, `a.log:1: value "-": ` + request},
		{strings.Replace(timed, `"-"`, `"\x16\x03 x"`, 1), Options{}, `a.log:1: value "\\x16\\x03 x": ` + request},
		{strings.Replace(timed, `"-"`, `"CONNECT h:80 HTTP/1.1"`, 1), Options{}, `a.log:1: value "h:80": ` + target},
		{common + ` "x`, Options{}, `a.log:1: value "192.0.2.7 - alice [10/Oct/2000:13:55:36 -0700] \"GET /apache_pb.gif?who=bob&n=3 H...": at byte 98 there must be the end of the line, as the format has it`},
		{common + " 9999999999999", Options{Format: "apache", LogFormat: apacheCommon + " %D"}, `a.log:1: value "9999999999999": a request time must be a number in us, not negative, and at most 1e6 s`},
		{strings.Repeat("x", maxLine+1), Options{}, `a.log:1: value "` + strings.Repeat("x", 80) + `...": a line must not be longer than 262144 bytes`},
	} {
		good := common
		if test.opts.LogFormat != "" {
			good += " 17"
		}
		_, _, _, err := imported(t, test.text+"\n"+good+"\n", test.opts)
		require.EqualError(t, err, test.want+skip)
		require.ErrorAs(t, err, new(*workload.TraceError))

		test.opts.SkipBad = true
		_, queries, s, err := imported(t, test.text+"\n"+good+"\n", test.opts)
		require.NoError(t, err)
		require.Len(t, queries, 1, "reading goes on behind a bad line")
		require.Equal(t, 1, s.Skipped)
		require.EqualError(t, s.FirstBad, test.want)
	}
}

// TestUnknown: a log in no known format is refused, with what would help.
func TestUnknown(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		text string
		opts Options
		want string
	}{
		{"nonsense", Options{}, `a.log:1: value "nonsense": no line is in a format that is known: name it by --format`},
		{"\n\nnonsense", Options{SkipBad: true}, `a.log:3: value "nonsense": no line is in a format that is known`},
		{"INFO:     127.0.0.1:50000 - \"GET / HTTP/1.1\" 200 OK", Options{}, "no line is in a format that is known"},
		{combined + " 0.12", Options{Format: "nginx"}, "no line looks like nginx (at byte "},
		{`{"timestamp": 27482, "input_length": 6955, "output_length": 52, "hash_ids": [46]}`, Options{}, "no JSON log that is known has these fields"},
		{common, Options{Format: "haproxy"}, "no line looks like haproxy (at byte "},
		{`{"when":1,"took":"x"}`, Options{}, `no JSON log that is known has these fields: name them, such as --field end=NAME --field total=NAME:ms --field path=NAME; there are when=1, took="x"`},
		{"#Fields: date time cs-uri-stem time-taken\n2024-03-11 08:00:01 /a 250", Options{}, "no line is in a format that is known"},
		{"timestamp_anon,value,container_ip\n1662858720.0,19106.0,63", Options{}, "no line is in a format that is known"},
		{"a\x00b\n", Options{}, "a.log: is not text: it has bytes of value 0"},
		{strings.Repeat("x", sampleBytes+1), Options{}, "a.log:1: value \"" + strings.Repeat("x", 80) + "...\": a line must not be longer than 262144 bytes"},
	} {
		_, _, _, err := imported(t, test.text, test.opts)
		require.ErrorContains(t, err, test.want)
		require.ErrorAs(t, err, new(*workload.TraceError))
	}
}

// TestNoRequest: what has no request makes no trace.
func TestNoRequest(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	empty, blank := write("empty", ""), write("blank", "\n \r\n\n")
	bad := write("bad", strings.Repeat(strings.Replace(common, "GET /apache_pb.gif?who=bob&n=3 HTTP/1.0", "-", 1)+"\n", 3))
	header := write("header", "TIMESTAMP,ContextTokens,GeneratedTokens\n")
	good := write("good", "\n"+common+"\r\n\n"+common+"\n\n")
	for _, test := range []struct {
		logs []string
		want string
	}{
		{[]string{empty}, empty + ": there is no request in it"},
		{[]string{blank, empty}, blank + ": there is no request in it, nor in the 1 other logs"},
		{[]string{header}, header + ": there is no request in it"},
		{[]string{bad}, bad + ": there is no request in it: all its 3 lines are bad, the first: " + bad + `:1: value "-": a request must be METHOD TARGET PROTOCOL`},
	} {
		_, err := Import(t.Context(), test.logs, io.Discard, Options{SkipBad: true})
		require.EqualError(t, err, test.want)
		require.ErrorAs(t, err, new(*workload.TraceError))
	}
	s, err := Import(t.Context(), []string{empty, good, blank}, io.Discard, Options{})
	require.NoError(t, err)
	require.Equal(t, 2, s.Requests, "blank lines are no lines")
	require.Empty(t, s.Files[0].Format)
}

// TestFractions: fractions of seconds are kept as they are, and nothing is drawn.
func TestFractions(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	for k := range 8 {
		fmt.Fprintf(&text, "h - - [11/Mar/2024:09:00:%02d.%03d +0000] \"GET / HTTP/1.1\" 200 90 1000\n", k/4, k%4*250)
	}
	times, queries, _, err := imported(t, text.String(), Options{Format: "apache-us"})
	require.NoError(t, err)
	require.Equal(t, []float64{0, 0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75}, times)
	require.Equal(t, "/?n=1000", queries[0])
	times, _, _, err = imported(t, text.String(), Options{Format: "tomcat9"})
	require.NoError(t, err)
	require.Equal(t, 0.25, times[1], "each begin is as much earlier as its request took")
}

// TestStdin: "-" is the standard input, which is not waited for when the import is
// stopped.
func TestStdin(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	s, err := Import(t.Context(), []string{Stdin}, &out, Options{Stdin: strings.NewReader(common + "\n")})
	require.NoError(t, err)
	require.Equal(t, 1, s.Requests)
	_, err = Import(t.Context(), []string{Stdin}, &out, Options{})
	require.EqualError(t, err, "-: there is no standard input")
	ctx, cancel := context.WithCancel(t.Context())
	nobody, writer := io.Pipe()
	defer writer.Close()
	time.AfterFunc(10*time.Millisecond, cancel)
	_, err = Import(ctx, []string{Stdin}, &out, Options{Stdin: nobody})
	require.ErrorIs(t, err, context.Canceled)
}

// TestServers: which server a request was sent to is kept in the trace's order.
func TestServers(t *testing.T) {
	t.Parallel()
	const line = `10.0.1.2:33317 [06/Feb/2009:12:14:%s] http-in static/%s 10/%d/30/69/114 200 2750 - - ---- 1/1/1/1/0 0/0 "GET /index.html HTTP/1.1"` + "\n"
	text := fmt.Sprintf(line, "14.655", "srv1", 5) + fmt.Sprintf(line, "14.155", "srv2", -1)
	var tabs, object bytes.Buffer
	_, _, _, err := imported(t, text, Options{Servers: &tabs})
	require.NoError(t, err)
	require.Equal(t, "time_s\tserver\tqueue_s\tservice_s\ttotal_s\tquery\n"+
		"0.000000\tstatic/srv2\t-\t0.099000\t0.114000\t/index.html?n=114000\n"+
		"0.500000\tstatic/srv1\t0.005000\t0.099000\t0.114000\t/index.html?n=114000\n", tabs.String())
	_, _, _, err = imported(t, text, Options{Servers: &object, ServersJSON: true})
	require.NoError(t, err)
	require.Equal(t, `{"time_s":0.000000,"server":"static/srv2","queue_s":null,"service_s":0.099000,"total_s":0.114000,"query":"/index.html?n=114000"}`+"\n"+
		`{"time_s":0.500000,"server":"static/srv1","queue_s":0.005000,"service_s":0.099000,"total_s":0.114000,"query":"/index.html?n=114000"}`+"\n", object.String())
	_, _, _, err = imported(t, common, Options{Servers: &tabs})
	require.EqualError(t, err, "a.log: its format (the common log format) names no server: leave --servers-out out")
}

// TestCases reads the small logs that failed once.
func TestCases(t *testing.T) {
	t.Parallel()
	dir := filepath.Join("..", "..", "..", "..", "..", "shared", "cases", "logs")
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("no small logs beside the repository: %v", err)
	}
	for name, test := range map[string]struct {
		opts     Options
		settled  bool // without the options too
		first, n int64
	}{
		"ingress.log":   {Options{}, true, 250_000, 1000},
		"reqlen.log":    {Options{RequestTime: "2:s", Stamps: "end"}, false, 250_000, 1000},
		"apache_T.log":  {Options{Format: "apache-s"}, false, 3_000_000, 0},
		"ups_first.log": {Options{}, true, 250_000, 1000},
		"msfrac.log":    {Options{Format: "apache-us"}, false, 1000, 0},
		"msunit.log":    {Options{}, true, 100_000, 0},
		"rt_eq.log":     {Options{}, true, 250_000, 1000},
		"quoted_rt.log": {Options{RequestTime: "2:s", Stamps: "end"}, false, 250_000, 1000},
	} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		var found Found
		test.opts.Show = func(f Found) { found = f }
		times, queries, s, err := imported(t, string(text), test.opts)
		require.NoError(t, err, name)
		require.Equal(t, s.Requests, s.Files[0].Timed, name)
		for k, r := range found.Readings {
			require.Equal(t, test.first+int64(k)*test.n, r.Total, name)
		}
		require.Contains(t, strings.Join(queries, " "), fmt.Sprintf("n=%d", test.first), name)
		if name == "msfrac.log" {
			require.Equal(t, []float64{0, 0.25, 0.5, 0.75}, times[:4])
		}
		_, _, _, err = imported(t, string(text), Options{})
		if test.settled {
			require.NoError(t, err, name)
		} else {
			require.ErrorAs(t, err, new(*AmbiguousError), name)
		}
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
	require.NoError(t, os.WriteFile(current, []byte(entry(600, "/new", " 7ms")), 0o600))

	ctx := context.Background()
	var out bytes.Buffer
	s, err := Import(ctx, []string{old, current}, &out, Options{})
	require.NoError(t, err)
	require.Equal(t, 2, s.Requests)
	require.InDelta(t, 600, s.Duration, 1)
	require.Equal(t, []FileSummary{{old, "common", 1, 0, 0, 0}, {current, "common or combined", 1, 0, 1, 0}}, s.Files)
	require.Contains(t, out.String(), "/new?n=7000\n")

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
	s, reader := FileSummary{}, &extras{number: 1, unit: microseconds}
	rng, most := rand.New(rand.NewPCG(1, 1)), 0
	for i := range 50_000 {
		wrong, err := im.add(&s, reader, []byte(strings.TrimSuffix(entry(i/50+rng.IntN(3), "/x", " 5"), "\n")))
		require.NoError(t, err)
		require.Empty(t, wrong.rule)
		most = max(most, len(im.window))
	}
	require.Less(t, most, 50*14)
}

// FuzzImport: no text panics, in whatever format it is read, and what is written is
// a trace.
func FuzzImport(f *testing.F) {
	for _, text := range []string{
		common, combined + " 0.012\n", combined + " 12345\n" + common, entry(5, "http://x?n=1&y", ` "" "" 1.500`) + entry(3, "*", " -"),
		`h - - [10/Oct/2000:13:55:36 -0700] "-" 408 -`, "\x1f\x8b", `a [b] "c\" d" 1 2 "`, clf + agent + ` 187 0.250 [a-b-80] [] 10.1.0.4:8080, - 512 0.240 : - 200 8f`,
		`Feb  6 12:14:14 localhost haproxy[14389]: 10.0.1.2:33317 [06/Feb/2009:12:14:14.655] a~ b/c 10/5/30/69/114 200 2750 - - ---- 1/1/1/1/0 0/0 {x} {} "GET / HTTP/1.1"`,
		`[2016-04-15T20:17:00.310Z] "POST /a HTTP/2" 204 - 154 0 226 100 "-" "-" "-" "-" "tcp://10.0.2.1:80"`,
		`{"ts":1646861401.5241024,"request":{"uri":"/a?b=c"},"duration":9.29e-05}`, `{"StartUTC":"2024-03-11T08:00:01.1Z","Duration":5,"RequestPath":"/"}`,
		"#Fields: date time x-edge-location cs-uri-stem time-taken\n2019-12-04\t21:02:31\tLAX1\t/\t0.5", "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:17:03.97,4808,10",
		"gmt_create,predict_type,exec_time_seconds\n2024-11-15 16:57:50,\"A\",32.0", "929840853 1190146243.326 http://en.wikipedia.org/wiki/Main_Page -",
	} {
		f.Add(text, false, uint8(0))
		f.Add(text, true, uint8(1))
	}
	list := formats()
	f.Fuzz(func(t *testing.T, text string, keep bool, choice uint8) {
		opts := Options{KeepValues: keep, SkipBad: true}
		if int(choice) > 0 && int(choice) <= len(list) {
			opts.Format = list[choice-1].name
		}
		if choice == 255 {
			opts.RequestTime, opts.Stamps = "1:ms", "end"
		}
		var out, servers bytes.Buffer
		if choice%2 == 1 {
			opts.Servers, opts.ServersJSON = &servers, keep
		}
		im := newImporter(&out, opts)
		if err := im.log(context.Background(), "a.log", strings.NewReader(text)); err != nil {
			var several *AmbiguousError
			require.True(t, errors.As(err, new(*workload.TraceError)) || errors.As(err, &several), "%v", err)
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
		if opts.Servers != nil && !keep {
			require.Equal(t, im.summary.Requests+1, bytes.Count(servers.Bytes(), []byte{'\n'}))
		}
	})
}

// FuzzFormat: no format string panics, nor a line that is read by it.
func FuzzFormat(f *testing.F) {
	for _, format := range formats() {
		if format.pattern != "" {
			f.Add(uint8(0), format.pattern, clf)
		}
	}
	f.Add(uint8(1), `LogFormat "%{%d/%b/%Y:%T}t.%{msec_frac}t \"%r\" %D" x`, clf)
	f.Add(uint8(2), "log_format x '$msec $request';", "1.000 GET / HTTP/1.1")
	compilers := []dialect{plainFormat, apacheFormat, nginxFormat, tomcatFormat(0), haproxyFormat, envoyFormat, gunicornFormat, morganFormat}
	f.Fuzz(func(t *testing.T, choice uint8, format, line string) {
		template, err := compilers[int(choice)%len(compilers)](format)
		if err != nil {
			return
		}
		var r record
		r.reset()
		if _, wrong := template.read([]byte(line), &r); wrong.rule == "" {
			r.finish()
		}
	})
}
