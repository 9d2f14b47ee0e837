package sim

import (
	"context"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"strconv"

	"fairlb/env"
	"fairlb/env/balancer"
	"fairlb/env/dispatch"
	"fairlb/env/eventqueue"
	"fairlb/env/station"
	"fairlb/env/workload"
)

// engine is the state of one episode.
//
// A request in flight has an id, which indexes requests, and by which the servers
// know it, too.
type engine struct {
	cfg    *Config
	stages [][]workload.Resource // by class and stage, what the stage needs

	now          float64 // s
	source       workload.Source
	arrival      workload.Request // the next request to arrive; its Time is +Inf after the last
	changes      []station.Change // all changes of the episode, in order of time
	nextChange   int              // index into changes of the next one
	nextSample   float64          // s, when the true state is sampled next; +Inf: never
	nextExternal float64          // s, the earliest of the next change, sample and message of a server

	servers     *station.Pool
	toServers   eventqueue.Queue // requests on their way to a server
	toLBs       eventqueue.Queue // replies on their way to an LB (see processReplies)
	packetsSent uint32           // so far; of packets due at one time the one sent first goes first
	dispatched  uint32           // requests so far; it may wrap around

	requests []request
	free     []uint32 // ids without a request
	stepOf   []uint32 // by request, the step in which it was dispatched; empty unless Config.Flows
	inFlight int      // requests that have arrived and not ended

	balancers []*balancer.Balancer // by LB
	latency   [2]*rand.Rand        // draw the latencies of requests (0) and of replies (1)

	hasConnections bool // connections keeps anything
	connections    connections

	members        membership
	outstanding    []int32 // by server, requests that were sent there and are not done
	outstandingLog outstandingLog
	arrivingCPU    float64 // s, the CPU demand of the request that is being dispatched
	arrivingIO     float64 // s, its IO demand
	reports        serverReports
	tellings       tellings

	interval    env.Interval
	endedFlows  []env.Flow           // those that ended in the interval; empty unless Config.Flows
	currentStep int                  // the step that runs
	counts      [][]env.ServerCounts // by LB and server, of the interval; nil unless Config.Counts
	truth       env.Truth            // what the sampler is shown
	events      int                  // arrivals and stage completions so far
}

// request is one request in flight.
type request struct {
	arrival float64         // s
	flow    balancer.FlowID // what its LB calls it
	number  uint32          // engine.dispatched when it arrived: those of one time arrived in this order
	lb      uint16
	server  uint16
	class   uint8
	state   requestState
}

// requestState says how a request will end.
type requestState uint8

const (
	vacant requestState = iota // the id has no request
	active                     // it is under way, waits or is in service
	failed                     // it was refused, or its server failed; its LB has yet to hear of it
	unseen                     // it has failed and its client knows, but its LB keeps the flow until its timeout
	orphan                     // its LB failed: it has ended for its client, but its server still works on it
)

func newEngine(cfg *Config, rules []dispatch.Rule) *engine {
	n := len(cfg.Servers)
	e := &engine{
		cfg:         cfg,
		outstanding: make([]int32, n),
		connections: newConnections(cfg),
		members:     newMembership(cfg),
		reports:     newServerReports(n),
	}
	e.hasConnections = cfg.CountEstablished || len(e.connections.retryAfter) > 0
	for _, c := range cfg.Classes {
		var resources []workload.Resource
		for _, s := range c.Stages {
			resources = append(resources, s.Resource)
		}
		e.stages = append(e.stages, resources)
	}
	e.servers = station.NewPool(cfg.Config, e.stages)
	for _, rule := range rules {
		e.balancers = append(e.balancers, balancer.New(balancer.Config{Servers: n, Rule: rule, Observe: cfg.Observe, CountEstablished: cfg.CountEstablished, Reports: e, Global: e, Told: cfg.told(), Classes: cfg.classesSeen()}))
		if _, ok := rule.(dispatch.OutstandingLogReader); ok {
			e.outstandingLog.enabled = true
		}
	}
	e.arrival.Demand = make([]float64, workload.MaxStages(cfg.Classes))
	return e
}

