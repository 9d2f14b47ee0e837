package sim

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"strconv"

	"fairlb/env"
	"fairlb/env/dispatch"
	"fairlb/env/station"
	"fairlb/env/workload"
)

// twin is the same model done naively: plain lists of tasks, each with the
// service it still needs, brought forward event by event; no virtual time, no
// heap, no running sums. The random streams are shared with the engine, and so are
// two of its three rules of dispatch.
type twin struct {
	cfg       *Config
	arrivals  []workload.Request // to come
	changes   []station.Change   // to come
	now       float64
	servers   []twinServer
	packets   []*twinTask // under way
	acks      []twinACK   // under way
	ongoing   [][]int32   // by LB and server
	failedLB  []bool
	rule      twinRule
	ties      []*rand.Rand // by LB, for candidates
	latency   [4]*rand.Rand
	redirects *rand.Rand
	outcomes  outcomes
	told      [][]dispatch.Completion // by LB
}

type twinServer struct {
	speed, cpus, extra   float64
	failed, drained, out bool
	failsFast            bool
	cpu, io              []*twinTask // in service
	waiting              []*twinTask
	used                 float64
}

type twinTask struct {
	request   workload.Request
	stage     int
	remaining float64 // s of service at nominal speed
	server    int
	due       float64 // of its packet
	reply     bool    // its packet goes to the LB
	lost      bool    // it has failed
	ended     bool    // its client was told
	retries   int     // SYNs after the first
	counted   bool    // its LB counts it
	orphan    bool    // its LB has failed
	gone      bool    // its LB has ended it
}

// twinACK is the packet after which an LB counts a task.
type twinACK struct {
	task *twinTask
	due  float64
}

func newTwin(cfg *Config, arrivals []workload.Request, seed uint64, rule twinRule) *twin {
	w := &twin{cfg: cfg, arrivals: arrivals, changes: cfg.ChangesOf(seed), rule: rule, failedLB: make([]bool, cfg.LBs)}
	for _, s := range cfg.Servers {
		w.servers = append(w.servers, twinServer{speed: s.Speed, cpus: float64(s.CPUs)})
	}
	for lb := range cfg.LBs {
		w.ongoing = append(w.ongoing, make([]int32, len(cfg.Servers)))
		w.told = append(w.told, nil)
		w.ties = append(w.ties, rand.New(env.Stream(seed, "dispatch/"+strconv.Itoa(lb))))
	}
	for k, name := range []string{"sim/latency/request", "sim/latency/reply", "sim/latency/ack", "sim/latency/retry"} {
		w.latency[k] = rand.New(env.Stream(seed, name))
	}
	w.redirects = rand.New(env.Stream(seed, "sim/redirect"))
	return w
}

// rate is the speed of each task in CPU service.
func (w *twin) rate(s *twinServer) float64 {
	n := len(s.cpu) + int(s.extra)
	return s.speed * w.throughput(n, int(s.cpus)) / float64(n)
}

// throughput gives the threads of the cores one task each, idle cores first, and adds
// up what they do.
func (w *twin) throughput(tasks, cpus int) float64 {
	threads := max(1, w.cfg.Processors.ThreadsPerCore)
	cores := 0
	for cores*threads < cpus {
		cores++
	}
	work := 0.0
	for k := range min(tasks, cpus) {
		if k < cores {
			work++
		} else {
			work += w.cfg.Processors.ThreadGain
		}
	}
	for k := cpus; k < tasks; k++ {
		if k == cpus {
			work /= 1 + w.cfg.Processors.Contention*float64(tasks-cpus)
		}
	}
	return work
}

// held is the number of workers that have a request, where these are held.
func (s *twinServer) held() int { return len(s.cpu) + len(s.io) }

// limit is the number of CPU tasks that server j serves at once.
func (w *twin) limit(j int) int {
	if w.cfg.CPU == station.FIFO {
		return int(w.servers[j].cpus)
	}
	return w.cfg.Workers
}

// advance runs to the time until.
func (w *twin) advance(until float64) {
	for {
		// What comes next: a completion, a packet, an arrival, a change, or the end.
		next := until
		var do func()
		for j := range w.servers {
			s := &w.servers[j]
			for _, x := range s.cpu {
				if at := w.now + x.remaining/w.rate(s); at < next {
					next, do = at, func() { w.complete(x) }
				}
			}
			for _, x := range s.io {
				if at := w.now + x.remaining*float64(len(s.io)); at < next {
					next, do = at, func() { w.complete(x) }
				}
			}
		}
		for _, x := range w.packets {
			if x.due < next {
				next, do = x.due, func() { w.receive(x) }
			}
		}
		for k, a := range w.acks {
			if a.due < next {
				next, do = a.due, func() {
					w.acks = slices.Delete(w.acks, k, k+1)
					w.count(a.task)
				}
			}
		}
		if len(w.arrivals) > 0 && w.arrivals[0].Time < next {
			next, do = w.arrivals[0].Time, func() {
				r := w.arrivals[0]
				w.arrivals = w.arrivals[1:]
				w.arrive(r)
			}
		}
		if len(w.changes) > 0 && w.changes[0].At <= next {
			next, do = w.changes[0].At, func() {
				x := w.changes[0]
				w.changes = w.changes[1:]
				w.apply(x)
			}
		}
		w.serve(next - w.now)
		w.now = next
		if do == nil {
			return
		}
		do()
	}
}

