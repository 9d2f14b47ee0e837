package shm

import (
	"fmt"
	"math"
	"time"

	"fairlb/env/testbed"
)

// Words of the stamp at the head of every frame.
const (
	// Word 0 is the lock (frames.go).
	timeWord  = 1 // ns on CLOCK_MONOTONIC, when it was published
	epochWord = 2 // of who wrote it
	rowsWord  = 3 // how many rows are used
)

// Words of a server's row in an observation frame.
const (
	generationOfRow = iota // of the slot, even; by it the row finds the server's name in the table
	flagsOfRow             // inFlag
	ongoingOfRow           // flows under way, as a signed number
	dispatchedOfRow
	completedOfRow
	failedOfRow
	durationSumOfRow // bits of a float64, s
	countSumOfRow    // bits of a float64
	samplesOfRow     // of each reservoir: sequence numbers before and at the end of the server's samples
)

const inFlag = 1

// observation is what an observation frame holds. Row j is of the server in slot j.
type observation struct {
	time  uint64 // ns
	epoch uint64
	rows  []row
}

// row is a slot of an observation. The name of its server is not in it, but in the
// server table.
type row struct {
	used       bool
	generation uint64
	server     testbed.Server
	samples    [kinds]span
}

// span is the sequence numbers of the samples of a slot's present server: those after
// before, up to last. The numbers of a reservoir go on when the slot changes hands, so
// that no sample of the server before can be taken for one of this.
type span struct{ before, last uint64 }

// fixedWords are the words of an observation frame before its rows: stamp and bit index.
func (l *layout) fixedWords() int { return stampWords + l.bitWords }

// encode writes the observation to the beginning of dst, which has room for a frame, and
// returns the words that it uses.
func (l *layout) encodeObservation(dst []byte, o *observation) []byte {
	fixed := l.fixedWords()
	used := dst[:(fixed+len(o.rows)*rowWords)*wordBytes]
	clear(used[:fixed*wordBytes])
	putWord(used, timeWord, o.time)
	putWord(used, epochWord, o.epoch)
	putWord(used, rowsWord, uint64(len(o.rows)))
	for j := range o.rows {
		r := used[(fixed+j*rowWords)*wordBytes:][:rowWords*wordBytes]
		if !o.rows[j].used {
			clear(r)
			continue
		}
		bits := stampWords + j/64
		putWord(used, bits, word(used, bits)|1<<(j%64))
		o.rows[j].encode(r)
	}
	return used
}

func (r *row) encode(dst []byte) {
	flags := uint64(0)
	if r.server.In {
		flags = inFlag
	}
	putWord(dst, generationOfRow, r.generation)
	putWord(dst, flagsOfRow, flags)
	putWord(dst, ongoingOfRow, uint64(int64(r.server.Ongoing)))
	putWord(dst, dispatchedOfRow, r.server.Dispatched)
	putWord(dst, completedOfRow, r.server.Completed)
	putWord(dst, failedOfRow, r.server.Failed)
	putWord(dst, durationSumOfRow, math.Float64bits(r.server.DurationSum))
	putWord(dst, countSumOfRow, math.Float64bits(r.server.CountSum))
	for i, s := range r.samples {
		putWord(dst, samplesOfRow+2*i, s.before)
		putWord(dst, samplesOfRow+2*i+1, s.last)
	}
}

// decodeObservation reads an observation into o, whose memory it reuses. An error leaves
// o as nothing to rely on.
func (l *layout) decodeObservation(o *observation, data []byte) error {
	fixed := l.fixedWords()
	if len(data) < fixed*wordBytes {
		return fmt.Errorf("%w: an observation of %d bytes", ErrCorrupt, len(data))
	}
	o.time, o.epoch = word(data, timeWord), word(data, epochWord)
	n := word(data, rowsWord)
	if n > uint64(l.Slots) || len(data) != (fixed+int(n)*rowWords)*wordBytes {
		return fmt.Errorf("%w: an observation of %d rows in %d bytes, of %d slots", ErrCorrupt, n, len(data), l.Slots)
	}
	if o.time > math.MaxInt64 {
		return fmt.Errorf("%w: an observation of the time %d ns", ErrCorrupt, o.time)
	}
	if cap(o.rows) < int(n) {
		o.rows = make([]row, l.Slots)
	}
	o.rows = o.rows[:n]
	for j := range o.rows {
		r := &o.rows[j]
		r.used = word(data, stampWords+j/64)>>(j%64)&1 == 1
		if !r.used {
			*r = row{}
			continue
		}
		if err := r.decode(data[(fixed+j*rowWords)*wordBytes:][:rowWords*wordBytes]); err != nil {
			return fmt.Errorf("%w: slot %d: %w", ErrCorrupt, j, err)
		}
	}
	return nil
}

func (r *row) decode(data []byte) error {
	s := &r.server
	r.generation = word(data, generationOfRow)
	s.In = word(data, flagsOfRow)&inFlag != 0
	ongoing := int64(word(data, ongoingOfRow))
	s.Ongoing = int32(ongoing)
	s.Dispatched, s.Completed, s.Failed = word(data, dispatchedOfRow), word(data, completedOfRow), word(data, failedOfRow)
	s.DurationSum, s.CountSum = math.Float64frombits(word(data, durationSumOfRow)), math.Float64frombits(word(data, countSumOfRow))
	switch {
	case r.generation == 0 || r.generation%2 != 0:
		return fmt.Errorf("generation %d", r.generation)
	case ongoing < 0 || ongoing > math.MaxInt32:
		return fmt.Errorf("%d ongoing flows", ongoing)
	case !isSum(s.DurationSum) || !isSum(s.CountSum):
		return fmt.Errorf("sums of %g s and %g flows", s.DurationSum, s.CountSum)
	}
	for i := range r.samples {
		p := span{word(data, samplesOfRow+2*i), word(data, samplesOfRow+2*i+1)}
		if p.before > p.last || p.last >= maxSequence {
			return fmt.Errorf("samples %d to %d", p.before, p.last)
		}
		r.samples[i] = p
	}
	return nil
}

// isSum says whether x can be the sum of numbers that are not negative.
func isSum(x float64) bool { return x >= 0 && !math.IsInf(x, 1) }

// duration returns a time of a region, at most the largest Duration.
func duration(ns uint64) time.Duration { return time.Duration(min(ns, math.MaxInt64)) }
