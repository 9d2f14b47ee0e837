package replica

import (
	"fmt"
	"math"
	"sync/atomic"

	"fairlb/env/balancer"
	"fairlb/env/observe"
)

// Config describes the replicas of one load balancer.
type Config struct {
	Replicas int    // their number, that is, of event loops
	Pool     *Pool  // of servers, at first
	Seed     uint64 // of random choices
	Room     int    // events that a Feed holds for a reader that is behind; 0: 4096
	// Observe says that replica 0 keeps what Observe reads.
	Observe bool
	// Samples, where Observe is set, is told of each sample as it is taken, by replica 0
	// and by slot; nil: nobody is.
	Samples observe.Recorder
	// Ended, if it is set, is called by replica 0 for each flow that it learns has
	// ended, before it forgets the flow.
	Ended func(now float64, slot uint32, how Ending)
}

// Ending is how a flow ended.
type Ending uint8

const (
	Completed Ending = iota // well
	Failed                  // its server refused it, reset it before any answer, or timed out
	Abandoned               // for reasons that are not its server's, such as a client that went away
)

// kind returns the kind of the event that says so.
func (e Ending) kind() kind { return ended + kind(e) }

// Totals are the counters of a server, over the flows of all loops.
type Totals struct {
	Dispatched, Completed, Failed, Abandoned uint64

	DurationSum float64 // s, of completed flows
	CountSum    float64 // of the count just before each completion, the flow included
}

// Replica is one loop's balancer. It is used by one goroutine at a time; different
// Replicas by different ones. A flow is named by a number that the loop chooses, as small
// as it can be, and may use again once the flow has ended.
type Replica struct {
	index    int
	clock    uint64  // the stamp of the latest event
	now      float64 // s, the time of the latest event, which never decreases
	balancer *balancer.Balancer
	rule     *steered // the balancer's, if it is steered; else nil
	pool     *Pool
	indexOf  []int32             // by slot, the index of its server; -1: none
	flows    [][]balancer.FlowID // by replica and number, those under way
	totals   []Totals            // by slot
	ongoing  int                 // flows under way, of all loops
	tried    []int               // what DispatchExcept passes on

	feeds  []*Feed
	tails  []uint64 // what Catch found published, by replica
	heads  []uint64 // events taken in, by replica
	newest *atomic.Pointer[Pool]

	seed    uint64
	observe bool
	samples observe.Recorder
	ended   func(now float64, slot uint32, how Ending)
}

// noFlow is the FlowID of a flow that the balancer has not.
const noFlow = balancer.FlowID(math.MaxUint32)

// New returns the replicas that cfg describes.
func New(cfg Config) ([]*Replica, error) {
	if cfg.Replicas < 1 {
		return nil, fmt.Errorf("replica: %d replicas: must be at least 1", cfg.Replicas)
	}
	if err := cfg.Pool.check(); err != nil {
		return nil, err
	}
	room := cfg.Room
	if room == 0 {
		room = 4096
	}
	n := cfg.Replicas
	newest := new(atomic.Pointer[Pool])
	newest.Store(cfg.Pool)
	var feeds []*Feed
	var list []*Replica
	for k := range n {
		feeds = append(feeds, newFeed(n, k, room))
	}
	for k := range n {
		r := &Replica{
			index: k, flows: make([][]balancer.FlowID, n), feeds: feeds, tails: make([]uint64, n), heads: make([]uint64, n),
			newest: newest, seed: cfg.Seed, observe: cfg.Observe && k == 0,
		}
		if k == 0 {
			r.ended, r.samples = cfg.Ended, cfg.Samples
		}
		if err := r.changePool(cfg.Pool); err != nil {
			return nil, err
		}
		list = append(list, r)
	}
	return list, nil
}

// Catch takes in what the other replicas have published and returns the number of events.
// It is called before anything that happens here.
func (r *Replica) Catch() int {
	if len(r.feeds) == 1 || !r.look() {
		return 0
	}
	taken := 0
	for k := r.next(); k >= 0; k = r.next() {
		f := r.feeds[k]
		r.apply(&f.ring[r.heads[k]&uint64(len(f.ring)-1)], k)
		r.heads[k]++
		taken++
	}
	for k, f := range r.feeds {
		if k != r.index {
			f.read[r.index].events.Store(r.heads[k])
		}
	}
	return taken
}

// look finds out what has been published, and says whether there is anything new. What
// it finds includes, with each event, all that had happened before it: it looks again
// until nothing has changed, since otherwise an event may be seen in one feed whose
// cause was published in a feed that had been looked at before. (It gives up after a
// while; apply knows how to do without the cause.)
func (r *Replica) look() bool {
	some := false
	for range 8 {
		changed := false
		for k, f := range r.feeds {
			if k == r.index {
				continue
			}
			if tail := f.tail.Load(); tail != r.tails[k] {
				r.tails[k], changed = tail, true
			}
			some = some || r.tails[k] != r.heads[k]
		}
		if !changed {
			break
		}
	}
	return some
}

