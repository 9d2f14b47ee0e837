//go:build linux

package emulated

import (
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"

	"fairlb/env"
	"fairlb/env/station"
	"fairlb/env/testbed/client"
	"fairlb/env/workload"
)

// source sends each of the servers requests of a Poisson process with exponential demands.
type source struct {
	rate, service float64
	servers       int
	now           float64
	rng           *rand.Rand
}

func (s *source) Next(r *workload.Request) error {
	s.now += s.rng.ExpFloat64() / (s.rate * float64(s.servers))
	r.Time, r.LB, r.Class, r.Demand = s.now, s.rng.IntN(s.servers), 0, r.Demand[:1]
	r.Demand[0] = s.service * s.rng.ExpFloat64()
	return nil
}

func (s *source) Close() error { return nil }

// perServer sums what became of the requests that each server got after the beginning.
type perServer struct {
	from                   float64 // s
	requests, failed, time []float64
	outcomes               map[float64]env.Outcome // by arrival
}

func (p *perServer) Record(o env.Outcome) {
	p.outcomes[o.Arrival] = o
	if o.Arrival < p.from {
		return
	}
	p.requests[o.LB]++
	if o.Failed {
		p.failed[o.LB]++
	} else {
		p.time[o.LB] += o.Completion
	}
}

// ratio returns the sum of a over that of b, and half its 99 % interval, where the pairs
// are independent.
func ratio(a, b []float64) (mean, half float64) {
	n := float64(len(a))
	meanB := stat.Mean(b, nil)
	mean = stat.Mean(a, nil) / meanB
	squares := 0.0
	for k := range a {
		squares += math.Pow(a[k]-mean*b[k], 2)
	}
	z := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: n - 1}.Quantile(0.995)
	return mean, z * math.Sqrt(squares/(n-1)/n) / meanB
}

// predicted lets the model serve a source's requests under a clock of its own, and returns
// when each is completed, by its arrival; one that is refused is not among them.
func predicted(cfg station.Config, from workload.Source, until float64) map[float64]float64 {
	pool := station.NewPool(cfg, paths())
	pool.Reset()
	ends, arrivals := map[float64]float64{}, []float64{}
	complete := func(until float64) {
		for at := pool.NextCompletion(); at <= until && !math.IsInf(at, 1); at = pool.NextCompletion() {
			if id, done := pool.Complete(at); done {
				ends[arrivals[id]] = at
			}
		}
	}
	r := workload.Request{Demand: make([]float64, 1)}
	for _ = from.Next(&r); r.Time <= until; _ = from.Next(&r) {
		complete(r.Time)
		id := uint32(len(arrivals))
		arrivals = append(arrivals, r.Time)
		pool.Prepare(id, 0)[0] = r.Demand[0]
		if pool.Send(id, r.LB, 0, 0); pool.HasRoom(id) {
			pool.Arrive(r.Time, id)
		}
	}
	complete(math.Inf(1))
	return ends
}

// TestTheory measures servers in real time, each alone, beside what theory says of them,
// the mean time of M/M/1-PS and of M/M/c, and what M/M/c/c refuses (Erlang's loss): within
// 99 % intervals over the servers, which are independent. And each request beside what the
// model, under a clock of its own, says of that very request: mostly within a ms or two,
// which is what a connection and waking up cost, and what this machine is late. FAIRLB_LONG=1 measures for long.
func TestTheory(t *testing.T) {
	seconds, service := 2.0, 0.02
	if os.Getenv("FAIRLB_LONG") != "" {
		seconds = 60
	}
	for _, q := range []queue{
		{"M/M/1-PS", 40, 1, 0, 0.5, 1 / (1 - 0.5), 0},
		{"M/M/2, shared", 20, 2, 0, 0.5, 1 / (1 - 0.25), 0},
		{"M/M/2/2", 20, 2, 2, 0.5, 1, 0.5 / (1 + 1 + 0.5)},
	} {
		t.Run(q.name, func(t *testing.T) {
			cfg := Config{Config: station.Config{CPU: station.ProcessorSharing, Workers: math.MaxInt32}}
			if q.workers > 0 {
				cfg.Workers = q.workers
			}
			for range q.servers {
				cfg.Servers = append(cfg.Servers, station.Server{CPUs: q.cpus, Speed: 1})
			}
			requests := func() *source {
				return &source{rate: q.load * float64(q.cpus) / service, service: service, servers: q.servers, rng: rand.New(rand.NewPCG(1, 2))}
			}
			s := start(t, cfg)
			record := perServer{seconds / 3, make([]float64, q.servers), make([]float64, q.servers), make([]float64, q.servers), map[float64]env.Outcome{}}
			result, err := client.Run(t.Context(), client.Config{
				Targets: s.Addresses(), Classes: []workload.Class{{Name: "task", Stages: []workload.Stage{{Resource: workload.CPU}}}}, Duration: seconds, Recorder: &record,
			}, requests())
			require.NoError(t, err)
			report := s.Report()
			t.Logf("client late %s, busy %.2f; servers late %s, busy %.2f", result.LatenessAt(99), result.Busy, report.LatenessAt(99), report.Busy)
			late := max(result.LatenessAt(99), report.LatenessAt(99))
			if late > 10*time.Millisecond {
				t.Skipf("this machine cannot keep up: %s late", late)
			}
			within := func(what string, want, tolerance float64, a, b []float64) {
				mean, half := ratio(a, b)
				t.Logf("%s: %.5f, theory %.5f, interval +-%.5f", what, mean, want, half)
				require.InDelta(t, want, mean, half+tolerance, what)
			}
			completed := make([]float64, q.servers)
			for j := range completed {
				completed[j] = record.requests[j] - record.failed[j]
			}
			within("mean time, s", q.mean*service, 0.001+late.Seconds(), record.time, completed)
			within("refused", q.refused, 1e-9, record.failed, record.requests)

			model := predicted(cfg.Config, requests(), seconds)
			var later []float64
			otherwise := 0
			for arrival, o := range record.outcomes {
				end, taken := model[arrival]
				if taken == o.Failed {
					otherwise++ // of two that come at nearly one time, the other was refused
				} else if taken {
					later = append(later, o.Arrival+o.Completion-end)
				}
			}
			slices.Sort(later)
			median := stat.Quantile(0.5, stat.Empirical, later, nil)
			t.Logf("later than the model: %.2f ms at the median, %.2f in the mean; otherwise than it: %d of %d", 1e3*median, 1e3*stat.Mean(later, nil), otherwise, len(record.outcomes))
			require.InDelta(t, 0, median, 0.002+late.Seconds())
			require.Greater(t, median, 0.0)
			// Requests change places where the machine is late by a good part of a service.
			require.LessOrEqual(t, float64(otherwise), (0.02+late.Seconds()/service/2)*float64(len(record.outcomes)))
		})
	}
}
