package station

import (
	"math"

	"fairlb/env/argmin"
	"fairlb/env/workload"
)

// Pool is the servers and the requests that they have. A request has an id that its
// owner gives it, best a small one, since what the pool knows of requests is indexed
// by them. Server j has two stations: 2j serves CPU stages, 2j+1 IO.
//
// Times never decrease from one call to the next, and no call is later than the next
// completion: that comes first.
type Pool struct {
	cfg    Config
	stride int                   // the largest number of stages of any path
	paths  [][]workload.Resource // by path and stage, what the stage needs

	stations    []Station
	workers     []workerPool // by server; none unless Config.Prefork
	nextKeys    []uint64     // by station, the key (package argmin) of the time of its next completion
	completions tournament   // finds the server with the earliest completion

	tasks   []task    // by request
	demands []float64 // s, by request and stage
}

// task is what the pool knows of one request.
type task struct {
	server uint16
	path   uint8
	stage  uint8 // the stage that it is in, or goes to next
}

// NewPool returns the servers of a valid configuration. paths are the stages that
// requests may go through, at most 255 paths of at most 255 stages each. Reset must
// follow.
func NewPool(cfg Config, paths [][]workload.Resource) *Pool {
	n := len(cfg.Servers)
	p := &Pool{cfg: cfg, paths: paths, stations: make([]Station, 2*n), nextKeys: make([]uint64, 2*n), completions: newTournament(n)}
	for _, path := range paths {
		p.stride = max(p.stride, len(path))
	}
	if cfg.Prefork {
		p.workers = make([]workerPool, n)
	}
	return p
}

// Reset empties the servers and gives them what is configured.
func (p *Pool) Reset() {
	p.tasks, p.demands = p.tasks[:0], p.demands[:0]
	p.completions.reset()
	for k := range p.nextKeys {
		p.nextKeys[k] = argmin.Infinity
	}
	for j, s := range p.cfg.Servers {
		limit := s.CPUs
		if p.cfg.CPU == ProcessorSharing {
			limit = p.cfg.Workers
		}
		p.stations[2*j].reset(s.Speed, s.CPUs, limit, p.cfg.Processors)
		p.stations[2*j+1].reset(1, 1, math.MaxInt, Processors{})
	}
	for j := range p.workers {
		p.workers[j].reset()
	}
}

// Prepare begins a request that is to go through a path, and returns its demands (s),
// one a stage, which the caller fills.
func (p *Pool) Prepare(id uint32, path int) []float64 {
	for int(id) >= len(p.tasks) {
		p.tasks = append(p.tasks, task{})
		for range p.stride {
			p.demands = append(p.demands, 0)
		}
	}
	p.tasks[id] = task{path: uint8(path)}
	base := int(id) * p.stride
	return p.demands[base : base+len(p.paths[path])]
}

// Send sends a prepared request to a server, among whose work it is from now on. cpu
// and io are the sums of its demands (s).
func (p *Pool) Send(id uint32, server int, cpu, io float64) {
	p.tasks[id].server = uint16(server)
	p.stations[2*server].work += cpu
	p.stations[2*server+1].work += io
}

// AddWork adds the demands of a request, times sign, to the work of its server: 1 for
// one that comes back, -1 for one that was refused.
func (p *Pool) AddWork(id uint32, sign float64) {
	x := &p.tasks[id]
	for k, resource := range p.paths[x.path] {
		p.stations[2*int(x.server)+int(resource)].work += sign * p.demands[int(id)*p.stride+k]
	}
}

// ClearWork notes that a server has no request left, nor one on its way to it: what
// rounding left of its work is set to 0, so that idle servers are equal.
func (p *Pool) ClearWork(server int) {
	p.stations[2*server].work, p.stations[2*server+1].work = 0, 0
}

// HasRoom says whether a request's server can serve it or let it wait.
func (p *Pool) HasRoom(id uint32) bool {
	x := &p.tasks[id]
	if p.cfg.Prefork {
		w := &p.workers[x.server]
		return w.held < p.cfg.Workers || w.waiting.n < p.cfg.Backlog
	}
	s := &p.stations[p.stationOf(x)]
	return !s.full() || s.queue.n < p.cfg.Backlog
}

