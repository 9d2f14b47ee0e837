package station

import (
	"fmt"
	"math"
)

// ChangeKind is what a Change does.
type ChangeKind uint8

const (
	// SetSpeed sets the speed of a server's processors to Value.
	SetSpeed ChangeKind = iota
	// SetCPUs sets a server's number of processors to Value. Tasks in
	// service stay there and share what is left of them.
	SetCPUs
	// SetBackground sets the number of jobs, not the LBs', that always run
	// at a server and share its processors with the tasks in service.
	SetBackground
	// Drain takes a server out: LBs send it nothing more, what it holds it
	// completes.
	Drain
	// Fail stops a server: requests there or on their way to it fail, and
	// so do those sent to it until the LBs notice.
	Fail
	// Return lets a server that was drained, has failed or fails fast take part again.
	Return
	// FailLB stops an LB: its flows in flight are lost with its state, and
	// count as failed, though the servers still do their work; its traffic
	// goes to the other LBs.
	FailLB
	// ReturnLB lets an LB take its part of the traffic again, with no memory
	// of what it saw.
	ReturnLB
	// FailFast lets a server answer each further request with a failure at once;
	// what it holds it completes. No LB is told.
	FailFast
	// Detect lets the LBs know that a server has failed; it follows from Fail.
	Detect
)

// Change is one change of a server or an LB.
type Change struct {
	At    float64 // s
	Kind  ChangeKind
	Index int     // of the server or, for FailLB and ReturnLB, the LB
	Value float64 // of the first three kinds
}

// Validate says whether so many servers and LBs can change so.
func (x *Change) Validate(servers, lbs int) error {
	whole := x.Value == math.Trunc(x.Value) && x.Value <= 10000
	switch x.Kind {
	case SetSpeed:
		if !(x.Value > 0) || math.IsInf(x.Value, 0) {
			return fmt.Errorf("speed = %g: must be positive and finite", x.Value)
		}
	case SetCPUs:
		if !(x.Value >= 1 && whole) {
			return fmt.Errorf("CPUs = %g: must be a whole number in [1, 10000]", x.Value)
		}
	case SetBackground:
		if !(x.Value >= 0 && whole) {
			return fmt.Errorf("background = %g: must be a whole number in [0, 10000]", x.Value)
		}
	case Drain, Fail, FailFast, Return, Detect:
	case FailLB, ReturnLB:
		if x.Index < 0 || x.Index >= lbs {
			return fmt.Errorf("no LB %d", x.Index)
		}
		return nil
	default:
		return fmt.Errorf("unknown kind %d", x.Kind)
	}
	if x.Index < 0 || x.Index >= servers {
		return fmt.Errorf("no server %d", x.Index)
	}
	return nil
}

// Adjust makes a change of one of the first three kinds, which set what a server can do
// from now on.
func (p *Pool) Adjust(now float64, x Change) {
	s := &p.stations[2*x.Index]
	s.advance(now)
	switch x.Kind {
	case SetSpeed:
		s.speed = x.Value
	case SetCPUs:
		s.setProcessors(x.Value)
		if p.cfg.CPU == FIFO {
			s.limit = int(x.Value)
		}
	case SetBackground:
		s.background = x.Value
	}
	s.setRate()
	for s.queue.n > 0 && !s.full() {
		p.serveNext(s)
	}
	p.scheduleCompletion(2 * x.Index)
}
