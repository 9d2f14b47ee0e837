package snapshot

import (
	"encoding/binary"
	"math"
	"slices"
)

// Text walks over a string of any length.
func (c *Codec) Text(s *string) {
	n := c.Len(len(*s))
	if !c.reading {
		c.data = append(c.data, *s...)
		return
	}
	*s = string(c.take(n))
}

// Float32s walks over numbers, bit for bit. Their count follows from the
// configuration: reading another count is a fault and changes no number.
func (c *Codec) Float32s(x []float32) {
	if n := c.Len(len(x)); n != len(x) {
		c.Fail("%d values where there are %d", n, len(x))
		return
	}
	if !c.reading {
		c.data = slices.Grow(c.data, 4*len(x))
		for _, v := range x {
			c.data = binary.LittleEndian.AppendUint32(c.data, math.Float32bits(v))
		}
		return
	}
	if b := c.take(4 * len(x)); b != nil {
		for i := range x {
			x[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
		}
	}
}

// Float64s is Float32s for the longer type.
func (c *Codec) Float64s(x []float64) { Fixed(c, x, c.Float64) }
