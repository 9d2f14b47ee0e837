package shm

import (
	"math/bits"
	"sync/atomic"
)

// kind is which of a server's reservoirs.
type kind int

const (
	completions kind = iota // completion times of flows
	elapsed                 // elapsed times of ongoing flows, sampled as env/observe does
)

// maxSequence is beyond every sequence number of a sample that there can be.
const maxSequence = 1 << 62

// Words of a sample.
const (
	sequenceOfSample = iota // its sequence number; 0 while it is written
	timeOfSample            // ns on CLOCK_MONOTONIC
	valueOfSample           // ns
)

// pool is a reservoir in a region: Algorithm 3 with k slots. Its first word is the
// highest sequence number that was begun. The sample of sequence number s goes to the
// slot that slotOf(s, k) says, a number that is as good as random, so that a reader finds
// the samples that are new to it without looking at the others.
//
// The word of a sample's own sequence number is its lock: 0 while it is written. A
// writer that was killed leaves it 0, which takes that one sample away.
type pool struct {
	words   []atomic.Uint64
	samples int // k
}

// slotOf returns the slot of k to which the sample of a sequence number goes: the output
// of SplitMix64 (Steele, Lea, Flood 2014) for the number, reduced to 0 to k-1 by its high
// bits.
func slotOf(sequence uint64, k int) int {
	x := sequence * 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	high, _ := bits.Mul64(x^x>>31, uint64(k))
	return int(high)
}

func (p pool) sample(slot int) []atomic.Uint64 {
	at := poolHead + slot*sampleWords
	return p.words[at : at+sampleWords]
}

// last returns the highest sequence number that was begun.
func (p pool) last() uint64 { return p.words[0].Load() }

// add registers the sample of a sequence number, which is one more than last.
func (p pool) add(sequence, time, value uint64) {
	p.words[0].Store(sequence)
	s := p.sample(slotOf(sequence, p.samples))
	s[sequenceOfSample].Store(0)
	s[timeOfSample].Store(time)
	s[valueOfSample].Store(value)
	s[sequenceOfSample].Store(sequence)
}

// get returns the sample in a slot, and the sequence number 0 if there is none or it is
// being written.
func (p pool) get(slot int) (sequence, time, value uint64) {
	s := p.sample(slot)
	sequence = s[sequenceOfSample].Load()
	time, value = s[timeOfSample].Load(), s[valueOfSample].Load()
	if s[sequenceOfSample].Load() != sequence {
		return 0, 0, 0
	}
	return sequence, time, value
}
