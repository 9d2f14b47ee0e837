package dispatch

import (
	"fmt"

	"fairlb/env/snapshot"
)

// overflow decides where that goes which is more than a pool can serve, if the constant of that
// name is given; else there is none.
//
// A server that refuses a request while it gets through others of the same LB is full, and not
// broken. Where more comes than the pool can serve, servers refuse what is too much, whatever
// an LB does; what it can choose is how long the other requests wait. If it goes on to balance
// them, every queue is full. So, while full servers refuse more than a hundredth of its
// requests, the LB lets one server be full: the overflow is scored by
//
//	factor (q_j + 1),
//
// with self-tuning's score, so that a server of average capacity has factor times as many
// requests as the overflow has, and the others as their capacities are to that. They must
// suffice to keep it busy: a full server must have more than 1 / factor times as many requests
// as it serves at a time, which an LB cannot know. That is why there is no overflow unless an
// operator gives the factor.
//
// LBs that share a pool must come to the same overflow, or each of them fills another server.
// A full server is so for all of them, and all have fewer requests on the others: so each takes
// the server that has refused the majority of its refused requests of late, by the vote of
// Boyer and Moore (1981). A server which never refuses, because its queue has no end, is not
// chosen.
type overflow struct {
	factor  float64 // 0: there is no overflow, and whoever refuses is on probation
	refused float64 // the part of the LB's requests that full servers have refused, decayed by requests
	server  int     // the candidate
	votes   int     // the refusals by which it is ahead, in [0, mostVotes]
	inARow  []int32 // by server: its refusals, as a full server, since a request succeeded there
}

const (
	// overflowWindow is the number of requests after which one has lost all but 1/e of its weight
	// in what part is refused; overflowPart is the part from which on there is an overflow.
	overflowWindow, overflowPart = 200, 0.01
	// mostVotes bounds by how much a candidate may be ahead: that of an overload long ago
	// must not stay for long.
	mostVotes = 10
	// mostInARow is how many requests a server may refuse, while none succeeds, and be taken for
	// full. A server that is shut down refuses all new ones and goes on with those that it has.
	mostInARow = 5
)

// newOverflow returns what New's options say of a number of servers.
func newOverflow(servers int, given constants) (overflow, error) {
	o := overflow{inARow: make([]int32, servers)}
	given.set("overflow", &o.factor)
	if !(o.factor >= 0 && o.factor <= 1) {
		return o, fmt.Errorf("dispatch: overflow is %g: must be in [0, 1]", o.factor)
	}
	return o, nil
}

// reset forgets all refusals.
func (o *overflow) reset() {
	o.refused, o.server, o.votes = 0, 0, 0
	clear(o.inARow)
}

// at returns the server that is the overflow now; -1: none is.
func (o *overflow) at() int {
	if o.factor == 0 || o.refused <= overflowPart {
		return -1
	}
	return o.server
}

// succeed notes that a request succeeded.
func (o *overflow) succeed(server int) {
	o.refused -= o.refused / overflowWindow
	o.inARow[server] = 0
}

// fail takes in a request that failed, and says whether its server refused it because it is
// full: the LB has others there, which it gets through.
func (o *overflow) fail(c Completion) (full bool) {
	if o.factor == 0 || c.Ongoing <= 1 || o.inARow[c.Server] == mostInARow {
		return false
	}
	o.inARow[c.Server]++
	o.refused += (1 - o.refused) / overflowWindow
	switch {
	case c.Server == o.server:
		o.votes = min(o.votes+1, mostVotes)
	case o.votes > 0:
		o.votes--
	default:
		o.server, o.votes = c.Server, 1
	}
	return true
}

// inherit takes over the overflow of a rule whose server from[j] is server j here (Heir).
func (o *overflow) inherit(old *overflow, from []int) {
	for j, k := range from {
		if k >= 0 && k == old.server {
			o.refused, o.server, o.votes = old.refused, j, old.votes
		}
	}
}

// state saves or restores all but the factor.
func (o *overflow) state(c *snapshot.Codec) {
	c.Float64(&o.refused)
	snapshot.Int(c, &o.server)
	snapshot.Int(c, &o.votes)
	if !(o.refused >= 0 && o.refused <= 1 && o.server >= 0 && o.server < len(o.inARow) && o.votes >= 0 && o.votes <= mostVotes) {
		c.Fail("server %d as the overflow of %d by %d votes, and %g of the requests refused", o.server, len(o.inARow), o.votes, o.refused)
	}
	snapshot.Fixed(c, o.inARow, func(n *int32) {
		snapshot.Int(c, n)
		if *n < 0 || *n > mostInARow {
			c.Fail("%d refusals in a row", *n)
		}
	})
}
