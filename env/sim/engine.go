package sim

import (
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"strconv"

	"fairlb/env"
	"fairlb/env/argmin"
	"fairlb/env/balancer"
	"fairlb/env/dispatch"
	"fairlb/env/workload"
)

// engine is the state of one episode. Request ids index requests and, times
// the stride, demands; station 2j is server j's CPU, 2j+1 its IO.
type engine struct {
	cfg    *Config
	stride int                   // most stages of any class
	stages [][]workload.Resource // by class

	now     float64
	source  workload.Source
	next    workload.Request // the arrival to come; Time +Inf after the last
	changes []Change         // of the episode
	change  int              // the change to come, index into changes
	sample  float64          // s, the next moment at which the true load is sampled; +Inf: never
	aside   float64          // s, the next change or sample

	stations []station
	nexts    []uint64   // by station, the key of the time of its next completion
	due      tournament // of the servers' next completions
	packets  agenda     // under way to servers, by request
	replies  agenda     // under way to LBs, which look at them when they must (settle)
	sent     uint32     // packets so far, to break ties

	requests []request
	demands  []float64
	free     []uint32 // ids to use again
	sentIn   []uint32 // by request, the step that it was sent in; none unless flows are kept
	flight   int      // requests between arrival and end

	balancers []*balancer.Balancer // by LB
	latency   [2]stream            // of packets to servers and of replies (1)

	pool          pool
	held          []int32 // by server, requests that were sent there and are not done
	heldLog       heldLog
	newCPU, newIO float64 // demands (s) of the request that is being dispatched
	reports       reports

	interval env.Interval
	flows    []env.Flow // that ended in the interval, if they are kept
	step     int        // the step that runs
	truth    env.Truth  // for the sampler
	events   int        // arrivals and stage completions so far
}

// request is one request in flight.
type request struct {
	arrival float64
	flow    balancer.FlowID // at its LB
	lb      uint16
	server  uint16
	class   uint8
	stage   uint8
	state   requestState
}

// requestState is what becomes of a request.
type requestState uint8

const (
	unused  requestState = iota // the slot is free
	running                     // under way, waiting or in service
	failed                      // refused, or lost with its server; its LB hears of it
	orphan                      // lost with its LB: ended for its client, but not for its server
)

func newEngine(cfg *Config, rules []dispatch.Rule) *engine {
	n := len(cfg.Servers)
	e := &engine{
		cfg:      cfg,
		stride:   workload.MaxStages(cfg.Classes),
		stations: make([]station, 2*n),
		nexts:    make([]uint64, 2*n),
		due:      newTournament(n),
		held:     make([]int32, n),
		pool:     newPool(cfg),
		reports:  newReports(n),
	}
	for _, c := range cfg.Classes {
		var resources []workload.Resource
		for _, s := range c.Stages {
			resources = append(resources, s.Resource)
		}
		e.stages = append(e.stages, resources)
	}
	for _, rule := range rules {
		e.balancers = append(e.balancers, balancer.New(balancer.Config{Servers: n, Rule: rule, Observe: cfg.Observe, Reports: e, Global: e}))
		if _, ok := rule.(dispatch.OutstandingLogReader); ok {
			e.heldLog.on = true
		}
	}
	e.next.Demand = make([]float64, e.stride)
	return e
}

// reset begins the episode of the given seed.
func (e *engine) reset(seed uint64) error {
	e.now, e.change, e.flight, e.events, e.sent = 0, 0, 0, 0, 0
	e.interval = env.Interval{}
	e.requests, e.demands, e.free = e.requests[:0], e.demands[:0], e.free[:0]
	e.sentIn, e.flows, e.step = e.sentIn[:0], e.flows[:0], 0
	e.packets.reset()
	e.replies.reset()
	e.due.reset()
	for k := range e.nexts {
		e.nexts[k] = argmin.Infinity
	}
	for j, s := range e.cfg.Servers {
		limit := s.CPUs
		if e.cfg.CPU == ProcessorSharing {
			limit = e.cfg.Workers
		}
		e.stations[2*j].reset(s.Speed, s.CPUs, limit)
		e.stations[2*j+1].reset(1, 1, math.MaxInt)
	}
	clear(e.held)
	e.heldLog.next, e.heldLog.first = 0, 0
	e.pool.reset(seed)
	e.reports.reset()
	e.changes = e.cfg.schedule(seed)
	e.sample = math.Inf(1)
	if e.cfg.Sampler != nil {
		e.sample = 0
	}
	e.lookAside()
	for k, name := range []string{"sim/latency/request", "sim/latency/reply"} {
		e.latency[k] = newStream(seed, name)
	}
	for i, b := range e.balancers {
		lb := strconv.Itoa(i)
		b.Reset(env.Stream(seed, "dispatch/"+lb), env.Stream(seed, "observe/"+lb))
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

// stream is a random stream whose state can be saved.
type stream struct {
	*rand.Rand
	pcg *rand.PCG
}

func newStream(seed uint64, name string) stream {
	pcg := env.Stream(seed, name)
	return stream{rand.New(pcg), pcg}
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
	if err == nil && e.next.Time <= e.cfg.Duration {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		e.next.Time, e.next.Demand = math.Inf(1), e.next.Demand[:0]
		return nil
	}
	return err
}

// advance lets the simulation run to time until (s), that moment included.
func (e *engine) advance(until float64) error {
	for {
		time := e.due.time()
		const completion, packet, arrival, aside = 0, 1, 2, 3
		kind := completion
		if e.packets.len() > 0 && e.packets.first().time < time {
			kind, time = packet, e.packets.first().time
		}
		if e.next.Time < time {
			kind, time = arrival, e.next.Time
		}
		if e.aside <= time {
			kind, time = aside, e.aside
		}
		if time > until {
			e.now = until
			e.settle()
			return nil
		}
		e.now = time
		switch kind {
		case completion:
			station := 2 * e.due.first()
			if e.nexts[station+1] < e.nexts[station] {
				station++
			}
			e.completeStage(station)
		case packet:
			e.deliver(e.packets.pop().id)
		case arrival:
			e.settle()
			e.arrive()
			if err := e.fetch(); err != nil {
				return err
			}
		case aside:
			e.stepAside()
		}
	}
}

// stepAside does what comes from outside of the flow of requests: the change
// or the sample that is due.
func (e *engine) stepAside() {
	e.settle()
	if e.change < len(e.changes) && e.changes[e.change].At <= e.now {
		e.change++
		e.apply(e.changes[e.change-1])
	} else {
		e.look(&e.truth)
		e.cfg.Sampler.Sample(e.now, &e.truth)
		e.sample = e.cfg.SampleInterval * math.Round(e.now/e.cfg.SampleInterval+1)
	}
	e.lookAside()
}

// lookAside finds the time of the next change or sample.
func (e *engine) lookAside() {
	e.aside = e.sample
	if e.change < len(e.changes) {
		e.aside = min(e.aside, e.changes[e.change].At)
	}
}
