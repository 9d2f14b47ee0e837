package shm

import (
	"encoding/binary"
	"fmt"
	"math"
	"sync/atomic"

	"fairlb/env/testbed"
)

// Layout v1, in bytes. Its numbers are packed, so that most are not aligned.
const (
	bytes1   = 1 << 20 // of the whole region
	servers1 = 64      // that it has places for; server 0 is none
	slots1   = servers1 - 1
	samples1 = 128 // of each reservoir
	level1   = 4   // frames in each direction

	countStart1 = 42                                 // one byte, servers1
	outCache1   = countStart1 + 1                    // what the plane has counted, not published
	outStart1   = outCache1 + outBytes1              // observation frames
	poolStart1  = outStart1 + level1*outBytes1       // reservoirs by server, of completion times, then of durations
	inCache1    = poolStart1 + servers1*2*poolBytes1 // the weights that the plane has taken
	inStart1    = inCache1 + inBytes1                // weights frames

	// An observation frame: id (u32), time (f32, s), bit index (u64), and a row for
	// each server.
	outBytes1    = rowsStart1 + servers1*rowBytes1
	timeAt1      = 4
	bitsAt1      = 8
	rowsStart1   = 16
	rowBytes1    = 8 // identifier (u32), flows under way (i32)
	sampleBytes1 = 8 // time (f32, s), value (f32, s)
	poolBytes1   = samples1 * sampleBytes1

	// A weights frame: id (u32), time (f32, s), a score (f32) for each server, and an
	// entry of an alias table for each server.
	inBytes1    = aliasStart1 + servers1*aliasBytes1
	scoreStart1 = 8
	aliasStart1 = scoreStart1 + 4*servers1
	aliasBytes1 = 8 // odd (f32), alias (u32)
)

// observation1 is an observation frame of layout v1, without its id.
type observation1 struct {
	time    float32 // s
	active  uint64  // the bit index: server i is bit 63-i
	servers [servers1]struct {
		identifier uint32
		ongoing    int32
	}
}

// has says whether a server is active. Server 0 is none.
func (o *observation1) has(server int) bool { return server > 0 && o.active>>(63-server)&1 == 1 }

// encode writes the frame, with the id 0, to dst, which has outBytes1.
func (o *observation1) encode(dst []byte) {
	putUint32(dst, 0, 0)
	putFloat32(dst, timeAt1, o.time)
	binary.LittleEndian.PutUint64(dst[bitsAt1:], o.active)
	for i, s := range o.servers {
		putUint32(dst, rowsStart1+i*rowBytes1, s.identifier)
		putUint32(dst, rowsStart1+i*rowBytes1+4, uint32(s.ongoing))
	}
}

// decode reads a frame of outBytes1.
func (o *observation1) decode(data []byte) error {
	o.time = float32At(data, timeAt1)
	if !(o.time >= 0) || math.IsInf(float64(o.time), 1) {
		return fmt.Errorf("%w: an observation of the time %g s", ErrCorrupt, o.time)
	}
	o.active = binary.LittleEndian.Uint64(data[bitsAt1:])
	for i := range o.servers {
		o.servers[i].identifier = uint32At(data, rowsStart1+i*rowBytes1)
		o.servers[i].ongoing = int32(uint32At(data, rowsStart1+i*rowBytes1+4))
	}
	return nil
}

// server returns what the frame says of an active server. The plugin counts flows that
// it sees both begin and end, so that a number below 0 can come and means none.
func (o *observation1) server(i int) testbed.Server {
	return testbed.Server{In: true, Ongoing: max(o.servers[i].ongoing, 0)}
}

// weights1 is a weights frame of layout v1, without its id. Scores and entries are by
// server.
type weights1 struct {
	time  float32
	score [servers1]float32
	table [servers1]alias1
}

// alias1 is an entry of an alias table over the active servers: a server keeps a flow
// with probability odd, and else passes it to the one at the position alias in the list
// of active servers.
type alias1 struct {
	odd   float32
	alias uint32
}

// encode writes the frame, with the id 0, to dst, which has inBytes1.
func (w *weights1) encode(dst []byte) {
	putUint32(dst, 0, 0)
	putFloat32(dst, timeAt1, w.time)
	for i, x := range w.score {
		putFloat32(dst, scoreStart1+4*i, x)
	}
	for i, x := range w.table {
		putFloat32(dst, aliasStart1+aliasBytes1*i, x.odd)
		putUint32(dst, aliasStart1+aliasBytes1*i+4, x.alias)
	}
}

// decode reads a frame of inBytes1.
func (w *weights1) decode(data []byte) {
	w.time = float32At(data, timeAt1)
	for i := range w.score {
		w.score[i] = float32At(data, scoreStart1+4*i)
	}
	for i := range w.table {
		w.table[i] = alias1{float32At(data, aliasStart1+aliasBytes1*i), uint32At(data, aliasStart1+aliasBytes1*i+4)}
	}
}

