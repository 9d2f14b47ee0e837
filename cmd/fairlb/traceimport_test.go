package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestTraceImport: a log becomes a trace that is looked at and replayed.
func TestTraceImport(t *testing.T) {
	dir := t.TempDir()
	log := fileOf(t, "access.log", accessLog)
	trace := filepath.Join(dir, "t.tsv")
	_, _, err := command(t, "trace", "import", log, "--out", trace, "--format", "nginx")
	require.ErrorContains(t, err, `access.log:2: value "-": a request must be METHOD TARGET PROTOCOL (--skip-bad passes over such lines and counts them)`)
	require.Equal(t, exitUsage, exitCode(err))
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, left, "nothing is left of an import that failed")

	for _, name := range []string{trace, filepath.Join(dir, "t.tsv.gz")} {
		out, stderr, err := command(t, "trace", "import", log, "--out", name, "--skip-bad", "--format", "nginx")
		require.NoError(t, err)
		require.Contains(t, out, "access.log: nginx-rt, 2 requests, 1 bad lines; request times in 100 % of the requests\n"+name+": 2 requests in ")
		require.Contains(t, stderr, "1 bad lines were skipped, the first: ")
		require.Contains(t, stderr, `access.log:2: value`)
		out, _, err = command(t, "trace", "info", name)
		require.NoError(t, err)
		require.Contains(t, out, "requests    2\n")
	}
	text, err := os.ReadFile(trace)
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(string(text), "time\tquery\n0.000000\t/wiki/A?user=&n=30000\n"), "%s", text)

	scenario := fileOf(t, "web.yaml", `
servers: [{count: 2, cpus: 2, speed: 1}]
duration: 5
workload:
  trace: `+trace+`
  seconds_per_n: 1e-6
  classes:
    - {name: wiki, share: 0.5, paths: [/wiki/*], stages: [{resource: cpu, law: exponential, mean: 0.03}]}
    - {name: static, share: 0.5, stages: [{resource: cpu, law: exponential, mean: 0.001}]}
`)
	out, _, err := command(t, "eval", "sed", "--scenario", scenario, "--seeds", "1", "--duration", "5", "--format", "csv")
	require.NoError(t, err)
	require.Contains(t, out, ",sed,all,1,5,2,0,")
	require.Contains(t, out, ",sed,wiki,1,5,1,0,")
	require.Contains(t, out, ",sed,static,1,5,1,0,")
}

// TestTraceImportShows: what is read is shown, as it is read, before it is.
func TestTraceImportShows(t *testing.T) {
	t.Chdir(t.TempDir())
	line := `10.0.1.2:33317 [06/Feb/2009:12:14:14.655] in static/srv1 10/5/30/69/114 200 2750 - - ---- 1/1/1/1/0 0/0 "GET /a?b=c HTTP/1.1"` + "\n"
	require.NoError(t, os.WriteFile("ha.log", []byte(strings.Repeat(line, 5)), 0o666))
	out, stderr, err := command(t, "trace", "import", "ha.log", "--out", "t.tsv", "--servers-out", "s.jsonl")
	require.NoError(t, err)
	require.Equal(t, "ha.log: haproxy, 5 requests, 0 bad lines; request times in 100 % of the requests\nt.tsv: 5 requests in 0.0 s\n", out)
	require.Equal(t, `ha.log: read as haproxy (HAProxy's httplog)
  request began (UTC)      request time  queue  service  server       query
  2009-02-06 12:14:14.655  114ms         5ms    99ms     static/srv1  /a?b=&n=114000
  2009-02-06 12:14:14.655  114ms         5ms    99ms     static/srv1  /a?b=&n=114000
  2009-02-06 12:14:14.655  114ms         5ms    99ms     static/srv1  /a?b=&n=114000
  The log's times name no zone: they are taken for UTC.
`, stderr)
	servers, err := os.ReadFile("s.jsonl")
	require.NoError(t, err)
	require.Equal(t, 5, strings.Count(string(servers), `{"time_s":0.000000,"server":"static/srv1","queue_s":0.005000,"service_s":0.099000,"total_s":0.114000,"query":"/a?b=&n=114000"}`+"\n"))
}

// TestTraceImportAsks: where a log can be read in more than one way, each way is
// shown with its flag, nothing is written, and what was there stays.
func TestTraceImportAsks(t *testing.T) {
	t.Chdir(t.TempDir())
	require.NoError(t, os.WriteFile("a.log", []byte(strings.ReplaceAll(accessLog, `"-" 408`, `"GET / HTTP/1.1" 408`)), 0o666))
	require.NoError(t, os.WriteFile("t.tsv", []byte("kept"), 0o666))
	_, _, err := command(t, "trace", "import", "a.log", "--out", "t.tsv")
	require.Equal(t, exitUsage, exitCode(err))
	require.EqualError(t, err, `a.log:1: value "192.0.2.7 - - [10/Oc...0] \"GET /wiki/A?user=bob HTTP/1.1\" 200 2326 \"-\" \"curl\" 0.030": the request time can be read in more than one way: say which
  say                  to read                                request began (UTC)  request time
  --format nginx-rt    nginx's $request_time, seconds         2000-10-10 20:55:35  30ms
  --format morgan-ms   morgan's :response-time, milliseconds  2000-10-10 20:55:35  30µs
  --request-time none  no request time: queries get no n      2000-10-10 20:55:36  -
--stamps says whether the log's times are of the begin or of the end of requests.
The server's own format string, by --log-format, says all.`)
	left, err := os.ReadFile("t.tsv")
	require.NoError(t, err)
	require.Equal(t, "kept", string(left))
}

// TestTraceImportPipe: - is the standard input and output, and then the output is
// the trace alone.
func TestTraceImportPipe(t *testing.T) {
	stdin, stdout := os.Stdin, new(bytes.Buffer)
	read, write, err := os.Pipe()
	require.NoError(t, err)
	os.Stdin = read
	t.Cleanup(func() { os.Stdin = stdin })
	_, err = write.WriteString("\n" + strings.Replace(accessLog, `"-" 408`, `"GET / HTTP/1.1" 408`, 1))
	require.NoError(t, err)
	require.NoError(t, write.Close())
	var stderr bytes.Buffer
	require.NoError(t, run(t.Context(), []string{"trace", "import", "-", "--out", "-", "--format", "nginx"}, stdout, &stderr))
	require.True(t, strings.HasPrefix(stdout.String(), "time\tquery\n0.000000\t/"), "%s", stdout)
	require.Equal(t, 4, strings.Count(stdout.String(), "\n"))
	require.Contains(t, stderr.String(), "standard input: nginx-rt, 3 requests, 0 bad lines; request times in 100 % of the requests\n")
}
