package plane

import (
	"fmt"
	"maps"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"fairlb/env/observe"
	"fairlb/env/testbed/plane/replica"
	"fairlb/env/testbed/shm"
)

// standing is what only loop 0 looks after: which servers are in, what weights decide,
// and what is published in shared memory. But for New, it belongs to that loop's
// goroutine.
type standing struct {
	engine  *engine
	loop    *loop
	passive passive
	slots   []slotState

	steers     bool          // the rule is one whose weights are set from outside
	patience   time.Duration // for which whoever sets them may be silent
	heard      int64         // ns, when weights came by setWeights; 0: never
	steered    bool          // the weights decide
	weights    []float64     // by slot, those that were set last; 0: none
	fromRegion []float64     // what the region's weights are read into

	publisher *shm.Publisher // nil: nothing is published
	clock     shm.Clock
	base      time.Duration // the clock's time when the engine was made
	latest    time.Duration // the last time that was written
	every     int64         // ns between two publications
	published int64         // ns, when the last one was
	failing   bool          // the last publication failed, and the log says so
	named     []string      // by slot, the server that the region has
}

// slotState is why a server is in or out.
type slotState struct {
	down, drained bool
}

var _ observe.Recorder = (*standing)(nil)

// newStanding makes the region, if there is to be one.
func newStanding(e *engine, cfg *Config) (*standing, error) {
	s := &standing{engine: e, steers: cfg.Rule.Name == weightsRule, every: int64(cfg.Shared.Interval * 1e9), published: math.MinInt64 / 2}
	if cfg.Shared.Layout == "none" {
		return s, nil
	}
	shape := shm.Config{Layout: shm.V1}
	if cfg.Shared.Layout == "v2" {
		shape = shm.Config{Layout: shm.V2, Shape: shm.Shape{Slots: max(64, 2*len(cfg.Servers))}}
	}
	var err error
	if s.clock, err = shm.NewClock(); err != nil {
		return nil, err
	}
	s.base = s.clock.At(e.began)
	if s.publisher, err = shm.Create(cfg.SharedPath(), shape); err != nil {
		return nil, err
	}
	s.fromRegion = make([]float64, s.publisher.Slots())
	return s, nil
}

// SharedPath returns the file of the shared memory.
func (c *Config) SharedPath() string {
	switch {
	case c.Shared.Path != "":
		return c.Shared.Path
	case c.Shared.Layout == "v1":
		return filepath.Join("/dev/shm", "shm_vip_"+strconv.Itoa(c.Rule.Index))
	}
	return filepath.Join("/dev/shm", "fairlb-"+c.Name)
}

func (s *standing) publishes() bool { return s.publisher != nil }

// samples returns who is told of samples.
func (s *standing) samples() observe.Recorder {
	if s.publisher == nil {
		return nil
	}
	return s
}

// at returns a moment of the replicas' on the region's clock, on which time never
// decreases: what another loop tells late is taken to have happened when it was last written.
func (s *standing) at(seconds float64) time.Duration {
	s.latest = max(s.latest, s.base+time.Duration(seconds*1e9))
	return s.latest
}

// Completed implements observe.Recorder.
func (s *standing) Completed(slot int, now, duration float64) {
	s.publisher.Completed(slot, s.at(now), time.Duration(duration*1e9))
}

// Elapsed implements observe.Recorder.
func (s *standing) Elapsed(slot int, now, elapsed float64) {
	s.publisher.Elapsed(slot, s.at(now), time.Duration(elapsed*1e9))
}

// ended is told of every flow that ends.
func (s *standing) ended(now float64, slot uint32, how replica.Ending) {
	switch how {
	case replica.Completed:
		s.passive.completed(slot)
	case replica.Failed:
		if s.passive.failed(slot, now, s.othersIn(slot)) {
			s.loop.fault(PutOut)
			s.apply(slot)
		}
	}
}

// othersIn says whether servers other than the one in a slot are in.
func (s *standing) othersIn(slot uint32) bool {
	n := s.loop.replica.In()
	if s.in(slot) {
		n--
	}
	return n > 0
}

