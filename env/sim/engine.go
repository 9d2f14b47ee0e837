package sim

import (
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"strconv"

	"fairlb/env"
	"fairlb/env/dispatch"
	"fairlb/env/observe"
	"fairlb/env/workload"
)

// engine is the state of one episode. Request ids index requests and, times
// the stride, demands; station 2j is server j's CPU, 2j+1 its IO.
type engine struct {
	cfg    *Config
	stride int                   // most stages of any class
	stages [][]workload.Resource // by class

	now    float64
	source workload.Source
	next   workload.Request // the arrival to come; Time +Inf after the last
	change int              // the change to come, index into cfg.Changes

	stations []station
	due      tournament // of the stations' next completions
	packets  heap       // under way; id is request<<1 | reply
	sent     uint32     // packets so far, to break ties

	requests []request
	demands  []float64
	free     []uint32 // ids to use again
	flight   int      // requests between arrival and end

	rules    []dispatch.Rule // by LB
	views    []dispatch.View // by LB; their Ongoing is q_ij
	ongoing  [][][]uint32    // by LB and server, the flows, if observed
	observer []*observe.Observer
	latency  [2]*rand.Rand // of packets to servers and of replies (1)

	held          []int32 // by server, requests that were sent there and are not done
	newCPU, newIO float64 // demands (s) of the request that is being dispatched

	interval env.Interval
	events   int // arrivals and stage completions so far
}

// request is one request in flight.
type request struct {
	arrival float64
	place   uint32 // its index in ongoing[lb][server]
	lb      uint16
	server  uint16
	class   uint8
	stage   uint8
	failed  bool
}

func newEngine(cfg *Config, rules []dispatch.Rule) *engine {
	n := len(cfg.Servers)
	e := &engine{
		cfg:      cfg,
		stride:   workload.MaxStages(cfg.Classes),
		stations: make([]station, 2*n),
		due:      newTournament(2 * n),
		rules:    rules,
		views:    make([]dispatch.View, cfg.LBs),
		held:     make([]int32, n),
	}
	for _, c := range cfg.Classes {
		var resources []workload.Resource
		for _, s := range c.Stages {
			resources = append(resources, s.Resource)
		}
		e.stages = append(e.stages, resources)
	}
	for j, s := range cfg.Servers {
		cpu, io := &e.stations[2*j], &e.stations[2*j+1]
		cpu.procs, cpu.limit = float64(s.CPUs), s.CPUs
		if cfg.CPU == ProcessorSharing {
			cpu.limit = cfg.Workers
		}
		io.procs, io.limit = 1, math.MaxInt
	}
	for i := range e.views {
		e.views[i] = dispatch.View{Ongoing: make([]int32, n), Oracle: e}
		if cfg.Observe {
			e.observer = append(e.observer, observe.New(n))
			e.ongoing = append(e.ongoing, make([][]uint32, n))
		}
	}
	e.next.Demand = make([]float64, e.stride)
	return e
}

// reset begins the episode of the given seed.
func (e *engine) reset(seed uint64) error {
	e.now, e.change, e.flight, e.events, e.sent = 0, 0, 0, 0, 0
	e.interval = env.Interval{}
	e.packets, e.requests, e.demands, e.free = e.packets[:0], e.requests[:0], e.demands[:0], e.free[:0]
	e.due.reset()
	for j, s := range e.cfg.Servers {
		e.stations[2*j].reset(s.Speed)
		e.stations[2*j+1].reset(1)
	}
	clear(e.held)
	e.latency[0] = rand.New(env.Stream(seed, "sim/latency/request"))
	e.latency[1] = rand.New(env.Stream(seed, "sim/latency/reply"))
	for i := range e.views {
		lb := strconv.Itoa(i)
		clear(e.views[i].Ongoing)
		e.views[i].Changed = nil // the first Pick looks at all
		e.views[i].Rand = rand.New(env.Stream(seed, "dispatch/"+lb))
		if e.cfg.Observe {
			e.observer[i].Reset(rand.New(env.Stream(seed, "observe/"+lb)))
			for j := range e.ongoing[i] {
				e.ongoing[i][j] = e.ongoing[i][j][:0]
			}
		}
	}
	if err := e.close(); err != nil {
		return err
	}
	source, err := e.cfg.Workload(seed)
	if err != nil {
		return err
	}
	e.source = source
	return e.fetch()
}

