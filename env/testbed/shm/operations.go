package shm

import (
	"errors"
	"fmt"
	"time"

	"fairlb/env/testbed"
)

// Operation is one operation of the paper's Table 7 on a region of layout v2, to be
// timed. Before every Times calls of Do comes one of Prepare, which is no part of the
// operation; where Times is 0, nothing need be prepared.
type Operation struct {
	Name    string
	Prepare func() error
	Times   int
	Do      func() error

	// Bytes is the memory that the operation is about, by the layout: what it allocates
	// or frees, writes into the region or, where it writes nothing, reads of it.
	Bytes int
}

// The names of the operations, in the order of Table 7.
const (
	MakeRegion      = "make a region"
	RemoveRegion    = "remove a region"
	AddServer       = "add a server"
	RemoveServer    = "remove a server"
	RegisterSample  = "register a sample"
	UpdateCounter   = "update a counter"
	PublishCounters = "publish the counters"
	WriteWeights    = "write all weights"
	FindServer      = "find a server's newest row"
	ReadServer      = "read a server, 5 new samples"
	ReadAll         = "read all, nothing new"
	ReadAllSamples  = "read all, 5 new samples each"
	UpdateWeight    = "write one weight, take it"
	UpdateWeights   = "write all weights, take them"
)

const (
	// newSamples is how many samples of a server are new where operations read new ones.
	newSamples = 5
	// visited is how many servers an operation on one server takes in turn: few, so
	// that what it meets in the processor's caches does not depend on how many there are.
	visited = 8
)

// Operations are the operations on one region, of which they have both sides.
type Operations struct {
	shape   Shape
	servers int
	path    string
	plane   *Publisher
	agent   *Plane
	made    *Publisher // the region that MakeRegion has made and RemoveRegion removes

	now     time.Duration
	slots   []int // that operations on one server take in turn, spread over all
	turn    int   // index of the last one
	names   []string
	weights []float64
	taken   []float64
	reading testbed.Reading
	row     row
	buffer  []byte // room for a row
	pool    []byte // room for a reservoir
}

// NewOperations makes a region in the file path, gives its first slots to so many
// servers, fills their reservoirs, and has an agent read it and write weights. A second
// region comes and goes in the file path.made.
func NewOperations(path string, s Shape, servers int) (*Operations, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	if servers < 1 || servers > s.Slots {
		return nil, fmt.Errorf("%w: %d servers, not 1 to the %d slots", ErrConfig, servers, s.Slots)
	}
	o := &Operations{shape: s, servers: servers, path: path, now: time.Second, buffer: make([]byte, rowWords*wordBytes),
		pool: make([]byte, wordBytes*(poolHead+s.Samples*sampleWords)), weights: make([]float64, s.Slots), taken: make([]float64, s.Slots)}
	turns := min(visited, servers)
	for i := range turns {
		o.slots = append(o.slots, i*servers/turns)
	}
	if err := o.begin(); err != nil {
		return nil, errors.Join(err, o.Close())
	}
	return o, nil
}

func (o *Operations) begin() (err error) {
	if o.plane, err = Create(o.path, Config{Shape: o.shape}); err != nil {
		return err
	}
	for j := range o.servers {
		o.names = append(o.names, fmt.Sprint("server-", j))
		if err := o.plane.Set(j, o.names[j]); err != nil {
			return err
		}
		for i := range 2 * kinds * o.shape.Samples {
			o.plane.add(j, kind(i%kinds), o.now, time.Duration(i%97)*time.Millisecond)
		}
	}
	for j := range o.weights {
		o.weights[j] = 1
	}
	if err := o.plane.publish(o.now); err != nil {
		return err
	}
	if o.agent, err = Open(o.path); err != nil {
		return err
	}
	if err := o.agent.Read(&o.reading); err != nil {
		return err
	}
	return o.agent.Write(o.weights)
}

