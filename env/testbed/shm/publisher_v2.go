package shm

import (
	"sync/atomic"
	"time"
)

var _ planeSide = (*planeSide2)(nil)

// planeSide2 is the plane's side of a region of layout v2.
type planeSide2 struct {
	layout
	region *region
	words  []atomic.Uint64
	parts
	observed []byte  // room for an observation frame
	written  []byte  // room for a weights frame
	given    weights // decoded from it
	sequence uint64  // of the weights that were returned last
	changed  bool    // a slot has changed hands since
}

// parts are the parts of a region of layout v2.
type parts struct {
	plane, agent identity
	table        table
	out, in      frames
}

// newParts finds them in the words of a region.
func (l *layout) newParts(words []atomic.Uint64) parts {
	return parts{
		plane: identity{words[planeWord : planeWord+lineWords]},
		agent: identity{words[agentWord : agentWord+lineWords]},
		table: table{words[l.tableStart:l.outStart]},
		out:   frames{words: words[l.outStart:l.inStart], size: l.outWords, level: uint64(l.Level), fixed: l.fixedWords(), row: rowWords},
		in:    frames{words: words[l.inStart:l.poolStart], size: l.inWords, level: uint64(l.Level), fixed: stampWords, row: weightWords},
	}
}

// pool returns one of the reservoirs of a slot.
func (l *layout) pool(words []atomic.Uint64, slot int, k kind) pool {
	at := l.poolStart + (slot*kinds+int(k))*l.poolWords
	return pool{words[at : at+l.poolWords], l.Samples}
}

func newPlaneSide2(l layout) *planeSide2 {
	return &planeSide2{layout: l, observed: make([]byte, l.outWords*wordBytes), written: make([]byte, l.inWords*wordBytes)}
}

func (s *planeSide2) mapped() *region { return s.region }

// accept takes a region of the same layout, whose sequence numbers leave room.
func (s *planeSide2) accept(r *region) bool {
	l, err := decodeHeader(r.data, int64(len(r.data)))
	if err != nil || l != s.layout {
		return false
	}
	words := r.words()
	for j := range l.Slots {
		for k := range kind(kinds) {
			if l.pool(words, j, k).last() >= maxSequence/2 {
				return false
			}
		}
	}
	parts := l.newParts(words)
	return parts.out.last() < maxSequence && parts.plane.epoch() < maxSequence
}

func (s *planeSide2) format(r *region) {
	header := make([]byte, headerWords*wordBytes)
	s.encodeHeader(header)
	storeWords(r.words(), header)
}

func (s *planeSide2) begin(r *region, epoch uint64) (last, taken uint64) {
	s.region, s.words = r, r.words()
	s.parts = s.newParts(s.words)
	s.sequence, s.changed = 0, true
	if epoch == 0 {
		epoch = s.plane.nextEpoch(time.Now())
	}
	s.plane.take(epoch)
	return s.out.last(), epoch
}

func (s *planeSide2) setSlot(slot int, r *row) {
	name := ""
	if r.used {
		name = r.server.Name
		for k := range kind(kinds) {
			last := s.pool(s.words, slot, k).last()
			r.samples[k] = span{last, last}
		}
	}
	r.generation = s.table.set(slot, name)
	s.changed = true
}

func (s *planeSide2) addSample(slot int, k kind, r *row, at, value time.Duration) {
	r.samples[k].last++
	s.pool(s.words, slot, k).add(r.samples[k].last, nanoseconds(at), nanoseconds(value))
}

func (s *planeSide2) publish(sequence uint64, o *observation) {
	used := *o
	for n := len(o.rows); n > 0 && !o.rows[n-1].used; n-- {
		used.rows = o.rows[:n-1]
	}
	s.out.write(sequence, s.encodeObservation(s.observed, &used))
	s.plane.beat(duration(o.time))
}

func (s *planeSide2) agentAge(now time.Duration) (time.Duration, bool) { return s.agent.age(now) }

func (s *planeSide2) weights(dst []float64, o *observation) bool {
	if s.in.newest() == s.sequence && !s.changed {
		return false
	}
	sequence, used := s.in.read(s.written)
	if sequence == 0 || s.decodeWeights(&s.given, used) != nil {
		return false
	}
	s.sequence, s.changed = sequence, false
	given := func(j int) float64 {
		if j < len(s.given.rows) && o.rows[j].used && o.rows[j].generation == s.given.rows[j].generation {
			return s.given.rows[j].value
		}
		return 0
	}
	return fillWeights(dst, given)
}

// fillWeights fills dst with the given weights, and with the mean of those that are not
// 0 where they are. If all are 0, it leaves dst as it is and returns false.
func fillWeights(dst []float64, given func(slot int) float64) bool {
	mean, n := 0.0, 0.0
	for j := range dst {
		if w := given(j); w > 0 {
			n++
			mean += (w - mean) / n
		}
	}
	if n == 0 {
		return false
	}
	for j := range dst {
		if dst[j] = given(j); dst[j] == 0 {
			dst[j] = mean
		}
	}
	return true
}
