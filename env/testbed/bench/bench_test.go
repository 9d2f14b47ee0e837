//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"io"
	"math"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"fairlb/env/testbed/bench/process"
	"fairlb/env/testbed/plane"
)

// TestMain is the test binary as a load balancer, if the first argument is lb: TestRun
// measures it in place of fairlb.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == "lb" {
		if err := balance(os.Args[2]); err != nil {
			panic(err)
		}
		return
	}
	os.Exit(m.Run())
}

// balance forwards connections to the first server of a settings file until it is killed.
func balance(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	c, err := plane.Load(path, text)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", c.Listen[0].Address)
	if err != nil {
		return err
	}
	for {
		client, err := l.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer client.Close()
			server, err := net.Dial("tcp", c.Servers[0].Address)
			if err != nil {
				return
			}
			defer server.Close()
			go io.Copy(server, client)
			io.Copy(client, server)
		}()
	}
}

// TestRun measures a balancer from the command line to the files of results.
func TestRun(t *testing.T) {
	out := t.TempDir()
	var stdout, stderr bytes.Buffer
	err := run(t.Context(), []string{"-quick", "-out", out, "-fairlb", os.Args[0], "-skip", "haproxy,haproxy-splice,envoy,go"}, &stdout, &stderr)
	require.NoError(t, err, stderr.String())
	require.Contains(t, stdout.String(), "CPU a GB, responses of 1 MB")
	text, err := os.ReadFile(filepath.Join(out, "report.json"))
	require.NoError(t, err)
	var r report
	require.NoError(t, json.Unmarshal(text, &r))
	require.Len(t, r.Samples, 3)
	for _, s := range r.Samples {
		require.Zero(t, s.Failed)
		require.Positive(t, s.CPU)
		require.Positive(t, s.Completed)
	}
	lines, err := os.ReadFile(filepath.Join(out, "samples.csv"))
	require.NoError(t, err)
	require.Equal(t, 4, strings.Count(string(lines), "\n"))
	require.Contains(t, string(lines), "1,fairlb,closed,")
}

func TestParse(t *testing.T) {
	s, err := parse([]string{"-turns", "3", "-cores", "2,5", "-skip", "envoy,large", "-fairlb", "a,b"}, io.Discard)
	require.NoError(t, err)
	require.Equal(t, settings{turns: 3, out: "runs/bench-live", fairlb: []string{"a", "b"}, skip: []string{"envoy", "large"}, servers: 8, cores: [2]int{2, 5}}, s)
	var names []string
	for _, w := range s.works() {
		names = append(names, w.name)
	}
	require.Equal(t, []string{openWork, closedWork}, names)
	_, err = parse([]string{"-turns", "0", "-cores", "x", "-skip", "nginx", "-servers", "0", "-rate", "NaN", "more"}, io.Discard)
	for _, fault := range []string{"-turns 0", `-cores "x"`, `-skip "nginx"`, "-servers 0", "-rate NaN", `arguments ["more"]`} {
		require.ErrorContains(t, err, fault)
	}
	_, err = parse([]string{"-help"}, io.Discard)
	require.ErrorIs(t, err, flag.ErrHelp)
}