// close closes the source of the episode, if there is one.
func (e *engine) close() error {
	if e.source == nil {
		return nil
	}
	err := e.source.Close()
	e.source = nil
	return err
}

// fetch reads the next arrival; after the last, or the end of the episode's
// duration, none comes.
func (e *engine) fetch() error {
	e.next.Demand = e.next.Demand[:e.stride]
	err := e.source.Next(&e.next)
	if errors.Is(err, io.EOF) || err == nil && e.next.Time > e.cfg.Duration {
		e.next.Time = math.Inf(1)
		return nil
	}
	return err
}

// advance lets the simulation run to time until (s), that moment included.
func (e *engine) advance(until float64) error {
	for {
		station, time := e.due.first()
		const completion, packet, arrival, change = 0, 1, 2, 3
		kind := completion
		if len(e.packets) > 0 && e.packets[0].time < time {
			kind, time = packet, e.packets[0].time
		}
		if e.next.Time < time {
			kind, time = arrival, e.next.Time
		}
		if e.change < len(e.cfg.Changes) && e.cfg.Changes[e.change].At <= time {
			kind, time = change, e.cfg.Changes[e.change].At
		}
		if time > until {
			e.now = until
			return nil
		}
		e.now = time
		switch kind {
		case completion:
			e.completeStage(station)
		case packet:
			p := e.packets.pop()
			if p.id&1 == 1 {
				e.end(p.id >> 1)
			} else {
				e.deliver(p.id >> 1)
			}
		case arrival:
			e.arrive()
			if err := e.fetch(); err != nil {
				return err
			}
		case change:
			x := e.cfg.Changes[e.change]
			e.change++
			e.setSpeed(2*x.Server, x.Speed)
		}
	}
}

// arrive dispatches the request that has just arrived at its LB.
func (e *engine) arrive() {
	r := &e.next
	resources := e.stages[r.Class]
	e.newCPU, e.newIO = 0, 0
	for k, d := range r.Demand {
		if resources[k] == workload.CPU {
			e.newCPU += d
		} else {
			e.newIO += d
		}
	}
	view := &e.views[r.LB]
	server := e.rules[r.LB].Pick(view)
	view.Changed = append(view.Changed[:0], int32(server))

	id := e.allocate()
	x := &e.requests[id]
	*x = request{arrival: r.Time, lb: uint16(r.LB), server: uint16(server), class: uint8(r.Class)}
	copy(e.demands[int(id)*e.stride:], r.Demand)
	view.Ongoing[server]++
	if e.cfg.Observe {
		flows := e.ongoing[r.LB][server]
		x.place = uint32(len(flows))
		e.ongoing[r.LB][server] = append(flows, id)
	}
	e.stations[2*server].work += e.newCPU
	e.stations[2*server+1].work += e.newIO
	e.held[server]++
	e.flight++
	e.events++
	e.interval.Arrived++
	e.send(id, 0)
}

// allocate returns the id of a request slot that is free.
func (e *engine) allocate() uint32 {
	if n := len(e.free); n > 0 {
		id := e.free[n-1]
		e.free = e.free[:n-1]
		return id
	}
	id := uint32(len(e.requests))
	e.requests = append(e.requests, request{})
	for range e.stride {
		e.demands = append(e.demands, 0)
	}
	return id
}

// send puts a packet on its way to the server or, as a reply (1), to the LB.
// Latencies to the servers are drawn in the order of arrivals from a stream of
// their own, so that every dispatch method meets the same.
func (e *engine) send(id, reply uint32) {
	if e.cfg.LatencyHigh == 0 {
		if reply == 1 {
			e.end(id)
		} else {
			e.deliver(id)
		}
		return
	}
	delay := e.cfg.LatencyLow + (e.cfg.LatencyHigh-e.cfg.LatencyLow)*e.latency[reply].Float64()
	e.packets.push(entry{time: e.now + delay, order: e.sent, id: id<<1 | reply})
	e.sent++
}

