package balancer

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"fairlb/env"
	"fairlb/env/dispatch"
	"fairlb/env/observe"
	"fairlb/env/snapshot"
)

// naive is a load balancer as one would first write it: one list of flows, from
// which everything is counted anew each time, and a rule that is shown a new
// View for every flow.
type naive struct {
	servers  int
	rule     dispatch.Rule
	flows    []naiveFlow
	out      []bool
	reports  map[int]Report
	told     []dispatch.Told
	choices  *rand.Rand
	samples  *rand.Rand
	observer *observe.Observer
}

type naiveFlow struct {
	id     FlowID // what the Balancer calls it
	start  float64
	server int
	class  uint8
	counts bool
}

// classes is the number of classes of flows that both tell apart.
const classes = 3

// waits says whether a flow does not count yet.
func (f naiveFlow) waits() bool { return !f.counts }

func newNaive(rule dispatch.Rule, servers int, seed uint64) *naive {
	n := &naive{
		servers: servers, rule: rule, out: make([]bool, servers), reports: map[int]Report{}, observer: observe.New(servers),
		choices: rand.New(env.Stream(seed, "choices")), samples: rand.New(env.Stream(seed, "samples")),
	}
	n.observer.Reset(n.samples)
	n.forgetTold()
	return n
}

// forgetTold drops what servers have said.
func (n *naive) forgetTold() {
	n.told = nil
	for range n.servers {
		n.told = append(n.told, dispatch.Told{Said: -1})
	}
}

// hear takes what a server says of its requests, unless it has said something later.
func (n *naive) hear(server int, requests int32, said float64) {
	if said >= n.told[server].Said {
		n.told[server] = dispatch.Told{Requests: requests, Said: said, Own: n.ongoing()[server]}
	}
}

func (n *naive) ongoing() []int32 {
	q := make([]int32, n.servers)
	for _, f := range n.flows {
		if f.counts {
			q[f.server]++
		}
	}
	return q
}

// started adds up when the flows that count arrived.
func (n *naive) started() []int64 {
	sum := make([]int64, n.servers)
	for _, f := range n.flows {
		if f.counts {
			sum[f.server] += dispatch.Nanoseconds(f.start)
		}
	}
	return sum
}

// Probe implements dispatch.Reports.
func (n *naive) Probe(server int) (int32, float64) {
	return n.reports[server].InFlight, n.reports[server].Latency
}

// Load implements dispatch.Reports.
func (n *naive) Load(server int) (int, float64) {
	return n.reports[server].Completed, n.reports[server].Busy
}

// Count implements observe.Flows.
func (n *naive) Count(server int) int { return int(n.ongoing()[server]) }

// Start implements observe.Flows.
func (n *naive) Start(server, k int) float64 {
	for _, f := range n.flows {
		if f.server == server && f.counts {
			if k == 0 {
				return f.start
			}
			k--
		}
	}
	panic("no such flow")
}

// byClass counts the flows of each server by class.
func (n *naive) byClass() []int32 {
	q := make([]int32, classes*n.servers)
	for _, f := range n.flows {
		if f.counts {
			q[classes*f.server+int(f.class)]++
		}
	}
	return q
}

func (n *naive) dispatch(now float64, class uint8) int {
	n.observer.Sample(now, n)
	view := &dispatch.View{Now: now, Class: class, Classes: classes, ByClass: n.byClass(), Ongoing: n.ongoing(), Started: n.started(), Out: n.out, Rand: n.choices, Told: n.told}
	if len(n.reports) > 0 {
		view.Reports = n
	}
	return n.rule.Pick(view)
}

// establish lets a flow count. Flows are in the order in which they began to.
func (n *naive) establish(now float64, k int) {
	n.observer.Sample(now, n)
	f := n.flows[k]
	f.counts = true
	n.told[f.server].Sent++
	n.flows = append(slices.Delete(n.flows, k, k+1), f)
}