// next returns the replica whose next event is the first by stamp, of those that were
// found; -1 if there is none.
func (r *Replica) next() int {
	first, stamp := -1, uint64(0)
	for k, f := range r.feeds {
		if r.heads[k] == r.tails[k] {
			continue
		}
		if s := f.ring[r.heads[k]&uint64(len(f.ring)-1)].stamp; first < 0 || s < stamp {
			first, stamp = k, s
		}
	}
	return first
}

// apply takes in an event of another replica.
func (r *Replica) apply(e *event, from int) {
	r.clock = max(r.clock, e.stamp)
	r.now = max(r.now, e.time)
	switch e.kind {
	case dispatched:
		id := noFlow
		if j := r.find(e.slot); j >= 0 {
			id = r.balancer.Adopt(r.now, j)
		}
		r.begin(from, e.flow, e.slot, id)
	case ended, failed, abandoned:
		r.end(from, e.flow, e.slot, Ending(e.kind-ended))
	case outChanged:
		if j := r.find(e.slot); j >= 0 {
			r.balancer.SetOut(j, e.on)
		}
	case weightsSet:
		_ = r.takeWeights(e.weights) // the replica that published them has checked them
	case ruleSteered:
		r.steer(e.on)
	case poolChanged:
		r.catchPool(e.pool)
	case heard:
		r.hear(e.slot, e.requests, e.time)
	}
}

// publish publishes an event that happened here.
func (r *Replica) publish(e event) {
	r.clock++
	e.stamp = r.clock
	r.feeds[r.index].publish(&e)
}

// advance makes the time of an event that happens here that of the replica, and returns
// it.
func (r *Replica) advance(now float64) float64 {
	r.now = max(r.now, now)
	return r.now
}

// find returns the index of a slot's server, -1 if it is not in the pool.
func (r *Replica) find(slot uint32) int {
	if int(slot) >= len(r.indexOf) {
		r.catchPool(r.newest.Load()) // it joined, and the event that says so comes yet
	}
	if int(slot) >= len(r.indexOf) {
		return -1
	}
	return int(r.indexOf[slot])
}

// Dispatch chooses a server for a flow that arrives now and returns its slot. A server
// must be available.
func (r *Replica) Dispatch(now float64, flow uint32) (slot uint32) {
	now = r.advance(now)
	id, j := r.balancer.Dispatch(now)
	return r.dispatched(now, flow, id, j)
}

// DispatchExcept is Dispatch for a flow that the servers in tried, by slot, did not take.
// It chooses another one, and says whether there is one that is available.
func (r *Replica) DispatchExcept(now float64, flow uint32, tried []uint32) (slot uint32, ok bool) {
	now = r.advance(now)
	r.tried = r.tried[:0]
	for _, slot := range tried {
		if j := r.find(slot); j >= 0 {
			r.tried = append(r.tried, j)
		}
	}
	id, j, ok := r.balancer.DispatchExcept(now, r.tried)
	if !ok {
		return 0, false
	}
	return r.dispatched(now, flow, id, j), true
}

// dispatched notes and publishes that a flow was sent to the server of an index.
func (r *Replica) dispatched(now float64, flow uint32, id balancer.FlowID, j int) uint32 {
	slot := r.pool.Slots[j]
	r.begin(r.index, flow, slot, id)
	r.publish(event{kind: dispatched, time: now, flow: flow, slot: slot})
	return slot
}

// begin notes a flow.
func (r *Replica) begin(of int, flow, slot uint32, id balancer.FlowID) {
	for int(flow) >= len(r.flows[of]) {
		r.flows[of] = append(r.flows[of], noFlow)
	}
	r.flows[of][flow] = id
	r.ongoing++
	if int(slot) < len(r.totals) {
		r.totals[slot].Dispatched++
	}
}

// End ends a flow of this loop now.
func (r *Replica) End(now float64, flow, slot uint32, how Ending) {
	now = r.advance(now)
	r.end(r.index, flow, slot, how)
	r.publish(event{kind: how.kind(), time: now, flow: flow, slot: slot})
}

// end ends a flow.
func (r *Replica) end(of int, flow, slot uint32, how Ending) {
	if r.ended != nil {
		r.ended(r.now, slot, how)
	}
	r.ongoing--
	id := r.flows[of][flow]
	r.flows[of][flow] = noFlow
	count := 0.0
	if id == noFlow {
		r.count(slot, how, 0, 0)
		return
	}
	if j := r.indexOf[slot]; j >= 0 {
		count = float64(r.balancer.Ongoing()[j])
	}
	if how == Abandoned {
		r.balancer.Abandon(r.now, id)
		r.count(slot, how, 0, 0)
		return
	}
	f := r.balancer.End(r.now, id, how == Failed)
	r.count(slot, how, r.now-f.Start, count)
}