// reset begins the episode of the given seed.
func (e *engine) reset(seed uint64) error {
	e.now, e.nextChange, e.inFlight, e.events, e.packetsSent, e.dispatched = 0, 0, 0, 0, 0, 0
	e.interval = env.Interval{}
	e.requests, e.free = e.requests[:0], e.free[:0]
	e.stepOf, e.endedFlows, e.currentStep = e.stepOf[:0], e.endedFlows[:0], 0
	e.resetCounts()
	e.toServers.Reset()
	e.toLBs.Reset()
	e.servers.Reset()
	clear(e.outstanding)
	e.outstandingLog.next, e.outstandingLog.first = 0, 0
	e.connections.reset(seed)
	e.members.reset(seed)
	e.reports.reset()
	e.tellings.reset(seed, e.cfg.TellEvery, len(e.cfg.Servers))
	e.changes = e.cfg.ChangesOf(seed)
	switch sampler := e.cfg.Sampler.(type) {
	case nil:
		e.nextSample = math.Inf(1)
	case env.ScheduledSampler:
		e.nextSample = sampler.NextSample()
	default:
		e.nextSample = 0
	}
	e.scheduleExternal()
	for k, name := range []string{"sim/latency/request", "sim/latency/reply"} {
		e.latency[k] = rand.New(env.Stream(seed, name))
	}
	for i, b := range e.balancers {
		lb := strconv.Itoa(i)
		b.Reset(env.Stream(seed, "dispatch/"+lb), env.Stream(seed, "observe/"+lb))
	}
	if err := e.closeSource(); err != nil {
		return err
	}
	source, err := e.cfg.Workload(seed)
	if err != nil {
		return err
	}
	e.source = source
	return e.readArrival()
}

// closeSource closes the source of the episode, if there is one.
func (e *engine) closeSource() error {
	if e.source == nil {
		return nil
	}
	err := e.source.Close()
	e.source = nil
	return err
}

// readArrival reads the next arrival. After the last request of the source, and
// after the episode's duration, none comes.
func (e *engine) readArrival() error {
	e.arrival.Demand = e.arrival.Demand[:cap(e.arrival.Demand)]
	err := e.source.Next(&e.arrival)
	if err == nil && e.arrival.Time <= e.cfg.Duration {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		e.arrival.Time, e.arrival.Demand = math.Inf(1), e.arrival.Demand[:0]
		return nil
	}
	return err
}

// eventKind is what happens next.
type eventKind uint8

const (
	stageCompletion eventKind = iota
	packetAtServer
	requestArrival
	externalEvent // a change, a sample of the true state, or a message of a server to LBs
)

// pollEvery is the number of events after which advance looks whether it is to
// stop: some milliseconds.
const pollEvery = 1 << 14

// advance runs the simulation up to the time until (s), that moment included. Of
// events at one time, changes and samples go first, then completions, packets and
// arrivals, in this order. Between two looks at ctx are pollEvery events: a
// single step may have any number of them.
func (e *engine) advance(ctx context.Context, until float64) error {
	for n := 1; ; n++ {
		if n%pollEvery == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		time := e.servers.NextCompletion()
		kind := stageCompletion
		if e.toServers.Len() > 0 && e.toServers.First().Time < time {
			kind, time = packetAtServer, e.toServers.First().Time
		}
		if e.arrival.Time < time {
			kind, time = requestArrival, e.arrival.Time
		}
		if e.nextExternal <= time {
			kind, time = externalEvent, e.nextExternal
		}
		if time > until {
			e.now = until
			e.processReplies()
			return nil
		}
		e.now = time
		switch kind {
		case stageCompletion:
			e.completeStage()
		case packetAtServer:
			e.deliver(e.toServers.Pop().ID)
		case requestArrival:
			e.processReplies()
			e.processArrival()
			if err := e.readArrival(); err != nil {
				return err
			}
		case externalEvent:
			e.processExternal()
		}
	}
}

// processExternal makes the change, takes the sample or sends the messages that are due.
func (e *engine) processExternal() {
	e.processReplies()
	switch {
	case e.nextChange < len(e.changes) && e.changes[e.nextChange].At <= e.now:
		e.nextChange++
		e.applyChange(e.changes[e.nextChange-1])
	case e.nextSample > e.now:
		e.tell()
	default:
		e.readTruth(&e.truth)
		e.cfg.Sampler.Sample(e.now, &e.truth)
		if sampler, ok := e.cfg.Sampler.(env.ScheduledSampler); ok {
			e.nextSample = max(e.now, sampler.NextSample())
		} else {
			e.nextSample = e.cfg.SampleInterval * math.Round(e.now/e.cfg.SampleInterval+1)
		}
	}
	e.scheduleExternal()
}

// scheduleExternal finds the time of the next change, sample or message of a server.
func (e *engine) scheduleExternal() {
	e.nextExternal = min(e.nextSample, e.tellings.next)
	if e.nextChange < len(e.changes) {
		e.nextExternal = min(e.nextExternal, e.changes[e.nextChange].At)
	}
}
