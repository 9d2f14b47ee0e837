package replay_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	_ "fairlb/env/propertytest"
	"fairlb/replay"
)

// saved returns what a Save writes.
func saved(t testing.TB, save func(io.Writer) error) []byte {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, save(&out))
	return out.Bytes()
}

// restored returns a buffer with what was saved.
func restored(t testing.TB, capacity int, data []byte) *replay.Buffer {
	t.Helper()
	b := filled(t, capacity)
	require.NoError(t, b.Restore(bytes.NewReader(data)))
	return b
}

// filledFields is an episode of one step with a value in every field, found by
// reflection: one that is added later is not forgotten. A float has bits that
// arithmetic would not keep.
func filledFields(t testing.TB) *replay.Episode {
	ep := &replay.Episode{Shape: shape, Steps: 1}
	sizes := map[string]int{"Obs": 2 * 12, "Load": 2 * 6, "Reward": 2, "TeamReward": 1, "TeamServerReward": 3, "StoredState": 0} // else a value an agent and server
	v := reflect.ValueOf(ep).Elem()
	next := uint32(0x7f800001) // a signalling NaN, then the next
	for k := range v.NumField() {
		field, name := v.Field(k), v.Type().Field(k).Name
		switch {
		case name == "Shape" || name == "Steps":
		case field.Kind() == reflect.Bool:
			field.SetBool(true)
		case field.Kind() == reflect.Uint64:
			field.SetUint(math.MaxUint64 - uint64(k))
		case field.Type() == reflect.TypeFor[[]float32]():
			n := 6
			if of, ok := sizes[name]; ok {
				n = of
			}
			values := make([]float32, n)
			for i := range values {
				values[i] = math.Float32frombits(next)
				next++
			}
			field.Set(reflect.ValueOf(values))
		default:
			t.Fatalf("field %s of %s: say how it is saved", name, field.Type())
		}
	}
	return ep
}

// requireBits wants two episodes to be alike in every bit.
func requireBits(t require.TestingT, want, got *replay.Episode) {
	w, g := reflect.ValueOf(want).Elem(), reflect.ValueOf(got).Elem()
	for k := range w.NumField() {
		name := w.Type().Field(k).Name
		x, ok := w.Field(k).Interface().([]float32)
		if !ok {
			require.Equal(t, w.Field(k).Interface(), g.Field(k).Interface(), name)
			continue
		}
		y := g.Field(k).Interface().([]float32)
		require.Len(t, y, len(x), name)
		for i := range x {
			require.Equal(t, math.Float32bits(x[i]), math.Float32bits(y[i]), name)
		}
	}
}

func TestRestoreKeepsEveryField(t *testing.T) {
	t.Parallel()
	ep := filledFields(t)
	b := restored(t, 3, saved(t, filled(t, 3, ep, episode(1, 0, false)).Save))
	require.Equal(t, 2, b.Len())
	requireBits(t, ep, b.Episode(0))
	requireBits(t, episode(1, 0, false), b.Episode(1))
	require.Equal(t, 1, b.Transitions())
}

