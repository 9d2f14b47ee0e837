package dispatch

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// smallPool is a pool in which time passes in ticks: in each, so many requests arrive, each at
// some LB, and each server ends the oldest one that it has, in four ticks of five. A server
// that has capacity requests refuses any more.
type smallPool struct {
	random   *rand.Rand
	capacity int
	now      float64
	rules    []Rule
	views    []View
	queues   [][]smallRequest // by server
	drained  int              // the server that refuses all new requests; -1: none
	refused  []int            // by server
	waited   float64          // s, of all that were served
	served   int
}

type smallRequest struct {
	lb   int
	sent float64
}

func newSmallPool(t *testing.T, name string, lbs, servers int) *smallPool {
	t.Helper()
	p := &smallPool{random: rand.New(rand.NewPCG(1, 2)), capacity: 30, queues: make([][]smallRequest, servers), drained: -1, refused: make([]int, servers)}
	for lb := range lbs {
		rule, err := New(name, Options{Capacity: uniform(servers), LB: lb, LBs: lbs, Told: true, Classes: 1})
		require.NoError(t, err)
		p.rules = append(p.rules, rule)
		p.views = append(p.views, NewView(servers))
		p.views[lb].KeepTold()
		p.views[lb].KeepClasses(1)
	}
	return p
}

// play lets ticks pass in which so many requests arrive on average.
func (p *smallPool) play(ticks int, arrivals float64) {
	p.refused, p.waited, p.served = make([]int, len(p.queues)), 0, 0
	for range ticks {
		p.now++
		for range int(arrivals + p.random.Float64()) {
			p.arrive(p.random.IntN(len(p.rules)))
		}
		for j, q := range p.queues {
			if len(q) > 0 && p.random.IntN(5) > 0 {
				p.queues[j] = q[1:]
				p.served++
				p.waited += p.now - q[0].sent
				p.end(j, q[0], false)
			}
		}
	}
}

func (p *smallPool) arrive(lb int) {
	v := &p.views[lb]
	v.Now = p.now
	j := p.rules[lb].Pick(v)
	v.Sent(j)
	request := smallRequest{lb, p.now}
	if len(p.queues[j]) < p.capacity && j != p.drained {
		p.queues[j] = append(p.queues[j], request)
		return
	}
	p.refused[j]++
	p.end(j, request, true)
}

func (p *smallPool) end(server int, r smallRequest, failed bool) {
	v := &p.views[r.lb]
	ongoing := v.Ongoing[server]
	v.Ended(server, r.sent)
	p.rules[r.lb].(Completer).Completed(Completion{Server: server, Now: p.now, Duration: p.now - r.sent, Ongoing: ongoing, Failed: failed})
}

// all returns the sum of what servers have refused.
func (p *smallPool) all() (n int) {
	for _, x := range p.refused {
		n += x
	}
	return n
}

// overflowing are the rules of self-tuning's frame.
func overflowing() []string {
	return []string{selfTuningName, UniversalName, CarriedName, UniversalCarriedName, ClassAwareName}
}

// TestOverflow: where a quarter more comes than four servers serve, three load balancers let one and the same
// server be full. As many requests are served as without, in less than half the time, and the other
// servers refuse next to none. When less comes, what they send is balanced again.
func TestOverflow(t *testing.T) {
	t.Parallel()
	for _, name := range overflowing() {
		const load = 4 * 0.8
		without := newSmallPool(t, name, 3, 4)
		without.play(2000, 1.25*load)
		without.play(4000, 1.25*load)
		p := newSmallPool(t, name+":overflow=0.2", 3, 4)
		p.play(2000, 1.25*load)
		overflow := -1
		for _, rule := range p.rules {
			at := rule.(*SelfTuning).overflow.at()
			require.True(t, at >= 0 && (overflow < 0 || at == overflow), "%s: server %d and %d", name, overflow, at)
			overflow = at
		}
		p.play(4000, 1.25*load)
		require.InEpsilon(t, without.served, p.served, 0.01, name)
		require.Less(t, p.waited, without.waited/2, name)
		require.Greater(t, p.refused[overflow], p.all()*9/10, name)

		p.play(2000, 0.9*load)
		p.play(2000, 0.9*load)
		require.Zero(t, p.all(), name)
		for lb, rule := range p.rules {
			require.Negative(t, rule.(*SelfTuning).overflow.at(), name)
			for j := range p.queues {
				require.Less(t, p.views[lb].Ongoing[j], int32(10), name)
			}
		}
	}
}

// TestOverflowIsNotOneThatIsDrained: a server which refuses all new requests and goes on with those
// that it has gets few of them, and is tried now and then.
func TestOverflowIsNotOneThatIsDrained(t *testing.T) {
	t.Parallel()
	for _, name := range overflowing() {
		p := newSmallPool(t, name+":overflow=0.2", 1, 3)
		p.play(1000, 2)
		require.Zero(t, p.all(), name)
		p.drained = 1
		p.views[0].Sent(1) // that it has for long
		p.play(500, 1.5)
		require.Less(t, p.refused[1], 60, name)
		require.Equal(t, p.all(), p.refused[1], name)
	}
}

// TestHasOverflow: a factor of 0 is none.
func TestHasOverflow(t *testing.T) {
	t.Parallel()
	for name, has := range map[string]bool{
		"self-tuning": false, "self-tuning:window=50": false, "self-tuning:overflow=0": false, "sed:overflow=0.2": false,
		"self-tuning:window=50,overflow=0.2": true, "universal:overflow=0.2": true,
	} {
		require.Equal(t, has, HasOverflow(name), name)
	}
}

// TestOverflowVotes: the candidate is the server of the majority of the latest refusals.
func TestOverflowVotes(t *testing.T) {
	t.Parallel()
	o, err := newOverflow(3, constants{"overflow": 0.2})
	require.NoError(t, err)
	refuse := func(server, times int) {
		for range times {
			require.True(t, o.fail(Completion{Server: server, Ongoing: 9, Failed: true}))
			require.EqualValues(t, 1, o.inARow[server])
			o.succeed(server)
		}
	}
	refuse(2, 1)
	require.Equal(t, -1, o.at(), "one in two hundred")
	refuse(2, 2)
	require.Equal(t, 2, o.at())
	refuse(1, 3)
	require.Equal(t, 2, o.at(), "as many as before")
	refuse(1, 1)
	require.Equal(t, 1, o.at())
	refuse(1, 100)
	refuse(0, mostVotes)
	require.Equal(t, 1, o.at())
	refuse(0, 1)
	require.Zero(t, o.at())
	for range 1000 {
		o.succeed(1)
	}
	require.Equal(t, -1, o.at())

	require.False(t, o.fail(Completion{Server: 1, Ongoing: 1, Failed: true}), "it has no other")
	for k := range mostInARow + 1 {
		require.Equal(t, k < mostInARow, o.fail(Completion{Server: 1, Ongoing: 9, Failed: true}))
	}
	refuse(0, 12)
	heir, err := newOverflow(2, constants{"overflow": 0.2})
	require.NoError(t, err)
	heir.inherit(&o, []int{-1, 0})
	require.Equal(t, 1, heir.at())
}
