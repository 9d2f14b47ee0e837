package plane

import "sync/atomic"

// recordRing holds records of connections for one reader.
type recordRing struct {
	records []Record
	written atomic.Uint64
	read    atomic.Uint64
	lost    atomic.Uint64
}

// recordRoom is the number of records that a loop keeps for its reader, a power of two.
const recordRoom = 1 << 12

// next returns the record to fill, nil if there is no room. Publish makes it readable.
func (r *recordRing) next() *Record {
	if r.records == nil {
		r.records = make([]Record, recordRoom)
	}
	if r.written.Load()-r.read.Load() == recordRoom {
		r.lost.Add(1)
		return nil
	}
	return &r.records[r.written.Load()%recordRoom]
}

func (r *recordRing) publish() { r.written.Add(1) }

// take fills dst, and returns the number of records.
func (r *recordRing) take(dst []Record) int {
	first := r.read.Load()
	n := min(int(r.written.Load()-first), len(dst))
	for k := range n {
		dst[k] = r.records[(first+uint64(k))%recordRoom]
	}
	r.read.Store(first + uint64(n))
	return n
}