// in says whether a server is to get new connections.
func (s *standing) in(slot uint32) bool {
	state := s.slot(slot)
	return !state.down && !state.drained && !s.passive.server(slot).out
}

// apply tells the replicas whether a server is in.
func (s *standing) apply(slot uint32) {
	s.loop.replica.SetOut(s.loop.seconds(), slot, !s.in(slot))
	s.loop.admitting = true
}

func (s *standing) slot(slot uint32) *slotState {
	for int(slot) >= len(s.slots) {
		s.slots = append(s.slots, slotState{})
	}
	return &s.slots[slot]
}

func (s *standing) setUp(p *parameters, name string, up bool) error {
	server := p.byName[name]
	if server == nil {
		return fmt.Errorf("%w: %q", ErrUnknownServer, name)
	}
	s.slot(server.slot).down = !up
	if up {
		s.passive.forgive(server.slot)
	}
	s.apply(server.slot)
	return nil
}

func (s *standing) setDrained(p *parameters, name string, drained bool) error {
	server := p.byName[name]
	if server == nil {
		return fmt.Errorf("%w: %q", ErrUnknownServer, name)
	}
	s.slot(server.slot).drained = drained
	s.apply(server.slot)
	return nil
}

func (s *standing) setWeights(p *parameters, weights map[string]float64) error {
	if !s.steers {
		return ErrNoWeights
	}
	next := slices.Clone(s.weights)
	for _, name := range slices.Sorted(maps.Keys(weights)) {
		server := p.byName[name]
		if server == nil {
			return fmt.Errorf("%w: %q", ErrUnknownServer, name)
		}
		if w := weights[name]; !(w > 0 && !math.IsInf(w, 1)) {
			return fmt.Errorf("%w: %v for %q", ErrWeight, w, name)
		}
		for int(server.slot) >= len(next) {
			next = append(next, 0)
		}
		next[server.slot] = weights[name]
	}
	if s.agentSpeaks() {
		return ErrSteered // it would have its own back in an instant, and the two would fight
	}
	if err := s.take(next); err != nil {
		return err
	}
	s.heard = s.loop.now
	s.steer(true)
	return nil
}

// agentSpeaks says whether an agent has given a sign of life in time.
func (s *standing) agentSpeaks() bool {
	if s.publisher == nil {
		return false
	}
	age, ok := s.publisher.AgentAge(s.base + time.Duration(s.loop.now))
	return ok && age <= s.patience
}

// take has the replicas go by weights, by slot, which nobody changes after this.
func (s *standing) take(weights []float64) error {
	if err := s.loop.replica.SetWeights(s.loop.seconds(), weights); err != nil {
		return err
	}
	s.weights = weights
	return nil
}

// steer says whether the weights decide.
func (s *standing) steer(on bool) {
	if s.steered == on {
		return
	}
	s.steered = on
	s.loop.replica.Steer(s.loop.seconds(), on)
	if on {
		s.engine.log.Info("the agent's weights decide")
	} else {
		s.engine.log.WithField("rule", s.loop.parameters.config.Rule.Fallback).Warn("the agent is silent: the fallback decides")
	}
}

// changed takes over settings: their servers have their slots in the region.
func (s *standing) changed(p *parameters) error {
	health := &p.config.Health
	s.passive.failures, s.passive.penalty = health.Passive, health.Penalty
	s.patience = time.Duration(p.config.Rule.Patience * 1e9)
	s.steers = p.config.Rule.Name == weightsRule
	s.steered = s.steered && s.steers
	if s.publisher == nil {
		return nil
	}
	if n := s.publisher.Slots(); len(p.servers) > n {
		return fmt.Errorf("plane: shared memory has room for %d servers, those that have left and still have connections included, and there would be %d: start anew", n, len(p.servers))
	}
	for slot := range max(len(p.servers), len(s.named)) {
		if slot >= len(s.named) {
			s.named = append(s.named, "")
		}
		name := ""
		if slot < len(p.servers) && p.servers[slot] != nil && !p.servers[slot].leaving {
			name = p.servers[slot].name
		}
		if name == s.named[slot] {
			continue
		}
		if s.named[slot] != "" {
			if err := s.publisher.Clear(slot); err != nil {
				return err
			}
		}
		s.named[slot] = ""
		if name == "" {
			continue
		}
		if err := s.publisher.Set(slot, name); err != nil {
			return err
		}
		s.named[slot] = name
	}
	return nil
}

