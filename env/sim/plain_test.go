package sim

import (
	"container/heap"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/env"
	"fairlb/env/workload"
)

// plainSim is the simulator as one would first write it: all events are in one
// container/heap, each station has a container/heap of its tasks under virtual time,
// completions that have become stale are recognised by a version, and SED scans all
// servers. It has no changes and no observations. The engine must give the same
// outcomes, and its speed is measured beside this one's.
type plainSim struct {
	cfg      *Config
	source   workload.Source
	events   plainEvents
	order    int
	now      float64
	stations []plainStation
	ongoing  [][]int
	latency  [2]*rand.Rand
	ties     []*rand.Rand
	count    int
	outcomes *outcomes
}

type plainEvent struct {
	time    float64
	order   int
	kind    int // 0 arrival, 1 at the server, 2 completion, 3 back at the LB
	request *plainRequest
	station int
	version int
}

type plainRequest struct {
	workload.Request
	server, stage int
	failed        bool
}

type plainEvents []*plainEvent

func (h plainEvents) Len() int { return len(h) }
func (h plainEvents) Less(i, j int) bool {
	return h[i].time < h[j].time || h[i].time == h[j].time && h[i].order < h[j].order
}
func (h plainEvents) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *plainEvents) Push(x any)   { *h = append(*h, x.(*plainEvent)) }
func (h *plainEvents) Pop() any {
	old := *h
	x := old[len(old)-1]
	*h = old[:len(old)-1]
	return x
}

type plainTask struct {
	at      float64 // virtual time
	request *plainRequest
}

type plainTasks []plainTask

func (h plainTasks) Len() int           { return len(h) }
func (h plainTasks) Less(i, j int) bool { return h[i].at < h[j].at }
func (h plainTasks) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *plainTasks) Push(x any)        { *h = append(*h, x.(plainTask)) }
func (h *plainTasks) Pop() any {
	old := *h
	x := old[len(old)-1]
	*h = old[:len(old)-1]
	return x
}

type plainStation struct {
	procs, v, t float64
	limit       int
	tasks       plainTasks
	waiting     []*plainRequest
	version     int
}

func (s *plainStation) rate() float64 { return min(1, s.procs/float64(len(s.tasks))) }

func newPlain(t testing.TB, cfg *Config, seed uint64, record *outcomes) *plainSim {
	source, err := cfg.Workload(seed)
	require.NoError(t, err)
	p := &plainSim{cfg: cfg, source: source, outcomes: record}
	for _, s := range cfg.Servers {
		p.stations = append(p.stations, plainStation{procs: float64(s.CPUs), limit: cfg.Workers}, plainStation{procs: 1, limit: math.MaxInt})
	}
	for i := range cfg.LBs {
		p.ongoing = append(p.ongoing, make([]int, len(cfg.Servers)))
		p.ties = append(p.ties, rand.New(env.Stream(seed, "dispatch/"+string(rune('0'+i)))))
	}
	for k, name := range []string{"sim/latency/request", "sim/latency/reply"} {
		p.latency[k] = rand.New(env.Stream(seed, name))
	}
	p.fetch(t)
	return p
}

func (p *plainSim) push(e plainEvent) {
	e.order = p.order
	p.order++
	heap.Push(&p.events, &e)
}

func (p *plainSim) fetch(t testing.TB) {
	r := &plainRequest{Request: workload.Request{Demand: make([]float64, workload.MaxStages(p.cfg.Classes))}}
	require.NoError(t, p.source.Next(&r.Request))
	if r.Time <= p.cfg.Duration {
		p.push(plainEvent{time: r.Time, request: r})
	}
}

