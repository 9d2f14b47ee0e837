package snapshot

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
)

// ErrDamaged reports bytes that are not the state to be restored: they are truncated,
// too long, or of something else.
var ErrDamaged = errors.New("snapshot: damaged, or of something else")

// Stater is a component that has state to save, such as a dispatch rule, an observer
// or an optimiser.
type Stater interface {
	// State walks over the state with the codec, which either writes or reads
	// it. What was read must be checked before it is relied upon; c.Fail
	// reports a fault.
	State(c *Codec)
}

// Codec writes state to bytes or reads it back, all little-endian. After a
// fault it does nothing more: zeros are read, and Err tells the first fault.
type Codec struct {
	data    []byte // the bytes written so far, or those left to read
	reading bool
	err     error
}

// Writer returns a Codec that writes.
func Writer() *Codec { return &Codec{} }

// Reader returns a Codec that reads what a Writer wrote.
func Reader(data []byte) *Codec { return &Codec{data: data, reading: true} }

// Reading says whether the codec reads; otherwise it writes.
func (c *Codec) Reading() bool { return c.reading }

// Bytes returns what was written.
func (c *Codec) Bytes() []byte { return c.data }

// Err returns the first fault.
func (c *Codec) Err() error { return c.err }

// Fail reports a fault. The first one is kept.
func (c *Codec) Fail(format string, args ...any) {
	if c.err == nil {
		c.err = fmt.Errorf("%w: %s", ErrDamaged, fmt.Sprintf(format, args...))
	}
}

// End reports a fault if bytes are left to read.
func (c *Codec) End() {
	if c.reading && len(c.data) > 0 {
		c.Fail("%d bytes too many", len(c.data))
	}
}

// take returns the next n bytes to read, or nil after a fault.
func (c *Codec) take(n int) []byte {
	if c.err == nil && len(c.data) < n {
		c.Fail("truncated")
	}
	if c.err != nil {
		return nil
	}
	b := c.data[:n]
	c.data = c.data[n:]
	return b
}

// Uint64 walks over one number.
func (c *Codec) Uint64(x *uint64) {
	if !c.reading {
		c.data = binary.LittleEndian.AppendUint64(c.data, *x)
		return
	}
	*x = 0
	if b := c.take(8); b != nil {
		*x = binary.LittleEndian.Uint64(b)
	}
}

// Float64 walks over one number, bit for bit.
func (c *Codec) Float64(x *float64) {
	bits := math.Float64bits(*x)
	c.Uint64(&bits)
	*x = math.Float64frombits(bits)
}

// Bool walks over one truth value.
func (c *Codec) Bool(x *bool) {
	var n uint64
	if *x {
		n = 1
	}
	c.Uint64(&n)
	if n > 1 {
		c.Fail("%d is no truth value", n)
	}
	*x = n == 1
}

// Int walks over a number of any whole type; one that does not fit is a fault.
func Int[T ~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint8 | ~uint16 | ~uint32](c *Codec, x *T) {
	n := uint64(int64(*x))
	c.Uint64(&n)
	*x = T(int64(n))
	if int64(*x) != int64(n) {
		c.Fail("%d is out of range", int64(n))
		*x = 0
	}
}

// Len walks over a length and returns it: n where the codec writes, and what was
// written where it reads. A length beyond the number of bytes left is a fault, so
// that damaged bytes make nobody allocate much.
func (c *Codec) Len(n int) int {
	m := uint64(n)
	c.Uint64(&m)
	if c.reading && m > uint64(len(c.data)) {
		c.Fail("a length of %d with %d bytes left", m, len(c.data))
	}
	if c.err != nil {
		return 0
	}
	return int(m)
}

// Slice walks over a slice of any length. On reading, its array is used again if it
// is large enough.
func Slice[S ~[]T, T any](c *Codec, s *S, each func(*T)) {
	n := c.Len(len(*s))
	if c.reading {
		if cap(*s) < n {
			*s = make(S, n)
		}
		*s = (*s)[:n]
	}
	for i := range *s {
		each(&(*s)[i])
	}
}

// Fixed walks over a slice whose length follows from the configuration. Another
// length is a fault.
func Fixed[S ~[]T, T any](c *Codec, s S, each func(*T)) {
	if n := c.Len(len(s)); n != len(s) {
		c.Fail("%d values where there are %d", n, len(s))
		return
	}
	for i := range s {
		each(&s[i])
	}
}

// PCG walks over the state of a random stream.
func (c *Codec) PCG(p *rand.PCG) {
	if !c.reading {
		b, err := p.MarshalBinary()
		if err != nil {
			c.Fail("random stream: %v", err)
			return
		}
		c.Len(len(b))
		c.data = append(c.data, b...)
		return
	}
	if b := c.take(c.Len(0)); b != nil {
		if err := p.UnmarshalBinary(b); err != nil {
			c.Fail("random stream: %v", err)
		}
	}
}
