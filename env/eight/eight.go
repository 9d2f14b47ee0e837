// Package eight finds the least of eight keys, and who has it, without a
// branch that a processor could guess wrong. Keys are times or scores, kept as
// the bits of float64s from 0 to +Inf, which are in the same order. It serves
// the hot paths of env/sim and env/dispatch.
package eight

import "math"

// Never is the key of +Inf.
const Never = 0x7ff0000000000000

// Key returns the key of a number from 0 to +Inf.
func Key(x float64) uint64 { return math.Float64bits(x) }

// Number returns the number of a key.
func Number(key uint64) float64 { return math.Float64frombits(key) }

// Keys are eight keys.
type Keys [8]uint64

// Nobody returns the keys of +Inf.
func Nobody() Keys { return Keys{Never, Never, Never, Never, Never, Never, Never, Never} }

// Least returns the least key.
func (k *Keys) Least() uint64 {
	return min(min(min(k[0], k[1]), min(k[2], k[3])), min(min(k[4], k[5]), min(k[6], k[7])))
}

// Have returns the set of those, bit i for key i, that are equal to key.
func (k *Keys) Have(key uint64) uint64 {
	// Keys are below 2^63, so the top bit of difference - 1 is set for 0 alone.
	return ((k[0]^key)-1)>>63 | ((k[1]^key)-1)>>63<<1 | ((k[2]^key)-1)>>63<<2 | ((k[3]^key)-1)>>63<<3 |
		((k[4]^key)-1)>>63<<4 | ((k[5]^key)-1)>>63<<5 | ((k[6]^key)-1)>>63<<6 | ((k[7]^key)-1)>>63<<7
}
