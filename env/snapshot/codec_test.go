package snapshot

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// everything is a state with one of each.
type everything struct {
	u      uint64
	f      float64
	yes    bool
	small  uint16
	below  int32
	list   []float64
	fixed  []int
	stream *rand.PCG
	name   string
	short  []float32
	long   []float64
}

func (e *everything) State(c *Codec) {
	c.Uint64(&e.u)
	c.Float64(&e.f)
	c.Bool(&e.yes)
	Int(c, &e.small)
	Int(c, &e.below)
	Slice(c, &e.list, func(x *float64) { c.Float64(x) })
	Fixed(c, e.fixed, func(x *int) { Int(c, x) })
	c.PCG(e.stream)
	c.Text(&e.name)
	c.Float32s(e.short)
	c.Float64s(e.long)
	c.End()
}

func sample() *everything {
	return &everything{math.MaxUint64, math.Inf(-1), true, 65535, -7, []float64{1, math.Copysign(0, -1)}, []int{3, -4}, rand.NewPCG(1, 2),
		"naïve", []float32{1.5, float32(math.Copysign(0, -1))}, []float64{math.Pi}}
}

func blank() *everything {
	return &everything{fixed: make([]int, 2), stream: rand.NewPCG(0, 0), short: make([]float32, 2), long: make([]float64, 1)}
}

func write(s Stater) []byte {
	c := Writer()
	s.State(c)
	return c.Bytes()
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	data := write(sample())
	got := blank()
	c := Reader(data)
	got.State(c)
	require.NoError(t, c.Err())
	require.Equal(t, data, write(got))
	require.Equal(t, sample().list, got.list)
	require.Equal(t, sample().below, got.below)
	require.Equal(t, sample().name, got.name)
	require.Equal(t, sample().short, got.short)
	require.Equal(t, sample().long, got.long)
	require.Equal(t, sample().stream.Uint64(), got.stream.Uint64())
}

// TestDamage: cut anywhere or made longer, bytes are refused; with any byte
// changed they are refused or read as something else, without a panic.
func TestDamage(t *testing.T) {
	t.Parallel()
	data := write(sample())
	for n := range data {
		c := Reader(data[:n])
		blank().State(c)
		require.ErrorIs(t, c.Err(), ErrDamaged, "cut at %d", n)
	}
	c := Reader(append(data[:len(data):len(data)], 0))
	blank().State(c)
	require.ErrorContains(t, c.Err(), "1 bytes too many")
	for n := range data {
		spoilt := append([]byte(nil), data...)
		spoilt[n] ^= 0x80
		c, e := Reader(spoilt), blank()
		e.State(c)
		require.True(t, c.Err() != nil || string(write(e)) == string(spoilt), "byte %d", n)
	}
}

func TestOutOfRange(t *testing.T) {
	t.Parallel()
	big := 70000
	c := Writer()
	Int(c, &big)
	var small uint16
	r := Reader(c.Bytes())
	Int(r, &small)
	require.ErrorContains(t, r.Err(), "70000 is out of range")
	wrong := &everything{fixed: make([]int, 3), stream: rand.NewPCG(0, 0)}
	c = Reader(write(sample()))
	wrong.State(c)
	require.ErrorContains(t, c.Err(), "2 values where there are 3")
	short := blank()
	short.short = make([]float32, 3)
	c = Reader(write(sample()))
	short.State(c)
	require.ErrorContains(t, c.Err(), "2 values where there are 3")
	require.Equal(t, make([]float32, 3), short.short)
}