// shares returns each active server's share of the flows, given the active servers: by
// the scores, or, if there are none, by the alias table. A share of 0 is none.
func (w *weights1) shares(active []int) (shares [servers1]float64) {
	scored := false
	for _, i := range active {
		if x := float64(w.score[i]); isWeight(x) {
			shares[i], scored = x, true
		}
	}
	if scored {
		return shares
	}
	for _, i := range active {
		odd := min(max(float64(w.table[i].odd), 0), 1) // NaN stays, and is no weight
		shares[i] += odd
		if p := w.table[i].alias; int64(p) < int64(len(active)) {
			shares[active[p]] += 1 - odd
		}
	}
	for i, x := range shares {
		if !isWeight(x) {
			shares[i] = 0
		}
	}
	return shares
}

// pool1 returns where a server's reservoir of a kind begins.
func pool1(server int, k kind) int { return poolStart1 + (2*server+int(k))*poolBytes1 }

// frames1 are the four frames of one direction. Frame s mod 4 takes the publication of
// id s, from 1 on; its id is 0 while it is written.
//
// The layout knows no barriers and does not align ids. Ours are written and read by plain
// instructions with a full barrier between id and content, so that they are in order for
// whoever reads in order. None of the ids crosses a cache line, within which processors
// of today do not tear four bytes.
type frames1 struct {
	data  []byte // of the four frames
	size  int
	fence atomic.Uint64
}

// barrier keeps the memory accesses before it before those after it.
func (f *frames1) barrier() { f.fence.Add(1) }

func (f *frames1) frame(id uint32) []byte { return f.data[int(id%level1)*f.size:][:f.size] }

// write publishes a frame under an id other than 0.
func (f *frames1) write(id uint32, payload []byte) {
	frame := f.frame(id)
	putUint32(frame, 0, 0)
	f.barrier()
	copy(frame[4:], payload[4:])
	f.barrier()
	putUint32(frame, 0, id)
}

// copy copies the frame of an id to dst and says whether it had this id before and after.
func (f *frames1) copy(dst []byte, id uint32) bool {
	frame := f.frame(id)
	if uint32At(frame, 0) != id {
		return false
	}
	f.barrier()
	copy(dst, frame)
	f.barrier()
	return uint32At(frame, 0) == id
}

// stamps returns the ids and times of the frames.
func (f *frames1) stamps() (s [level1]stamp1) {
	f.barrier()
	for i := range s {
		frame := f.data[i*f.size:]
		s[i] = stamp1{uint32At(frame, 0), uint32At(frame, timeAt1)}
	}
	return s
}

// last returns the highest id of a frame.
func (f *frames1) last() uint32 {
	highest := uint32(0)
	for i, s := range f.stamps() {
		if s.plausible(i) {
			highest = max(highest, s.id)
		}
	}
	return highest
}

// stamp1 is the head of a frame.
type stamp1 struct {
	id   uint32
	time uint32 // the bits of the time
}

// plausible says whether a frame can have this id.
func (s stamp1) plausible(frame int) bool { return s.id != 0 && int(s.id%level1) == frame }

// seconds returns the time.
func (s stamp1) seconds() float64 { return float64(math.Float32frombits(s.time)) }

// latest1 finds the newest of four frames, look by look. A writer that began again at
// id 1, among the frames of its predecessor, is recognised: what has changed since the
// look before is new, whatever its id.
type latest1 struct {
	seen     [level1]stamp1 // at the look before
	last     stamp1         // the newest frame; id 0: there has been none
	restarts uint64
}

// look takes in the heads of the frames and says whether there is a newer frame than at
// the look before; it is last.
func (l *latest1) look(now [level1]stamp1) bool {
	newest, first := stamp1{}, stamp1{}
	for i, s := range now {
		if s == l.seen[i] || !s.plausible(i) {
			continue
		}
		switch {
		case s.id > l.last.id:
			if s.id > newest.id {
				newest = s
			}
		case l.restarted(s) && s.id > first.id:
			first = s
		}
	}
	l.seen = now
	switch {
	case first.id != 0: // higher ids that are new, too, were its predecessor's last
		l.last = first
		l.restarts++
	case newest.id != 0:
		l.last = newest
	default:
		return false
	}
	return true
}

// restarted says whether a frame that is new, and has no higher id than the newest one,
// must be of a writer that has begun again. The same writer's frame may be new because
// the look before came between it and the newest, which came later; but not if it is a
// round of frames behind, or has a later time.
func (l *latest1) restarted(s stamp1) bool {
	return s.id == l.last.id || int64(s.id)+level1 <= int64(l.last.id) || s.seconds() > l.last.seconds()
}

func uint32At(data []byte, at int) uint32 { return binary.LittleEndian.Uint32(data[at:]) }

func float32At(data []byte, at int) float32 { return math.Float32frombits(uint32At(data, at)) }

func putUint32(data []byte, at int, x uint32) { binary.LittleEndian.PutUint32(data[at:], x) }

func putFloat32(data []byte, at int, x float32) { putUint32(data, at, math.Float32bits(x)) }
