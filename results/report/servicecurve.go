package report

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"

	"fairlb/eval/figure"
	"fairlb/results/text"
)

// WriteServiceCurveText writes a service curve as a table for a terminal.
func WriteServiceCurveText(w io.Writer, f *figure.ServiceCurve) error {
	t := figureTable{
		title:  fmt.Sprintf("One server (%s) of %d x %g cores, %d workers, backlog %d, beside the model", f.Servers, f.CPUs, f.Speed, f.Workers, f.Backlog),
		header: []string{"request", "at a time", "completed", "failed", "/s", "model", "mean, ms", "model", "sd", "p99", "CPU, ms", "busy", "waiting", "throttled", "dropped"},
		notes: []string{
			fmt.Sprintf("%s, %s. At least %g s a point, after as many requests as are there at a time. Times are of completed requests, which the client measures; CPU is the server's processor time a request.", f.Measured, f.Machine, f.Seconds),
			"Throttled: part of the quota's periods in which it was used up. Dropped: times that the kernel found the backlog full.",
		},
	}
	for k := range f.Mixes {
		m := &f.Mixes[k]
		for _, p := range m.Points {
			t.rows = append(t.rows, []string{m.Name(), strconv.Itoa(p.Concurrency), strconv.Itoa(p.Completed), strconv.Itoa(p.Failed),
				fixed(p.Throughput, 2), fixed(p.Model, 2), fixed(1e3*p.Mean, 1), fixed(1e3*p.ModelMean, 1), fixed(1e3*p.SD, 1), fixed(1e3*p.P99, 1),
				fixed(1e3*p.CPU, 2), fixed(p.Busy, 1), fixed(p.Waiting, 1), fixed(p.Throttled, 2), strconv.Itoa(p.Dropped)})
		}
	}
	return t.write(w)
}

// WriteServiceCurveCSV writes a service curve: one row a kind of request and a number of
// them at a time.
func WriteServiceCurveCSV(w io.Writer, f *figure.ServiceCurve) error {
	rows := [][]string{{"servers", "cpus", "speed", "workers", "backlog", "quota_period_s", "cpu_s", "io_s", "concurrency", "measured_s", "completed", "failed",
		"throughput_per_s", "model_throughput_per_s", "mean_s", "model_mean_s", "sd_s", "p50_s", "p99_s", "cpu_per_request_s", "busy", "waiting", "throttled", "dropped"}}
	x := text.Exact
	for _, m := range f.Mixes {
		for _, p := range m.Points {
			rows = append(rows, []string{f.Servers, strconv.Itoa(f.CPUs), x(f.Speed), strconv.Itoa(f.Workers), strconv.Itoa(f.Backlog), x(f.Period), x(m.CPU), x(m.IO),
				strconv.Itoa(p.Concurrency), x(p.Seconds), strconv.Itoa(p.Completed), strconv.Itoa(p.Failed), x(p.Throughput), x(p.Model), x(p.Mean), x(p.ModelMean),
				x(p.SD), x(p.P50), x(p.P99), x(p.CPU), x(p.Busy), x(p.Waiting), x(p.Throttled), strconv.Itoa(p.Dropped)})
		}
	}
	return csv.NewWriter(w).WriteAll(rows)
}
