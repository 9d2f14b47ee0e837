package metrics

import (
	"math"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	_ "fairlb/env/propertytest"
	"fairlb/env/testbed/plane"
	"fairlb/env/testbed/plane/health"
)

// fake is a balancer whose state is given.
type fake struct {
	state  plane.Snapshot
	checks []health.Status
}

func (f *fake) Snapshot() plane.Snapshot { return f.state }
func (f *fake) Status() []health.Status  { return f.checks }

// busy is a balancer in which every number is another one.
func busy() *fake {
	f := &fake{state: plane.Snapshot{
		Name: "web", Uptime: 1500 * time.Millisecond, Ready: true, Decider: "self-tuning", Open: 1, Queued: 2, Paused: 3, Accepted: 4,
		Retried: 5, Received: 6, Sent: 7, Spliced: 8, Lost: 9,
		Servers: []plane.ServerState{
			{Name: "a", Address: "127.0.0.1:1", In: true, Up: true, Weight: 0.5, Ongoing: 10, Dispatched: 11, Completed: 12, Failed: 13, DurationSum: 14.5, CountSum: 15, Received: 16, Sent: 17,
				Reports: 40, Reported: 41, ReportAge: 42.5},
			{Name: "b", Address: "127.0.0.1:2", Drained: true, Penalised: true},
		},
		Loops: []plane.LoopState{{Open: 20, Turns: 21, Waits: 22, Accepted: 23, Overflow: 24, Buffers: 25, Pipes: 26}},
	}}
	f.state.Reports = &plane.ReportsState{Heard: 43}
	for k := range f.state.Reports.Refused {
		f.state.Reports.Refused[k] = uint64(300 + k)
	}
	for o := range f.state.Ended {
		f.state.Ended[o] = uint64(100 + o)
	}
	for k := range f.state.Faults {
		f.state.Faults[k] = uint64(200 + k)
	}
	f.checks = []health.Status{{Name: "a", Checks: 30, Failures: 31, Changes: 32, Took: 33 * time.Millisecond}}
	return f
}

// gather returns all metrics of a balancer, by their names.
func gather(t testing.TB, f *fake) map[string]*dto.MetricFamily {
	t.Helper()
	r := prometheus.NewPedanticRegistry()
	require.NoError(t, r.Register(New(f, f)))
	list, err := r.Gather()
	require.NoError(t, err)
	families := map[string]*dto.MetricFamily{}
	for _, family := range list {
		families[family.GetName()] = family
	}
	return families
}

// TestMetrics: what is told is what the state says. The file is written anew under
// FAIRLB_UPDATE=1.
func TestMetrics(t *testing.T) {
	t.Parallel()
	r := prometheus.NewPedanticRegistry()
	f := busy()
	require.NoError(t, r.Register(New(f, f)))
	const golden = "testdata/metrics.txt"
	w := httptest.NewRecorder()
	promhttp.HandlerFor(r, promhttp.HandlerOpts{}).ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	text := w.Body.Bytes()
	if os.Getenv("FAIRLB_UPDATE") != "" {
		require.NoError(t, os.WriteFile(golden, text, 0o666))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), string(text))
	list, err := r.Gather()
	require.NoError(t, err)
	problems, err := promlint.NewWithMetricFamilies(list).Lint()
	require.NoError(t, err)
	require.Empty(t, problems)
}

// TestEveryNumberIsTold: no field of the state is told twice, or under two names.
func TestEveryNumberIsTold(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/metrics.txt")
	require.NoError(t, err)
	values := map[string]int{}
	for _, m := range regexp.MustCompile(`(?m)^fairlb_lb_\S+ (\S+)$`).FindAllStringSubmatch(string(text), -1) {
		values[m[1]]++
	}
	numbers := []string{"1.5", "0.5", "14.5", "0.033", "42.5"}
	for _, span := range [][2]int{{2, 9}, {10, 13}, {15, 17}, {20, 26}, {30, 32}, {40, 41}, {43, 43}, {300, 300 + int(plane.Refusals) - 1}, {100, 100 + int(plane.Outcomes) - 1}, {200, 200 + int(plane.FaultKinds) - 1}} {
		for n := span[0]; n <= span[1]; n++ {
			numbers = append(numbers, strconv.Itoa(n))
		}
	}
	for _, n := range numbers {
		require.Equal(t, 1, values[n], "the value %s", n)
	}
}