// TestConfigs: settings files are what their balancers take, as far as that can be seen
// without them.
func TestConfigs(t *testing.T) {
	e := endpoints{Listen: netip.MustParseAddrPort("127.0.0.1:9000"), Servers: []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:8001"), netip.MustParseAddrPort("127.0.0.1:8002")}}
	var text bytes.Buffer
	require.NoError(t, fairlbConfig.Execute(&text, e))
	c, err := plane.Load("fairlb.yaml", text.Bytes())
	require.NoError(t, err)
	require.Equal(t, "127.0.0.1:9000", c.Listen[0].Address)
	require.Equal(t, "127.0.0.1:8002", c.Servers[1].Address)
	require.Equal(t, 1, c.Loops)
	text.Reset()
	require.NoError(t, envoyConfig.Execute(&text, e))
	var any map[string]any
	require.NoError(t, yaml.Unmarshal(text.Bytes(), &any))
	require.Equal(t, 2, strings.Count(text.String(), "endpoint: {"))
	for _, e.Splice = range []bool{false, true} {
		text.Reset()
		require.NoError(t, haproxyConfig.Execute(&text, e))
		require.Contains(t, text.String(), "\n  balance leastconn\n  server s0 127.0.0.1:8001\n  server s1 127.0.0.1:8002\n")
		require.Equal(t, e.Splice, strings.Contains(text.String(), "option splice-auto"))
	}
}

func TestSpread(t *testing.T) {
	require.Equal(t, spread{2, 1, 9}, spreadOf([]float64{9, 1, 2}))
	require.Equal(t, spread{2.5, 1, 9}, spreadOf([]float64{9, 1, 2, 3}))
	require.Equal(t, spread{4, 4, 4}, spreadOf([]float64{4}))
}

// TestCompare: ratios are those within a turn, whose median is another than the ratio of
// medians; a turn that one has not done does not count.
func TestCompare(t *testing.T) {
	connections := func(turn int, name string, us float64) sample {
		return sample{Turn: turn, Balancer: name, Work: openWork, CPU: us * 1e-6 * 1000, Completed: 1000, Elapsed: 1, P99: 7}
	}
	samples := []sample{
		connections(1, "fairlb", 10), connections(1, "haproxy", 20), connections(1, "envoy", 40),
		connections(2, "haproxy", 40), connections(2, "fairlb", 40), connections(2, "envoy", 20),
		connections(3, "fairlb", 30), connections(3, "haproxy", 25),
		{Turn: 3, Balancer: "envoy", Work: openWork, CPU: 1, Failed: 1000, Elapsed: 1},
	}
	for k, c := range compareSamples(samples, []string{"fairlb", "haproxy", "envoy"})[:3] {
		require.Equal(t, "CPU a short connection, open loop", c.Quantity)
		want := []comparison{
			{Balancer: "fairlb", Value: spread{30, 10, 40}},
			{Balancer: "haproxy", Value: spread{25, 20, 40}, Ratio: &spread{1, 0.5, 1.2}, Bar: "<= 1.00", Met: "yes"},
			{Balancer: "envoy", Value: spread{30, 20, 40}, Ratio: &spread{1.125, 0.25, 2}},
		}[k]
		want.Quantity, want.Unit = c.Quantity, "us"
		near := cmp.Comparer(func(x, y float64) bool { return math.Abs(x-y) < 1e-9 })
		require.Empty(t, cmp.Diff(want, c, near))
	}
	require.True(t, bar{atLeast: true, ratio: 1}.met(1.2))
	require.False(t, bar{atLeast: true, ratio: 1}.met(0.9))
	require.False(t, bar{ratio: 0.6}.met(0.61))
}

func TestQuantities(t *testing.T) {
	s := sample{CPU: 3, Elapsed: 2, Completed: 1000, Bytes: 2e9, P99: 70}
	want := map[string]float64{
		"CPU a short connection, open loop": 3000, "CPU a short connection, closed loop": 3000, "connections a second, closed loop": 500,
		"p99 of a connection, closed loop": 70, "p99 of a connection, open loop": 70, "CPU a GB, responses of 1 MB": 1.5,
	}
	got := map[string]float64{}
	for _, q := range quantities {
		got[q.name] = q.of(s)
	}
	require.Equal(t, want, got)
}

func TestParseBenchmark(t *testing.T) {
	const output = `goos: linux
BenchmarkDecision/servers=7-2   265587   1358 ns/op   62.84 ns/decision   0 B/op
BenchmarkDecision/servers=7-2   257722   1383 ns/op   65.28 ns/decision   0 B/op
PASS
`
	got, err := parseBenchmark(output, "ns/decision")
	require.NoError(t, err)
	require.Equal(t, []float64{62.84, 65.28}, got)
	got, err = parseBenchmark("PASS\n", "ns/op")
	require.NoError(t, err)
	require.Empty(t, got)
	_, err = parseBenchmark(output+"BenchmarkOther 1 2 ns/op\n", "ns/op")
	require.ErrorContains(t, err, "two benchmarks")
	_, err = parseBenchmark("BenchmarkA 1 x ns/op\n", "ns/op")
	require.ErrorContains(t, err, "BenchmarkA 1 x ns/op")
}

func TestReport(t *testing.T) {
	r := report{
		Machine:   process.Machine{Processor: "A CPU", Cores: 2, Kernel: "6.1", Go: "go1.26"},
		Balancers: []named{{"fairlb", "fairlb commit 1"}, {"haproxy", "HAProxy 2.6"}},
		Rate:      4000, Others: 0.5, Stolen: 0.25,
		Samples: []sample{
			{Turn: 1, Balancer: "fairlb", Work: openWork, CPU: 0.9, Elapsed: 1, Completed: 30000, P99: 100},
			{Turn: 1, Balancer: "haproxy", Work: openWork, CPU: 0.5, Elapsed: 1, Completed: 10000, Failed: 2, P99: 200},
			{Turn: 1, Balancer: "fairlb", Work: closedWork, CPU: 0.5, Elapsed: 1, Completed: 10000, P99: 900},
			{Turn: 1, Balancer: "haproxy", Work: closedWork, CPU: 1, Elapsed: 1, Completed: 20000, P99: 500},
		},
		Benchmarks: []benchmarked{{Name: "a decision", Unit: "ns", Value: &spread{90, 80, 120}, Most: 100}, {Name: "an interval", Unit: "us", Most: 50}},
	}
	var got bytes.Buffer
	require.NoError(t, r.write(&got))
	want, err := os.ReadFile("testdata/report.txt")
	require.NoError(t, err)
	require.Equal(t, string(want), got.String())
}
