package dispatch

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func newTestedLeastTime(t require.TestingT, capacity ...float64) *LeastTime {
	rule, err := New("least-time", Options{Capacity: capacity, LBs: 1})
	require.NoError(t, err)
	return rule.(*LeastTime)
}

// TestLeastTimeByHand: averages, counts, weights and ages.
func TestLeastTimeByHand(t *testing.T) {
	t.Parallel()
	r := newTestedLeastTime(t, 2, 1)
	v := NewView(2)
	value := func(server int) float64 { return r.score(&v, server).value }
	require.Zero(t, value(0), "nothing is known: it is tried")
	var picks []int
	for range 6 {
		server := r.Pick(&v)
		picks = append(picks, server)
		v.Sent(server)
	}
	require.Equal(t, []int{0, 1, 0, 0, 1, 0}, picks, "each is tried; then fewest for its weight, in turns")

	v = NewView(2)
	r.Completed(Completion{Server: 0, Now: 1, Duration: 4})
	r.Completed(Completion{Server: 1, Now: 1, Duration: 1})
	require.Equal(t, 4.0, value(0))
	require.Equal(t, 2.0, value(1), "half the capacity")
	r.Completed(Completion{Server: 0, Now: 1, Duration: 2})
	require.InDelta(t, 3.8, value(0), 1e-12, "0.9 of 4 s and 0.1 of 2 s")

	v.Now = 10
	v.Sent(1)
	v.Sent(1)
	require.InDelta(t, 3*2*(10*1.0)/12, value(1), 1e-9, "two of age 0 beside what stands for ten of 1 s")
	require.Equal(t, 0, r.Pick(&v), "3.8 against 5")
	v.Now = 16
	require.InDelta(t, 3*2*(10*1.0+2*6)/12, value(1), 1e-9, "of 6 s each")
	v.Ended(1, 10)
	require.InDelta(t, 2*2*(10*1.0+6)/11, value(1), 1e-9)
	require.Equal(t, 0, r.Pick(&v), "3.8 against 5.8")
	v.Ended(1, 10)
	require.Equal(t, 1, r.Pick(&v), "3.8 against 2")
}

// TestLeastTimeTakesTurns: servers that tie are picked in turns, by capacity.
func TestLeastTimeTakesTurns(t *testing.T) {
	t.Parallel()
	r := newTestedLeastTime(t, 1, 2, 1)
	v := NewView(3)
	var picks []int
	for range 8 {
		picks = append(picks, r.Pick(&v))
		v.Picked() // it does not count yet
	}
	require.Equal(t, []int{0, 1, 2, 1, 0, 1, 2, 1}, picks)
}

// TestLeastTimeAges: with time alone the choice changes.
func TestLeastTimeAges(t *testing.T) {
	t.Parallel()
	r := newTestedLeastTime(t, 1, 1, 1)
	v := NewView(3)
	for j := range 3 {
		r.Completed(Completion{Server: j, Now: 1, Duration: []float64{1, 2.5, 9}[j]})
	}
	v.Now = 1
	require.Zero(t, r.Pick(&v))
	v.Sent(0)
	require.Zero(t, r.Pick(&v), "2 * 10 / 11 against 2.5")
	v.Picked()
	v.Now = 4.7
	require.Zero(t, r.Pick(&v), "2 * (10 + 3.7) / 11 = 2.491")
	v.Picked()
	v.Now = 4.8
	require.Equal(t, 1, r.Pick(&v), "2 * (10 + 3.8) / 11 = 2.509")
	r.Completed(Completion{Server: 1, Now: 4.8, Failed: true})
	require.Zero(t, r.Pick(&v), "one failure, and server 1 gets nothing for 10 s")
	v.Picked()
	v.Now = 14.7
	require.Zero(t, r.Pick(&v), "server 2 has 9")
	v.Picked()
	v.Now = 14.8
	require.Equal(t, 1, r.Pick(&v), "it is tried")
	v.Picked()
	require.Zero(t, r.Pick(&v), "with one request")
}

// naiveLeastTime is the rule as one would first write it: every score from the list of
// flows, the least of them.
type naiveLeastTime struct {
	capacity []float64
	average  []float64
	turns    []float64
	flows    []flight
}

