package complaints

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/env"
	"fairlb/env/dispatch"
	"fairlb/env/station"
)

// find returns a complaint.
func find(t *testing.T, name string) *Complaint {
	t.Helper()
	for _, c := range All() {
		if c.Name == name {
			return &c
		}
	}
	t.Fatalf("no complaint %s", name)
	return nil
}

// equal is so many equal servers.
func equal(n int) []station.Server {
	list := make([]station.Server, n)
	for j := range list {
		list[j] = station.Server{CPUs: 2, Speed: 1}
	}
	return list
}

// steady returns n requests a second, spread evenly over [from, to), which take a while each
// and go to the servers that pick says.
func steady(n int, from, to, takes float64, pick func(k int) int) (list []env.Outcome) {
	for k := 0; from+float64(k)/float64(n) < to; k++ {
		list = append(list, env.Outcome{Arrival: from + float64(k)/float64(n), Completion: takes, Server: pick(k)})
	}
	return list
}

// values judges a run and returns the figures' values, and whether all hold.
func values(c *Complaint, r *Run) (list []float64, holds bool) {
	holds = true
	for _, f := range c.Judge(r) {
		list, holds = append(list, f.Value), holds && f.Holds()
	}
	return list, holds
}

func TestManyLBs(t *testing.T) {
	t.Parallel()
	r := &Run{Servers: []station.Server{{CPUs: 4, Speed: 1}, {CPUs: 2, Speed: 1}}, Duration: 6}
	r.Reference = steady(10, 0, 6, 0.1, func(int) int { return 0 })
	r.Outcomes = steady(60, 0, 6, 0.12, func(k int) int { return k % 6 / 5 }) // 1 of 6 to the small one
	got, holds := values(find(t, "many-lbs"), r)
	require.InDeltaSlice(t, []float64{1.2, 0.5}, got, 1e-9)
	require.True(t, holds)
	r.Outcomes = steady(70, 0, 6, 0.12, func(k int) int { return k % 7 / 6 })
	_, holds = values(find(t, "many-lbs"), r)
	require.False(t, holds, "less than half of its third")
	r.Outcomes = steady(60, 0, 6, 0.13, func(k int) int { return k % 3 / 2 })
	_, holds = values(find(t, "many-lbs"), r)
	require.False(t, holds, "more than a quarter longer")
}

func TestStarved(t *testing.T) {
	t.Parallel()
	r := &Run{Servers: equal(5), Duration: 24}
	among := func(n int) func(int) int { return func(k int) int { return k % n } }
	r.Outcomes = append(steady(100, 0, 5, 1, among(4)), steady(100, 5, 24, 1, among(5))...)
	got, holds := values(find(t, "starved"), r)
	require.InDeltaSlice(t, []float64{1}, got, 1e-9, "what is before 5 s does not count")
	require.True(t, holds)
	r.Outcomes = append(steady(100, 0, 15, 1, among(5)), steady(100, 15, 24, 1, among(4))...)
	got, holds = values(find(t, "starved"), r)
	require.Equal(t, []float64{0}, got)
	require.False(t, holds)
	r.Outcomes = append(steady(100, 0, 20, 1, among(5)), steady(100, 20, 24, 1, among(4))...)
	_, holds = values(find(t, "starved"), r)
	require.True(t, holds, "only whole windows count")
	r.Outcomes = nil
	_, holds = values(find(t, "starved"), r)
	require.False(t, holds, "nothing was said")
}

func TestFlooded(t *testing.T) {
	t.Parallel()
	r := &Run{Servers: append(equal(3), station.Server{CPUs: 2, Speed: 3}), Duration: 3}
	r.Reference = steady(60, 0, 3, 0.1, func(k int) int { return k % 4 })
	fair := func(k int) int { return min(k%6, 3) } // half of them to the fast one
	r.Outcomes = steady(60, 0, 3, 0.1, fair)
	got, holds := values(find(t, "flooded"), r)
	require.InDeltaSlice(t, []float64{1, 1}, got, 1e-9)
	require.True(t, holds)
	r.Outcomes = append(steady(60, 0, 2, 0.1, fair), steady(60, 2, 3, 0.1, func(k int) int { return k % 2 * 2 })...)
	got, holds = values(find(t, "flooded"), r)
	require.InDelta(t, 3, got[0], 1e-9)
	require.False(t, holds)
	r.Outcomes = steady(60, 0, 3, 0.1, fair)
	for k := range 3 {
		r.Outcomes[k].Completion = 0.2
	}
	got, holds = values(find(t, "flooded"), r)
	require.InDelta(t, 2, got[1], 1e-9, "2 of 180 are 1 %")
	require.False(t, holds)
}

