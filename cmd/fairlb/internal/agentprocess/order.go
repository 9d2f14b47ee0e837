package agentprocess

import (
	"slices"

	"fairlb/env/testbed"
)

// order is the order in which actors see the servers of a plane: first those that the
// policy knows, as it knows them, then one for each slot of the plane, where a server is
// that the policy does not know. Without a policy, that is all slots. So a server keeps its
// index while it stays.
type order struct {
	known []string // the servers that the policy knows, in its order
	slots []int    // by index, the slot of the server; -1: it is absent
}

// update finds the servers in a reading.
func (o *order) update(servers []testbed.Server) {
	n := len(o.known)
	for len(o.slots) < n+len(servers) {
		o.slots = append(o.slots, -1)
	}
	for j := range o.slots[:n] {
		o.slots[j] = -1
	}
	for slot := range o.slots[n:] {
		o.slots[n+slot] = -1
		if slot >= len(servers) || servers[slot].Name == "" {
			continue
		}
		if j := slices.Index(o.known, servers[slot].Name); j >= 0 && o.slots[j] < 0 {
			o.slots[j] = slot
		} else {
			o.slots[n+slot] = slot
		}
	}
}

// namesOf lists the servers of a reading in the order of their names.
func namesOf(servers []testbed.Server) []string {
	var names []string
	for _, s := range servers {
		if s.Name != "" {
			names = append(names, s.Name)
		}
	}
	slices.SortFunc(names, testbed.CompareNames)
	return names
}