// count counts the end of a flow.
func (r *Replica) count(slot uint32, how Ending, duration, count float64) {
	if int(slot) >= len(r.totals) {
		return
	}
	t := &r.totals[slot]
	switch how {
	case Completed:
		t.Completed++
		t.DurationSum += duration
		t.CountSum += count
	case Failed:
		t.Failed++
	case Abandoned:
		t.Abandoned++
	}
}

// slotted tells a recorder of samples by slot.
type slotted struct {
	observe.Recorder
	slots []uint32
}

func (s slotted) Completed(server int, now, duration float64) {
	s.Recorder.Completed(int(s.slots[server]), now, duration)
}

func (s slotted) Elapsed(server int, now, elapsed float64) {
	s.Recorder.Elapsed(int(s.slots[server]), now, elapsed)
}

// SetOut says whether a server gets no new flows.
func (r *Replica) SetOut(now float64, slot uint32, out bool) {
	now = r.advance(now)
	if j := r.find(slot); j >= 0 {
		r.balancer.SetOut(j, out)
	}
	r.publish(event{kind: outChanged, time: now, slot: slot, on: out})
}

// Hear takes a message that came now, in which a server says that it has a number of
// requests, of all load balancers. It has no effect where the pool's servers tell nothing
// (Options.Told).
func (r *Replica) Hear(now float64, slot uint32, requests int32) {
	now = r.advance(now)
	r.hear(slot, requests, now)
	r.publish(event{kind: heard, time: now, slot: slot, requests: requests})
}

// hear has the balancer heed what a server said.
func (r *Replica) hear(slot uint32, requests int32, said float64) {
	if j := r.find(slot); j >= 0 && r.pool.Options.Told {
		r.balancer.Hear(j, requests, said)
	}
}

// SetWeights gives servers weights, by slot; a server beyond the list, or with the
// weight 0, gets the mean of the others. It fails with balancer.ErrNoWeights where the
// rule takes none. Nobody may change weights after this.
func (r *Replica) SetWeights(now float64, weights []float64) error {
	now = r.advance(now)
	if err := r.takeWeights(weights); err != nil {
		return err
	}
	r.publish(event{kind: weightsSet, time: now, weights: weights})
	return nil
}

// takeWeights gives the rule its weights by index.
func (r *Replica) takeWeights(weights []float64) error {
	if r.rule == nil {
		return balancer.ErrNoWeights
	}
	list := make([]float64, len(r.pool.Slots))
	for j, slot := range r.pool.Slots {
		if int(slot) < len(weights) {
			list[j] = weights[slot]
		}
	}
	fillMean(list)
	return r.balancer.SetWeights(list)
}

// Steer says whether the weights decide from now on, or the pool's Fallback. It has no
// effect where the rule takes no weights.
func (r *Replica) Steer(now float64, on bool) {
	now = r.advance(now)
	r.steer(on)
	r.publish(event{kind: ruleSteered, time: now, on: on})
}

func (r *Replica) steer(on bool) {
	if r.rule != nil {
		r.rule.steer(on)
	}
}

// Available returns the number of servers that are in and not full.
func (r *Replica) Available() int { return r.balancer.Available() }

// In returns the number of servers that are in.
func (r *Replica) In() int { return r.balancer.In() }

// Flows returns the number of flows under way, of all loops.
func (r *Replica) Flows() int { return r.ongoing }

// Ongoing returns the number of flows under way on a server, of all loops; 0 if it is not
// in the pool.
func (r *Replica) Ongoing(slot uint32) int32 {
	if int(slot) >= len(r.indexOf) || r.indexOf[slot] < 0 {
		return 0
	}
	return r.balancer.Ongoing()[r.indexOf[slot]]
}

// Totals returns the counters of a slot since its server joined.
func (r *Replica) Totals(slot uint32) Totals {
	if int(slot) >= len(r.totals) {
		return Totals{}
	}
	return r.totals[slot]
}

// Observe is balancer.Observe, by index; only replica 0 has it, and only if
// Config.Observe is set.
func (r *Replica) Observe(now float64, obs []float32, load []float64) {
	r.balancer.Observe(r.advance(now), obs, load)
}

// Sample is balancer.Sample; only replica 0 has it, and only if Config.Observe is set.
func (r *Replica) Sample(now float64) { r.balancer.Sample(r.advance(now)) }

// Pool returns the pool that the replica knows.
func (r *Replica) Pool() *Pool { return r.pool }

// Flush publishes what found no room before. It says whether nothing is left.
func (r *Replica) Flush() bool { return r.feeds[r.index].flush() }

// Behind returns how many of this replica's events the slowest other one has not taken
// in.
func (r *Replica) Behind() int {
	f := r.feeds[r.index]
	return int(f.behind()) + len(f.waiting)
}

// Overflow returns how many events found no room in the feed, since the beginning.
func (r *Replica) Overflow() uint64 { return r.feeds[r.index].overflow }