// TestRestoreGoesOn: after episodes of any lengths, fewer or more than there is
// room for, a restored buffer draws what the saved one draws, and the next
// episodes overwrite the same; so do priorities.
func TestRestoreGoesOn(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		capacity := rapid.IntRange(1, 4).Draw(rt, "capacity")
		id := 0
		add := func(steps int, buffers ...*replay.Buffer) {
			id++
			for _, b := range buffers {
				require.NoError(rt, b.Add(episode(id, steps, steps%2 == 0)))
			}
		}
		b := filled(t, capacity)
		p := priorities(t, b, 1, 0.6)
		steps := rapid.SliceOfN(rapid.IntRange(0, 5), 1, 9).Draw(rt, "steps")
		unseen := rapid.IntRange(0, len(steps)).Draw(rt, "unseen")
		for _, n := range steps[:len(steps)-unseen] {
			add(n, b)
		}
		learn(rt, b, p, 1)
		for _, n := range steps[len(steps)-unseen:] { // which the priorities know nothing of yet
			add(n, b)
		}
		data := saved(t, b.Save)
		b2 := restored(t, capacity, data)
		p2 := priorities(t, b2, 1, 0.6)
		kept := saved(t, p.Save)
		require.NoError(rt, p2.Restore(bytes.NewReader(kept)))
		require.Equal(rt, data, saved(t, b2.Save))
		require.Equal(rt, kept, saved(t, p2.Save))
		for range 6 {
			uniform, weighted := learn(rt, b, p, uint64(id))
			uniform2, weighted2 := learn(rt, b2, p2, uint64(id))
			require.Equal(rt, uniform, uniform2)
			require.Equal(rt, weighted, weighted2)
			add(id%5, b, b2)
		}
	})
}

// learn draws uniformly, then by priorities, and gives these errors. What is
// drawn is returned: rewards, then rewards and weights.
func learn(t require.TestingT, b *replay.Buffer, p *replay.Priorities, seed uint64) (uniform, weighted []float32) {
	rng := rand.New(rand.NewPCG(seed, 3))
	batch, weights := replay.NewBatch(shape, 8), make([]float32, 8)
	err := b.Sample(batch, 1, rng)
	if errors.Is(err, replay.ErrEmpty) {
		return nil, nil
	}
	require.NoError(t, err)
	uniform = append(uniform, batch.Reward...)
	require.NoError(t, p.Sample(batch, weights, 0.5, rng))
	errs := make([]float32, 8)
	for row, r := range batch.Reward {
		if errs[row] = float32(math.Sin(float64(r))); r != r {
			errs[row] = 2
		}
	}
	require.NoError(t, p.Update(errs))
	return uniform, append(append(weighted, batch.Reward...), weights...)
}

// TestSavedOneAfterAnother: each reads its own bytes and no more.
func TestSavedOneAfterAnother(t *testing.T) {
	t.Parallel()
	b := filled(t, 2, episode(1, 3, false), episode(2, 1, false), episode(3, 2, true))
	p := priorities(t, b, 0, 1)
	learn(t, b, p, 1)
	var out bytes.Buffer
	require.NoError(t, b.Save(&out))
	require.NoError(t, p.Save(&out))
	out.WriteString("rest")
	in := iotest.OneByteReader(&out)
	b2 := filled(t, 2)
	require.NoError(t, b2.Restore(in))
	require.NoError(t, priorities(t, b2, 0, 1).Restore(in))
	rest, err := io.ReadAll(in)
	require.NoError(t, err)
	require.Equal(t, "rest", string(rest))
}

// TestRestoreDamaged: cut anywhere, or with any bit turned, bytes are refused
// and the buffer and its priorities are as they were.
func TestRestoreDamaged(t *testing.T) {
	t.Parallel()
	b := filled(t, 3, episode(1, 2, false), episode(2, 1, true), episode(3, 1, true), filledFields(t))
	p := priorities(t, b, 1, 0.6)
	learn(t, b, p, 1)
	before := saved(t, p.Save)
	for name, test := range map[string]struct {
		data    []byte
		restore func(io.Reader) error
	}{
		"buffer": {saved(t, b.Save), func(r io.Reader) error {
			fresh := filled(t, 3)
			err := fresh.Restore(r)
			require.Zero(t, fresh.Len())
			require.Zero(t, fresh.Transitions())
			return err
		}},
		"priorities": {before, p.Restore},
	} {
		for n := range test.data {
			require.ErrorIs(t, test.restore(bytes.NewReader(test.data[:n])), replay.ErrDamaged, "%s cut at %d", name, n)
			spoilt := bytes.Clone(test.data)
			spoilt[n] ^= 1 << (n % 8)
			err := test.restore(bytes.NewReader(spoilt))
			require.Error(t, err, "%s, byte %d", name, n)
			for _, kind := range []error{replay.ErrOther, replay.ErrVersion} { // what stands at the beginning
				require.False(t, n > 100 && errors.Is(err, kind) && name == "buffer", "byte %d: %v", n, err)
			}
		}
		require.ErrorIs(t, test.restore(iotest.ErrReader(io.ErrClosedPipe)), io.ErrClosedPipe)
	}
	require.Equal(t, before, saved(t, p.Save))
	require.ErrorIs(t, b.Save(shut{}), io.ErrClosedPipe)
}

