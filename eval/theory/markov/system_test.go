package markov

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// shared is a system of two LBs and servers of the given numbers of processors of
// speed 1, under SED or, of equal weights, LSQ.
func shared(most int, rate float64, ties Ties, sed bool, processors ...int) *System {
	x := &System{LBs: 2, Rate: rate, Most: most}
	var weights []float64
	for _, n := range processors {
		x.Servers = append(x.Servers, Server{n, 1})
		if !sed {
			n = 1
		}
		weights = append(weights, float64(n))
	}
	x.Dispatch = ShortestDelay(weights, ties)
	return x
}

// first is ordered ties of two LBs and three servers.
func first() Ties { return First([]int{1, 2, 0}, []int{2, 1, 0}) }

// TestOneServer: behind any number of LBs one server is M/M/c/K, whose distribution
// is a product.
func TestOneServer(t *testing.T) {
	t.Parallel()
	for _, lbs := range []int{1, 2, 3} {
		x := &System{Servers: []Server{{3, 0.5}}, LBs: lbs, Rate: 1.2, Dispatch: ShortestDelay([]float64{1}, Fair), Most: 9}
		got, err := x.Solve()
		require.NoError(t, err)
		p, sum, tasks := 1.0, 1.0, 0.0
		for n := 1; n <= 9; n++ {
			p *= 1.2 / (0.5 * float64(min(n, 3)))
			sum += p
			tasks += p * float64(n)
		}
		require.InDelta(t, p/sum, got.Lost, 1e-11)
		require.InDelta(t, tasks/sum, got.Tasks, 1e-10)
		require.InDelta(t, tasks/sum/(1.2*(1-p/sum)), got.Completion, 1e-10)
		require.InDeltaSlice(t, []float64{1}, got.Sent, 1e-12)
	}
}

// TestAgainstDense holds the solution by sweeps to the one by LU, for each way to
// break ties, state by state.
func TestAgainstDense(t *testing.T) {
	t.Parallel()
	for name, ties := range map[string]Ties{"fair": Fair, "candidate or first": CandidateOrFirst([]int{0, 1, 2}), "first": first()} {
		for _, sed := range []bool{false, true} {
			x := shared(5, 2, ties, sed, 2, 1, 1)
			c, states, err := x.chain()
			require.NoError(t, err)
			require.Greater(t, c.states, 100)
			want, err := dense(c)
			require.NoError(t, err)
			got, err := c.Stationary(tolerance, maxSweeps)
			require.NoError(t, err)
			require.InDeltaSlice(t, want, got, 1e-12, name)

			// As many tasks come as go: across each cut between numbers of tasks.
			for n := range x.Most {
				up, down := 0.0, 0.0
				for k, s := range states {
					x.each(s, func(to state, _ int, rate float64) {
						switch {
						case s.total() == n && to.total() == n+1:
							up += want[k] * rate
						case s.total() == n+1 && to.total() == n:
							down += want[k] * rate
						}
					})
				}
				require.InDelta(t, up, down, 1e-13, "%s, between %d and %d", name, n, n+1)
			}
		}
	}
}

// TestPermutedServers: servers in another order, with their weights and places in
// the order of ties, are the same system.
func TestPermutedServers(t *testing.T) {
	t.Parallel()
	for name, ties := range map[string][2]Ties{
		"fair":               {Fair, Fair},
		"candidate or first": {CandidateOrFirst([]int{0, 1, 2}), CandidateOrFirst([]int{2, 0, 1})},
		"first":              {First([]int{0, 1, 2}, []int{2, 1, 0}), First([]int{2, 0, 1}, []int{1, 0, 2})},
	} {
		a, err := shared(8, 2, ties[0], true, 3, 1, 2).Solve()
		require.NoError(t, err)
		b, err := shared(8, 2, ties[1], true, 1, 2, 3).Solve()
		require.NoError(t, err)
		require.InDelta(t, a.Completion, b.Completion, 1e-10, name)
		require.InDeltaSlice(t, []float64{a.Sent[1], a.Sent[2], a.Sent[0]}, b.Sent, 1e-10, name)
	}
}

// TestCandidateOrFirstOfTwo: of two servers the candidate is always one of those that
// tie, so that the rule is fair; of three it is not.
func TestCandidateOrFirstOfTwo(t *testing.T) {
	t.Parallel()
	for _, sed := range []bool{false, true} {
		fair, err := shared(12, 1.5, Fair, sed, 2, 1).Solve()
		require.NoError(t, err)
		plugin, err := shared(12, 1.5, CandidateOrFirst([]int{0, 1}), sed, 2, 1).Solve()
		require.NoError(t, err)
		require.InDelta(t, fair.Completion, plugin.Completion, 1e-10)

		fair, err = shared(9, 1.2, Fair, sed, 2, 1, 1).Solve()
		require.NoError(t, err)
		plugin, err = shared(9, 1.2, CandidateOrFirst([]int{0, 1, 2}), sed, 2, 1, 1).Solve()
		require.NoError(t, err)
		require.Greater(t, math.Abs(fair.Completion-plugin.Completion), 0.002)
		require.Greater(t, plugin.Sent[0], fair.Sent[0], "more goes to the first")
	}
}

// TestTheCut: what is beyond it changes less than a few times the part that is lost,
// times the number of tasks at the cut.
func TestTheCut(t *testing.T) {
	t.Parallel()
	short, err := shared(16, 1.5, first2(), true, 2, 1).Solve()
	require.NoError(t, err)
	long, err := shared(24, 1.5, first2(), true, 2, 1).Solve()
	require.NoError(t, err)
	require.Less(t, long.Lost, 1e-7)
	require.Less(t, long.Imbalance, 1e-11)
	require.Greater(t, short.Lost, long.Lost)
	require.InDelta(t, long.Completion, short.Completion, 16*short.Lost)
	require.NotEqual(t, long.Completion, short.Completion)
}

// first2 is ordered ties of two LBs and two servers.
func first2() Ties { return First([]int{1, 0}) }

// TestMeasured: the measures of all states are means over time; the tasks of both LBs
// make those of the system, and by symmetry half each.
func TestMeasured(t *testing.T) {
	t.Parallel()
	x := shared(12, 1.5, Fair, true, 2, 1)
	r, means, err := x.SolveMeasured(3, func(dst []float64, tasks []int) {
		dst[0], dst[1], dst[2] = float64(tasks[0]+tasks[1]), float64(tasks[2]+tasks[3]), 1
	})
	require.NoError(t, err)
	plain, err := x.Solve()
	require.NoError(t, err)
	require.Equal(t, plain, r)
	require.InDelta(t, r.Tasks/2, means[0], 1e-9)
	require.InDelta(t, r.Tasks/2, means[1], 1e-9)
	require.InDelta(t, 1, means[2], 1e-12)
}

func TestSystemRefuses(t *testing.T) {
	t.Parallel()
	_, err := (&System{}).Solve()
	require.EqualError(t, err, "markov: 0 LBs and 0 servers: must be 1 to 8 queues\nmarkov: rate = 0: must be positive and finite\nmarkov: no rule of dispatch\nmarkov: most = 0: must be in [1, 255]")
	x := shared(256, 1, Fair, false, 1, 0, 1, 1, 1)
	x.Servers[0].Speed = math.Inf(1)
	_, err = x.Solve()
	require.EqualError(t, err, "markov: 2 LBs and 5 servers: must be 1 to 8 queues\nmarkov: server 0: speed = +Inf: must be positive and finite\nmarkov: server 1: processors = 0: must be positive\nmarkov: most = 256: must be in [1, 255]")
}
