package dispatch

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// ends lets a request on a server end.
func (a *accrual) ends(server int, now float64, failed bool) bool {
	return a.completed(Completion{Server: server, Now: now, Duration: 0.1, Ongoing: 1, Failed: failed})
}

// TestAccrualByHand: five failures in a row, then 5 s, then a probe, whose failures double
// the wait, drawn from its second half, up to 300 s; a success begins anew.
func TestAccrualByHand(t *testing.T) {
	t.Parallel()
	a := newAccrual(2, 0, finagleAccrual())
	for range 4 {
		require.False(t, a.ends(1, 1, true))
	}
	require.False(t, a.ends(1, 1, false), "in a row no more")
	for range 4 {
		require.False(t, a.ends(1, 1, true))
	}
	require.True(t, a.ends(1, 1, true))
	require.True(t, a.holds(1))
	require.False(t, a.ends(1, 1, true), "of what was sent before")

	now := 1.0
	for k, least := range []float64{5, 5, 10, 20, 40, 80, 160, 300, 300} {
		most := min(2*least, 300)
		if k == 0 {
			most = least
		}
		wait := a.servers[1].until - now
		require.True(t, wait >= least-1e-9 && wait <= most+1e-9, "%g s after %d failed probes", wait, k)
		require.Equal(t, -1, a.endWait(now+wait-0.001))
		now += wait
		require.Equal(t, 1, a.endWait(now+0.001))
		require.Equal(t, -1, a.endWait(now+0.001))
		now += 0.001
		require.False(t, a.holds(1))
		require.True(t, a.sent(1))
		require.True(t, a.holds(1), "until the probe ends")
		require.False(t, a.sent(1))
		if k == 3 {
			require.True(t, a.abandon(1), "given up: another probe")
			require.True(t, a.sent(1))
		}
		a.ends(1, now, true)
	}
	require.Equal(t, 1, a.endWait(now+301))
	a.sent(1)
	require.True(t, a.ends(1, now+302, false))
	require.False(t, a.holds(1))
	for range 5 {
		a.ends(1, now+303, true)
	}
	require.InDelta(t, 5, a.servers[1].until-(now+303), 1e-9, "anew")
}

// TestAccrualOfNginx: one failure, 10 s, one request, 10 s.
func TestAccrualOfNginx(t *testing.T) {
	t.Parallel()
	a := newAccrual(1, 3, nginxAccrual())
	now := 1.0
	for range 9 {
		require.True(t, a.ends(0, now, true) || now > 1)
		require.InDelta(t, now+10, a.servers[0].until, 1e-9)
		now += 10.5
		require.Zero(t, a.endWait(now))
		require.True(t, a.sent(0))
	}
	require.True(t, a.ends(0, now, false))
	require.False(t, a.holds(0))
}

// TestAccrualDraws: what is drawn differs from death to death, server to server and LB
// to LB, and is in [0, 1) with mean 1/2.
func TestAccrualDraws(t *testing.T) {
	t.Parallel()
	seen, sum := map[float64]bool{}, 0.0
	for lb := range 10 {
		a := newAccrual(10, lb, finagleAccrual())
		for server := range 10 {
			for range 10 {
				u := a.draw(server)
				require.True(t, u >= 0 && u < 1)
				seen[u] = true
				sum += u
				a.records[server].total++
			}
		}
	}
	require.Len(t, seen, 1000)
	require.InDelta(t, 0.5, sum/1000, 0.04)
}

// TestTwoChoicesAccrual: a dead server is not drawn, one to be probed is, once, and
// where all are dead all are drawn; a server that was out comes back without a trace.
func TestTwoChoicesAccrual(t *testing.T) {
	t.Parallel()
	rule, err := New("p2c-accrual:failures=1", Options{Capacity: []float64{1, 1, 1}, LBs: 1})
	require.NoError(t, err)
	r := rule.(*TwoChoicesAccrual)
	v := NewView(3)
	v.Rand = rand.New(rand.NewPCG(1, 1))
	picks := func() (counts [3]int) {
		for range 200 {
			counts[r.Pick(&v)]++
		}
		return counts
	}
	for _, n := range picks() {
		require.NotZero(t, n)
	}
	r.Completed(Completion{Server: 1, Now: 1, Failed: true})
	v.Now = 5.9
	counts := picks()
	require.Zero(t, counts[1])
	require.NotZero(t, counts[0])
	v.Now = 6
	require.Equal(t, 1, picks()[1], "the probe")
	r.Completed(Completion{Server: 1, Now: 7})
	require.NotZero(t, picks()[1])
	for j := range 3 {
		r.Completed(Completion{Server: j, Now: 7, Failed: true})
	}
	for _, n := range picks() {
		require.NotZero(t, n, "all are dead")
	}
	v.SetOut(2, true)
	require.Zero(t, picks()[2])
	v.SetOut(2, false)
	require.Equal(t, 200, picks()[2], "the only one that is not dead")
}

// TestRefusedConstants of the rules of practice.
func TestRefusedConstants(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]string{
		"p2c-accrual:failures=0":           "failures is 0: must be a whole number in [1, 1e6]",
		"p2c-accrual:failures=1.5":         "failures is 1.5",
		"p2c-accrual:backoff=NaN":          "backoff is NaN: must be in (0, 1e6]",
		"p2c-accrual:backoff=9,longest=8":  "longest is 8: must be at least backoff, 9, and at most 1e6",
		"least-time:factor=1":              "factor is 1: must be in [0, 1)",
		"least-time:window=3":              "unknown constant \"window\" (known: factor)",
		"d2:high=0.5":                      "high is 0.5: must be in [1, 1e6]",
		"d2:low=2":                         "low is 2: must be in (0, high], and high is 1.3",
		"d2:up=2,down=-1":                  "down is -1: must be in [0, 1]",
		"d2:interval=0,errors=0":           "interval is 0: must be in (0, 1e6]",
		"prequal:pool=1":                   "pool is 1: must be a whole number in [2, 1000]",
		"prequal:probes=0,remove=0.5":      "remove is 0.5: must be a whole number in [0, 1000]",
		"prequal:quantile=1.1,age=0":       "quantile is 1.1: must be in (0, 1]",
		"p2c:failures=5":                   "p2c takes no constants",
		"p2c-accrual:failures=1,backoff=x": "backoff=\"x\": must be a number",
	} {
		require.ErrorContains(t, Check(name), fault, name)
	}
	for _, name := range []string{"p2c-accrual:failures=2,backoff=1,longest=1", "least-time:factor=0", "prequal:pool=8,probes=6,remove=0,age=0.1,quantile=0.5", "d2:high=1.2,low=0.8,up=0.05,down=0.2,errors=0.2,interval=1"} {
		require.NoError(t, Check(name), name)
	}
}