// TestDocumented: the table of env/testbed/README.md has every metric, and no other.
func TestDocumented(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	require.NoError(t, err)
	_, table, _ := strings.Cut(string(text), "### Metrics\n")
	table, _, _ = strings.Cut(table, "\n### ")
	var told, want []string
	for line := range strings.Lines(table) {
		if cells := strings.Split(line, "|"); len(cells) > 3 && !strings.Contains(line, "behind `fairlb_lb_`") {
			for _, m := range regexp.MustCompile("`([a-z_]+)`").FindAllStringSubmatch(cells[1], -1) {
				told = append(told, m[1])
			}
		}
	}
	want = append(want, "reloads_total", "log_lines_lost_total") // the process's own
	for name := range gather(t, busy()) {
		want = append(want, strings.TrimPrefix(name, "fairlb_lb_"))
	}
	require.ElementsMatch(t, want, told)
}

// TestServersThatLeave: a server that has gone is told of no more; one that is there a
// second time, because its old connections go on, is told of once.
func TestServersThatLeave(t *testing.T) {
	t.Parallel()
	f := busy()
	f.state.Servers[1].Leaving = true
	f.state.Servers = append(f.state.Servers, plane.ServerState{Name: "b", Address: "127.0.0.1:2", Ongoing: 5}, plane.ServerState{Name: "b", Address: "127.0.0.1:3", Leaving: true})
	active := func() map[string]float64 {
		found := map[string]float64{}
		for _, m := range gather(t, f)["fairlb_lb_server_connections_active"].Metric {
			found[m.Label[2].GetValue()+" "+m.Label[0].GetValue()] = m.GetGauge().GetValue()
		}
		return found
	}
	require.Equal(t, map[string]float64{"a 127.0.0.1:1": 10, "b 127.0.0.1:2": 5, "b 127.0.0.1:3": 0}, active())
	f.state.Servers = f.state.Servers[:1]
	require.Equal(t, map[string]float64{"a 127.0.0.1:1": 10}, active())
}

// TestHistogram: native and classic buckets count the same values, each in its bounds.
func TestHistogram(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		h := &plane.Histogram{Sum: 7}
		for k := range h.Buckets {
			if rapid.IntRange(0, 9).Draw(t, "chosen") == 0 {
				h.Buckets[k] = uint64(rapid.IntRange(0, 1000).Draw(t, "count"))
			}
		}
		var out dto.Metric
		require.NoError(t, newHistogram(describe("x_seconds", "x"), h, "web").Write(&out))
		got := out.Histogram
		require.EqualValues(t, plane.HistogramSchema, got.GetSchema())
		var all uint64
		for _, n := range h.Buckets {
			all += n
		}
		require.Equal(t, all, got.GetSampleCount())
		require.Len(t, got.Bucket, lastClassic-firstClassic+1)
		for _, b := range got.Bucket {
			var want uint64
			for k, n := range h.Buckets {
				if math.Exp2(float64(plane.BucketIndex(k))/8) <= b.GetUpperBound()*(1+1e-9) {
					want += n
				}
			}
			require.Equal(t, want, b.GetCumulativeCount(), "up to %g", b.GetUpperBound())
		}
		index, count, k := int64(0), int64(0), 0
		for _, span := range got.PositiveSpan {
			index += int64(span.GetOffset())
			for range span.GetLength() {
				count += got.PositiveDelta[k]
				k++
				require.EqualValues(t, h.Buckets[int(index)-plane.BucketIndex(0)], count)
				index++
			}
		}
	})
}

// TestNames: a name that Prometheus cannot take is an error of the answer, not a panic.
func TestNames(t *testing.T) {
	t.Parallel()
	f := busy()
	f.state.Servers[0].Name = "\xff"
	r := prometheus.NewPedanticRegistry()
	require.NoError(t, r.Register(New(f, nil)))
	_, err := r.Gather()
	require.ErrorContains(t, err, "UTF-8")
}

// BenchmarkCollect measures an answer with a thousand servers.
func BenchmarkCollect(b *testing.B) {
	f := busy()
	for k := range 1000 {
		s := f.state.Servers[0]
		s.Name = "server-" + strings.Repeat("x", k%7) + string(rune('a'+k%26)) + strconv.Itoa(k)
		f.state.Servers = append(f.state.Servers, s)
	}
	r := prometheus.NewRegistry()
	require.NoError(b, r.Register(New(f, f)))
	b.ReportAllocs()
	for b.Loop() {
		_, err := r.Gather()
		require.NoError(b, err)
	}
}