// shut is what cannot be written to.
type shut struct{}

func (shut) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestRestoreOfAnother(t *testing.T) {
	t.Parallel()
	b := filled(t, 3, episode(1, 2, false), episode(2, 1, true))
	p := priorities(t, b, 1, 0.6)
	learn(t, b, p, 1)
	data := saved(t, b.Save)
	for want, test := range map[string]struct {
		shape    replay.Shape
		capacity int
	}{
		"agents = 2, want 1":       {replay.Shape{Agents: 1, Servers: 3, Features: 2}, 3},
		"servers = 3, want 4":      {replay.Shape{Agents: 2, Servers: 4, Features: 2}, 3},
		"features = 2, want 1":     {replay.Shape{Agents: 2, Servers: 3, Features: 1}, 3},
		"actions = 0, want 2":      {replay.Shape{Agents: 2, Servers: 3, Features: 2, Actions: 2}, 3},
		"stored state = 0, want 5": {replay.Shape{Agents: 2, Servers: 3, Features: 2, StoredStateSize: 5}, 3},
		"capacity = 3, want 4":     {shape, 4},
	} {
		other, err := replay.NewBuffer(test.shape, test.capacity)
		require.NoError(t, err)
		err = other.Restore(bytes.NewReader(data))
		require.ErrorIs(t, err, replay.ErrOther)
		require.ErrorContains(t, err, want)
	}
	require.ErrorContains(t, b.Restore(bytes.NewReader(data)), "only an empty buffer")
	later := bytes.Clone(data)
	later[len("fairlb replay buffer")] = 2
	require.ErrorIs(t, filled(t, 3).Restore(bytes.NewReader(later)), replay.ErrVersion)
	kept := saved(t, p.Save)
	require.ErrorContains(t, filled(t, 3).Restore(bytes.NewReader(kept)), "not a fairlb replay buffer")

	for want, p := range map[string]*replay.Priorities{
		"agent = 1, want 0":      priorities(t, b, 0, 0.6),
		"alpha = 0.6, want 0.5":  priorities(t, b, 1, 0.5),
		"capacity = 3, want 4":   priorities(t, filled(t, 4), 1, 0.6),
		"of 2 episodes, and the": priorities(t, filled(t, 3, episode(1, 2, false)), 1, 0.6),
		"2 steps for an episode": priorities(t, filled(t, 3, episode(1, 3, false), episode(1, 2, false)), 1, 0.6),
	} {
		err := p.Restore(bytes.NewReader(kept))
		require.ErrorIs(t, err, replay.ErrOther)
		require.ErrorContains(t, err, want)
	}
}

// TestRestoreMakesRoomForWhatIsThere: a number of steps that would take
// terabytes, of which not one is there.
func TestRestoreMakesRoomForWhatIsThere(t *testing.T) {
	data := saved(t, filled(t, 3, episode(1, 2, false)).Save)
	offset := len("fairlb replay buffer") + 8*8 // behind version, shape, capacity and number of episodes
	require.Equal(t, byte(2), data[offset])
	for _, steps := range []uint64{1 << 40, 1 << 57, math.MaxInt64, math.MaxUint64} {
		binary.LittleEndian.PutUint64(data[offset:], steps)
		b := filled(t, 3)
		require.ErrorIs(t, b.Restore(bytes.NewReader(data)), replay.ErrDamaged)
	}
}

