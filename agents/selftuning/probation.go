package selftuning

import (
	"math"

	"fairlb/env"
)

// probation keeps flows from a server that fails them. A server that fails flows at
// once has few of them under way, and by its count looks better than any other.
//
// An interval in which at least as many flows failed as completed is a strike. The
// server then gets next to nothing while it waits: for the longer of an interval and
// the pool's mean completion time at first, twice as long after each further strike.
// After the wait its weight rises from firstTrial of what it would be, doubled each
// interval, until it has all of it, or strikes again. So a server that works gets back
// what is its due within a second, and one that does not fails few flows. Each
// interval without a failure in which flows completed takes one strike back.
//
// Failures while a server waits are those of flows that were sent before.
type probation struct {
	strikes int
	stage   stage
	until   float64 // s, when the wait ends
	trial   float64 // the part of its weight that a server on trial has
}

// stage is how far a server's probation has come.
type stage uint8

const (
	trusted stage = iota // it is not on probation
	waiting              // it gets next to nothing
	onTrial              // it gets a part that rises
)

const (
	maxStrikes = 9 // bound the wait to 2^8 times the first
	firstTrial = 1.0 / 16
	heldBack   = 1e-6 // the part of its weight that a server has while it waits
)

// learn takes in the counts of an interval that ended at the time now (s). A first wait
// takes wait (s).
func (p *probation) learn(n *env.ServerCounts, now, wait float64) {
	switch {
	case n.Absent || n.Joined || n.Out:
		// Whoever brings it back in knows that it works.
		*p = probation{}
	case p.stage == waiting:
		if now >= p.until {
			p.stage, p.trial = onTrial, firstTrial
		}
	case n.Failed > 0 && n.Failed >= n.Completed:
		p.strikes = min(p.strikes+1, maxStrikes)
		p.stage, p.until = waiting, now+math.Ldexp(wait, p.strikes-1)
	default:
		if n.Completed > 0 && n.Failed == 0 {
			p.strikes = max(p.strikes-1, 0)
		}
		if p.stage == onTrial {
			if p.trial *= 2; p.trial >= 1 {
				p.stage = trusted
			}
		}
	}
}

// factor is what the server's weight is multiplied by.
func (p *probation) factor() float64 {
	switch p.stage {
	case waiting:
		return heldBack
	case onTrial:
		return p.trial
	}
	return 1
}
