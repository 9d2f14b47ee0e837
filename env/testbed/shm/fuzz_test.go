package shm

import (
	"encoding/binary"
	"testing"
	"unsafe"

	"fairlb/env/testbed"
)

// alignedRegion returns a region of memory that has no file.
func alignedRegion(bytes int) *region {
	words := make([]uint64, (bytes+wordBytes-1)/wordBytes)
	return &region{file: -1, data: unsafe.Slice((*byte)(unsafe.Pointer(&words[0])), len(words)*wordBytes)[:bytes]}
}

// written returns a region that a plane and an agent have used.
func written(f *testing.F) *region {
	f.Helper()
	l := newLayout(Shape{3, 4, 2})
	r := alignedRegion(l.bytes())
	side := newPlaneSide2(l)
	side.format(r)
	_, epoch := side.begin(r, 0)
	rows := make([]row, 3)
	rows[1] = row{used: true, server: testbed.Server{Name: "web", In: true}}
	side.setSlot(1, &rows[1])
	for i := range uint64(9) {
		side.addSample(1, kind(i%2), &rows[1], 1e9, 1e8)
		side.publish(i+1, &observation{time: 1e9, epoch: epoch, rows: rows})
	}
	agent := newAgentSide2(l, r)
	agent.take(1e9)
	if err := agent.read(); err != nil {
		f.Fatal(err)
	}
	if err := agent.write(1e9, []float64{1, 2, 3}); err != nil {
		f.Fatal(err)
	}
	return r
}

// FuzzRegion changes words of a region of layout v2: whatever they say, each side
// returns, and with an error or with something that can be.
func FuzzRegion(f *testing.F) {
	base := written(f)
	f.Add([]byte{})
	f.Add([]byte{255, 255, 255, 255, 0, 0, 0, 1, 0, 9})
	f.Fuzz(func(t *testing.T, changes []byte) {
		r := alignedRegion(len(base.data))
		copy(r.data, base.data)
		for len(changes) >= 10 { // a word and its new value
			word := int(binary.LittleEndian.Uint16(changes)) % (len(r.data) / wordBytes)
			copy(r.data[word*wordBytes:], changes[2:10])
			changes = changes[10:]
		}
		l, err := decodeHeader(r.data, int64(len(r.data)))
		if err != nil {
			return
		}
		if l.bytes() > len(r.data) {
			t.Fatalf("a region of %d bytes is believed to have %d", len(r.data), l.bytes())
		}
		agent := newAgentSide2(l, r)
		var reading testbed.Reading
		for range 2 {
			if agent.read() == nil {
				agent.fill(&reading)
				checkReading(t, &reading)
			}
		}
		side := newPlaneSide2(l)
		if !side.accept(r) {
			return
		}
		side.begin(r, 0)
		dst := make([]float64, l.Slots)
		if side.weights(dst, &observation{rows: make([]row, l.Slots)}) {
			for j, w := range dst {
				if !isWeight(w) {
					t.Fatalf("weight %g of slot %d", w, j)
				}
			}
		}
	})
}

// FuzzRegionV1 does so with layout v1.
func FuzzRegionV1(f *testing.F) {
	f.Add(make([]byte, 600), make([]byte, 800), make([]byte, 100))
	f.Fuzz(func(t *testing.T, out, in, samples []byte) {
		r := alignedRegion(bytes1)
		r.data[countStart1] = servers1
		copy(r.data[outStart1:poolStart1], out)
		copy(r.data[inStart1:inStart1+level1*inBytes1], in)
		copy(r.data[pool1(1, completions):inCache1], samples)
		agent := newAgentSide1(r)
		var reading testbed.Reading
		for range 2 {
			if agent.read() == nil {
				agent.fill(&reading)
				checkReading(t, &reading)
			}
		}
		side := newPlaneSide1()
		side.begin(r, 0)
		side.buffer[bitsAt1+6] = 0x70
		dst := make([]float64, slots1)
		if side.weights(dst, &observation{rows: make([]row, slots1)}) {
			for j, w := range dst {
				if !isWeight(w) {
					t.Fatalf("weight %g of slot %d", w, j)
				}
			}
		}
	})
}

// checkReading reports what no reading can have.
func checkReading(t *testing.T, r *testbed.Reading) {
	t.Helper()
	for j, s := range r.Servers {
		if s.Ongoing < 0 || !isSum(s.DurationSum) || !isSum(s.CountSum) || !isSum(r.Load[j]) {
			t.Fatalf("slot %d: %+v, load %g", j, s, r.Load[j])
		}
	}
	for i, x := range r.Obs {
		if !isSum(float64(x)) {
			t.Fatalf("observation %d is %g", i, x)
		}
	}
}