// Arrive lets a request reach its server, which must have room for it: it serves it,
// or puts it into its backlog.
func (p *Pool) Arrive(now float64, id uint32) {
	if p.cfg.Prefork {
		p.takeWorker(now, id)
		return
	}
	p.enqueue(now, id, p.stationOf(&p.tasks[id]))
}

// NextCompletion returns the time (s) of the next completion of a stage, +Inf if no
// request is in service.
func (p *Pool) NextCompletion() float64 { return p.completions.time() }

// Complete ends the stage that is due next, now. The request that has waited longest
// at the station takes its place, and the request itself goes to its next stage. After
// its last it is done, and a worker that it held is free for another.
func (p *Pool) Complete(now float64) (id uint32, done bool) {
	station := 2 * p.completions.first()
	if p.nextKeys[station+1] < p.nextKeys[station] {
		station++
	}
	s := &p.stations[station]
	s.advance(now)
	id = s.leave()
	if s.queue.n > 0 && !s.full() {
		p.serveNext(s)
	}
	p.scheduleCompletion(station)

	x := &p.tasks[id]
	x.stage++
	if int(x.stage) < len(p.paths[x.path]) {
		p.enqueue(now, id, p.stationOf(x))
		return id, false
	}
	if p.cfg.Prefork {
		p.releaseWorker(now, int(x.server))
	}
	return id, true
}

// Fail empties a server, and returns lost with the requests appended that it had, in
// no particular order.
func (p *Pool) Fail(now float64, server int, lost []uint32) []uint32 {
	for k := range 2 {
		s := &p.stations[2*server+k]
		s.advance(now)
		for _, x := range s.busy.Entries() {
			lost = append(lost, x.ID)
		}
		for s.queue.n > 0 {
			lost = append(lost, s.queue.pop())
		}
		s.clear()
		p.scheduleCompletion(2*server + k)
	}
	if p.cfg.Prefork {
		w := &p.workers[server]
		for w.waiting.n > 0 {
			lost = append(lost, w.waiting.pop())
		}
		w.reset()
	}
	return lost
}

// CPU returns a server's CPU station.
func (p *Pool) CPU(server int) *Station { return &p.stations[2*server] }

// IO returns a server's IO station.
func (p *Pool) IO(server int) *Station { return &p.stations[2*server+1] }

// Waiting returns the number of requests that wait at a server for a processor or a
// worker.
func (p *Pool) Waiting(server int) int {
	n := p.stations[2*server].queue.n
	if p.cfg.Prefork {
		n += p.workers[server].waiting.n
	}
	return n
}

// Held returns the number of workers that have a request; of servers that are not
// prefork, the number of tasks in CPU service.
func (p *Pool) Held(server int) int {
	if p.cfg.Prefork {
		return p.workers[server].held
	}
	return p.stations[2*server].Busy()
}

// stationOf returns the index of the station that a request's present stage needs.
func (p *Pool) stationOf(x *task) int {
	return 2*int(x.server) + int(p.paths[x.path][x.stage])
}

// enqueue puts a request into service at a station, or behind those that wait
// there.
func (p *Pool) enqueue(now float64, id uint32, station int) {
	s := &p.stations[station]
	if s.full() {
		s.queue.push(id)
		return
	}
	s.advance(now)
	s.enter(id, p.demandOf(id))
	p.scheduleCompletion(station)
}

// demandOf returns the demand (s) of the stage that a request is in.
func (p *Pool) demandOf(id uint32) float64 {
	return p.demands[int(id)*p.stride+int(p.tasks[id].stage)]
}

// serveNext puts the request that has waited longest at a station into service.
// The station must have been advanced, and not be full.
func (p *Pool) serveNext(s *Station) {
	id := s.queue.pop()
	s.enter(id, p.demandOf(id))
}

// scheduleCompletion notes when the next task of a station completes.
func (p *Pool) scheduleCompletion(station int) {
	key := argmin.Key(p.stations[station].nextCompletion())
	p.nextKeys[station] = key
	p.completions.set(station>>1, min(key, p.nextKeys[station^1]))
}
