// Package argmin finds the least of eight keys, and which of them have it,
// without a branch that a processor could guess wrong. It serves the innermost
// loops of env/station, which server completes something next, and of env/dispatch,
// which servers have the least score.
//
// Keys are times or scores, kept as the bits of float64s from 0 to +Inf: as
// whole numbers these are in the same order, and whole numbers can be compared
// without a branch.
package argmin

import "math"

// Infinity is the key of +Inf, which no number exceeds.
const Infinity = 0x7ff0000000000000

// Key returns the key of a number from 0 to +Inf.
func Key(x float64) uint64 { return math.Float64bits(x) }

// Value returns the number of a key.
func Value(key uint64) float64 { return math.Float64frombits(key) }

// Group is a group of eight keys.
type Group [8]uint64

// Empty returns a group in which every key is Infinity.
func Empty() Group {
	return Group{Infinity, Infinity, Infinity, Infinity, Infinity, Infinity, Infinity, Infinity}
}

// Min returns the least key.
func (g *Group) Min() uint64 {
	return min(min(min(g[0], g[1]), min(g[2], g[3])), min(min(g[4], g[5]), min(g[6], g[7])))
}

// Equal returns the set of the keys that are equal to key, as bits: bit i is
// set where key i is.
func (g *Group) Equal(key uint64) uint64 {
	// Keys are below 2^63, so the top bit of difference - 1 is set for 0 alone.
	return ((g[0]^key)-1)>>63 | ((g[1]^key)-1)>>63<<1 | ((g[2]^key)-1)>>63<<2 | ((g[3]^key)-1)>>63<<3 |
		((g[4]^key)-1)>>63<<4 | ((g[5]^key)-1)>>63<<5 | ((g[6]^key)-1)>>63<<6 | ((g[7]^key)-1)>>63<<7
}