// serve gives every task in service its part of dt.
func (w *twin) serve(dt float64) {
	for j := range w.servers {
		s := &w.servers[j]
		s.used += dt * min(s.cpus, float64(len(s.cpu))+s.extra)
		rate := w.rate(s)
		for _, x := range s.cpu {
			x.remaining -= dt * rate
		}
		for _, x := range s.io {
			x.remaining -= dt / float64(len(s.io))
		}
	}
}

func (w *twin) arrive(r workload.Request) {
	x := &twinTask{request: r, remaining: r.Demand[0], server: -1}
	x.request.LB = w.redirect(r.LB)
	if x.request.LB < 0 || !slices.ContainsFunc(w.servers, func(s twinServer) bool { return !s.out }) {
		x.request.LB = r.LB
		w.recordOutcome(x, w.cfg.Timeout, true)
		return
	}
	lb := x.request.LB
	in := func(j int) bool { return !w.servers[j].out }
	switch w.rule {
	case soonestFinish:
		x.server = soonest(len(w.servers), func(j int) float64 { return w.finish(j, r) }, in)
	case pluginTies:
		x.server = w.candidateOrFirst(lb, in)
	default:
		x.server = shortest(w.ongoing[lb], in)
	}
	if !w.cfg.CountEstablished {
		w.count(x)
	}
	w.send(x)
}

// count lets the LB of a task count it, if there is anything left to count.
func (w *twin) count(x *twinTask) {
	if !x.orphan && !x.gone {
		x.counted = true
		w.ongoing[x.request.LB][x.server]++
	}
}

// draw draws a latency.
func (w *twin) draw(stream int) float64 {
	if w.cfg.LatencyHigh == 0 {
		return 0
	}
	return w.cfg.LatencyLow + (w.cfg.LatencyHigh-w.cfg.LatencyLow)*w.latency[stream].Float64()
}

// redirect returns the LB that takes the requests of an LB that has failed.
func (w *twin) redirect(lb int) int {
	if !w.failedLB[lb] {
		return lb
	}
	var left []int
	var shares []float64
	total := 0.0
	for i, down := range w.failedLB {
		if !down {
			share := 1.0
			if len(w.cfg.Shares) > 0 {
				share = w.cfg.Shares[i]
			}
			left, shares, total = append(left, i), append(shares, share), total+share
		}
	}
	if len(left) == 0 {
		return -1
	}
	u := w.redirects.Float64() * total
	for k, i := range left {
		if u < shares[k] {
			return i
		}
		u -= shares[k]
	}
	return left[len(left)-1]
}

// send puts a task's packet on its way.
func (w *twin) send(x *twinTask) {
	x.due = w.now
	if w.cfg.LatencyHigh > 0 {
		direction := 0
		if x.reply {
			direction = 1
		}
		x.due += w.draw(direction)
		w.packets = append(w.packets, x)
		return
	}
	w.receive(x)
}

// receive is the end of a packet's way.
func (w *twin) receive(x *twinTask) {
	w.packets = slices.DeleteFunc(w.packets, func(y *twinTask) bool { return y == x })
	if x.reply {
		w.end(x)
		if !x.ended {
			w.recordOutcome(x, w.now-x.request.Time, x.lost)
		}
		return
	}
	if x.retries > 0 && x.orphan {
		return // nobody waits for it
	}
	s := &w.servers[x.server]
	x.reply = true // but for another SYN, the next packet is one
	busy := w.resource(x) == workload.CPU && len(s.cpu) >= w.limit(x.server)
	if w.cfg.Prefork {
		busy = s.held() >= w.cfg.Workers
	}
	refused := s.failed || s.failsFast || busy && len(s.waiting) >= w.cfg.Backlog
	if w.cfg.CountEstablished {
		if ack := (twinACK{x, w.now + w.draw(2)}); !refused && w.cfg.LatencyHigh > 0 {
			w.acks = append(w.acks, ack)
		} else if !refused {
			w.count(x)
		}
	}
	switch {
	case s.failsFast && !s.failed:
		w.lose(x)
	case refused:
		w.tryAgain(x)
	case w.cfg.Prefork && busy:
		s.waiting = append(s.waiting, x)
	default:
		w.join(x)
	}
}

