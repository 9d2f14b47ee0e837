package replay

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"
	"math"
	"slices"
)

// The kinds of faults in what was saved.
var (
	// ErrDamaged reports bytes that are not what was saved: cut or changed.
	ErrDamaged = errors.New("replay: damaged")
	// ErrVersion reports what another version of this package saved.
	ErrVersion = errors.New("replay: saved by another version")
	// ErrOther reports what was saved of another buffer: of another shape or
	// capacity, or of another agent.
	ErrOther = errors.New("replay: saved of another buffer")
)

// version is the version of the format of buffers and priorities.
const version = 1

// chunk is the number of bytes, at most, that are made room for before they
// are there: a damaged length takes no more memory than there are bytes.
const chunk = 1 << 16

// codec walks over state and either writes what it visits or reads it back, so that
// one function serves both ways and they cannot differ. It is env/snapshot's Codec
// for state that is too large to be held in memory twice, in a package that imports
// nothing of fairlb. All is little-endian; at the end stands the SHA-256 hash of what
// came before. After the first fault it does nothing more.
type codec struct {
	out  *bufio.Writer // nil when it reads
	in   io.Reader
	hash hash.Hash
	buf  []byte
	err  error
}

func newWriter(w io.Writer) *codec {
	return &codec{out: bufio.NewWriterSize(w, chunk), hash: sha256.New()}
}

// newReader returns a codec that reads what a writer wrote, and not a byte more.
func newReader(r io.Reader) *codec { return &codec{in: r, hash: sha256.New()} }

func (c *codec) reading() bool { return c.out == nil }

// fail notes the first fault.
func (c *codec) fail(kind error, format string, args ...any) {
	if c.err == nil {
		c.err = fmt.Errorf("%w: %s", kind, fmt.Sprintf(format, args...))
	}
}

// pass writes b or fills it.
func (c *codec) pass(b []byte) {
	if c.err != nil {
		return
	}
	var err error
	if c.reading() {
		_, err = io.ReadFull(c.in, b)
	} else {
		_, err = c.out.Write(b)
	}
	c.note(err)
	c.hash.Write(b)
}

// note keeps an error of reading or writing.
func (c *codec) note(err error) {
	switch {
	case err == nil || c.err != nil:
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		c.fail(ErrDamaged, "truncated")
	default:
		c.err = fmt.Errorf("replay: %w", err)
	}
}

// passMany passes n bytes: those of c.buf, or into it.
func (c *codec) passMany(n int) {
	if !c.reading() {
		c.pass(c.buf[:n])
		return
	}
	c.buf = c.buf[:0]
	for len(c.buf) < n && c.err == nil {
		length, k := len(c.buf), min(n-len(c.buf), chunk)
		c.buf = slices.Grow(c.buf, k)[:length+k]
		c.pass(c.buf[length:])
	}
}

// uint64 walks over one number.
func (c *codec) uint64(x *uint64) {
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], *x)
	c.pass(b[:])
	if c.reading() && c.err == nil {
		*x = binary.LittleEndian.Uint64(b[:])
	}
}

// count walks over a number that is not negative.
func (c *codec) count(x *int) {
	n := uint64(*x)
	c.uint64(&n)
	if n > math.MaxInt {
		c.fail(ErrDamaged, "a count of %d", n)
	}
	if c.err == nil {
		*x = int(n)
	}
}

// float64 walks over one number, bit for bit.
func (c *codec) float64(x *float64) {
	bits := math.Float64bits(*x)
	c.uint64(&bits)
	*x = math.Float64frombits(bits)
}

// float32s walks over n numbers, bit for bit. Those read take the place of *x.
func (c *codec) float32s(x *[]float32, n int) {
	if !c.reading() {
		c.buf = c.buf[:0]
		for _, v := range *x {
			c.buf = binary.LittleEndian.AppendUint32(c.buf, math.Float32bits(v))
		}
	}
	c.passMany(4 * n)
	if c.reading() && c.err == nil {
		*x = make([]float32, n)
		for i := range *x {
			(*x)[i] = math.Float32frombits(binary.LittleEndian.Uint32(c.buf[4*i:]))
		}
	}
}

// begin walks over what the state is of, and the version of its format.
func (c *codec) begin(kind string) {
	b := []byte(kind)
	c.pass(b)
	if string(b) != kind {
		c.fail(ErrDamaged, "this is not a %s", kind)
	}
	v := uint64(version)
	c.uint64(&v)
	if v != version {
		c.fail(ErrVersion, "%d, and this is %d", v, version)
	}
}

// same walks over a number in which both sides must agree.
func (c *codec) same(name string, x int) {
	got := uint64(x)
	c.uint64(&got)
	if got != uint64(x) {
		c.fail(ErrOther, "%s = %d, want %d", name, int64(got), x)
	}
}

// end walks over the hash and returns the first fault.
func (c *codec) end() error {
	sum := c.hash.Sum(nil)
	got := slices.Clone(sum)
	c.pass(got)
	if !bytes.Equal(sum, got) {
		c.fail(ErrDamaged, "the hash of the contents differs")
	}
	if !c.reading() && c.err == nil {
		c.note(c.out.Flush())
	}
	return c.err
}
