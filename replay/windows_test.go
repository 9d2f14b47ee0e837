package replay_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/replay"
)

// Every value of an episode names its place, so a window tells where it is from.
func TestWindowsAreConsecutive(t *testing.T) {
	t.Parallel()
	b := filled(t, 5, episode(1, 6, false), episode(2, 4, true), episode(3, 2, false))
	w := replay.NewWindows(shape, 300, 3)
	require.NoError(t, b.SampleWindows(w, rand.New(rand.NewPCG(1, 1))))
	require.NoError(t, b.SampleWindows(w, rand.New(rand.NewPCG(1, 2)))) // over what was there
	seen := map[int]int{}
	const n, f = 6, 12 // values of a step: agents x servers, x features
	for row := range w.Size {
		first := int(w.Obs[row*4*f])
		seen[first]++
		id, steps := first/10000, 3
		if id == 3 {
			steps = 2
		}
		for k := range 3 {
			index := row*3 + k
			if k >= steps {
				require.Zero(t, w.Mask[index])
				require.Zero(t, w.Bootstrap[index])
				require.Zero(t, w.TeamReward[index])
				require.Equal(t, make([]float32, 3), w.TeamServers[index*3:(index+1)*3])
				require.Equal(t, make([]float32, n), w.LogWeight[index*n:(index+1)*n])
				require.Equal(t, make([]float32, n), w.ServerReward[index*n:(index+1)*n])
				require.Equal(t, make([]float32, f), w.Obs[(row*4+k+1)*f:(row*4+k+2)*f])
				continue
			}
			place := float32(first + 1000*k)
			require.Equal(t, float32(1), w.Mask[index])
			require.Equal(t, place+54, w.TeamReward[index], "the mean of the agents' own rewards")
			require.Equal(t, []float32{place + 53, place + 63, place + 73}, w.TeamServers[index*3:(index+1)*3], "the means of the agents' own")
			require.Equal(t, []float32{place + 2, place + 12, place + 22, place + 102, place + 112, place + 122}, w.LogWeight[index*n:(index+1)*n])
			require.Equal(t, place, w.Obs[(row*4+k)*f])
			require.Equal(t, []float32{place + 3, place + 13, place + 23, place + 103, place + 113, place + 123}, w.ServerReward[index*n:(index+1)*n])
			require.Equal(t, place+1121, w.Obs[(row*4+k+2)*f-1], "what followed")
			want := float32(1)
			if place == 23000 {
				want = 0
			}
			require.Equal(t, want, w.Bootstrap[index], "transition %g", place)
		}
	}
	require.Len(t, seen, 4+2+1, "every start at which a window fits, no other")
	require.InDelta(t, 150, seen[10000]+seen[11000]+seen[12000]+seen[13000], 30, "an episode by its transitions")
}

func TestTeamReward(t *testing.T) {
	t.Parallel()
	ep := episode(1, 2, false)
	require.Equal(t, float32(11054), ep.Team(1))
	ep.TeamReward = []float32{5, 6}
	require.Equal(t, float32(6), ep.Team(1))
	b := filled(t, 1, ep)
	w := replay.NewWindows(shape, 1, 2)
	require.NoError(t, b.SampleWindows(w, rand.New(rand.NewPCG(1, 1))))
	require.Equal(t, []float32{5, 6}, w.TeamReward)
	short := episode(1, 2, false)
	short.TeamReward = []float32{5}
	require.ErrorContains(t, b.Add(short), "1 team rewards")
	short.TeamReward, short.TeamServerReward = nil, []float32{5, 6}
	require.ErrorContains(t, b.Add(short), "2 parts of team rewards, want 6")
}

func TestWindowsErrors(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 1))
	require.ErrorIs(t, filled(t, 2).SampleWindows(replay.NewWindows(shape, 1, 2), rng), replay.ErrEmpty)
	other := replay.NewWindows(replay.Shape{Agents: 3, Servers: 3, Features: 2}, 1, 2)
	require.ErrorContains(t, filled(t, 2, episode(1, 2, false)).SampleWindows(other, rng), "windows of shape")
}
