package replay_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/replay"
)

var shape = replay.Shape{Agents: 2, Servers: 3, Features: 2}

// episode returns one whose every value names its place: id, time, agent,
// server and feature in decimal digits.
func episode(id, steps int, terminated bool) *replay.Episode {
	ep := replay.NewEpisode(shape, steps)
	ep.Steps, ep.Terminated = steps, terminated
	for t := range steps + 1 {
		for i := range shape.Agents {
			for j := range shape.Servers {
				place := float32(id*10000 + t*1000 + i*100 + j*10)
				ep.Obs = append(ep.Obs, place, place+1)
				ep.Load = append(ep.Load, place)
				if t < steps {
					ep.LogWeight = append(ep.LogWeight, place+2)
					ep.ServerReward = append(ep.ServerReward, place+3)
				}
			}
			if t < steps {
				ep.Reward = append(ep.Reward, float32(id*10000+t*1000+i*100+4))
			}
		}
	}
	return ep
}

func filled(t testing.TB, capacity int, eps ...*replay.Episode) *replay.Buffer {
	t.Helper()
	b, err := replay.NewBuffer(shape, capacity)
	require.NoError(t, err)
	for _, ep := range eps {
		require.NoError(t, b.Add(ep))
	}
	return b
}

func TestSampleReadsWholeTransitions(t *testing.T) {
	t.Parallel()
	b := filled(t, 5, episode(1, 3, false), episode(2, 4, true))
	batch := replay.NewBatch(shape, 200)
	require.NoError(t, b.Sample(batch, 1, rand.New(rand.NewPCG(1, 1))))
	seen := map[int]bool{}
	for row := range batch.Size {
		base := batch.Reward[row] - 104 // id and time of agent 1
		seen[int(base)] = true
		for j := range 3 {
			place := base + 100 + float32(10*j)
			require.Equal(t, []float32{place, place + 1}, batch.Obs[row*6+2*j:row*6+2*j+2])
			require.Equal(t, []float32{place + 1000, place + 1001}, batch.Next[row*6+2*j:row*6+2*j+2])
			require.Equal(t, place+2, batch.LogWeight[row*3+j])
			require.Equal(t, place+3, batch.ServerReward[row*3+j])
		}
		// Episode 1 was truncated after step 2, episode 2 terminated after step 3.
		want := float32(1)
		if base == 23000 {
			want = 0
		}
		require.Equal(t, want, batch.Bootstrap[row], "transition %g", base)
	}
	require.Len(t, seen, 7, "every transition is drawn")
	require.True(t, seen[12000] && seen[23000], "the last steps are drawn")
}

func TestSampleIsUniformOverTransitions(t *testing.T) {
	t.Parallel()
	b := filled(t, 5, episode(1, 1, false), episode(2, 9, false))
	batch := replay.NewBatch(shape, 20000)
	require.NoError(t, b.Sample(batch, 0, rand.New(rand.NewPCG(2, 1))))
	counts := map[int]float64{}
	for _, r := range batch.Reward {
		counts[int(r)]++
	}
	chi := 0.0
	for _, n := range counts {
		chi += (n - 2000) * (n - 2000) / 2000
	}
	require.Len(t, counts, 10)
	require.Less(t, chi, 27.9, "chi-square of 9 degrees of freedom, p = 0.001")
}

func TestSampleFollowsItsSource(t *testing.T) {
	t.Parallel()
	b := filled(t, 5, episode(1, 9, false))
	draw := func(seed uint64) []float32 {
		batch := replay.NewBatch(shape, 20)
		require.NoError(t, b.Sample(batch, 0, rand.New(rand.NewPCG(seed, 0))))
		return batch.Reward
	}
	require.Equal(t, draw(1), draw(1))
	require.NotEqual(t, draw(1), draw(2))
}

