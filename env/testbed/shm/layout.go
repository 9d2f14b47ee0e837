package shm

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

// Sizes of layout v2, in words of 8 bytes.
const (
	wordBytes   = 8
	lineWords   = 8 // a cache line; what different processes write lies on different ones
	headerWords = 4 * lineWords
	entryWords  = 32        // of the server table
	rowWords    = 12        // of a server in an observation frame
	stampWords  = 4         // lock, time, epoch and number of rows at the head of every frame
	weightWords = 2         // of a server in a weights frame
	poolHead    = lineWords // of a reservoir
	sampleWords = 3         // sequence number, time, value

	// kinds is the number of reservoirs of a server.
	kinds = 2
)

// Words of the header.
const (
	magicWord   = 0
	versionWord = 1
	sizeWord    = 2 // bytes of the whole region
	slotsWord   = 3
	samplesWord = 4
	levelWord   = 5
	planeWord   = 1 * lineWords // the plane's identity
	agentWord   = 2 * lineWords // that of what steers it
)

const (
	// magic is "fairlb\x00S" in the bytes of the file.
	magic   = uint64('f') | uint64('a')<<8 | uint64('i')<<16 | uint64('r')<<24 | uint64('l')<<32 | uint64('b')<<40 | uint64('S')<<56
	version = 2
)

// Bounds of a Shape. A header that names more is not believed.
const (
	MaxSlots   = 1 << 14
	MaxSamples = 1 << 12
	MaxLevel   = 64

	// maxBytes is more than any region has.
	maxBytes = 1 << 32
)

// Shape is the sizes of a region in layout v2.
type Shape struct {
	Slots   int // N, servers that there is room for, 1 to MaxSlots
	Samples int // k, samples in each of a server's two reservoirs, 1 to MaxSamples
	Level   int // m, frames in each direction, 2 to MaxLevel
}

// Check returns all faults of a Shape.
func (s Shape) Check() error {
	var faults []error
	for _, f := range []struct {
		name             string
		value, low, high int
	}{{"slots", s.Slots, 1, MaxSlots}, {"samples", s.Samples, 1, MaxSamples}, {"level", s.Level, 2, MaxLevel}} {
		if f.value < f.low || f.value > f.high {
			faults = append(faults, fmt.Errorf("%w: %s is %d, not %d to %d", ErrConfig, f.name, f.value, f.low, f.high))
		}
	}
	return errors.Join(faults...)
}

// layout is where the parts of a region of layout v2 lie, in words.
type layout struct {
	Shape
	bitWords int // of the bit index of an observation frame

	tableStart int // the server table
	outStart   int // the observation frames
	outWords   int // of each
	inStart    int // the weights frames
	inWords    int // of each
	poolStart  int // the reservoirs, by slot, and for each slot by kind
	poolWords  int // of each
	end        int
}

// newLayout lays out a region of a valid shape.
func newLayout(s Shape) layout {
	l := layout{Shape: s, bitWords: (s.Slots + 63) / 64, tableStart: headerWords}
	l.outStart = l.tableStart + s.Slots*entryWords
	l.outWords = wholeLines(stampWords + l.bitWords + s.Slots*rowWords)
	l.inStart = l.outStart + s.Level*l.outWords
	l.inWords = wholeLines(stampWords + s.Slots*weightWords)
	l.poolStart = l.inStart + s.Level*l.inWords
	l.poolWords = wholeLines(poolHead + s.Samples*sampleWords)
	l.end = l.poolStart + s.Slots*kinds*l.poolWords
	return l
}

func wholeLines(words int) int { return (words + lineWords - 1) / lineWords * lineWords }

// bytes returns the size of the region.
func (l *layout) bytes() int { return l.end * wordBytes }

// encodeHeader writes the part of the header that never changes into dst, which has
// headerWords words.
func (l *layout) encodeHeader(dst []byte) {
	for _, f := range [][2]uint64{
		{magicWord, magic}, {versionWord, version}, {sizeWord, uint64(l.bytes())},
		{slotsWord, uint64(l.Slots)}, {samplesWord, uint64(l.Samples)}, {levelWord, uint64(l.Level)},
	} {
		putWord(dst, int(f[0]), f[1])
	}
}

// decodeHeader reads the header at the beginning of data and returns how the region is
// laid out. It believes nothing that size, the bytes that there are, does not bear out.
func decodeHeader(data []byte, size int64) (layout, error) {
	if len(data) < headerWords*wordBytes {
		return layout{}, fmt.Errorf("%w: %d bytes are less than a header", ErrNotRegion, len(data))
	}
	if got := word(data, magicWord); got != magic {
		return layout{}, fmt.Errorf("%w: it begins with %#x, not with layout v2's %#x", ErrNotRegion, got, uint64(magic))
	}
	if got := word(data, versionWord); got != version {
		return layout{}, fmt.Errorf("%w: version %d of the layout, where %d is known", ErrNotRegion, got, version)
	}
	n, k, m := word(data, slotsWord), word(data, samplesWord), word(data, levelWord)
	if n > MaxSlots || k > MaxSamples || m > MaxLevel {
		return layout{}, fmt.Errorf("%w: its header says %d slots, %d samples and level %d, where %d, %d and %d are the most", ErrNotRegion, n, k, m, MaxSlots, MaxSamples, MaxLevel)
	}
	shape := Shape{int(n), int(k), int(m)}
	if err := shape.Check(); err != nil {
		return layout{}, fmt.Errorf("%w: its header: %w", ErrNotRegion, err)
	}
	l := newLayout(shape)
	if stated := word(data, sizeWord); stated != uint64(l.bytes()) || size < int64(l.bytes()) {
		return layout{}, fmt.Errorf("%w: %d slots, %d samples and level %d take %d bytes; its header says %d, and it has %d", ErrNotRegion, n, k, m, l.bytes(), stated, size)
	}
	return l, nil
}

// word returns word i of data.
func word(data []byte, i int) uint64 { return binary.LittleEndian.Uint64(data[i*wordBytes:]) }

// putWord sets word i of data.
func putWord(data []byte, i int, x uint64) { binary.LittleEndian.PutUint64(data[i*wordBytes:], x) }

// nanoseconds returns a time as it is kept in a region; none is negative.
func nanoseconds(d time.Duration) uint64 { return uint64(max(d, 0)) }