// end lets the LB of a task see that it has ended.
func (w *twin) end(x *twinTask) {
	x.gone = true
	if x.orphan {
		return
	}
	lb := x.request.LB
	if !x.counted {
		w.ongoing[lb][x.server]++
	}
	w.told[lb] = append(w.told[lb], dispatch.Completion{Server: x.server, Now: w.now, Duration: w.now - x.request.Time, Ongoing: w.ongoing[lb][x.server], Failed: x.lost})
	w.ongoing[lb][x.server]--
}

// tryAgain sends the SYN of a task that was refused again, as long as there is time.
func (w *twin) tryAgain(x *twinTask) {
	after := 0.0
	for k, gap := range w.cfg.SYNRetries {
		after += gap
		if k == x.retries && after < w.cfg.Timeout && !x.orphan {
			x.retries++
			x.reply = false
			x.due = max(w.now, x.request.Time+after) + w.draw(3)
			w.packets = append(w.packets, x)
			return
		}
	}
	w.lose(x)
}

// lose fails a task. Its LB learns of it by a packet or, at last, by its age.
func (w *twin) lose(x *twinTask) {
	x.lost = true
	if !w.cfg.UnseenRefusals || x.orphan {
		w.send(x)
		return
	}
	w.recordOutcome(x, 0, true)
	x.due = max(w.now, x.request.Time+w.cfg.Timeout)
	w.packets = append(w.packets, x)
}

// arriving says whether a packet is that of a task's first SYN.
func (x *twinTask) arriving() bool { return !x.reply && x.retries == 0 }

func (w *twin) resource(x *twinTask) workload.Resource {
	return w.cfg.Classes[x.request.Class].Stages[x.stage].Resource
}

func (w *twin) join(x *twinTask) {
	s := &w.servers[x.server]
	x.remaining = x.request.Demand[x.stage]
	switch {
	case w.resource(x) == workload.IO:
		s.io = append(s.io, x)
	case len(s.cpu) < w.limit(x.server):
		s.cpu = append(s.cpu, x)
	default:
		s.waiting = append(s.waiting, x)
	}
}

func (w *twin) complete(x *twinTask) {
	s := &w.servers[x.server]
	is := func(y *twinTask) bool { return y == x }
	s.io = slices.DeleteFunc(s.io, is)
	s.cpu = slices.DeleteFunc(s.cpu, is)
	if !w.cfg.Prefork {
		w.fill(x.server)
	}
	if x.stage++; x.stage < len(x.request.Demand) {
		w.join(x)
		return
	}
	w.fill(x.server)
	w.send(x)
}

// fill lets those that wait into service, as far as there is room.
func (w *twin) fill(j int) {
	s := &w.servers[j]
	for w.cfg.Prefork && len(s.waiting) > 0 && s.held() < w.cfg.Workers {
		x := s.waiting[0]
		s.waiting = s.waiting[1:]
		w.join(x)
	}
	for len(s.waiting) > 0 && len(s.cpu) < w.limit(j) && !w.cfg.Prefork {
		s.cpu = append(s.cpu, s.waiting[0])
		s.waiting = s.waiting[1:]
	}
}

// recordOutcome ends a request for its client.
func (w *twin) recordOutcome(x *twinTask, completion float64, failed bool) {
	x.ended = true
	if failed {
		completion = w.cfg.Timeout
	}
	w.outcomes.Record(env.Outcome{Arrival: x.request.Time, Completion: completion, Class: x.request.Class, LB: x.request.LB, Server: x.server, Failed: failed})
}

// apply makes one change.
func (w *twin) apply(c station.Change) {
	s := &w.servers[min(c.Index, len(w.servers)-1)]
	switch c.Kind {
	case station.SetSpeed:
		s.speed = c.Value
	case station.SetCPUs:
		s.cpus = c.Value
		w.fill(c.Index)
	case station.SetBackground:
		s.extra = c.Value
	case station.Drain:
		s.drained, s.out = true, true
	case station.Fail:
		s.failed = true
		lost := slices.Concat(s.cpu, s.io, s.waiting)
		slices.SortStableFunc(lost, func(a, b *twinTask) int { return cmp.Compare(a.request.Time, b.request.Time) })
		s.cpu, s.io, s.waiting = nil, nil, nil
		for _, x := range lost {
			x.reply = true
			w.lose(x)
		}
	case station.Detect:
		s.out = s.out || s.failed
	case station.Return:
		s.failed, s.failsFast, s.drained, s.out = false, false, false, false
	case station.FailFast:
		s.failsFast = true
	case station.FailLB:
		if w.failedLB[c.Index] {
			return
		}
		w.failedLB[c.Index] = true
		clear(w.ongoing[c.Index])
		all := slices.Clone(w.packets)
		for _, s := range w.servers {
			all = slices.Concat(all, s.cpu, s.io, s.waiting)
		}
		for _, x := range all {
			if x.request.LB != c.Index {
				continue
			}
			if x.orphan = true; !x.ended {
				w.recordOutcome(x, 0, true)
			}
		}
	case station.ReturnLB:
		w.failedLB[c.Index] = false
	}
}