// TestBytes: four bytes a value of every slice, with the room behind it.
func TestBytes(t *testing.T) {
	t.Parallel()
	ep := filledFields(t)
	ep.Reward = append(make([]float32, 0, 7), ep.Reward...)
	want := 0
	v := reflect.ValueOf(ep).Elem()
	for k := range v.NumField() {
		if f := v.Field(k); f.Kind() == reflect.Slice {
			want += f.Cap() * int(f.Type().Elem().Size())
		}
	}
	require.Equal(t, want, ep.Bytes())
	other := episode(1, 2, false)
	require.Equal(t, want+other.Bytes(), filled(t, 2, episode(2, 9, false), ep, other).Bytes(), "the first is overwritten")
	require.Zero(t, filled(t, 2).Bytes())
}

// FuzzRestore: no bytes make it panic, and what it takes is saved again as it
// was. As bytes with a true hash are hard to meet, they are also tried with
// theirs behind them.
func FuzzRestore(f *testing.F) {
	b := filled(f, 2, episode(1, 1, false), episode(2, 0, false), filledFields(f))
	p := priorities(f, b, 1, 0.6)
	learn(f, b, p, 1)
	for _, data := range [][]byte{saved(f, b.Save), saved(f, p.Save)} {
		f.Add(data)
		f.Add(data[:len(data)-sha256.Size])
		f.Add(data[:len(data)/2])
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		sum := sha256.Sum256(data)
		for _, d := range [][]byte{data, append(bytes.Clone(data), sum[:]...)} {
			in := bytes.NewReader(d)
			fresh := filled(t, 2)
			if fresh.Restore(in) == nil {
				require.Equal(t, d[:len(d)-in.Len()], saved(t, fresh.Save))
			}
			in.Reset(d)
			again := priorities(t, b, 1, 0.6)
			if again.Restore(in) == nil {
				require.Equal(t, d[:len(d)-in.Len()], saved(t, again.Save))
				learn(t, b, again, 1)
			}
		}
	})
}

// TestRestoreFalseValues: bytes under a true hash that no Save writes.
func TestRestoreFalseValues(t *testing.T) {
	t.Parallel()
	b := filled(t, 3, episode(1, 1, false), episode(2, 0, false))
	p := priorities(t, b, 1, 0.6)
	learn(t, b, p, 1)
	buffer, kept := saved(t, b.Save), saved(t, p.Save)
	change := func(data []byte, offset int, x uint64) io.Reader {
		data = bytes.Clone(data[:len(data)-sha256.Size])
		binary.LittleEndian.PutUint64(data[offset:], x)
		sum := sha256.Sum256(data)
		return bytes.NewReader(append(data, sum[:]...))
	}
	head := len("fairlb replay priorities") + 8*4 // behind version, agent, capacity and alpha
	require.NoError(t, p.Restore(change(kept, head, math.Float64bits(1.5))))
	for _, x := range []float64{0.5, math.NaN(), math.Inf(1), 1e300} {
		require.ErrorContains(t, p.Restore(change(kept, head, math.Float64bits(x))), "the greatest priority is")
	}
	for _, x := range []float64{0, -1, math.NaN(), 3} {
		require.ErrorContains(t, p.Restore(change(kept, head+24, math.Float64bits(x))), "a priority of")
	}
	flags := len("fairlb replay buffer") + 8*10 // behind number of steps and seed
	require.NoError(t, filled(t, 3).Restore(change(buffer, flags, 1)))
	require.ErrorContains(t, filled(t, 3).Restore(change(buffer, flags, 32)), "flags are 32")
	last := len(buffer) - sha256.Size - 4*(12+6) - 8
	require.NoError(t, filled(t, 3).Restore(change(buffer, last, 1)))
	require.ErrorContains(t, filled(t, 3).Restore(change(buffer, last, 2)), "an episode of no step")
}
