package normalise

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/replay"
)

// rewardBuffer holds one episode of two steps, of two LBs with two servers each,
// with the given rewards by server and of the team.
func rewardBuffer(t *testing.T, server, team []float32) *replay.Buffer {
	t.Helper()
	shape := replay.Shape{Agents: 2, Servers: 2, Features: 1}
	ep := replay.NewEpisode(shape, 2)
	ep.Steps = 2
	ep.Obs, ep.Load, ep.LogWeight, ep.Reward = make([]float32, 12), make([]float32, 12), make([]float32, 8), make([]float32, 4)
	ep.ServerReward, ep.TeamReward = server, team
	b, err := replay.NewBuffer(shape, 1)
	require.NoError(t, err)
	require.NoError(t, b.Add(ep))
	return b
}

// ofAgent gives the rewards by server of one LB of two.
func rewardsOfAgent(agent int) func(ep *replay.Episode, t int) []float32 {
	return func(ep *replay.Episode, t int) []float32 { return ep.ServerReward[(2*t+agent)*2:][:2] }
}

// ofAll gives the rewards of every LB and server.
func rewardsOfAll(ep *replay.Episode, t int) []float32 { return ep.ServerReward[4*t:][:4] }

// ofTeam gives the team's reward.
func teamReward(ep *replay.Episode, t int) []float32 { return []float32{ep.Team(t)} }

func TestNewRewardsChangeNothing(t *testing.T) {
	t.Parallel()
	got := []float32{3, -7}
	NewRewards(2, 0.9).Apply(got, got)
	require.Equal(t, []float32{3, -7}, got)
}

// TestRewardsOfOneAgent: the other LB's rewards are 99 and do not count.
func TestRewardsOfOneAgent(t *testing.T) {
	t.Parallel()
	w := NewRewards(2, 0.9)
	w.FitTo(rewardBuffer(t, []float32{99, 99, 1, 10, 99, 99, 3, 10}, nil), rewardsOfAgent(1))
	// Deviations -1, 1, 0, 0: one common sd of sqrt(1/2).
	got := make([]float32, 2)
	w.Apply(got, []float32{3, 9})
	require.InDeltaSlice(t, []float32{0.1414214, -0.1414214}, got, 1e-6)
	sums := make([]float32, 4)
	w.ApplySums(sums, []float32{3, 9, 5, 20}, []float32{1, 1.5})
	require.InDeltaSlice(t, []float32{0.1414214, -0.1414214, 0.2828427, 0.7071068}, sums, 1e-6, "each reward of a sum is centred")
}

func TestRewardsOfTheTeam(t *testing.T) {
	t.Parallel()
	none := make([]float32, 8)
	w := NewRewards(1, 0.9)
	w.FitTo(rewardBuffer(t, none, []float32{1, 5}), teamReward)
	got := make([]float32, 2)
	w.Apply(got, []float32{1, 7})
	require.InDeltaSlice(t, []float32{-0.1, 0.2}, got, 1e-6) // mean 3, sd 2
	w.FitTo(rewardBuffer(t, none, []float32{4, 4}), teamReward)
	w.Apply(got, []float32{4, 5})
	require.InDeltaSlice(t, []float32{0, 0.1}, got, 1e-6, "constant rewards are not divided")
}

// TestRewardsOfAllAgents: of two LBs with two servers each; one mean for each of
// the four, one deviation for all.
func TestRewardsOfAllAgents(t *testing.T) {
	t.Parallel()
	for _, each := range []bool{false, true} {
		w := NewRewards(4, 0.9)
		w.DivideEach = each
		server := []float32{0, 10, 20, 30, 2, 12, 26, 36} // deviations 1, 1, 3, 3
		w.FitTo(rewardBuffer(t, server, nil), rewardsOfAll)
		got := make([]float32, 4)
		w.ApplyColumns(got, server, 2, 2)
		s := float32(0.1 / math.Sqrt(5)) // the mean square is 5
		require.InDeltaSlice(t, []float32{-3 * s, -3 * s, 3 * s, 3 * s}, got, 1e-6)
		w.FitTo(rewardBuffer(t, []float32{1, 2, 3, 4, 1, 2, 3, 4}, nil), rewardsOfAll)
		w.ApplyColumns(got, []float32{0, 0, 4, 4, 0, 0, 3, 3}, 2, 2)
		require.InDeltaSlice(t, []float32{0.1, 0, 0, -0.1}, got, 1e-6, "constant rewards are not divided")
	}
}

func TestRewardsAdded(t *testing.T) {
	t.Parallel()
	w := NewRewards(2, 0.9)
	w.Add([]float32{1, 10})
	w.Add([]float32{3, 10})
	w.Fit()
	// Deviations -1, 1, 0, 0: one common sd of sqrt(1/2).
	got := []float32{3, 9}
	w.Apply(got, got)
	require.InDeltaSlice(t, []float32{0.1414214, -0.1414214}, got, 1e-6)
	w.Add([]float32{5, 10}) // mean 3, and sd sqrt(4/3)
	w.Fit()
	got = []float32{5, 10}
	w.Apply(got, got)
	require.InDeltaSlice(t, []float32{0.17320508, 0}, got, 1e-6)

	same := NewRewards(1, 0.5)
	same.Add([]float32{7})
	same.Fit()
	got = []float32{8}
	same.Apply(got, got)
	require.Equal(t, []float32{0.5}, got, "constant rewards are only centred")
}

// TestFitToEqualsAdd: rewards that come one by one have the statistics of those
// in a buffer.
func TestFitToEqualsAdd(t *testing.T) {
	t.Parallel()
	server := []float32{0, 10, 20, 30, 2, 12, 26, 36}
	fitted, added := NewRewards(4, 0.9), NewRewards(4, 0.9)
	fitted.FitTo(rewardBuffer(t, server, nil), rewardsOfAll)
	added.Add(server[:4])
	added.Add(server[4:])
	added.Fit()
	want, got := make([]float32, 8), make([]float32, 8)
	fitted.Apply(want, server)
	added.Apply(got, server)
	require.InDeltaSlice(t, want, got, 1e-6)
}
