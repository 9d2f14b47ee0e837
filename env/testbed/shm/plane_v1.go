package shm

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"fairlb/env/observe"
	"fairlb/env/testbed"
)

var _ agentSide = (*agentSide1)(nil)

// agentSide1 is the side of what steers the plane, of a region of layout v1. Slot j is
// the layout's server j+1.
//
// The layout counts nothing but flows under way. The number of completed flows is
// estimated from the reservoir of their times: every flow goes to a slot at random, so
// that after c of them about k (1 - e^(-c/k)) of the k slots have changed.
type agentSide1 struct {
	region   *region
	out, in  frames1
	newest   latest1
	buffer   []byte
	seen     observation1
	read1    bool // seen is of this region's plane
	sequence uint64
	slots    [slots1]watchedSlot
	changes  []change1

	features int
	given    weights1
	frame    []byte
	id       uint32 // of the weights that were written last
	wrote    bool   // given has weights
}

// watchedSlot is what is known of the server in a slot.
type watchedSlot struct {
	name       string // empty: it has none
	identifier uint32
	samples    [kinds]watcher
	completed  float64 // an estimate
	duration   float64 // s, one too
}

// watcher keeps a copy of one reservoir of layout v1, and finds what has changed by
// comparing.
type watcher struct {
	at      [samples1]uint64 // by slot, the bits of a sample1
	kept    *observe.Slotted
	figures observe.Statistics
}

// sample1 is a sample of layout v1; zeroes are an empty slot.
type sample1 struct{ time, value float32 } // s

// change1 is a sample that was not there at the look before.
type change1 struct {
	slot int
	sample1
}

// isRegion1 says whether a region has layout v1, which has no magic: by its size, and
// by the number of its servers.
func isRegion1(data []byte) bool { return len(data) == bytes1 && data[countStart1] == servers1 }

func newAgentSide1(r *region) *agentSide1 {
	s := &agentSide1{
		region: r, buffer: make([]byte, outBytes1), frame: make([]byte, inBytes1),
		changes: make([]change1, 0, samples1), features: len(observe.Features()),
	}
	s.out = frames1{data: r.data[outStart1:poolStart1], size: outBytes1}
	s.in = frames1{data: r.data[inStart1 : inStart1+level1*inBytes1], size: inBytes1}
	for j := range s.slots {
		for k := range s.slots[j].samples {
			s.slots[j].samples[k].kept = observe.NewSlotted(samples1)
		}
	}
	return s
}

func (s *agentSide1) mapped() *region { return s.region }

// sharesClock implements agentSide: the layout does not say whose clock its times are of.
func (s *agentSide1) sharesClock() bool { return false }

// read implements agentSide.
func (s *agentSide1) read() error {
	restarts := s.newest.restarts
	if s.newest.look(s.out.stamps()) {
		if !s.out.copy(s.buffer, s.newest.last.id) {
			// It was overwritten meanwhile, by one that the next look finds.
			if !s.read1 {
				return testbed.ErrNoReading
			}
		} else {
			if err := s.seen.decode(s.buffer); err != nil {
				return fmt.Errorf("%s: %w", s.region.path, err)
			}
			s.read1 = true
			s.sequence = uint64(s.newest.last.id)
		}
	}
	if !s.read1 {
		return testbed.ErrNoReading
	}
	for j := range s.slots {
		if s.newest.restarts != restarts {
			s.slots[j].forget()
		}
		s.watch(j)
	}
	return nil
}

// watch takes in what has changed of the server in a slot. Samples are not published
// with the frames, but are there at once.
func (s *agentSide1) watch(slot int) {
	w, server := &s.slots[slot], slot+1
	if !s.seen.has(server) {
		w.forget()
		return
	}
	if id := s.seen.servers[server].identifier; w.name == "" || w.identifier != id {
		w.forget()
		w.identifier, w.name = id, fmt.Sprintf("server-%d", id)
	}
	for k := range w.samples {
		changes := w.samples[k].changes(s.changes[:0], s.region.data[pool1(server, kind(k)):])
		sum := 0.0
		for _, c := range changes {
			w.samples[k].kept.Put(c.slot, float64(c.time), float64(c.value))
			sum += float64(c.value)
		}
		n := len(changes)
		if n == 0 {
			continue
		}
		w.samples[k].figures = w.samples[k].kept.Statistics()
		if kind(k) == completions {
			flows := insertions(n)
			w.completed += flows
			w.duration += flows * sum / float64(n)
		}
	}
}

// forget drops everything.
func (w *watchedSlot) forget() {
	if w.name == "" {
		return
	}
	w.name, w.completed, w.duration = "", 0, 0
	for k := range w.samples {
		w.samples[k].kept.Reset()
		w.samples[k].figures = observe.Statistics{}
		clear(w.samples[k].at[:])
	}
}

// changes returns the samples of a reservoir that have changed, in the order of their
// times. What cannot be a sample is left out; half of one, which the layout does not
// keep from a reader, is another change at the next look.
func (w *watcher) changes(dst []change1, data []byte) []change1 {
	for i, before := range w.at {
		bits := binary.LittleEndian.Uint64(data[i*sampleBytes1:])
		if bits == before {
			continue
		}
		now := sample1{math.Float32frombits(uint32(bits)), math.Float32frombits(uint32(bits >> 32))}
		if !now.plausible() {
			continue
		}
		w.at[i] = bits
		dst = append(dst, change1{i, now})
	}
	slices.SortFunc(dst, func(a, b change1) int { return cmp.Or(cmp.Compare(a.time, b.time), cmp.Compare(a.slot, b.slot)) })
	return dst
}