// end ends a flow; requests is what its response says that the server has left, at a time
// (s), or noCount.
func (n *naive) end(now float64, k int, failed bool, requests int32, said float64) {
	n.observer.Sample(now, n)
	f, ongoing := n.flows[k], n.ongoing()
	if !f.counts {
		ongoing[f.server]++
	}
	// The last flow that counts at the server takes the place of one that did.
	last := k
	for i := k + 1; f.counts && i < len(n.flows); i++ {
		if n.flows[i].server == f.server && n.flows[i].counts {
			last = i
		}
	}
	n.flows[k] = n.flows[last]
	n.flows = slices.Delete(n.flows, last, last+1)
	if f.counts {
		n.told[f.server].Ended++
	}
	if requests != noCount {
		n.hear(f.server, requests, said)
	}
	if c, ok := n.rule.(dispatch.Completer); ok {
		c.Completed(dispatch.Completion{Server: f.server, Now: now, Duration: now - f.start, Ongoing: ongoing[f.server], Failed: failed, Total: requests + 1, Class: f.class})
	}
	if !failed {
		n.observer.Completed(f.server, now, now-f.start)
	}
}

func (n *naive) forget(now float64) {
	n.observer.Sample(now, n)
	n.flows, n.reports = nil, map[int]Report{}
	n.forgetTold()
	if r, ok := n.rule.(dispatch.Resetter); ok {
		r.Reset()
	}
	n.observer.Forget()
}

func (n *naive) observe(now float64, obs []float32, load []float64) {
	n.observer.Sample(now, n)
	n.observer.Write(obs, load, n.ongoing())
}

// open returns a Balancer of the named heuristic; the empty name is that of
// weights that are set.
func open(t require.TestingT, name string, servers int, seed uint64) *Balancer {
	return openCounting(t, name, servers, seed, false)
}

// openCounting is open for flows that count from the moment on at which they are
// established, or not.
func openCounting(t require.TestingT, name string, servers int, seed uint64, established bool) *Balancer {
	b := New(Config{Servers: servers, Rule: newRule(t, name, servers), Observe: true, CountEstablished: established, Told: true, Classes: classes})
	b.Reset(env.Stream(seed, "choices"), env.Stream(seed, "samples"))
	return b
}

func newRule(t require.TestingT, name string, servers int) dispatch.Rule {
	capacity := make([]float64, servers)
	for j := range capacity {
		capacity[j] = float64(1 + j%3)
	}
	if name == "" {
		rule, err := dispatch.NewShortestDelay(capacity, dispatch.Options{})
		require.NoError(t, err)
		return rule
	}
	rule, err := dispatch.New(name, dispatch.Options{Capacity: capacity, LB: 1, LBs: 2, Told: true, Classes: classes})
	require.NoError(t, err)
	return rule
}

// localRules are the heuristics that need no global knowledge, and the agents'.
func localRules() []string {
	global := []string{"oracle", "sed-true", "jsq", "sed-global"}
	names := slices.DeleteFunc(dispatch.Names(), func(name string) bool { return slices.Contains(global, name) })
	return append(names, "")
}

// TestNaiveTwin holds the Balancer to the naive one under every rule, through
// flows that complete and fail, servers that go out and come back, reports, new
// weights, crashes, and restarts from a saved state.
func TestNaiveTwin(t *testing.T) {
	t.Parallel()
	for _, name := range localRules() {
		t.Run("rule="+name, func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(t *rapid.T) {
				servers, seed := rapid.IntRange(1, 30).Draw(t, "servers"), rapid.Uint64().Draw(t, "seed")
				chance := rand.New(rand.NewPCG(seed, 1))
				fast, slow := openCounting(t, name, servers, seed, chance.IntN(2) == 0), newNaive(newRule(t, name, servers), servers, seed)
				now := 0.0
				for range rapid.IntRange(1, 300).Draw(t, "events") {
					now += 0.1 * chance.ExpFloat64()
					fast = twinEvent(t, name, fast, slow, now, chance)
					require.Equal(t, slow.ongoing(), fast.Ongoing())
					require.Equal(t, slow.told, fast.view.Told)
					require.Equal(t, slow.byClass(), fast.view.ByClass)
					for j, x := range slow.told {
						require.Equal(t, fast.Ongoing()[j], x.Own+x.Sent-x.Ended)
					}
				}
			})
		})
	}
}

