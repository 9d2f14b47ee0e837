//go:build linux

package shm

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fairlb/env/observe"
	"fairlb/env/testbed"
)

// TestReadingIsAnObservation: what a Plane reads of a region is what observe.Observer.Write
// makes of the same samples in the same slots, for each feature of each server: a policy
// that was trained in the simulator sees the same numbers behind sockets. Layout v2 goes on
// for longer than weights stay relative to one time; in layout v1, whose times are of
// single precision, the rounding of times makes that of weights, the larger the later.
func TestReadingIsAnObservation(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		layout    Layout
		end       float64 // s
		tolerance float64 // relative
	}{{V2, 2200, 1e-6}, {V1, 60, 1e-5}} {
		t.Run(fmt.Sprint("layout v", int(c.layout)), func(t *testing.T) {
			t.Parallel()
			plane, path := newPublisher(t, Config{Layout: c.layout})
			agent := openPlane(t, path)
			w := newWitness(t, plane)
			obs, load := make([]float32, len(w.flows)*len(observe.Features())), make([]float64, len(w.flows))
			var r testbed.Reading
			features := observe.Features()
			for reading := 0; w.now < c.end; reading++ {
				// Now and then more comes between two readings than reservoirs have slots.
				for until := w.now + []float64{0.01, 0.3, 1, 20}[reading%4]*w.chance.Float64(); w.now < until; {
					w.event()
				}
				require.NoError(t, plane.Publish(nanosecondsOf(w.now)))
				require.NoError(t, agent.Read(&r))
				w.observer.Write(obs, load, w.ongoing)
				require.Empty(t, w.draws)
				require.Len(t, r.Obs, len(obs))
				for i, want := range obs {
					require.InDelta(t, want, r.Obs[i], c.tolerance*float64(want), "%s of server %d at %g s", features[i%len(features)].Name, i/len(features), w.now)
				}
				for j, want := range load {
					require.InDelta(t, want, r.Load[j], c.tolerance*want, "load of server %d at %g s", j, w.now)
				}
			}
		})
	}
}

// witness gives a region and an Observer the same flows, and has the Observer put each
// sample into the slot that it has in the region.
type witness struct {
	plane    *Publisher
	observer *observe.Observer
	chance   *rand.Rand
	draws    drawn
	flows    startsOfFlows
	ongoing  []int32
	now      float64 // s
	interval float64 // the index of the sampling interval of moment
	moment   float64 // s, when elapsed times are sampled next
	pools    [][kinds]mirror
}

// newWitness begins with four servers, of which the last never gets a flow.
func newWitness(t *testing.T, plane *Publisher) *witness {
	const servers = 4
	w := &witness{
		plane: plane, observer: observe.New(servers), chance: rand.New(rand.NewPCG(8, 9)),
		flows: make(startsOfFlows, servers), ongoing: make([]int32, servers), pools: make([][kinds]mirror, servers),
	}
	for j := range servers {
		require.NoError(t, plane.Set(j, fmt.Sprint("server-", j)))
	}
	w.interval = -1
	w.drawMoment()
	w.observer.Reset(rand.New(&w.draws))
	return w
}

// event lets time go on until a flow begins or ends on a server, after the elapsed times
// of until then have been sampled. A server has at most two flows, so that a fair bit
// chooses one.
func (w *witness) event() {
	w.now = nanosecondsOf(w.now + 0.1*w.chance.ExpFloat64()).Seconds()
	w.sample()
	j := w.chance.IntN(len(w.flows) - 1)
	if n := len(w.flows[j]); n == 0 || n == 1 && w.chance.IntN(2) == 0 {
		w.flows[j] = append(w.flows[j], w.now)
	} else {
		took := nanosecondsOf(w.now - w.flows[j][0])
		w.flows[j] = w.flows[j][1:]
		w.plane.Completed(j, nanosecondsOf(w.now), took)
		w.place(j, completions, took)
		w.observer.Completed(j, w.now, took.Seconds())
	}
	w.ongoing[j] = int32(len(w.flows[j]))
	w.plane.Server(j).Ongoing = w.ongoing[j]
}