// applyAll tells the replicas which servers are in. What was known of one that left does
// not hold for another one in its slot.
func (s *standing) applyAll(p *parameters) {
	for slot, server := range p.servers {
		if server == nil || server.leaving {
			*s.slot(uint32(slot)) = slotState{}
			s.passive.forgive(uint32(slot))
			if slot < len(s.weights) {
				s.weights = slices.Clone(s.weights)
				s.weights[slot] = 0
			}
			continue
		}
		s.apply(uint32(slot))
	}
}

// duties are what time brings.
func (s *standing) duties() {
	l := s.loop
	s.passive.back(l.seconds(), s.apply)
	if s.publisher != nil && l.now-s.published >= s.every {
		s.published = l.now
		l.replica.Sample(l.seconds())
		s.publish()
	}
	if s.steers {
		s.listen()
	}
}

// publish publishes what is known of each server.
func (s *standing) publish() {
	for slot, name := range s.named {
		if name == "" {
			continue
		}
		t, to := s.loop.replica.Totals(uint32(slot)), s.publisher.Server(slot)
		to.In, to.Ongoing = s.in(uint32(slot)), s.loop.replica.Ongoing(uint32(slot))
		to.Dispatched, to.Completed, to.Failed = t.Dispatched, t.Completed, t.Failed
		to.DurationSum, to.CountSum = t.DurationSum, t.CountSum
	}
	err := s.publisher.Publish(s.at(s.loop.seconds()))
	if err != nil && !s.failing {
		s.engine.log.WithError(err).Error("shared memory cannot be written")
	}
	s.failing = err != nil
}

// listen takes over weights from the region, and has the fallback decide if whoever
// sets them is silent.
func (s *standing) listen() {
	silent := s.heard == 0 || time.Duration(s.loop.now-s.heard) > s.patience
	if s.publisher != nil {
		if s.publisher.Weights(s.fromRegion) {
			if err := s.take(slices.Clone(s.fromRegion)); err != nil {
				s.engine.log.WithError(err).Warn("weights in shared memory are not valid")
			}
		}
		silent = silent && !s.agentSpeaks()
	}
	s.steer(!silent && s.weights != nil)
}

// addTo adds what is known of the servers.
func (s *standing) addTo(snapshot *Snapshot, p *parameters, bytes []serverBytes) {
	s.loop.replica.Catch()
	snapshot.Decider = p.config.Rule.Name
	if s.steers && !s.steered {
		snapshot.Decider = p.config.Rule.Fallback
	}
	add := func(server *server) {
		slot := server.slot
		t, state := s.loop.replica.Totals(slot), *s.slot(slot)
		one := ServerState{
			Name: server.name, Address: server.address.String(), Slot: int(slot), Leaving: server.leaving,
			In: !server.leaving && s.in(slot), Up: !state.down, Drained: state.drained, Penalised: s.passive.server(slot).out,
			Ongoing: s.loop.replica.Ongoing(slot), Dispatched: t.Dispatched, Completed: t.Completed, Failed: t.Failed, Abandoned: t.Abandoned,
			DurationSum: t.DurationSum, CountSum: t.CountSum, Received: bytes[slot].received, Sent: bytes[slot].sent,
		}
		if server.leaving {
			one.Ongoing = int32(bytes[slot].underWay)
		}
		if s.steers {
			one.Weight = weightOf(s.weights, slot)
		}
		snapshot.Servers = append(snapshot.Servers, one)
	}
	for _, c := range p.config.Servers {
		add(p.byName[c.Name])
	}
	for _, server := range p.servers {
		if server != nil && server.leaving && bytes[server.slot].underWay > 0 {
			add(server)
		}
	}
}

// close removes the region: the balancer ends in order.
func (s *standing) close() error {
	if s.publisher == nil {
		return nil
	}
	err := s.publisher.Close()
	s.publisher = nil
	return err
}
