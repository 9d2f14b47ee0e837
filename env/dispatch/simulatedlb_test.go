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
	view     View
	chance   *rand.Rand
	changing bool // servers come and go
	frozen   bool // nothing ends, and no other LB sends
	flights  []flight
	held     []int32
	changes  []int32
	done     []int
	busy     []float64
	speed    []float64
}

type flight struct {
	server int
	sent   float64
}

func newSimulatedLB(servers int, seed uint64, changing bool) *simulatedLB {
	w := &simulatedLB{
		chance:   rand.New(rand.NewPCG(seed, 1)),
		changing: changing,
		held:     make([]int32, servers),
		done:     make([]int, servers),
		busy:     make([]float64, servers),
		speed:    make([]float64, servers),
	}
	for j := range w.speed {
		w.speed[j] = 0.5 + w.chance.Float64()
	}
	w.view = NewView(servers)
	w.view.Rand, w.view.Servers, w.view.Oracle = rand.New(rand.NewPCG(seed, 2)), w, w
	return w
}

// capacity returns capacities of 1 to 3.
func (w *simulatedLB) capacity() []float64 {
	c := make([]float64, len(w.held))
	for j := range c {
		c[j] = float64(1 + j%3)
	}
	return c
}

// step lets time pass and one request arrive, which the rule sends.
func (w *simulatedLB) step(rule Rule) int {
	w.view.Now += w.chance.ExpFloat64() * 0.1
	if w.chance.IntN(300) == 0 {
		w.view.Now += 5
	}
	for !w.frozen && len(w.flights) > 0 && w.chance.IntN(2+len(w.held)) < len(w.flights) {
		w.complete(rule, w.chance.IntN(len(w.flights)))
	}
	if !w.frozen {
		w.others()
	}
	if w.changing && w.chance.IntN(5) == 0 {
		j := w.chance.IntN(len(w.held))
		out := !w.view.Out[j]
		if !out || slices.Index(w.view.Out, false) != j || slices.Contains(w.view.Out[j+1:], false) {
			w.view.Out[j] = out
			w.change(j)
		}
	}
	pick := rule.Pick(&w.view)
	w.view.Sent(pick)
	w.hold(pick, 1)
	w.flights = append(w.flights, flight{pick, w.view.Now})
	return pick
}

// others lets another LB send a request, or one of its own end.
func (w *simulatedLB) others() {
	j := w.chance.IntN(len(w.held))
	if w.chance.IntN(2) == 0 {
		w.hold(j, 1)
	} else if w.held[j] > w.view.Ongoing[j] {
		w.hold(j, -1)
	}
}

func (w *simulatedLB) complete(rule Rule, k int) {
	f := w.flights[k]
	w.flights = slices.Delete(w.flights, k, k+1)
	w.view.Ongoing[f.server]--
	w.hold(f.server, -1)
	w.change(f.server)
	w.done[f.server]++
	w.busy[f.server] += w.chance.ExpFloat64() / w.speed[f.server]
	if c, ok := rule.(Completer); ok {
		c.Completed(f.server, w.view.Now, w.view.Now-f.sent, w.chance.IntN(50) == 0)
	}
}

func (w *simulatedLB) change(server int) {
	w.view.note(server)
}

func (w *simulatedLB) hold(server int, by int32) {
	w.held[server] += by
	w.changes = append(w.changes, int32(server))
}

// Finish implements Foresight.
func (w *simulatedLB) Finish(server int) float64 { return float64(w.held[server]) / w.speed[server] }

// Capacity implements Foresight.
func (w *simulatedLB) Capacity(server int) float64 { return w.speed[server] }

// Held implements Foresight.
func (w *simulatedLB) Held(server int) int32 { return w.held[server] }

// HeldChanges implements HeldLog: the latest 2N changes are remembered.
func (w *simulatedLB) HeldChanges() (first, next uint64) {
	next = uint64(len(w.changes))
	return next - min(next, uint64(2*len(w.held))), next
}

// HeldChange implements HeldLog.
func (w *simulatedLB) HeldChange(change uint64) int32 { return w.changes[change] }

// Probe implements Reports.
func (w *simulatedLB) Probe(server int) (int32, float64) {
	if w.done[server] == 0 {
		return w.held[server], 0
	}
	return w.held[server], float64(w.held[server]+1) / w.speed[server]
}

// Load implements Reports.
func (w *simulatedLB) Load(server int) (int, float64) { return w.done[server], w.busy[server] }
