package servicecurve

import (
	"math/rand/v2"

	"fairlb/env"
	"fairlb/env/station"
	"fairlb/env/workload"
)

// demands are those of requests, in the order in which they begin: uniform from half to
// one and a half of the mean. If all were alike, all requests of a server would be at its
// processors together, and then all at its IO.
type demands struct {
	cpu, io float64 // s, the means
	random  *rand.Rand
}

func newDemands(mix [2]float64) *demands {
	return &demands{mix[0], mix[1], rand.New(env.Stream(1, "servicecurve/demands"))}
}

// next returns those of the next request (s).
func (d *demands) next() (cpu, io float64) {
	return d.cpu * (0.5 + d.random.Float64()), d.io * (0.5 + d.random.Float64())
}

// model returns the throughput (requests/s) and the mean completion time (s) of so many
// requests at a time at a server of the simulator, which are those that are measured: after
// as many have ended, for so many seconds, and until twice as many have ended. What neither
// a worker nor the backlog has room for is not there.
func model(cfg station.Config, mix [2]float64, concurrency int, seconds float64) (throughput, mean float64) {
	path := []workload.Resource{workload.CPU}
	if mix[1] > 0 {
		path = append(path, workload.IO)
	}
	d := newDemands(mix)
	p := station.NewPool(cfg, [][]workload.Resource{path})
	p.Reset()
	begun := make([]float64, concurrency)
	arrive := func(now float64, id uint32) bool {
		cpu, io := d.next()
		copy(p.Prepare(id, 0), []float64{cpu, io})
		p.Send(id, 0, cpu, io)
		if !p.HasRoom(id) {
			return false
		}
		begun[id] = now
		p.Arrive(now, id)
		return true
	}
	n := 0
	for n < concurrency && arrive(0, uint32(n)) {
		n++
	}
	sum, start := 0.0, 0.0
	for ended := 0; ; {
		now := p.NextCompletion()
		id, done := p.Complete(now)
		if !done {
			continue
		}
		if ended++; ended == n {
			start = now
		} else if ended > n {
			sum += now - begun[id]
		}
		if measured := float64(ended - n); ended >= 3*n && now-start >= seconds {
			return measured / (now - start), sum / measured
		}
		arrive(now, id)
	}
}
