package shm

import (
	"encoding/binary"
	"time"
)

var _ planeSide = (*planeSide1)(nil)

// planeSide1 is the plane's side of a region of layout v1. Slot j is the layout's server
// j+1, whose identifier is j+1 too. The layout has no names, no counters but of flows
// under way, and no servers that are not in: a server that is out has no bit.
type planeSide1 struct {
	region  *region
	out, in frames1
	current observation1
	buffer  []byte // room for an observation frame
	slot    [slots1][kinds]uint64

	newest   latest1 // of the weights frames
	written  []byte  // room for one
	given    weights1
	taken    bool // given has weights
	fresh    bool // they have not been returned, or slots have changed hands since
	heard    time.Duration
	everSeen bool
	last     [level1]stamp1
}

func newPlaneSide1() *planeSide1 {
	return &planeSide1{buffer: make([]byte, outBytes1), written: make([]byte, inBytes1)}
}

func (s *planeSide1) mapped() *region { return s.region }

func (s *planeSide1) bytes() int { return bytes1 }

// accept implements planeSide.
func (s *planeSide1) accept(r *region) bool { return isRegion1(r.data) }

// format implements planeSide.
func (s *planeSide1) format(r *region) { r.data[countStart1] = servers1 }

// begin implements planeSide. The layout has no epochs: the ids go on, so that what
// steers the plane does not take the plane for silent.
func (s *planeSide1) begin(r *region, epoch uint64) (last, taken uint64) {
	s.region = r
	s.out = frames1{data: r.data[outStart1:poolStart1], size: outBytes1}
	s.in = frames1{data: r.data[inStart1 : inStart1+level1*inBytes1], size: inBytes1}
	s.newest = latest1{}
	s.last = s.in.stamps() // what was written for the plane before is no sign of life for this
	s.taken, s.fresh = false, false
	return uint64(s.out.last()), max(epoch, 1)
}

// setSlot implements planeSide. It empties the reservoirs, whose samples do not say
// whose they are.
func (s *planeSide1) setSlot(slot int, _ *row) {
	at := pool1(slot+1, completions)
	clear(s.region.data[at : at+kinds*poolBytes1])
	s.fresh = s.taken
}

// addSample implements planeSide.
func (s *planeSide1) addSample(slot int, k kind, _ *row, at, value time.Duration) {
	s.slot[slot][k]++
	place := slotOf(s.slot[slot][k], samples1)
	data := s.region.data[pool1(slot+1, k)+place*sampleBytes1:]
	putFloat32(data, 0, seconds1(at))
	putFloat32(data, 4, seconds1(value))
}

// publish implements planeSide: to the cache, then from it to a frame.
func (s *planeSide1) publish(sequence uint64, o *observation) {
	s.current = observation1{time: seconds1(duration(o.time))}
	for j := range o.rows {
		if r := &o.rows[j]; r.used {
			if r.server.In {
				s.current.active |= 1 << (63 - (j + 1))
			}
			s.current.servers[j+1].identifier = uint32(j + 1)
			s.current.servers[j+1].ongoing = r.server.Ongoing
		}
	}
	s.current.encode(s.buffer)
	id := idOf1(sequence)
	putUint32(s.buffer, 0, id)
	copy(s.region.data[outCache1:outStart1], s.buffer)
	s.out.write(id, s.buffer)
}

// idOf1 returns the id for a sequence number from 1 on: the same, until it has no room.
func idOf1(sequence uint64) uint32 { return uint32((sequence-1)%(1<<32-1)) + 1 }

// agentAge implements planeSide. The layout has no signs of life but weights frames, and
// their times may be of another clock: what counts is when a new one was first seen.
func (s *planeSide1) agentAge(now time.Duration) (time.Duration, bool) {
	if stamps := s.in.stamps(); stamps != s.last {
		s.last, s.heard, s.everSeen = stamps, now, true
	}
	return now - s.heard, s.everSeen
}

// weights implements planeSide.
func (s *planeSide1) weights(dst []float64, o *observation) bool {
	if s.newest.look(s.in.stamps()) && s.in.copy(s.written, s.newest.last.id) {
		s.given.decode(s.written)
		s.taken, s.fresh = true, true
		copy(s.region.data[inCache1:inStart1], s.written)
	}
	if !s.fresh {
		return false
	}
	s.fresh = false
	shares := s.given.shares(activeServers(binary.LittleEndian.Uint64(s.buffer[bitsAt1:])))
	return fillWeights(dst, func(j int) float64 {
		if !o.rows[j].used {
			return 0
		}
		return shares[j+1]
	})
}

// activeServers returns the servers of a bit index, the list in which aliases are
// positions.
func activeServers(bits uint64) []int {
	active := make([]int, 0, slots1)
	for i := 1; i < servers1; i++ {
		if bits>>(63-i)&1 == 1 {
			active = append(active, i)
		}
	}
	return active
}
