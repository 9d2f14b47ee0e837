package snapshot

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
)

// ErrDamaged says that bytes are not the state that is to be restored:
// truncated, too long, or of something else.
var ErrDamaged = errors.New("snapshot: damaged, or of something else")

// Stater is a component that has state to save: a source of requests, a rule
// of dispatch, an observer, an optimiser.
type Stater interface {
	// State walks over the state with the codec. What it reads it must
	// check before it relies on it; faults go to c.Fail.
	State(c *Codec)
}

// Codec writes state to bytes or reads it back, all little-endian. After a
// fault it does nothing more: zeros are read, and Err tells the first fault.
type Codec struct {
	data    []byte // written so far, or left to read
	reading bool
	err     error
}

// Writer returns a Codec that writes.
func Writer() *Codec { return &Codec{} }

// Reader returns a Codec that reads what a Writer wrote.
func Reader(data []byte) *Codec { return &Codec{data: data, reading: true} }

// Reading says which way the codec goes.
func (c *Codec) Reading() bool { return c.reading }

// Bytes returns what was written.
func (c *Codec) Bytes() []byte { return c.data }

// Err returns the first fault.
func (c *Codec) Err() error { return c.err }

// Fail notes a fault.
func (c *Codec) Fail(format string, args ...any) {
	if c.err == nil {
		c.err = fmt.Errorf("%w: %s", ErrDamaged, fmt.Sprintf(format, args...))
	}
}

// End notes a fault where bytes are left to read.
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

// Bool walks over one truth.
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

// Len walks over a length, so that both sides agree on it: it reads at most as
// many as bytes are left. It returns the length.
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

// Slice walks over a slice of any length, which is made anew on reading unless
// it has room.
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

// Fixed walks over a slice whose length follows from the configuration: any
// other is a fault.
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