func TestFailsFast(t *testing.T) {
	t.Parallel()
	r := &Run{Servers: equal(5), Duration: 20, Changes: []station.Change{{At: 5, Kind: station.FailFast, Index: 3}, {At: 15, Kind: station.Return, Index: 3}}}
	r.Outcomes = steady(100, 0, 20, 0.1, func(k int) int { return k % 5 })
	fail := func(from, to float64, every int) {
		for k := range r.Outcomes {
			if o := &r.Outcomes[k]; o.Arrival >= from && o.Arrival < to && k%every == 0 {
				o.Failed = true
			}
		}
	}
	fail(0, 6, 1)
	fail(15, 20, 1)
	got, holds := values(find(t, "fails-fast"), r)
	require.Equal(t, []float64{0}, got, "only what is from 6 to 15 s counts")
	require.True(t, holds)
	fail(6, 15, 50)
	got, holds = values(find(t, "fails-fast"), r)
	require.InDeltaSlice(t, []float64{0.02}, got, 1e-9)
	require.True(t, holds)
	fail(6, 15, 40)
	_, holds = values(find(t, "fails-fast"), r)
	require.False(t, holds)
	r.Changes = nil
	_, holds = values(find(t, "fails-fast"), r)
	require.False(t, holds)
}

func TestForgotten(t *testing.T) {
	t.Parallel()
	r := &Run{Servers: equal(2), Duration: 30, Changes: []station.Change{{At: 5, Index: 1, Value: 0.1}, {At: 15, Index: 1, Value: 1}}}
	backAfter := func(s float64) {
		r.Outcomes = append(steady(100, 0, 5, 1, func(k int) int { return k % 2 }), steady(100, 5, 15+s, 1, func(k int) int { return 0 })...)
		r.Outcomes = append(r.Outcomes, steady(100, 15+s, 30, 1, func(k int) int { return k % 4 / 3 })...)
	}
	backAfter(0)
	got, holds := values(find(t, "forgotten"), r)
	require.Equal(t, []float64{1}, got)
	require.True(t, holds)
	backAfter(10)
	got, holds = values(find(t, "forgotten"), r)
	require.Equal(t, []float64{11}, got)
	require.False(t, holds)
	backAfter(15)
	got, holds = values(find(t, "forgotten"), r)
	require.True(t, math.IsInf(got[0], 1))
	require.False(t, holds)
}

// TestWorse: the worst of several episodes is that nearest to the limit, or furthest beyond.
func TestWorse(t *testing.T) {
	t.Parallel()
	figure := func(value float64, atLeast bool) Figure { return Figure{Value: value, Limit: 1, AtLeast: atLeast} }
	require.True(t, figure(2, false).Worse(figure(1, false)))
	require.True(t, figure(1, true).Worse(figure(2, true)))
	require.True(t, figure(math.NaN(), true).Worse(figure(0, true)))
	require.False(t, figure(0, true).Worse(figure(math.NaN(), true)))
}

// TestOffenders: what the rules that are complained of go by.
func TestOffenders(t *testing.T) {
	t.Parallel()
	made := func(new func(dispatch.Options) (dispatch.Rule, error)) (dispatch.Rule, func(server int, duration float64)) {
		rule, err := new(dispatch.Options{Capacity: []float64{1, 1}, LBs: 1})
		require.NoError(t, err)
		return rule, func(server int, duration float64) {
			rule.(dispatch.Completer).Completed(dispatch.Completion{Server: server, Now: 1, Duration: duration, Ongoing: 1, Failed: true})
		}
	}
	view := dispatch.NewView(2)
	view.Rand = rand.New(rand.NewPCG(1, 1))
	times, ended := made(leastTime)
	ended(0, 3)
	ended(1, 1)
	require.Equal(t, 1, times.Pick(&view))
	view.Ongoing[1] = 3
	require.Equal(t, 0, times.Pick(&view), "3 * 1 is less than 1 * 4")
	latency, ended := made(leastLatency)
	ended(0, 3)
	ended(1, 1)
	require.Equal(t, 1, latency.Pick(&view), "whatever it has")
	for range 20 {
		ended(1, 4)
	}
	require.Equal(t, 0, latency.Pick(&view), "the first is forgotten after 20 others")
	blind, ended := made(blindPeakEWMA)
	ended(0, 0.001)
	ended(1, 1)
	require.Equal(t, 0, blind.Pick(&view), "a failure is a fast response")
}
