package replica

import (
	"math/bits"
	"sync/atomic"
)

// kind says what an event is.
type kind uint8

const (
	dispatched kind = iota
	ended
	failed
	abandoned
	outChanged
	weightsSet
	ruleSteered
	poolChanged
	heard
)

// event is something that changes what a balancer knows.
type event struct {
	stamp uint64  // Lamport's
	time  float64 // s, when it happened
	flow  uint32  // of the loop where it happened; by a number of that loop's choice
	slot  uint32  // the server's
	kind  kind
	on    bool // outChanged: the server is out; ruleSteered: the weights decide

	requests int32 // heard: that the server says it has

	weights []float64 // weightsSet: by slot
	pool    *Pool     // poolChanged
}

// line keeps what different cores write in different lines of their caches.
type line [64]byte

// Feed is what one Replica publishes: a ring with one writer and a reader for each other
// Replica.
type Feed struct {
	ring []event // its length is a power of two
	_    line
	tail atomic.Uint64 // events published
	_    line
	read []position // by reader, events that it has taken in

	// What follows is the writer's alone.
	written  uint64  // tail
	reserved uint64  // the ring has room up to this event, as was found last
	waiting  []event // that found no room, in order
	overflow uint64  // how many did so
}

// position is how far one reader has come.
type position struct {
	events atomic.Uint64
	_      line
}

// newFeed returns a feed that holds at least room events, for a number of replicas, of
// which writer does not read it.
func newFeed(replicas, writer, room int) *Feed {
	f := &Feed{ring: make([]event, 1<<bits.Len(uint(max(room, 2)-1))), read: make([]position, replicas)}
	f.read[writer].events.Store(1 << 63) // never the slowest
	return f
}

// publish publishes an event, or keeps it if there is no room.
func (f *Feed) publish(e *event) {
	if len(f.read) == 1 {
		return
	}
	if len(f.waiting) > 0 {
		f.keep(e)
		f.flush()
		return
	}
	if !f.room() {
		f.keep(e)
		return
	}
	f.ring[f.written&uint64(len(f.ring)-1)] = *e
	f.written++
	f.tail.Store(f.written)
}

// keep keeps an event for which there is no room.
func (f *Feed) keep(e *event) {
	f.overflow++
	f.waiting = append(f.waiting, *e)
}

// room says whether there is room for an event.
func (f *Feed) room() bool {
	if f.written < f.reserved {
		return true
	}
	slowest := f.read[0].events.Load()
	for k := 1; k < len(f.read); k++ {
		slowest = min(slowest, f.read[k].events.Load())
	}
	f.reserved = slowest + uint64(len(f.ring))
	return f.written < f.reserved
}

// flush publishes what was kept, as far as there is room, and says whether nothing is
// left.
func (f *Feed) flush() bool {
	if len(f.waiting) == 0 {
		return true
	}
	k := 0
	for ; k < len(f.waiting) && f.room(); k++ {
		f.ring[f.written&uint64(len(f.ring)-1)] = f.waiting[k]
		f.written++
	}
	f.tail.Store(f.written)
	rest := copy(f.waiting, f.waiting[k:])
	clear(f.waiting[rest:])
	f.waiting = f.waiting[:rest]
	return rest == 0
}

// behind returns how many published events the slowest reader has not taken in.
func (f *Feed) behind() uint64 {
	if len(f.read) == 1 {
		return 0
	}
	slowest := f.read[0].events.Load()
	for k := 1; k < len(f.read); k++ {
		slowest = min(slowest, f.read[k].events.Load())
	}
	return f.written - slowest
}
