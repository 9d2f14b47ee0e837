package dispatch

import (
	"math"
	"math/rand/v2"
)

// View is what one load balancer can look at when a request arrives. Whoever
// keeps it (package env/balancer) tells it of everything that happens by its
// methods; a Rule only reads it.
type View struct {
	Now     float64     // s since the episode began
	Ongoing []int32     // q_ij, the LB's own ongoing requests by server
	Out     []bool      // servers that take no requests: they left, or are known to have failed; nil: none. Never all
	Rand    *rand.Rand  // for random choices and ties
	Reports Reports     // what servers tell of themselves; nil where they tell nothing
	Global  GlobalState // global knowledge; nil where nobody has it

	// Started has, by server, the sum of the times (ns since the episode began, see
	// Nanoseconds) at which the LB's ongoing requests there arrived at it; nil: nobody
	// says. Whole numbers add up to the same sum in any order.
	Started []int64

	// Class is the class, an index, of the request that the next Pick, Sent, Counted or
	// Ended is about. It is 0 where the LB sees no classes.
	Class uint8
	// Classes is the number of classes that the LB tells apart; 0: it sees none.
	Classes int
	// ByClass has the LB's ongoing requests by server and class, those of server j from
	// j * Classes on; nil: it sees none (KeepClasses).
	ByClass []int32

	// Told has, by server, what it has said of how many requests it has; nil: servers say
	// nothing (KeepTold).
	Told []Told

	// barred are servers that are in but may not be picked at this moment (SetBarred);
	// nil: none ever was.
	barred []bool

	// changed lists the servers whose Ongoing or Out changed since the
	// rule's last Pick, so that a rule need not look at all of them. It is
	// nil where that is not known: then any of them may have changed. The
	// rules of this package read it; nobody else needs to know of it.
	changed []int32
	buffer  []int32 // the array that changed is kept in
}

// NewView returns the view of an LB that has no requests on any of the given
// number of servers, all of which take requests.
func NewView(servers int) View {
	return View{
		Ongoing: make([]int32, servers), Out: make([]bool, servers), Started: make([]int64, servers),
		// A longer list would cost a rule more than looking at every server.
		buffer: make([]int32, 0, 2*servers+16),
	}
}

// KeepClasses lets the View tell a number of classes apart, at least 1.
func (v *View) KeepClasses(classes int) {
	v.Classes, v.ByClass = classes, make([]int32, classes*len(v.Ongoing))
}

// OfClasses returns the LB's ongoing requests on a server by class; nil where it sees none.
func (v *View) OfClasses(server int) []int32 {
	if v.ByClass == nil {
		return nil
	}
	return v.ByClass[server*v.Classes : (server+1)*v.Classes]
}

// Nanoseconds returns a time (s) in whole nanoseconds.
func Nanoseconds(seconds float64) int64 { return int64(math.Round(seconds * 1e9)) }

// Age returns the sum of the ages (s) of the LB's ongoing requests on the server, 0
// where it is not known.
func (v *View) Age(server int) float64 {
	if v.Started == nil {
		return 0
	}
	return max(0, float64(int64(v.Ongoing[server])*Nanoseconds(v.Now)-v.Started[server])/1e9)
}

// Sent notes that the rule has picked the server for a request that arrives now (Now),
// which is ongoing there from now on.
func (v *View) Sent(server int) {
	v.begin(server, v.Now)
	v.changed = append(v.buffer[:0], int32(server))
}

// Picked notes that the rule has picked a server for a request that does not count
// as ongoing yet.
func (v *View) Picked() { v.changed = v.buffer[:0] }

// Counted notes that a request which arrived at a time (s), and for which the server
// was picked before, is ongoing there from now on.
func (v *View) Counted(server int, arrival float64) {
	v.begin(server, arrival)
	v.note(server)
}

// begin counts a request that arrived at a time (s).
func (v *View) begin(server int, arrival float64) {
	v.Ongoing[server]++
	if v.Started != nil {
		v.Started[server] += Nanoseconds(arrival)
	}
	if v.Told != nil {
		v.Told[server].Sent++
	}
	if v.ByClass != nil {
		v.ByClass[server*v.Classes+int(v.Class)]++
	}
}

// Ended notes that one of the LB's ongoing requests on the server has ended, which had
// arrived at a time (s).
func (v *View) Ended(server int, arrival float64) {
	v.Ongoing[server]--
	if v.Started != nil {
		v.Started[server] -= Nanoseconds(arrival)
	}
	if v.Told != nil {
		v.Told[server].Ended++
	}
	if v.ByClass != nil {
		v.ByClass[server*v.Classes+int(v.Class)]--
	}
	v.note(server)
}

// EndedUncounted notes that a request on the server has ended that never counted as
// ongoing, because a rule that learns from it may score the server anew.
func (v *View) EndedUncounted(server int) { v.note(server) }

// SetOut notes whether the server takes no requests from now on.
func (v *View) SetOut(server int, out bool) {
	v.Out[server] = out
	v.note(server)
}

// SetBarred notes whether the server may not be picked for the moment, although it is in
// and is expected back at once: because it is full, or was tried already for the present
// request. Never are all servers that are in barred when a rule picks.
func (v *View) SetBarred(server int, barred bool) {
	if v.barred == nil {
		v.barred = make([]bool, len(v.Ongoing))
	}
	if v.barred[server] != barred {
		v.barred[server] = barred
		v.note(server)
	}
}

// Barred says whether the server may not be picked for the moment.
func (v *View) Barred(server int) bool { return v.barred != nil && v.barred[server] }

// Invalidate makes the rule look at every server when it picks next: after the
// counts were written by another way, or into a rule that has just been reset
// or restored.
func (v *View) Invalidate() { v.changed = nil }

// note adds a server to those that changed, unless the list is not kept or has
// no room left.
func (v *View) note(server int) {
	switch {
	case v.changed == nil:
	case len(v.changed) == cap(v.changed):
		v.changed = nil
	default:
		v.changed = append(v.changed, int32(server))
	}
}

// out says whether a server takes no requests, for long or for the moment.
func (v *View) out(server int) bool { return v.left(server) || v.Barred(server) }

// left says whether a server takes no requests because it left or is known to have
// failed.
func (v *View) left(server int) bool { return v.Out != nil && v.Out[server] }