// Close removes the regions.
func (o *Operations) Close() error {
	var faults []error
	if o.agent != nil {
		faults = append(faults, o.agent.Close())
	}
	for _, p := range []*Publisher{o.plane, o.made} {
		if p != nil {
			faults = append(faults, p.Close())
		}
	}
	return errors.Join(faults...)
}

// List returns the operations. They can be done in any order and any number of times.
func (o *Operations) List() []Operation {
	l := newLayout(o.shape)
	region, locks := l.bytes(), wordBytes*o.shape.Level
	pools := kinds * l.poolWords * wordBytes
	server := (entryWords+o.shape.Level*(rowWords+weightWords))*wordBytes + pools
	frame := (l.fixedWords() + o.servers*rowWords) * wordBytes
	weights := (stampWords + o.servers*weightWords) * wordBytes
	turns := len(o.slots)
	return []Operation{
		{MakeRegion, o.removeMade, 1, o.make, region},
		{RemoveRegion, o.makeAgain, 1, o.removeMade, region},
		{AddServer, o.clearVisited, turns, o.addServer, server},
		{RemoveServer, o.setVisited, turns, o.removeServer, entryWords * wordBytes},
		{RegisterSample, o.setVisited, turns * 64, o.registerSample, (1 + sampleWords) * wordBytes},
		{UpdateCounter, o.setVisited, turns * 64, o.updateCounter, 4},
		{PublishCounters, o.setVisited, 64, o.publish, frame},
		{WriteWeights, o.publishNew, 64, o.writeAll, weights},
		{FindServer, o.publishNew, turns * 64, o.findServer, locks + rowWords*wordBytes},
		{ReadServer, o.publishVisited, turns, o.readServer, locks + rowWords*wordBytes + pools},
		{ReadAll, o.readNew, 64, o.readAll, locks + frame},
		{ReadAllSamples, o.publishNew, 1, o.readAll, locks + frame + o.servers*pools},
		{UpdateWeight, o.readNew, 64, o.updateOne, weights},
		{UpdateWeights, o.readNew, 64, o.updateAll, weights},
	}
}

// next returns the slot whose turn it is.
func (o *Operations) next() int {
	if o.turn++; o.turn == len(o.slots) {
		o.turn = 0
	}
	return o.slots[o.turn]
}

// visitAll calls f with each slot that is taken in turn.
func (o *Operations) visitAll(f func(slot int) error) error {
	for _, slot := range o.slots {
		if err := f(slot); err != nil {
			return err
		}
	}
	return nil
}

func (o *Operations) make() (err error) {
	o.made, err = Create(o.path+".made", Config{Shape: o.shape})
	return err
}

func (o *Operations) removeMade() error {
	if o.made == nil {
		return nil
	}
	p := o.made
	o.made = nil
	return p.Close()
}

func (o *Operations) makeAgain() error { return errors.Join(o.removeMade(), o.make()) }

func (o *Operations) clearVisited() error { return o.visitAll(o.plane.Clear) }

// setVisited gives the slots that are taken in turn to their servers again where they
// have none.
func (o *Operations) setVisited() error {
	return o.visitAll(func(slot int) error {
		if o.plane.cache.rows[slot].used {
			return nil
		}
		return o.plane.Set(slot, o.names[slot])
	})
}

func (o *Operations) addServer() error {
	slot := o.next()
	return o.plane.Set(slot, o.names[slot])
}

func (o *Operations) removeServer() error { return o.plane.Clear(o.next()) }

func (o *Operations) registerSample() error {
	o.now += time.Microsecond
	o.plane.Completed(o.next(), o.now, time.Second)
	return o.plane.lost
}

func (o *Operations) updateCounter() error {
	o.plane.Server(o.next()).Ongoing++
	return nil
}

// publish publishes counters of which some of each server's have changed.
func (o *Operations) publish() error {
	o.now += time.Microsecond
	for j := range o.plane.cache.rows[:o.servers] {
		s := &o.plane.cache.rows[j].server
		s.Dispatched++
		s.Completed++
	}
	return o.plane.publish(o.now)
}