// deliver lets a request reach its server, which serves it, keeps it in its
// backlog, or refuses it.
func (e *engine) deliver(id uint32) {
	x := &e.requests[id]
	first := e.stationOf(x)
	s := &e.stations[first]
	if s.full() && s.queue.n >= e.cfg.Backlog {
		e.refuse(id)
		return
	}
	e.join(id, first)
}

// refuse fails a request: its client waits until the timeout, its LB learns
// of it by the refusal packet.
func (e *engine) refuse(id uint32) {
	x := &e.requests[id]
	x.failed = true
	for k, resource := range e.stages[x.class] {
		e.stations[2*int(x.server)+int(resource)].work -= e.demands[int(id)*e.stride+k]
	}
	e.letGo(int(x.server))
	e.send(id, 1)
}

// letGo notes that a server is done with a request. A server that has none
// left has no work left either: what rounding made of it is dropped, so that
// idle servers are equal to the Oracle.
func (e *engine) letGo(server int) {
	e.held[server]--
	if e.held[server] == 0 {
		e.stations[2*server].work, e.stations[2*server+1].work = 0, 0
	}
}

// stationOf returns the index of the station that a request's stage needs.
func (e *engine) stationOf(x *request) int {
	return 2*int(x.server) + int(e.stages[x.class][x.stage])
}

// join lets a request into a station, in service or behind those that wait.
func (e *engine) join(id uint32, station int) {
	s := &e.stations[station]
	if s.full() {
		s.queue.push(id)
		return
	}
	s.advance(e.now)
	s.enter(id, e.demands[int(id)*e.stride+int(e.requests[id].stage)])
	e.due.set(station, s.next())
}

// completeStage ends the stage that is due at a station and starts the next
// one, of the request that waited longest there and of the request itself.
func (e *engine) completeStage(station int) {
	e.events++
	s := &e.stations[station]
	s.advance(e.now)
	id := s.leave()
	if s.queue.n > 0 {
		waited := s.queue.pop()
		s.enter(waited, e.demands[int(waited)*e.stride+int(e.requests[waited].stage)])
	}
	e.due.set(station, s.next())

	x := &e.requests[id]
	x.stage++
	if int(x.stage) == len(e.stages[x.class]) {
		e.letGo(int(x.server))
		e.send(id, 1)
		return
	}
	e.join(id, e.stationOf(x))
}

// end closes a request at its LB, which has seen its last packet pass.
func (e *engine) end(id uint32) {
	x := &e.requests[id]
	lb, server := int(x.lb), int(x.server)
	view := &e.views[lb]
	view.Ongoing[server]--
	if view.Changed != nil {
		view.Changed = append(view.Changed, int32(server))
	}
	outcome := env.Outcome{Arrival: x.arrival, Completion: e.now - x.arrival, Class: int(x.class), LB: lb, Server: server, Failed: x.failed}
	if x.failed {
		outcome.Completion = e.cfg.Timeout
		e.interval.Failed++
	} else {
		e.interval.Completed++
	}
	e.interval.CompletionSum += outcome.Completion
	if e.cfg.Observe {
		flows := e.ongoing[lb][server]
		last := flows[len(flows)-1]
		flows[x.place] = last
		e.requests[last].place = x.place
		e.ongoing[lb][server] = flows[:len(flows)-1]
		if !x.failed {
			e.observer[lb].Completed(server, e.now, outcome.Completion)
		}
	}
	if e.cfg.Recorder != nil {
		e.cfg.Recorder.Record(outcome)
	}
	e.free = append(e.free, id)
	e.flight--
}

// setSpeed changes the speed of a station's processors from now on.
func (e *engine) setSpeed(station int, speed float64) {
	s := &e.stations[station]
	s.advance(e.now)
	s.speed = speed
	s.setRate()
	e.due.set(station, s.next())
}

// Finish implements dispatch.Foresight: the larger of the CPU work left over
// the server's processors and its IO work left, the new request included (s).
func (e *engine) Finish(server int) float64 {
	cpu, io := &e.stations[2*server], &e.stations[2*server+1]
	return max((cpu.workAt(e.now)+e.newCPU)/(cpu.procs*cpu.speed), (io.workAt(e.now)+e.newIO)/io.speed)
}

// Held implements dispatch.Foresight.
func (e *engine) Held(server int) int32 { return e.held[server] }