// sample samples elapsed times at all moments up to now.
func (w *witness) sample() {
	for w.moment <= w.now {
		for j, flows := range w.flows {
			took := time.Duration(0)
			if n := len(flows); n > 0 {
				k := w.chance.IntN(n)
				w.draws = append(w.draws, uint64(k))
				took = nanosecondsOf(w.moment - flows[k])
			}
			w.plane.Elapsed(j, nanosecondsOf(w.moment), took)
			w.place(j, elapsed, took)
		}
		w.drawMoment()
	}
	w.observer.Sample(w.now, w.flows)
}

// drawMoment draws the moment of the next interval, which the Observer will draw too.
func (w *witness) drawMoment() {
	w.interval++
	u := w.chance.Uint64()
	w.draws = append(w.draws, u)
	w.moment = (w.interval + float64(u<<11>>11)/(1<<53)) * observe.SampleInterval
}

// place has the Observer's next sample replace the one that is in the slot which the
// region gives it.
func (w *witness) place(server int, k kind, value time.Duration) {
	w.draws = append(w.draws, w.pools[server][k].put(value))
}

func nanosecondsOf(seconds float64) time.Duration { return time.Duration(seconds * 1e9) }

// startsOfFlows are the flows under way, by server.
type startsOfFlows [][]float64

func (f startsOfFlows) Count(server int) int        { return len(f[server]) }
func (f startsOfFlows) Start(server, k int) float64 { return f[server][k] }

// drawn is a random source whose numbers are laid down beforehand.
type drawn []uint64

func (d *drawn) Uint64() uint64 {
	first := (*d)[0]
	*d = (*d)[1:]
	return first
}

// mirror knows which slots of a region's reservoir hold which values. An Observer has no
// slots: it keeps values in their order, and a random number below the number of slots
// is the position of the value that goes, or beyond them all where the slot is empty.
type mirror struct {
	sequence uint64
	kept     []inSlot // rising
}

type inSlot struct {
	slot  int
	value time.Duration
}

// put replaces the value in the slot of the next sequence number, and returns the random
// number that has an Observer do the same.
func (m *mirror) put(value time.Duration) uint64 {
	m.sequence++
	slot := slotOf(m.sequence, observe.Slots)
	position := slices.IndexFunc(m.kept, func(x inSlot) bool { return x.slot == slot })
	if position >= 0 {
		m.kept = slices.Delete(m.kept, position, position+1)
	} else {
		position = observe.Slots - 1
	}
	at := slices.IndexFunc(m.kept, func(x inSlot) bool { return x.value >= value })
	if at < 0 {
		at = len(m.kept)
	}
	m.kept = slices.Insert(m.kept, at, inSlot{slot, value})
	return uint64(position)
}

// TestNewServerHasNoPast: what was seen of a server is not taken for what is seen of the
// next one in its slot.
func TestNewServerHasNoPast(t *testing.T) {
	t.Parallel()
	for _, layout := range []Layout{V2, V1} {
		t.Run(fmt.Sprint("layout v", int(layout)), func(t *testing.T) {
			t.Parallel()
			plane, path := newPublisher(t, Config{Layout: layout})
			agent := openPlane(t, path)
			var r testbed.Reading
			read := func() {
				require.NoError(t, plane.Publish(2*time.Second))
				require.NoError(t, agent.Read(&r))
			}
			require.NoError(t, plane.Set(1, "old"))
			plane.Completed(1, time.Second, 3*time.Second)
			plane.Elapsed(1, time.Second, 4*time.Second)
			read()
			n := len(observe.Features())
			require.Equal(t, []float32{0, 3, 0, 3, 3, 3, 4, 0, 4, 4, 4}, r.Obs[n:])
			require.NoError(t, plane.Clear(1))
			if layout == V1 {
				read() // the layout does not say that a slot has changed hands in between
			}
			require.NoError(t, plane.Set(1, "new"))
			read()
			require.NotEmpty(t, r.Servers[1].Name)
			require.Equal(t, make([]float32, n), r.Obs[n:])
			require.Equal(t, []float64{0, 0}, r.Load)
		})
	}
}
