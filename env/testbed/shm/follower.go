package shm

import (
	"cmp"
	"slices"
	"time"

	"fairlb/env/observe"
)

// follower keeps a copy of one reservoir of a region, sorted as its statistics want it,
// and takes in only the samples that are new.
type follower struct {
	taken   uint64 // the sequence number up to which samples have been taken in
	kept    *observe.Slotted
	figures observe.Statistics
}

// sample is one that was read.
type sample struct {
	sequence uint64
	slot     int
	time     uint64 // ns
	value    uint64 // ns
}

// futureSample is how far a sample's time may be ahead of the observation by which it is
// read; more cannot be.
const futureSample = uint64(time.Second)

// reset drops all samples.
func (f *follower) reset() {
	f.taken = 0
	f.kept.Reset()
	f.figures = observe.Statistics{}
}

// follow takes in the samples of s that are new, of a pool of which the observation was
// published at time now (ns).
func (f *follower) follow(p pool, s span, now uint64) {
	from := max(f.taken, s.before)
	if s.last <= from {
		return
	}
	if s.last-from <= uint64(p.samples) {
		for sequence := from + 1; sequence <= s.last; sequence++ {
			slot := slotOf(sequence, p.samples)
			if got, time, value := p.get(slot); got == sequence { // else a later one is there, or it was lost
				f.put(sample{sequence, slot, time, value}, now)
			}
		}
	} else {
		f.followAll(p, span{from, s.last}, now)
	}
	f.taken = s.last
	f.figures = f.kept.Statistics()
}

// followAll takes in the samples of s, of which there were more than the pool has slots.
func (f *follower) followAll(p pool, s span, now uint64) {
	found := make([]sample, 0, p.samples)
	for slot := range p.samples {
		if sequence, time, value := p.get(slot); sequence > s.before && sequence <= s.last {
			found = append(found, sample{sequence, slot, time, value})
		}
	}
	slices.SortFunc(found, func(a, b sample) int { return cmp.Compare(a.sequence, b.sequence) })
	for _, x := range found {
		f.put(x, now)
	}
}

// put takes in a sample, unless its time or its value cannot be.
func (f *follower) put(x sample, now uint64) {
	if x.time <= now+futureSample && x.value < maxSequence {
		f.kept.Put(x.slot, seconds(x.time), seconds(x.value))
	}
}

// seconds returns a time of a region in s.
func seconds(ns uint64) float64 { return float64(ns) / 1e9 }