// plausible says whether it can be a sample.
func (s sample1) plausible() bool {
	return s.time > 0 && !math.IsInf(float64(s.time), 1) && s.value >= 0 && !math.IsInf(float64(s.value), 1)
}

// insertions estimates how many samples changed the given number of slots, from 1 to
// samples1.
func insertions(changed int) float64 {
	const k = samples1
	return -k * math.Log(max(1-float64(changed)/k, 1/(2.0*k)))
}

// fill implements agentSide.
func (s *agentSide1) fill(r *testbed.Reading) {
	n := 0
	for j := range s.slots {
		if s.slots[j].name != "" {
			n = j + 1
		}
	}
	r.Sequence, r.Epoch, r.Time = s.sequence, 1+s.newest.restarts, duration(uint64(float64(s.seen.time)*1e9))
	r.Servers = slices.Grow(r.Servers[:0], n)[:n]
	r.Obs = slices.Grow(r.Obs[:0], n*s.features)[:n*s.features]
	r.Load = slices.Grow(r.Load[:0], n)[:n]
	for j := range r.Servers {
		obs, w := r.Obs[j*s.features:(j+1)*s.features], &s.slots[j]
		if w.name == "" {
			clear(obs)
			r.Servers[j], r.Load[j] = testbed.Server{}, 0
			continue
		}
		server := s.seen.server(j + 1)
		server.Name, server.Completed, server.DurationSum = w.name, uint64(math.Round(w.completed)), w.duration
		server.Dispatched = server.Completed + uint64(server.Ongoing)
		r.Servers[j] = server
		r.Load[j] = observe.WriteRow(obs, server.Ongoing, &w.samples[completions].figures, &w.samples[elapsed].figures)
	}
}

// take implements agentSide: the plane takes no id that is not above those before.
func (s *agentSide1) take(time.Duration) { s.id = s.in.last() }

// write implements agentSide.
func (s *agentSide1) write(now time.Duration, given []float64) error {
	if !s.read1 {
		if err := s.read(); err != nil {
			return err
		}
	}
	var active []int
	for j := range s.slots {
		if s.slots[j].name != "" {
			active = append(active, j+1)
		}
	}
	if len(active) == 0 {
		return errors.Join(ErrWeights, errors.New("shm: the plane has no server"))
	}
	if err := checkWeights(given, func(j int) bool { return j < len(s.slots) && s.slots[j].name != "" }); err != nil {
		return err
	}
	s.given = newWeights1(active, func(server int) float64 {
		if server-1 < len(given) {
			return given[server-1]
		}
		return 0
	})
	s.wrote = true
	s.publish(now)
	return nil
}

// beat implements agentSide. The layout knows no signs of life but weights: it writes
// those that the plane has once more.
func (s *agentSide1) beat(now time.Duration) {
	if s.wrote {
		s.publish(now)
	}
}

// publish writes the weights under the next id.
func (s *agentSide1) publish(now time.Duration) {
	s.given.time = seconds1(now)
	s.id = nextID1(s.id)
	s.given.encode(s.frame)
	s.in.write(s.id, s.frame)
}

// seconds1 returns a time as layout v1 has it.
func seconds1(now time.Duration) float32 { return float32(max(now, 0).Seconds()) }

// nextID1 returns the id after another; 0 is none.
func nextID1(id uint32) uint32 { return max(id+1, 1) }

// newWeights1 returns the frame of the weights of the active servers, with their alias
// table; a server whose weight is 0 gets the mean of the others. Scores are the weights
// over the greatest, at least the least positive number that the layout can hold.
func newWeights1(active []int, weight func(server int) float64) weights1 {
	var w weights1
	values := make([]float64, len(active))
	fillWeights(values, func(p int) float64 { return weight(active[p]) })
	greatest := slices.Max(values)
	for p, server := range active {
		if greatest == 0 { // none was given
			values[p] = 1
		} else {
			values[p] /= greatest
		}
		w.score[server] = max(float32(values[p]), math.SmallestNonzeroFloat32)
	}
	for p, entry := range aliasTable(values) {
		w.table[active[p]] = entry
	}
	return w
}

// aliasTable returns the table by which a position is drawn in proportion to its weight
// with one uniform draw of a position and one of a number in [0, 1): Walker's alias
// method, in Vose's order (IEEE Transactions on Software Engineering 17, 1991). Weights
// are not negative, and not all 0.
func aliasTable(weights []float64) []alias1 {
	n, total := len(weights), 0.0
	for _, w := range weights {
		total += w
	}
	rest := make([]float64, n) // of a position's own share, times n
	var small, large []int
	for p, w := range weights {
		rest[p] = w / total * float64(n)
		if rest[p] < 1 {
			small = append(small, p)
		} else {
			large = append(large, p)
		}
	}
	table := make([]alias1, n)
	for len(small) > 0 && len(large) > 0 {
		s, l := small[len(small)-1], large[len(large)-1]
		small = small[:len(small)-1]
		table[s] = alias1{float32(rest[s]), uint32(l)}
		rest[l] -= 1 - rest[s]
		if rest[l] < 1 {
			large = large[:len(large)-1]
			small = append(small, l)
		}
	}
	for _, p := range slices.Concat(small, large) { // 1 but for rounding
		table[p] = alias1{1, uint32(p)}
	}
	return table
}
