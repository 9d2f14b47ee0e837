package haproxy

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"

	"fairlb/env/observe"
)

var _ observe.Flows = (*serverFlows)(nil)

const (
	maxStarts    = 1 << 16 // flows of a server whose beginnings are kept
	patienceLost = 1.0     // s for which a log line may be late before it counts as lost
)

// serverFlows are the flows of one server, as far as they are known. HAProxy tells how
// many there are at some moments, and of each as it ends when it began. Between two such
// moments (a window) therefore:
//
//   - a flow that ended in the window has its true beginning and end;
//   - those that there are at its end and that were not there before began in it; when,
//     is unknown, and they are spread over it;
//   - the others began when they were inferred to in a window before.
//
// As a flow ends, one that was inferred to have begun in the window of its beginning is
// taken out, so that an elapsed time is never wrong by more than a window, and by half of
// one at most on average, for as long as the flow lasts. The window is replayed event by event once it is over, so that elapsed
// times are sampled as if everything had been known as it happened: short flows that no
// moment of counting saw count as well.
type serverFlows struct {
	base     float64     // s, when the server came: the observer's time 0
	before   float64     // s, the end of the last window
	starts   []beginning // of ongoing flows, in rising order
	observer *observe.Observer

	surplus      int     // flows too many, the least since surplusSince
	surplusSince float64 // s
	lost         uint64  // flows that must have ended without a line
	events       []flowEvent
}

// beginning is when a flow began (s), as far as is known: between from and to.
type beginning struct{ at, from, to float64 }

// has says whether a flow that began at a time may be the one.
func (b beginning) has(start float64) bool { return start >= b.from && start <= b.to }

// flowEvent is the beginning of a flow or its end.
type flowEvent struct {
	at        float64 // s
	start     beginning
	ends      bool
	completed bool
}

// endedFlow is a flow that ended, on the clock of the plane.
type endedFlow struct {
	at, duration float64 // s
	completed    bool
}

// newServerFlows returns the flows of a server that has count of them, which are taken
// to begin now.
func newServerFlows(now float64, count int, seed *rand.Rand) *serverFlows {
	f := &serverFlows{base: now, before: now, observer: observe.New(1)}
	f.observer.Reset(rand.New(rand.NewPCG(seed.Uint64(), seed.Uint64())))
	f.restart(now, count)
	return f
}

// restart forgets which flows there are and takes count of them to begin now.
func (f *serverFlows) restart(now float64, count int) {
	f.starts = f.starts[:0]
	for range min(count, maxStarts) {
		f.starts = append(f.starts, beginning{now, math.Inf(-1), now})
	}
	f.before, f.surplus = now, 0
}

// Count implements observe.Flows.
func (f *serverFlows) Count(int) int { return len(f.starts) }

// Start implements observe.Flows.
func (f *serverFlows) Start(_, k int) float64 { return f.starts[k].at - f.base }

// window takes what happened since the window before: flows that ended, and the number
// that there are now.
func (f *serverFlows) window(now float64, count int, ended []endedFlow) {
	f.events = f.events[:0]
	older := 0
	for _, e := range ended {
		at := max(min(e.at, now), f.before)
		begun := at - e.duration
		start := beginning{begun, begun, begun}
		if begun > f.before {
			f.events = append(f.events, flowEvent{at: begun, start: start})
		} else {
			older++
		}
		f.events = append(f.events, flowEvent{at: at, start: start, ends: true, completed: e.completed})
	}
	rest := len(f.starts) - min(older, len(f.starts))
	begun := max(0, min(count, maxStarts)-rest)
	for k := range begun {
		at := f.before + (now-f.before)*(float64(k)+0.5)/float64(begun)
		f.events = append(f.events, flowEvent{at: at, start: beginning{at, f.before, now}})
	}
	slices.SortStableFunc(f.events, func(a, b flowEvent) int { return cmp.Compare(a.at, b.at) })
	for _, e := range f.events {
		f.observer.Sample(e.at-f.base, f)
		if !e.ends {
			f.begin(e.start)
			continue
		}
		f.end(e.start.at)
		if e.completed {
			f.observer.Completed(0, e.at-f.base, e.at-e.start.at)
		}
	}
	f.observer.Sample(now-f.base, f)
	f.before = now
	f.reconcile(now, count)
}

// begin adds a flow.
func (f *serverFlows) begin(start beginning) {
	f.starts = slices.Insert(f.starts, f.position(start.at), start)
}

// position returns how many flows began before a time.
func (f *serverFlows) position(start float64) int {
	k, _ := slices.BinarySearchFunc(f.starts, start, func(b beginning, start float64) int { return cmp.Compare(b.at, start) })
	return k
}

// end takes out a flow that began at a time: of the last that was inferred to begin
// before it and the first that was not, the one that may be it, and if both may be or
// neither, the nearer one. If any may be it, one of these two is.
func (f *serverFlows) end(start float64) {
	if len(f.starts) == 0 {
		return
	}
	k := f.position(start)
	switch {
	case k == 0:
	case k == len(f.starts):
		k--
	default:
		before, after := f.starts[k-1], f.starts[k]
		if may := before.has(start); may != after.has(start) {
			if may {
				k--
			}
		} else if start-before.at < after.at-start {
			k--
		}
	}
	f.starts = slices.Delete(f.starts, k, k+1)
}

// reconcile drops flows that have been too many for so long that the lines of their ends
// are not late but lost. They are taken to be the oldest, so that no flow stays for ever.
func (f *serverFlows) reconcile(now float64, count int) {
	surplus := len(f.starts) - min(count, maxStarts)
	switch {
	case surplus <= 0:
		f.surplus = 0
	case f.surplus == 0:
		f.surplus, f.surplusSince = surplus, now
	default:
		f.surplus = min(f.surplus, surplus)
	}
	if f.surplus > 0 && now-f.surplusSince >= patienceLost {
		f.starts = slices.Delete(f.starts, 0, f.surplus)
		f.lost += uint64(f.surplus)
		f.surplus = 0
	}
}
