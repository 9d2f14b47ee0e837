package station

import (
	"math/bits"

	"fairlb/env/argmin"
)

// tournament finds the server whose next completion is earliest. It is a tree
// whose nodes have eight children, so that setting a server's time and finding the
// first server each cost O(log servers). Of equal times the lower index wins.
type tournament struct {
	root   uint64           // the least key of all
	leaves []argmin.Group   // the keys of the servers, eight in a group
	upper  [][]argmin.Group // level by level, the least keys of the groups below; the last level is one group
}

func newTournament(servers int) tournament {
	groups := (servers + 7) / 8
	t := tournament{leaves: make([]argmin.Group, groups)}
	for groups > 1 {
		groups = (groups + 7) / 8
		t.upper = append(t.upper, make([]argmin.Group, groups))
	}
	t.reset()
	return t
}

// reset sets all times to +Inf.
func (t *tournament) reset() {
	empty := argmin.Empty()
	for g := range t.leaves {
		t.leaves[g] = empty
	}
	for _, level := range t.upper {
		for g := range level {
			level[g] = empty
		}
	}
	t.root = argmin.Infinity
}

// set gives a server the key of the time of its next completion.
func (t *tournament) set(server int, key uint64) {
	group := &t.leaves[server>>3]
	group[server&7] = key
	key = group.Min()
	for _, level := range t.upper {
		server >>= 3
		group = &level[server>>3]
		if group[server&7] == key {
			return // nothing changes from here on
		}
		group[server&7] = key
		key = group.Min()
	}
	t.root = key
}

// time returns the earliest time (s), +Inf if no server has one.
func (t *tournament) time() float64 { return argmin.Value(t.root) }

// first returns the server with the earliest time.
func (t *tournament) first() int {
	server := 0
	for k := len(t.upper) - 1; k >= 0; k-- {
		server = server<<3 | bits.TrailingZeros64(t.upper[k][server].Equal(t.root))
	}
	return server<<3 | bits.TrailingZeros64(t.leaves[server].Equal(t.root))
}
