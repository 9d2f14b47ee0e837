package replay_test

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/replay"
)

// remembering is the shape of episodes that keep two values of stored states.
var remembering = replay.Shape{Agents: 2, Servers: 3, Features: 2, StoredStateSize: 2}

// remembered is an episode whose memory, too, names its place.
func remembered(id, steps int, terminated bool) *replay.Episode {
	ep := episode(id, steps, terminated)
	ep.Shape = remembering
	for t := range steps {
		for i := range shape.Agents {
			place := float32(id*10000 + t*1000 + i*100)
			ep.StoredState = append(ep.StoredState, place+5, place+6)
		}
	}
	return ep
}

func remembers(t testing.TB, eps ...*replay.Episode) *replay.Buffer {
	t.Helper()
	b, err := replay.NewBuffer(remembering, 5)
	require.NoError(t, err)
	for _, ep := range eps {
		require.NoError(t, b.Add(ep))
	}
	return b
}

// part returns row t of sequence b of an array of the given columns.
func part(s *replay.Sequences, x []float32, t, b, cols int) []float32 {
	first := (t*s.Size + b) * cols
	return x[first : first+cols]
}

// Every value of an episode names its place, so a sequence tells where it is
// from: of agent 1, as long as its episode allows, behind a burn-in that ends
// where it begins.
func TestSequencesAreConsecutive(t *testing.T) {
	t.Parallel()
	b := remembers(t, remembered(1, 6, false), remembered(2, 4, true), remembered(3, 2, true))
	s := replay.NewSequences(remembering, 300, 2, 3)
	rng := rand.New(rand.NewPCG(1, 1))
	require.NoError(t, b.SampleSequences(s, 1, rng))
	require.NoError(t, b.SampleSequences(s, 1, rng)) // over what was there
	steps := map[int]int{1: 6, 2: 4, 3: 2}
	seen := map[int]int{}
	for k := range s.Size {
		first := int(part(s, s.Obs, 0, k, 6)[0]) - 100
		id, start := first/10000, first/1000%10
		seen[first/1000]++
		obs := func(place float32) []float32 {
			return []float32{place, place + 1, place + 10, place + 11, place + 20, place + 21}
		}
		for step := range 4 {
			place := float32(first + 1000*step + 100)
			if start+step > steps[id] {
				require.Equal(t, make([]float32, 6), part(s, s.Obs, step, k, 6))
			} else {
				require.Equal(t, obs(place), part(s, s.Obs, step, k, 6))
			}
			if step == 3 {
				break
			}
			actions, rewards := part(s, s.LogWeight, step, k, 3), part(s, s.ServerReward, step, k, 3)
			mask, bootstrap := part(s, s.Mask, step, k, 1)[0], part(s, s.Bootstrap, step, k, 1)[0]
			if start+step >= steps[id] {
				require.Zero(t, mask)
				require.Zero(t, bootstrap)
				require.Equal(t, make([]float32, 3), actions)
				require.Equal(t, make([]float32, 3), rewards)
				continue
			}
			require.Equal(t, float32(1), mask)
			require.Equal(t, id != 1 && start+step == steps[id]-1, bootstrap == 0)
			require.Equal(t, []float32{place + 2, place + 12, place + 22}, actions)
			require.Equal(t, []float32{place + 3, place + 13, place + 23}, rewards)
		}
		burned := s.Burned[k]
		require.Equal(t, min(2, start), burned)
		for step := range 2 {
			place := float32(first + 1000*(step-burned) + 100)
			if step >= burned {
				require.Equal(t, make([]float32, 6), part(s, s.BurnObs, step, k, 6))
				require.Equal(t, make([]float32, 3), part(s, s.BurnLogWeight, step, k, 3))
				continue
			}
			require.Equal(t, obs(place), part(s, s.BurnObs, step, k, 6))
			require.Equal(t, []float32{place + 2, place + 12, place + 22}, part(s, s.BurnLogWeight, step, k, 3))
		}
		place := float32(first - 1000*burned + 100)
		require.Equal(t, []float32{place + 5, place + 6}, part(s, s.StoredState, 0, k, 2))
	}
	require.Len(t, seen, 4+2+1, "every start at which a window fits, no other")
	require.InDelta(t, 150, seen[10]+seen[11]+seen[12]+seen[13], 30, "an episode by its transitions")
}

// TestSequencesOfJoint: several actions on a server, no burn-in, no memory.
func TestSequencesOfJoint(t *testing.T) {
	t.Parallel()
	ep := replay.JointEpisode(episode(1, 2, false))
	b, err := replay.NewBuffer(ep.Shape, 1)
	require.NoError(t, err)
	require.NoError(t, b.Add(ep))
	s := replay.NewSequences(ep.Shape, 1, 0, 2)
	require.NoError(t, b.SampleSequences(s, 0, rand.New(rand.NewPCG(1, 1))))
	require.Equal(t, ep.Obs, s.Obs)
	require.Equal(t, ep.LogWeight, s.LogWeight)
	require.Equal(t, ep.ServerReward, s.ServerReward)
	require.Equal(t, []float32{1, 1}, s.Bootstrap, "a truncated episode has a future")
}

func TestSequencesErrors(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 1))
	s := replay.NewSequences(remembering, 1, 0, 2)
	require.ErrorIs(t, remembers(t).SampleSequences(s, 0, rng), replay.ErrEmpty)
	b := remembers(t, remembered(1, 2, false))
	require.ErrorContains(t, b.SampleSequences(s, 2, rng), "agent 2 of 2")
	require.ErrorContains(t, b.SampleSequences(replay.NewSequences(shape, 1, 0, 2), 0, rng), "sequences of shape")

	short := remembered(1, 2, false)
	short.StoredState = short.StoredState[1:]
	require.ErrorContains(t, b.Add(short), "has 7 values of stored states, want 8")
}

// TestRestoreKeepsStoredStates, as it does all that an episode holds.
func TestRestoreKeepsStoredStates(t *testing.T) {
	t.Parallel()
	b, again := remembers(t, remembered(1, 3, false)), remembers(t)
	require.NoError(t, again.Restore(bytes.NewReader(saved(t, b.Save))))
	requireBits(t, b.Episode(0), again.Episode(0))
	require.Equal(t, b.Bytes(), 4*cap(b.Episode(0).StoredState)+filled(t, 1, episode(1, 3, false)).Bytes())
}
