package balancer

import (
	"math"

	"fairlb/env/observe"
)

var _ observe.Flows = (*flowTable)(nil)

// FlowID names a flow that is under way. It is used again once the flow has
// ended.
type FlowID uint32

// Flow is what a Balancer knows of one of its flows.
type Flow struct {
	Start   float64 // s, when it was dispatched
	Server  int32
	Ongoing int32 // q_ij, the Balancer's other flows on the server as it was dispatched
	Class   uint8 // of its request, 0 where the Balancer tells none apart
	Counted bool  // it is among the ongoing flows of the server

	// place is the flow's index in the list of its server, where those are
	// kept and it counts; of a slot without a flow it is the next such slot.
	place uint32
}

const (
	vacant = -1             // the server of a slot without a flow
	noSlot = math.MaxUint32 // what follows the last vacant slot
)

// flowTable holds the flows that are under way: each in a slot, which is used
// again after the flow has ended, and, where they are observed, those that count
// listed by server.
type flowTable struct {
	slots    []Flow
	free     uint32     // the vacant slot to use next; noSlot if there is none
	byServer [][]FlowID // in no particular order; nil where nothing is observed
}

func newFlowTable(servers int, listed bool) flowTable {
	t := flowTable{free: noSlot}
	if listed {
		t.byServer = make([][]FlowID, servers)
	}
	return t
}

// reset drops all flows.
func (t *flowTable) reset() {
	t.slots, t.free = t.slots[:0], noSlot
	for j := range t.byServer {
		t.byServer[j] = t.byServer[j][:0]
	}
}

// begin adds a flow.
func (t *flowTable) begin(f Flow) FlowID {
	id := t.free
	if id != noSlot {
		t.free = t.slots[id].place
		t.slots[id] = f
	} else {
		id = uint32(len(t.slots))
		t.slots = append(t.slots, f)
	}
	if t.byServer != nil && f.Counted {
		t.list(FlowID(id))
	}
	return FlowID(id)
}

// count lets a flow count.
func (t *flowTable) count(id FlowID) {
	t.slots[id].Counted = true
	if t.byServer != nil {
		t.list(id)
	}
}

// end takes a flow out.
func (t *flowTable) end(id FlowID) {
	f := &t.slots[id]
	if t.byServer != nil && f.Counted {
		t.unlist(f)
	}
	f.Server, f.place, t.free = vacant, t.free, uint32(id)
}

// list adds a flow to the list of its server.
func (t *flowTable) list(id FlowID) {
	f := &t.slots[id]
	f.place = uint32(len(t.byServer[f.Server]))
	t.byServer[f.Server] = append(t.byServer[f.Server], id)
}

// unlist takes a flow out of the list of its server, whose last flow comes into
// its place.
func (t *flowTable) unlist(f *Flow) {
	list := t.byServer[f.Server]
	last := list[len(list)-1]
	list[f.place] = last
	t.slots[last].place = f.place
	t.byServer[f.Server] = list[:len(list)-1]
}

// Count implements observe.Flows; the flows must be listed.
func (t *flowTable) Count(server int) int { return len(t.byServer[server]) }

// Start implements observe.Flows; the flows must be listed.
func (t *flowTable) Start(server, k int) float64 { return t.slots[t.byServer[server][k]].Start }