// twinEvent lets one thing happen to both, at random. It returns the Balancer,
// which is another one after a restart.
func twinEvent(t *rapid.T, name string, fast *Balancer, slow *naive, now float64, chance *rand.Rand) *Balancer {
	server := chance.IntN(slow.servers)
	switch x := chance.IntN(100); {
	case x < 45:
		class := uint8(chance.IntN(classes))
		want, ongoing := slow.dispatch(now, class), slow.ongoing()
		id, got := fast.DispatchClass(now, class)
		require.Equal(t, want, got)
		require.False(t, slow.out[got])
		require.Equal(t, Flow{Start: now, Server: int32(want), Ongoing: ongoing[want], Counted: !fast.established, Class: class, place: fast.flows.slots[id].place}, fast.flows.slots[id])
		slow.flows = append(slow.flows, naiveFlow{id, now, want, class, !fast.established})
		if !fast.established {
			slow.told[want].Sent++
		}
	case x < 60 && slices.ContainsFunc(slow.flows, naiveFlow.waits):
		k := slices.IndexFunc(slow.flows, naiveFlow.waits)
		id := slow.flows[k].id
		slow.establish(now, k)
		fast.Established(now, id)
	case x < 80 && len(slow.flows) > 0:
		k, failed := chance.IntN(len(slow.flows)), chance.IntN(5) == 0
		f := slow.flows[k]
		var got Flow
		if requests, said := int32(chance.IntN(9)), now-0.3*chance.Float64(); !failed && chance.IntN(2) == 0 {
			slow.end(now, k, failed, requests, said)
			got = fast.EndTold(now, f.id, requests, said)
		} else {
			slow.end(now, k, failed, noCount, 0)
			got = fast.End(now, f.id, failed)
		}
		require.Equal(t, f.start, got.Start)
		require.Equal(t, int32(f.server), got.Server)
	case x < 88:
		out := !slow.out[server]
		if out && fast.Available() == 1 {
			break
		}
		slow.out[server] = out
		fast.SetOut(server, out)
		fast.SetOut(server, out) // news that are none
	case x < 91:
		r := Report{InFlight: int32(chance.IntN(9)), Latency: chance.Float64(), Completed: int(now * 10), Busy: now * chance.Float64()}
		slow.reports[server] = r
		fast.Report(server, r)
		slow.hear(server, r.InFlight, now)
		fast.Hear(server, r.InFlight, now)
	case x < 93 && name == "":
		weights := make([]float64, slow.servers)
		for j := range weights {
			weights[j] = 0.5 + chance.Float64()
		}
		require.NoError(t, slow.rule.(*dispatch.ShortestDelay).SetWeights(weights))
		require.NoError(t, fast.SetWeights(weights))
	case x < 97:
		features := slow.servers * len(observe.Features())
		want, got := make([]float32, features), make([]float32, features)
		wantLoad, gotLoad := make([]float64, slow.servers), make([]float64, slow.servers)
		slow.observe(now, want, wantLoad)
		fast.Observe(now, got, gotLoad)
		require.Equal(t, want, got)
		require.Equal(t, wantLoad, gotLoad)
	case x < 98:
		c := snapshot.Writer()
		fast.State(c)
		restarted := openCounting(t, name, slow.servers, 99, fast.established)
		for range 3 { // what it does before must leave no trace
			restarted.Dispatch(now)
			restarted.SetOut(0, slow.servers > 1)
		}
		r := snapshot.Reader(c.Bytes())
		restarted.State(r)
		r.End()
		require.NoError(t, r.Err())
		return restarted
	case x < 99:
		slow.forget(now)
		fast.Forget(now)
	}
	return fast
}