func TestOldestEpisodeIsOverwritten(t *testing.T) {
	t.Parallel()
	b := filled(t, 2, episode(1, 3, false), episode(2, 2, false), episode(3, 5, false))
	require.Equal(t, 2, b.Len())
	require.Equal(t, 7, b.Transitions())
	ids := map[float32]bool{}
	for i := range b.Len() {
		ids[b.Episode(i).Obs[0]] = true
	}
	require.Equal(t, map[float32]bool{20000: true, 30000: true}, ids)
	batch := replay.NewBatch(shape, 100)
	require.NoError(t, b.Sample(batch, 0, rand.New(rand.NewPCG(1, 1))))
	for _, r := range batch.Reward {
		require.GreaterOrEqual(t, r, float32(20000))
	}
}

func TestBufferErrors(t *testing.T) {
	t.Parallel()
	_, err := replay.NewBuffer(shape, 0)
	require.ErrorContains(t, err, "capacity = 0")
	_, err = replay.NewBuffer(replay.Shape{Agents: 1, Servers: 0, Features: 1}, 1)
	require.ErrorContains(t, err, "at least 1")

	rng := rand.New(rand.NewPCG(1, 1))
	b := filled(t, 2)
	batch := replay.NewBatch(shape, 1)
	require.ErrorIs(t, b.Sample(batch, 0, rng), replay.ErrEmpty)
	require.NoError(t, b.Add(episode(1, 0, false)), "an episode without steps is stored")
	require.ErrorIs(t, b.Sample(batch, 0, rng), replay.ErrEmpty)
	require.NoError(t, b.Add(episode(1, 2, false)))
	require.ErrorContains(t, b.Sample(batch, 2, rng), "agent 2 of 2")
	other := replay.NewBatch(replay.Shape{Agents: 2, Servers: 4, Features: 2}, 1)
	require.ErrorContains(t, b.Sample(other, 0, rng), "batch of 4 servers")

	short := episode(1, 2, false)
	short.Reward = short.Reward[:1]
	require.ErrorContains(t, b.Add(short), "rewards")
	wrong := episode(1, 2, false)
	wrong.Features = 3
	require.ErrorContains(t, b.Add(wrong), "in a buffer of")
}

// TestHorizon: sums over three steps by hand, of an episode that is cut off and
// of one that terminates.
func TestHorizon(t *testing.T) {
	t.Parallel()
	b := filled(t, 5, episode(1, 5, false), episode(2, 5, true))
	batch := replay.NewBatch(shape, 300)
	batch.SumRewards(3, 0.5)
	require.NoError(t, b.Sample(batch, 1, rand.New(rand.NewPCG(1, 1))))
	seen := map[float32]bool{}
	for row := range batch.Size {
		first := batch.Obs[row*6] // agent 1: id, time, 100
		seen[first] = true
		step := int(first) / 1000 % 10
		steps := min(3, 5-step)
		var sum, span, discount float32 = 0, 0, 1
		for k := range steps {
			sum += discount * (first + 4 + float32(1000*k))
			span += discount
			discount /= 2
		}
		require.Equal(t, sum, batch.Reward[row])
		require.Equal(t, span, batch.DiscountSum[row])
		require.Equal(t, sum-span+20*span, batch.ServerReward[row*3+2], "server 2")
		require.Equal(t, first+float32(1000*steps), batch.BootstrapObs[row*6])
		require.Equal(t, first+1000, batch.Next[row*6], "the next one is the next one")
		want := 2 * discount // gamma^(steps-1)
		if first > 20000 && step+steps == 5 {
			want = 0
		}
		require.Equal(t, want, batch.Bootstrap[row])
	}
	require.Len(t, seen, 10)

	one := replay.NewBatch(shape, 20)
	require.NoError(t, b.Sample(one, 0, rand.New(rand.NewPCG(1, 1))))
	require.Equal(t, one.Next, one.BootstrapObs)
	require.Equal(t, float32(1), one.DiscountSum[7])
}