// publishNew registers new samples of all servers and publishes. The agent has read
// what was there before.
func (o *Operations) publishNew() error {
	if err := o.readNew(); err != nil {
		return err
	}
	for j := range o.servers {
		o.addSamples(j)
	}
	return o.publish()
}

// addSamples registers new samples of a server.
func (o *Operations) addSamples(slot int) {
	for i := range newSamples {
		o.now += time.Microsecond
		o.plane.add(slot, kind(i%kinds), o.now, time.Duration(i)*time.Second)
	}
}

// publishVisited does as publishNew for the servers that are taken in turn, and then
// looks at all that a reader of these will, so that it finds that in the processor's
// caches, whatever else publishing took through them.
func (o *Operations) publishVisited() error {
	if err := o.readNew(); err != nil {
		return err
	}
	for _, slot := range o.slots {
		o.addSamples(slot)
	}
	if err := o.publish(); err != nil {
		return err
	}
	s := o.side()
	return o.visitAll(func(slot int) error {
		for k := range s.slots[slot].samples {
			loadWords(o.pool, s.pool(s.words, slot, kind(k)).words)
			_ = s.slots[slot].samples[k].kept.Statistics()
		}
		_, err := o.findRow(slot)
		return err
	})
}

// readNew has the agent read what is there; all servers are in their slots.
func (o *Operations) readNew() error {
	if err := errors.Join(o.setVisited(), o.publish()); err != nil {
		return err
	}
	return o.agent.side.read()
}

// side is the agent's side.
func (o *Operations) side() *agentSide2 { return o.agent.side.(*agentSide2) }

// findServer finds the newest frame and takes one server's row out of it.
func (o *Operations) findServer() error {
	_, err := o.findRow(o.next())
	return err
}

// findRow reads the row of a slot as frames.copy reads all of them, and returns its time.
func (o *Operations) findRow(slot int) (published uint64, err error) {
	out := o.side().out
	sequence := out.newest()
	frame := out.frame(sequence)
	loadWords(o.buffer, frame[out.fixed+slot*rowWords:])
	published = frame[timeWord].Load()
	if sequence == 0 || frame[0].Load() != 2*sequence {
		return 0, testbed.ErrNoReading
	}
	o.row.used = true
	return published, o.row.decode(o.buffer)
}

// readServer takes in a server's samples, too.
func (o *Operations) readServer() error {
	slot := o.next()
	published, err := o.findRow(slot)
	if err != nil {
		return err
	}
	s := o.side()
	f := &s.slots[slot]
	if f.generation != o.row.generation {
		return testbed.ErrNoReading
	}
	for k := range f.samples {
		f.samples[k].follow(s.pool(s.words, slot, kind(k)), o.row.samples[k], published)
	}
	return nil
}

func (o *Operations) readAll() error {
	if err := o.agent.side.read(); err != nil {
		return err
	}
	o.agent.side.fill(&o.reading)
	return nil
}

// writeAll writes weights that all differ from those before.
func (o *Operations) writeAll() error {
	o.now += time.Microsecond
	for j := range o.weights {
		o.weights[j] += 0.001
	}
	return o.agent.side.write(o.now, o.weights[:o.servers])
}

// take has the plane take the weights that were written last.
func (o *Operations) take() error {
	if !o.plane.Weights(o.taken) {
		return errors.Join(fmt.Errorf("%w: no weights are new", ErrWeights), o.plane.lost)
	}
	return nil
}

func (o *Operations) updateAll() error {
	if err := o.writeAll(); err != nil {
		return err
	}
	return o.take()
}

func (o *Operations) updateOne() error {
	o.now += time.Microsecond
	o.weights[o.next()] += 0.001
	if err := o.agent.side.write(o.now, o.weights[:o.servers]); err != nil {
		return err
	}
	return o.take()
}
