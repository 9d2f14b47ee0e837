package dispatch

import (
	"math/rand/v2"
	"slices"
)

// simulatedLB is one LB in the smallest simulation that shows a rule all that
// it may meet: requests end at random, other LBs send some of their own, servers
// come and go, and the View is told of everything. What happens follows from the
// seed and the picks alone.
type simulatedLB struct {
	view        View
	random      *rand.Rand
	changing    bool // servers come and go
	frozen      bool // nothing ends, and no other LB sends
	silent      bool // servers tell nothing of their requests
	flights     []flight
	classes     int // of requests, which come in turns
	sent        int // requests so far
	outstanding []int32
	changes     []int32
	done        []int
	busy        []float64
	speed       []float64
}

type flight struct {
	server int
	sent   float64
	class  uint8
}

// simulatedClasses is the number of classes of requests.
const simulatedClasses = 3

func newSimulatedLB(servers int, seed uint64, changing bool) *simulatedLB {
	w := &simulatedLB{
		classes:     simulatedClasses,
		random:      rand.New(rand.NewPCG(seed, 1)),
		changing:    changing,
		outstanding: make([]int32, servers),
		done:        make([]int, servers),
		busy:        make([]float64, servers),
		speed:       make([]float64, servers),
	}
	for j := range w.speed {
		w.speed[j] = 0.5 + w.random.Float64()
	}
	w.view = NewView(servers)
	w.view.KeepTold()
	w.view.KeepClasses(simulatedClasses)
	w.view.Rand, w.view.Reports, w.view.Global = rand.New(rand.NewPCG(seed, 2)), w, w
	return w
}

// capacity returns capacities of 1 to 3.
func (w *simulatedLB) capacity() []float64 {
	c := make([]float64, len(w.outstanding))
	for j := range c {
		c[j] = float64(1 + j%3)
	}
	return c
}

// options returns what New is told of the LB, which is one of two.
func (w *simulatedLB) options(lb int) Options {
	return Options{Capacity: w.capacity(), LB: lb, LBs: 2, Told: true, Classes: simulatedClasses}
}

// step lets time pass and one request arrive, which the rule sends.
func (w *simulatedLB) step(rule Rule) int {
	w.view.Now += w.random.ExpFloat64() * 0.1
	if w.random.IntN(300) == 0 {
		w.view.Now += 5
	}
	for !w.frozen && len(w.flights) > 0 && w.random.IntN(2+len(w.outstanding)) < len(w.flights) {
		w.complete(rule, w.random.IntN(len(w.flights)))
	}
	if !w.frozen {
		w.otherLBs()
	}
	if w.changing && w.random.IntN(5) == 0 {
		j := w.random.IntN(len(w.outstanding))
		out := !w.view.Out[j]
		if !out || slices.Index(w.view.Out, false) != j || slices.Contains(w.view.Out[j+1:], false) {
			w.view.Out[j] = out
			w.noteChange(j)
		}
	}
	w.view.Class = uint8(w.sent % w.classes)
	w.sent++
	pick := rule.Pick(&w.view)
	w.view.Sent(pick)
	w.addOutstanding(pick, 1)
	w.flights = append(w.flights, flight{pick, w.view.Now, w.view.Class})
	return pick
}

// otherLBs lets another LB send a request, or one of its own end.
func (w *simulatedLB) otherLBs() {
	j := w.random.IntN(len(w.outstanding))
	if w.random.IntN(2) == 0 {
		w.addOutstanding(j, 1)
	} else if w.outstanding[j] > w.view.Ongoing[j] {
		w.addOutstanding(j, -1)
	}
}

func (w *simulatedLB) complete(rule Rule, k int) {
	f := w.flights[k]
	w.flights = slices.Delete(w.flights, k, k+1)
	ongoing := w.view.Ongoing[f.server]
	w.view.Class = f.class
	w.view.Ended(f.server, f.sent)
	w.addOutstanding(f.server, -1)
	w.done[f.server]++
	w.busy[f.server] += w.random.ExpFloat64() / w.speed[f.server]
	total := int32(0)
	if !w.silent {
		w.view.Hear(f.server, w.outstanding[f.server], w.view.Now)
		total = w.outstanding[f.server] + 1
	}
	if c, ok := rule.(Completer); ok {
		c.Completed(Completion{
			Total: total, Class: f.class,
			Server: f.server, Now: w.view.Now, Duration: w.view.Now - f.sent, Ongoing: ongoing, Failed: w.random.IntN(50) == 0,
		})
	}
}

func (w *simulatedLB) noteChange(server int) {
	w.view.note(server)
}

func (w *simulatedLB) addOutstanding(server int, by int32) {
	w.outstanding[server] += by
	w.changes = append(w.changes, int32(server))
}

// Finish implements GlobalState.
func (w *simulatedLB) Finish(server int) float64 {
	return float64(w.outstanding[server]) / w.speed[server]
}

// Capacity implements GlobalState.
func (w *simulatedLB) Capacity(server int) float64 { return w.speed[server] }

// Outstanding implements GlobalState.
func (w *simulatedLB) Outstanding(server int) int32 { return w.outstanding[server] }

// OutstandingChanges implements OutstandingLog: the latest 2N changes are remembered.
func (w *simulatedLB) OutstandingChanges() (first, next uint64) {
	next = uint64(len(w.changes))
	return next - min(next, uint64(2*len(w.outstanding))), next
}

// OutstandingChange implements OutstandingLog.
func (w *simulatedLB) OutstandingChange(change uint64) int32 { return w.changes[change] }

// Probe implements Reports.
func (w *simulatedLB) Probe(server int) (int32, float64) {
	if w.done[server] == 0 {
		return w.outstanding[server], 0
	}
	return w.outstanding[server], float64(w.outstanding[server]+1) / w.speed[server]
}

// Load implements Reports.
func (w *simulatedLB) Load(server int) (int, float64) { return w.done[server], w.busy[server] }
