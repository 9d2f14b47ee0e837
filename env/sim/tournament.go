package sim

import (
	"math"
	"math/bits"
)

// tournament finds the server whose next completion is earliest: a tree in
// which eight meet at once, so that setting a server's time or finding the
// first costs O(log servers), and at every node a handful of operations
// without a branch that the processor could guess wrong. Of equal times the
// lower index wins.
//
// Times are kept as the bits of the float64, which for times from 0 to +Inf
// are in the same order.
type tournament struct {
	root   uint64        // the least of all
	leaves [][8]uint64   // the servers', eight a group
	upper  [][][8]uint64 // the least of eight groups below each, the last of one group
}

const never = 0x7ff0000000000000 // +Inf

func newTournament(servers int) tournament {
	groups := (servers + 7) / 8
	t := tournament{leaves: make([][8]uint64, groups)}
	for groups > 1 {
		groups = (groups + 7) / 8
		t.upper = append(t.upper, make([][8]uint64, groups))
	}
	t.reset()
	return t
}

// reset sets all times to +Inf.
func (t *tournament) reset() {
	nobody := [8]uint64{never, never, never, never, never, never, never, never}
	for g := range t.leaves {
		t.leaves[g] = nobody
	}
	for _, level := range t.upper {
		for g := range level {
			level[g] = nobody
		}
	}
	t.root = never
}

// set gives a server its next time, as bits.
func (t *tournament) set(server int, key uint64) {
	group := &t.leaves[server>>3]
	group[server&7] = key
	key = least(group)
	for _, level := range t.upper {
		server >>= 3
		group = &level[server>>3]
		if group[server&7] == key {
			return // nothing changes from here on
		}
		group[server&7] = key
		key = least(group)
	}
	t.root = key
}

// time returns the time of the server that is next.
func (t *tournament) time() float64 { return math.Float64frombits(t.root) }

// first returns the server that is next.
func (t *tournament) first() int {
	server := 0
	for k := len(t.upper) - 1; k >= 0; k-- {
		server = server<<3 | place(&t.upper[k][server], t.root)
	}
	return server<<3 | place(&t.leaves[server], t.root)
}

func least(g *[8]uint64) uint64 {
	return min(min(min(g[0], g[1]), min(g[2], g[3])), min(min(g[4], g[5]), min(g[6], g[7])))
}

// place returns the lowest index of a key in a group that has it.
func place(g *[8]uint64, key uint64) int {
	// Keys are below 2^63, so the top bit of differ - 1 is set for 0 alone.
	found := ((g[0]^key)-1)>>63 | ((g[1]^key)-1)>>63<<1 | ((g[2]^key)-1)>>63<<2 | ((g[3]^key)-1)>>63<<3 |
		((g[4]^key)-1)>>63<<4 | ((g[5]^key)-1)>>63<<5 | ((g[6]^key)-1)>>63<<6 | ((g[7]^key)-1)>>63<<7
	return bits.TrailingZeros64(found)
}
