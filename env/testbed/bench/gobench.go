//go:build linux

package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
)

// goBenchmark is a benchmark of another package, whose figure has a bar.
type goBenchmark struct {
	name    string
	pkg     string
	pattern string  // what -bench takes; it must match one benchmark
	metric  string  // which of its metrics: ns/op, or another
	divide  float64 // by which its value is divided, for the unit
	unit    string
	most    float64 // the bar, in that unit
}

var goBenchmarkList = []goBenchmark{
	{"a decision by learned weights, 7 servers", "./env/balancer", "^BenchmarkDecision$/^servers=7$", "ns/decision", 1, "ns", 100},
	{"a decision by learned weights, 20 servers", "./env/balancer", "^BenchmarkDecision$/^servers=20$", "ns/decision", 1, "ns", 150},
	{"a decision by learned weights, 1000 servers", "./env/balancer", "^BenchmarkDecision$/^servers=1000$", "ns/decision", 1, "ns", 400},
	{"an agent reads and writes shared memory, a server of 20", "./env/testbed/shm", "^BenchmarkInterval$/^v2$", "ns/server", 1e3, "us", 1},
	{"self-tuning SED sets weights, 20 servers", "./agents/selftuning", "^BenchmarkAct$", "ns/op", 1e3, "us", 50},
}

// benchmarked is what a Go benchmark said.
type benchmarked struct {
	Name  string  `json:"name"`
	Unit  string  `json:"unit"`
	Value *spread `json:"value,omitempty"` // nil: there is no such benchmark
	Most  float64 `json:"bar"`
}

func (b benchmarked) cells() []string {
	if b.Value == nil {
		return []string{b.Name, b.Unit, "there is no such benchmark", fmt.Sprintf("<= %g", b.Most), "-"}
	}
	return []string{b.Name, b.Unit, b.Value.String(), fmt.Sprintf("<= %g", b.Most), yesNo(b.Value.Median <= b.Most)}
}

// runGoBenchmarks runs each of them as often as there are turns.
func runGoBenchmarks(ctx context.Context, s settings, log io.Writer) ([]benchmarked, error) {
	var all []benchmarked
	for _, g := range goBenchmarkList {
		fmt.Fprintf(log, "%s: %s\n", g.pkg, g.pattern)
		count, duration := strconv.Itoa(s.turns), "0.5s"
		if s.quick {
			duration = "10ms"
		}
		c := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", g.pattern, "-benchtime", duration, "-count", count, g.pkg)
		c.Env = append(os.Environ(), "CGO_ENABLED=0")
		out, err := c.CombinedOutput()
		if err != nil {
			return nil, fmt.Errorf("bench: %s: %w\n%s", strings.Join(c.Args, " "), err, out)
		}
		values, err := parseBenchmark(string(out), g.metric)
		if err != nil {
			return nil, fmt.Errorf("bench: %s: %w", strings.Join(c.Args, " "), err)
		}
		b := benchmarked{Name: g.name, Unit: g.unit, Most: g.most}
		if len(values) > 0 {
			for k := range values {
				values[k] /= g.divide
			}
			value := spreadOf(values)
			b.Value = &value
		}
		all = append(all, b)
	}
	return all, nil
}

var benchmarkLine = regexp.MustCompile(`^Benchmark\S+\s+\d+\s`)

// parseBenchmark returns the values of a metric in the output of go test -bench, whose
// lines are a name, a number of operations, and pairs of value and metric. All must be
// of one benchmark.
func parseBenchmark(output, metric string) ([]float64, error) {
	var values []float64
	name := ""
	for line := range strings.Lines(output) {
		if !benchmarkLine.MatchString(line) {
			continue
		}
		fields := strings.Fields(line)
		if name != "" && fields[0] != name {
			return nil, fmt.Errorf("bench: two benchmarks, %s and %s: want one", name, fields[0])
		}
		name = fields[0]
		for k := 2; k+1 < len(fields); k += 2 {
			if fields[k+1] != metric {
				continue
			}
			v, err := strconv.ParseFloat(fields[k], 64)
			if err != nil {
				return nil, fmt.Errorf("bench: %q: %w", strings.TrimSpace(line), err)
			}
			values = append(values, v)
		}
	}
	return values, nil
}
