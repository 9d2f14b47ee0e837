package figure

import (
	"fmt"

	"fairlb/eval/rows"
)

// ServiceCurve is what one server makes of so many requests at a time: measured, and as
// the model of the simulator has it.
type ServiceCurve struct {
	Servers  string // the kind that was measured
	CPUs     int
	Speed    float64 // of a processor, in cores
	Workers  int
	Backlog  int
	Period   float64 // s, of the quota of processor time; 0: there is none
	Seconds  float64 // measured at least, a point
	Mixes    []ServiceMix
	Machine  string // what it was measured on
	Measured string // when
}

// ServiceMix is the points of one kind of request.
type ServiceMix struct {
	CPU, IO float64 // s, what a request demands
	Points  []ServicePoint
}

// Name says what the requests demand.
func (m *ServiceMix) Name() string {
	if m.IO == 0 {
		return fmt.Sprintf("%.4g ms CPU", 1e3*m.CPU)
	}
	return fmt.Sprintf("%.4g ms CPU, %.4g ms IO", 1e3*m.CPU, 1e3*m.IO)
}

// ServicePoint is a number of requests at a time: as one ends, the next begins.
type ServicePoint struct {
	Concurrency int
	Seconds     float64 // measured
	Completed   int
	Failed      int // broken off by the server, or not answered within the timeout

	Throughput, Model  float64 // requests/s
	Mean, SD, P50, P99 float64 // s, of completed requests
	ModelMean          float64 // s
	CPU                float64 // s of processor time that a completed request cost
	Busy, Waiting      float64 // mean number of busy workers and of waiting connections
	Throttled          float64 // part of the quota's periods in which it was used up
	Dropped            int     // times that the kernel found the backlog full (ListenOverflows)
}

// ServiceCurveOf reads back what report.WriteServiceCurveCSV wrote.
func ServiceCurveOf(file *rows.File) (*ServiceCurve, error) {
	f := &ServiceCurve{}
	err := file.Each(func(r *rows.Record) {
		r.Same("servers", "cpus", "speed", "workers", "backlog", "quota_period_s")
		f.Servers, f.CPUs, f.Speed = r.Text("servers"), r.Count("cpus"), r.Number("speed")
		f.Workers, f.Backlog, f.Period = r.Count("workers"), r.Count("backlog"), r.Number("quota_period_s")
		m := ServiceMix{CPU: r.Number("cpu_s"), IO: r.Number("io_s")}
		if last := len(f.Mixes) - 1; last < 0 || f.Mixes[last].CPU != m.CPU || f.Mixes[last].IO != m.IO {
			f.Mixes = append(f.Mixes, m)
		}
		mix := &f.Mixes[len(f.Mixes)-1]
		mix.Points = append(mix.Points, ServicePoint{
			Concurrency: r.Count("concurrency"), Seconds: r.Number("measured_s"), Completed: r.Count("completed"), Failed: r.Count("failed"),
			Throughput: r.Number("throughput_per_s"), Model: r.Number("model_throughput_per_s"), Mean: r.Number("mean_s"), ModelMean: r.Number("model_mean_s"),
			SD: r.Number("sd_s"), P50: r.Number("p50_s"), P99: r.Number("p99_s"), CPU: r.Number("cpu_per_request_s"),
			Busy: r.Number("busy"), Waiting: r.Number("waiting"), Throttled: r.Number("throttled"), Dropped: r.Count("dropped"),
		})
	})
	return f, err
}
