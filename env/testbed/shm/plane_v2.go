package shm

import (
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"fairlb/env/observe"
	"fairlb/env/testbed"
)

var _ agentSide = (*agentSide2)(nil)

// agentSide2 is the side of what steers the plane, of a region of layout v2.
type agentSide2 struct {
	layout
	region *region
	words  []atomic.Uint64
	parts

	features int
	header   []byte
	buffer   []byte // room for an observation frame
	seen     observation
	sequence uint64 // of seen; 0: none has been read
	slots    []followedSlot

	given      weights
	frame      []byte // room for a weights frame
	writeEpoch uint64 // 0 until this process has the part of what steers the plane
	written    uint64 // the sequence number of the weights that were written last
}

// followedSlot is what is known of a slot's present server.
type followedSlot struct {
	epoch, generation uint64
	name              string // empty: it has none, or it is not known
	samples           [kinds]follower
}

func newAgentSide2(l layout, r *region) *agentSide2 {
	s := &agentSide2{
		layout: l, region: r, words: r.words(), features: len(observe.Features()),
		header: make([]byte, headerWords*wordBytes), buffer: make([]byte, l.outWords*wordBytes),
		slots: make([]followedSlot, l.Slots), frame: make([]byte, l.inWords*wordBytes),
	}
	s.parts = l.newParts(s.words)
	return s
}

func (s *agentSide2) mapped() *region { return s.region }

func (s *agentSide2) sharesClock() bool { return true }

// read implements agentSide.
func (s *agentSide2) read() error {
	loadWords(s.header, s.words)
	if l, err := decodeHeader(s.header, int64(len(s.region.data))); err != nil || l != s.layout {
		return fmt.Errorf("%w: %s has another header than when it was opened", testbed.ErrPlaneGone, s.region.path)
	}
	s.sequence = 0
	sequence, used := s.out.read(s.buffer)
	if sequence == 0 {
		return testbed.ErrNoReading
	}
	if err := s.decodeObservation(&s.seen, used); err != nil {
		return fmt.Errorf("%s: %w", s.region.path, err)
	}
	if s.seen.epoch != s.plane.epoch() { // it has been restarted and has published nothing since
		return testbed.ErrNoReading
	}
	for j := range s.seen.rows {
		s.follow(j, &s.seen.rows[j])
	}
	s.sequence = sequence
	return nil
}

// follow takes in the name and the samples of the server in a slot.
func (s *agentSide2) follow(slot int, r *row) {
	f := &s.slots[slot]
	if !r.used {
		f.name = ""
		return
	}
	if f.epoch != s.seen.epoch || f.generation != r.generation {
		f.epoch, f.generation, f.name = s.seen.epoch, r.generation, ""
		for k := range f.samples {
			if f.samples[k].kept == nil {
				f.samples[k].kept = observe.NewSlotted(s.Samples)
			}
			f.samples[k].reset()
		}
	}
	if f.name == "" {
		f.name, _ = s.table.name(slot, r.generation) // empty if the slot is another's by now
	}
	for k := range f.samples {
		f.samples[k].follow(s.pool(s.words, slot, kind(k)), r.samples[k], s.seen.time)
	}
}

// fill implements agentSide.
func (s *agentSide2) fill(r *testbed.Reading) {
	n := len(s.seen.rows)
	r.Sequence, r.Epoch, r.Time = s.sequence, s.seen.epoch, duration(s.seen.time)
	features := s.features
	r.Servers = slices.Grow(r.Servers[:0], n)[:n]
	r.Obs = slices.Grow(r.Obs[:0], n*features)[:n*features]
	r.Load = slices.Grow(r.Load[:0], n)[:n]
	for j := range s.seen.rows {
		obs := r.Obs[j*features : (j+1)*features]
		f := &s.slots[j]
		if f.name == "" || !s.seen.rows[j].used {
			clear(obs)
			r.Servers[j], r.Load[j] = testbed.Server{}, 0
			continue
		}
		r.Servers[j] = s.seen.rows[j].server
		r.Servers[j].Name = f.name
		r.Load[j] = observe.WriteRow(obs, r.Servers[j].Ongoing, &f.samples[completions].figures, &f.samples[elapsed].figures)
	}
}

// take implements agentSide.
func (s *agentSide2) take(now time.Duration) {
	s.writeEpoch = s.agent.nextEpoch(time.Now())
	s.agent.take(s.writeEpoch)
	s.agent.beat(now)
	s.written = s.in.last()
}

// write implements agentSide.
func (s *agentSide2) write(now time.Duration, given []float64) error {
	if s.sequence == 0 {
		if err := s.read(); err != nil {
			return err
		}
	}
	has := func(j int) bool { return j < len(s.seen.rows) && s.slots[j].name != "" && s.seen.rows[j].used }
	if err := checkWeights(given, has); err != nil {
		return err
	}
	rows := slices.Grow(s.given.rows[:0], len(s.seen.rows))[:len(s.seen.rows)]
	for j := range rows {
		rows[j] = weight{}
		if has(j) && j < len(given) {
			rows[j] = weight{s.slots[j].generation, given[j]}
		}
	}
	s.given = weights{time: nanoseconds(now), epoch: s.writeEpoch, rows: rows}
	s.written++
	s.in.write(s.written, s.encodeWeights(s.frame, &s.given))
	s.agent.beat(now)
	return nil
}

// beat implements agentSide.
func (s *agentSide2) beat(now time.Duration) { s.agent.beat(now) }

// checkWeights returns what is wrong with weights for the slots that have a server.
func checkWeights(weights []float64, has func(slot int) bool) error {
	var faults []error
	for j, w := range weights {
		if has(j) && !isWeight(w) {
			faults = append(faults, fmt.Errorf("%w: slot %d: %g is not positive and finite", ErrWeights, j, w))
		}
	}
	return errors.Join(faults...)
}
