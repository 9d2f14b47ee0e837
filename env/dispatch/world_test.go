package dispatch

import (
	"math/rand/v2"
	"slices"
)

// world is a small pretence of a simulator around one LB: requests end at
// random, other LBs send some of their own, servers come and go, and the View
// is kept as the contract says. What happens follows from its seed and the
// picks alone.
type world struct {
	view     View
	chance   *rand.Rand
	restless bool // servers come and go
	stuck    bool // nothing ends, and no other LB sends
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

func newWorld(servers int, seed uint64, restless bool) *world {
	w := &world{
		chance:   rand.New(rand.NewPCG(seed, 1)),
		restless: restless,
		held:     make([]int32, servers),
		done:     make([]int, servers),
		busy:     make([]float64, servers),
		speed:    make([]float64, servers),
	}
	for j := range w.speed {
		w.speed[j] = 0.5 + w.chance.Float64()
	}
	w.view = View{Ongoing: make([]int32, servers), Out: make([]bool, servers), Rand: rand.New(rand.NewPCG(seed, 2)), Servers: w, Oracle: w}
	return w
}

// capacity returns capacities of 1 to 3.
func (w *world) capacity() []float64 {
	c := make([]float64, len(w.held))
	for j := range c {
		c[j] = float64(1 + j%3)
	}
	return c
}

// step lets time pass and one request arrive, which the rule sends.
func (w *world) step(rule Rule) int {
	w.view.Now += w.chance.ExpFloat64() * 0.1
	if w.chance.IntN(300) == 0 {
		w.view.Now += 5
	}
	for !w.stuck && len(w.flights) > 0 && w.chance.IntN(2+len(w.held)) < len(w.flights) {
		w.complete(rule, w.chance.IntN(len(w.flights)))
	}
	if !w.stuck {
		w.others()
	}
	if w.restless && w.chance.IntN(5) == 0 {
		j := w.chance.IntN(len(w.held))
		out := !w.view.Out[j]
		if !out || slices.Index(w.view.Out, false) != j || slices.Contains(w.view.Out[j+1:], false) {
			w.view.Out[j] = out
			w.change(j)
		}
	}
	pick := rule.Pick(&w.view)
	w.view.Changed = append(w.view.Changed[:0], int32(pick))
	w.view.Ongoing[pick]++
	w.hold(pick, 1)
	w.flights = append(w.flights, flight{pick, w.view.Now})
	return pick
}

// others lets another LB send a request, or one of its own end.
func (w *world) others() {
	j := w.chance.IntN(len(w.held))
	if w.chance.IntN(2) == 0 {
		w.hold(j, 1)
	} else if w.held[j] > w.view.Ongoing[j] {
		w.hold(j, -1)
	}
}

func (w *world) complete(rule Rule, k int) {
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

func (w *world) change(server int) {
	if w.view.Changed != nil {
		w.view.Changed = append(w.view.Changed, int32(server))
	}
}

func (w *world) hold(server int, by int32) {
	w.held[server] += by
	w.changes = append(w.changes, int32(server))
}

// Finish implements Foresight.
func (w *world) Finish(server int) float64 { return float64(w.held[server]) / w.speed[server] }

// Capacity implements Foresight.
func (w *world) Capacity(server int) float64 { return w.speed[server] }

// Held implements Foresight.
func (w *world) Held(server int) int32 { return w.held[server] }

// HeldChanges implements HeldLog: the latest 2N changes are remembered.
func (w *world) HeldChanges() (first, next uint64) {
	next = uint64(len(w.changes))
	return next - min(next, uint64(2*len(w.held))), next
}

// HeldChange implements HeldLog.
func (w *world) HeldChange(change uint64) int32 { return w.changes[change] }

// Probe implements Reports.
func (w *world) Probe(server int) (int32, float64) {
	if w.done[server] == 0 {
		return w.held[server], 0
	}
	return w.held[server], float64(w.held[server]+1) / w.speed[server]
}

// Load implements Reports.
func (w *world) Load(server int) (int, float64) { return w.done[server], w.busy[server] }