// run goes on until nothing is left.
func (p *plainSim) run(t testing.TB) {
	for len(p.events) > 0 {
		e := heap.Pop(&p.events).(*plainEvent)
		if e.kind == 2 && p.stations[e.station].version != e.version {
			continue
		}
		p.now = e.time
		switch e.kind {
		case 0:
			p.count++
			e.request.server = p.pick(e.request.LB)
			p.ongoing[e.request.LB][e.request.server]++
			p.send(1, 0, e.request)
			p.fetch(t)
		case 1:
			s := &p.stations[p.station(e.request)]
			if len(s.tasks) >= s.limit && len(s.waiting) >= p.cfg.Backlog {
				e.request.failed = true
				p.send(3, 1, e.request)
				continue
			}
			p.join(e.request)
		case 2:
			p.complete(e.station)
		case 3:
			p.ongoing[e.request.LB][e.request.server]--
			if p.outcomes != nil {
				o := env.Outcome{Arrival: e.request.Time, Completion: p.now - e.request.Time, Class: e.request.Class, LB: e.request.LB, Server: e.request.server, Failed: e.request.failed}
				if o.Failed {
					o.Completion = p.cfg.Timeout
				}
				p.outcomes.Record(o)
			}
		}
	}
}

// pick is SED, ties at random.
func (p *plainSim) pick(lb int) int {
	best, ties := math.Inf(1), []int(nil)
	for j, s := range p.cfg.Servers {
		switch score := float64(p.ongoing[lb][j]+1) / float64(s.CPUs); {
		case score < best:
			best, ties = score, append(ties[:0], j)
		case score == best:
			ties = append(ties, j)
		}
	}
	if len(ties) == 1 {
		return ties[0]
	}
	return ties[p.ties[lb].IntN(len(ties))]
}

func (p *plainSim) send(kind, direction int, r *plainRequest) {
	delay := p.cfg.LatencyLow + (p.cfg.LatencyHigh-p.cfg.LatencyLow)*p.latency[direction].Float64()
	p.push(plainEvent{time: p.now + delay, kind: kind, request: r})
}

func (p *plainSim) station(r *plainRequest) int {
	return 2*r.server + int(p.cfg.Classes[r.Class].Stages[r.stage].Resource)
}

func (p *plainSim) join(r *plainRequest) {
	k := p.station(r)
	s := &p.stations[k]
	if len(s.tasks) >= s.limit {
		s.waiting = append(s.waiting, r)
		return
	}
	p.advance(s)
	heap.Push(&s.tasks, plainTask{s.v + r.Demand[r.stage], r})
	p.schedule(k)
}

func (p *plainSim) advance(s *plainStation) {
	if len(s.tasks) > 0 {
		s.v += (p.now - s.t) * s.rate()
	}
	s.t = p.now
}

func (p *plainSim) schedule(station int) {
	s := &p.stations[station]
	s.version++
	if len(s.tasks) > 0 {
		p.push(plainEvent{time: p.now + max(0, s.tasks[0].at-s.v)/s.rate(), kind: 2, station: station, version: s.version})
	}
}

func (p *plainSim) complete(station int) {
	p.count++
	s := &p.stations[station]
	p.advance(s)
	r := heap.Pop(&s.tasks).(plainTask).request
	if len(s.waiting) > 0 {
		next := s.waiting[0]
		s.waiting = s.waiting[1:]
		heap.Push(&s.tasks, plainTask{s.v + next.Demand[next.stage], next})
	}
	p.schedule(station)
	if r.stage++; r.stage == len(r.Demand) {
		p.send(3, 1, r)
		return
	}
	p.join(r)
}

// TestPlain: the engine and the plain design agree on web-moderate, request by
// request.
func TestPlain(t *testing.T) {
	t.Parallel()
	cfg := web(t, "sed")
	cfg.Duration = 20
	want, e := episode(t, cfg, 9)
	var got outcomes
	p := newPlain(t, &cfg, 9, &got)
	p.run(t)
	require.Equal(t, e.Events(), p.count)
	require.Len(t, got, len(want))
	for k := range want {
		require.InDelta(t, want[k].Completion, got[k].Completion, 1e-7)
		got[k].Completion = want[k].Completion
		require.Equal(t, want[k], got[k])
	}
}

// BenchmarkPlain is the plain design beside BenchmarkEvents/web-moderate/sed.
func BenchmarkPlain(b *testing.B) {
	cfg := web(b, "sed")
	events := 0
	for k := 0; b.Loop(); k++ {
		p := newPlain(b, &cfg, uint64(k), nil)
		p.run(b)
		events += p.count
	}
	b.ReportMetric(float64(events)/b.Elapsed().Seconds(), "events/s")
	b.ReportMetric(0, "ns/op")
}