func (r *naiveLeastTime) pick(v *View, accrual *accrual) int {
	best, least, turns := -1, 0.0, 0.0
	for j := range r.capacity {
		if v.Out[j] {
			continue
		}
		q, ages := 0.0, int64(0)
		for _, f := range r.flows {
			if f.server == j {
				q++
				ages += Nanoseconds(v.Now) - Nanoseconds(f.sent)
			}
		}
		score := (q + 1) / (r.capacity[j] / slices.Max(r.capacity))
		switch {
		case r.average[j] > 0:
			score = score * (r.average[j]*10 + float64(ages)/1e9) / (10 + q)
		case q > 0:
			score *= 140_737
		default:
			score = 0
		}
		if accrual.holds(j) {
			score = (score + 1) * 1e100
		}
		of := r.turns[j] / (r.capacity[j] / slices.Max(r.capacity))
		near := best >= 0 && math.Abs(score-least) <= 1e-12*least
		if best < 0 || score < least && !near || near && of < turns {
			best, least, turns = j, score, of
		}
	}
	return best
}

// TestLeastTimeAgainstScan: the tournament picks what a scan over all picks, as time
// goes on, requests come and end, and servers fail, go out and come back.
func TestLeastTimeAgainstScan(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 40).Draw(t, "servers")
		w := newSimulatedLB(n, rapid.Uint64().Draw(t, "seed"), true)
		r := newTestedLeastTime(t, w.capacity()...)
		slow := naiveLeastTime{capacity: w.capacity(), average: make([]float64, n), turns: make([]float64, n)}
		for range 300 {
			w.step(&comparedLeastTime{t, r, &slow, w})
		}
	})
}

// comparedLeastTime is both.
type comparedLeastTime struct {
	t    *rapid.T
	fast *LeastTime
	slow *naiveLeastTime
	w    *simulatedLB
}

func (c *comparedLeastTime) Pick(v *View) int {
	got := c.fast.Pick(v)
	before := c.fast.accrual // what held when the choice was made
	before.servers = slices.Clone(before.servers)
	if before.servers[got].stage == onTrial {
		before.servers[got].stage = awaitsRequest // by this choice; else it would be held
		if !c.heldAll(v) {
			require.Equal(c.t, c.slow.pick(v, &before), got)
		}
	} else {
		require.Equal(c.t, c.slow.pick(v, &before), got)
	}
	c.slow.turns[got]++
	c.slow.flows = append(c.slow.flows, flight{server: got, sent: v.Now})
	return got
}

// heldAll says whether all servers that are in are held.
func (c *comparedLeastTime) heldAll(v *View) bool {
	for j := range v.Out {
		if !v.Out[j] && !c.fast.accrual.holds(j) {
			return false
		}
	}
	return true
}

func (c *comparedLeastTime) Completed(x Completion) {
	c.fast.Completed(x)
	k := slices.IndexFunc(c.slow.flows, func(f flight) bool {
		return f.server == x.Server && math.Abs(f.sent-(x.Now-x.Duration)) < 1e-9
	})
	c.slow.flows = slices.Delete(c.slow.flows, k, k+1)
	switch {
	case x.Failed:
	case c.slow.average[x.Server] == 0:
		c.slow.average[x.Server] = x.Duration
	default:
		c.slow.average[x.Server] = 0.9*c.slow.average[x.Server] + (1-0.9)*x.Duration
	}
}

// TestLeastTimeLooksAtFew: one request more and one less cost no more than the paths of
// their servers, but for servers that pass each other.
func TestLeastTimeLooksAtFew(t *testing.T) {
	t.Parallel()
	const n = 1024
	capacity := make([]float64, n)
	for j := range capacity {
		capacity[j] = 1 + float64(j%7)
	}
	r := newTestedLeastTime(t, capacity...)
	v := NewView(n)
	random := rand.New(rand.NewPCG(3, 4))
	var flows []flight
	played := 0
	const steps, warm = 6000, 3000
	for k := range steps {
		v.Now += 0.001 * random.ExpFloat64()
		if len(flows) > n {
			f := flows[0]
			flows = flows[1:]
			v.Ended(f.server, f.sent)
			r.Completed(Completion{Server: f.server, Now: v.Now, Duration: v.Now - f.sent, Ongoing: v.Ongoing[f.server] + 1})
		}
		r.update(&v)
		if k >= warm {
			for node := 1; node < r.leaves; node++ {
				if r.until[node] <= v.Now {
					played++
				}
			}
		}
		server := int(r.play(&v, 1))
		r.sent(server)
		v.Sent(server)
		flows = append(flows, flight{server: server, sent: v.Now})
	}
	require.Less(t, float64(played)/(steps-warm), 60.0, "of 1023 nodes; two paths have 20")
}
