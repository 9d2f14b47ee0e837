package sim

import (
	"math/bits"

	"fairlb/env/eight"
)

// tournament finds the server whose next completion is earliest: a tree in
// which eight meet at once, so that setting a server's time or finding the
// first costs O(log servers). Of equal times the lower index wins.
type tournament struct {
	root   uint64         // the least key of all
	leaves []eight.Keys   // the servers', eight a group
	upper  [][]eight.Keys // the least of eight groups below each, the last of one group
}

func newTournament(servers int) tournament {
	groups := (servers + 7) / 8
	t := tournament{leaves: make([]eight.Keys, groups)}
	for groups > 1 {
		groups = (groups + 7) / 8
		t.upper = append(t.upper, make([]eight.Keys, groups))
	}
	t.reset()
	return t
}

// reset sets all times to +Inf.
func (t *tournament) reset() {
	nobody := eight.Nobody()
	for g := range t.leaves {
		t.leaves[g] = nobody
	}
	for _, level := range t.upper {
		for g := range level {
			level[g] = nobody
		}
	}
	t.root = eight.Never
}

// set gives a server the key of its next time.
func (t *tournament) set(server int, key uint64) {
	group := &t.leaves[server>>3]
	group[server&7] = key
	key = group.Least()
	for _, level := range t.upper {
		server >>= 3
		group = &level[server>>3]
		if group[server&7] == key {
			return // nothing changes from here on
		}
		group[server&7] = key
		key = group.Least()
	}
	t.root = key
}

// time returns the time of the server that is next.
func (t *tournament) time() float64 { return eight.Number(t.root) }

// first returns the server that is next.
func (t *tournament) first() int {
	server := 0
	for k := len(t.upper) - 1; k >= 0; k-- {
		server = server<<3 | bits.TrailingZeros64(t.upper[k][server].Have(t.root))
	}
	return server<<3 | bits.TrailingZeros64(t.leaves[server].Have(t.root))
}
