//go:build linux

package shm

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fairlb/env/testbed"
)

// published is a reader and a writer of layout v1 that has nothing of this package's in
// it: offsets as the published plugin and its Python agent have them, in the numbers in
// which they are documented.
type published struct{ data []byte }

func (p published) u32(at int) uint32 { return binary.LittleEndian.Uint32(p.data[at:]) }

func (p published) f32(at int) float32 { return math.Float32frombits(p.u32(at)) }

// newestFrame goes on from the frame after the last id while ids rise, as the published
// agent does.
func (p published) newestFrame(begin, size int, last uint32) (at int, id uint32) {
	for {
		next := begin + int((last+1)&3)*size
		if got := p.u32(next); got <= last {
			return at, last
		} else {
			at, last = next, got
		}
	}
}

// flows returns the flows under way by server, for those whose bit is set.
func (p published) flows(last uint32) (id uint32, flows map[int]int32) {
	at, id := p.newestFrame(571, 528, last)
	flows = map[int]int32{}
	bits := binary.LittleEndian.Uint64(p.data[at+8:])
	for i := range 64 {
		if bits&(1<<(63-i)) != 0 {
			flows[int(p.u32(at+16+8*i))] = int32(p.u32(at + 16 + 8*i + 4))
		}
	}
	return id, flows
}

// TestPublishedReaderReadsOurs: what our plane writes is what the published agent reads.
func TestPublishedReaderReadsOurs(t *testing.T) {
	t.Parallel()
	plane, path := newPublisher(t, Config{Layout: V1})
	require.NoError(t, plane.Set(0, "web-1"))
	require.NoError(t, plane.Set(4, "web-5"))
	plane.Server(4).Ongoing = 7
	require.NoError(t, plane.Publish(2*time.Second))
	plane.Server(0).Ongoing = 3
	plane.Completed(4, 2500*time.Millisecond, 750*time.Millisecond)
	plane.Elapsed(4, 2250*time.Millisecond, 125*time.Millisecond)
	require.NoError(t, plane.Publish(3*time.Second))

	data, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Len(t, data, 1048576)
	p := published{data}
	require.Equal(t, byte(64), data[42])
	id, flows := p.flows(0)
	require.Equal(t, uint32(2), id)
	require.Equal(t, map[int]int32{1: 3, 5: 7}, flows)
	at, _ := p.newestFrame(571, 528, 1)
	require.Equal(t, float32(3), p.f32(at+4))
	require.Equal(t, data[at:at+528], data[43:43+528], "the cache")
	for kind, want := range [][2]float32{{2.5, 0.75}, {2.25, 0.125}} {
		var got [][2]float32
		for k := range 128 {
			s := 2683 + 2048*5 + 1024*kind + 8*k
			if p.f32(s) != 0 {
				got = append(got, [2]float32{p.f32(s), p.f32(s + 4)})
			}
		}
		require.Equal(t, [][2]float32{want}, got)
	}
	golden(t, "testdata/v1-plane.txt", data)
}

// TestPublishedWriterWritesForOurs: our agent reads what the published plane writes, and
// the published plane reads what our agent writes.
func TestPublishedWriterWritesForOurs(t *testing.T) {
	t.Parallel()
	data := make([]byte, 1048576)
	data[42] = 64
	put := func(at int, x uint32) { binary.LittleEndian.PutUint32(data[at:], x) }
	putF := func(at int, x float32) { put(at, math.Float32bits(x)) }
	frame := func(id uint32, ts float32, flows map[int]int32) {
		at := 571 + 528*int(id&3)
		bits := uint64(0)
		for i, n := range flows {
			bits |= 1 << (63 - i)
			put(at+16+8*i, uint32(i))
			put(at+16+8*i+4, uint32(n))
		}
		binary.LittleEndian.PutUint64(data[at+8:], bits)
		putF(at+4, ts)
		put(at, id)
	}
	frame(5, 10, map[int]int32{2: 1, 3: 4})
	frame(6, 10.5, map[int]int32{2: 6, 3: -1})
	putF(2683+2048*2+8*9, 10)
	putF(2683+2048*2+8*9+4, 0.5)
	putF(2683+2048*2+1024+8*100, 10.25)
	putF(2683+2048*2+1024+8*100+4, 0.25)
	path := t.TempDir() + "/region"
	require.NoError(t, os.WriteFile(path, data, 0o600))

	agent := openPlane(t, path)
	var r testbed.Reading
	require.NoError(t, agent.Read(&r))
	require.Equal(t, uint64(6), r.Sequence)
	require.Equal(t, 10500*time.Millisecond, r.Time)
	require.Less(t, r.Age, time.Minute)
	require.Len(t, r.Servers, 3)
	require.Empty(t, r.Servers[0].Name)
	require.Equal(t, testbed.Server{Name: "server-2", In: true, Ongoing: 6, Dispatched: 7, Completed: 1, DurationSum: 0.5 * insertions(1)}, r.Servers[1])
	require.Equal(t, testbed.Server{Name: "server-3", In: true}, r.Servers[2])
	require.Equal(t, []float64{0, 0.25, 0}, r.Load)
	require.Equal(t, []float32{6, 0.5, 0, 0.5, 0.5, 0.5, 0.25, 0, 0.25, 0.25, 0.25}, r.Obs[11:22])

	require.NoError(t, agent.Write([]float64{9, 1, 3}))
	written, err := os.ReadFile(path)
	require.NoError(t, err)
	p := published{written}
	at, id := p.newestFrame(134531, 776, 0)
	require.Equal(t, uint32(1), id)
	require.Equal(t, []float32{0, 0, float32(1.0 / 3), 1, 0}, []float32{p.f32(at + 8), p.f32(at + 12), p.f32(at + 16), p.f32(at + 20), p.f32(at + 24)})
	// Position 0 of the list of active servers is server 2, which should get 1/4.
	odd := []float32{p.f32(at + 264 + 16), p.f32(at + 264 + 24)}
	alias := []uint32{p.u32(at + 264 + 20), p.u32(at + 264 + 28)}
	require.Equal(t, []float32{0.5, 1}, odd)
	require.Equal(t, []uint32{1, 1}, alias)
	for i := range 4 { // ids go on, each in its frame
		require.NoError(t, agent.Beat())
		written, err = os.ReadFile(path)
		require.NoError(t, err)
		p := published{written}
		_, id := p.newestFrame(134531, 776, id)
		require.Equal(t, uint32(2+i), id)
	}
}

// golden compares all bytes that are not 0 with a file of lines "offset: hex".
func golden(t *testing.T, path string, data []byte) {
	t.Helper()
	var b strings.Builder
	for at := 0; at < len(data); at += 16 {
		line := data[at : at+16]
		if strings.Trim(string(line), "\x00") != "" {
			fmt.Fprintf(&b, "%d: %x\n", at, line)
		}
	}
	if os.Getenv("FAIRLB_UPDATE") != "" {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(path, []byte(b.String()), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), b.String(), "FAIRLB_UPDATE=1 writes it anew")
}

// TestExchangeV1 follows counts, samples and weights through a region and back.
func TestExchangeV1(t *testing.T) {
	t.Parallel()
	plane, path := newPublisher(t, Config{Layout: V1})
	require.Equal(t, 63, plane.Slots())
	agent := openPlane(t, path)
	var r testbed.Reading
	require.ErrorIs(t, agent.Read(&r), testbed.ErrNoReading)
	require.NoError(t, plane.Set(1, "web-1"))
	require.NoError(t, plane.Set(2, "web-2"))
	plane.Server(1).Ongoing = 4
	require.NoError(t, plane.Publish(time.Second))
	require.NoError(t, agent.Read(&r))
	require.Equal(t, uint64(1), r.Sequence)
	require.Equal(t, []string{"", "server-2", "server-3"}, []string{r.Servers[0].Name, r.Servers[1].Name, r.Servers[2].Name})
	require.Equal(t, int32(4), r.Servers[1].Ongoing)

	// A thousand completions are about a thousand, though they share 128 places.
	for i := range 1000 {
		plane.Completed(1, time.Second+time.Duration(i)*time.Millisecond, 100*time.Millisecond)
		if i%10 == 9 {
			require.NoError(t, plane.Publish(time.Second+time.Duration(i)*time.Millisecond))
			require.NoError(t, agent.Read(&r))
		}
	}
	require.InDelta(t, 1000, float64(r.Servers[1].Completed), 30)
	require.InDelta(t, 0.1, r.Servers[1].DurationSum/float64(r.Servers[1].Completed), 0.001)

	got := make([]float64, plane.Slots())
	require.False(t, plane.Weights(got))
	_, ok := plane.AgentAge(3 * time.Second)
	require.False(t, ok)
	require.NoError(t, agent.Write([]float64{0, 1, 4}))
	age, ok := plane.AgentAge(4 * time.Second)
	require.True(t, ok)
	require.Zero(t, age)
	age, _ = plane.AgentAge(5 * time.Second)
	require.Equal(t, time.Second, age)
	require.True(t, plane.Weights(got))
	require.InDelta(t, 4, got[2]/got[1], 1e-6)
	require.False(t, plane.Weights(got), "they have been returned")
	require.NoError(t, agent.Beat())
	age, _ = plane.AgentAge(6 * time.Second)
	require.Zero(t, age, "a sign of life")

	plane.Server(2).In = false
	require.NoError(t, plane.Publish(7*time.Second))
	require.NoError(t, agent.Read(&r))
	require.Len(t, r.Servers, 2, "a server that is out is not in the layout")
}

// TestSharesOfAliasTable: without scores the alias table says the shares.
func TestSharesOfAliasTable(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		active, given := []int(nil), map[int]float64{}
		total := 0.0
		for i := 1; i < servers1; i++ {
			if rng.IntN(3) == 0 {
				active = append(active, i)
				given[i] = math.Exp(3 * rng.NormFloat64())
				total += given[i]
			}
		}
		if len(active) == 0 {
			continue
		}
		w := newWeights1(active, func(server int) float64 { return given[server] })
		clear(w.score[:])
		shares, sum := w.shares(active), 0.0
		for _, s := range shares {
			sum += s
		}
		for i, s := range shares {
			require.InDelta(t, given[i]/total, s/sum, 1e-6, "server %d of %v", i, active)
		}
	}
}

// TestRestartOfV1Writer: a writer that begins again at id 1 is recognised.
func TestRestartOfV1Writer(t *testing.T) {
	t.Parallel()
	stamp := func(id uint32, seconds float32) stamp1 { return stamp1{id, math.Float32bits(seconds)} }
	var l latest1
	require.False(t, l.look([level1]stamp1{}))
	require.True(t, l.look([level1]stamp1{stamp(8, 3), stamp(5, 0), stamp(6, 1), stamp(7, 2)}))
	require.Equal(t, uint32(8), l.last.id)
	require.False(t, l.look(l.seen))
	require.True(t, l.look([level1]stamp1{stamp(8, 3), stamp(9, 4), stamp(6, 1), stamp(7, 2)}))
	require.Equal(t, uint32(9), l.last.id)
	require.Zero(t, l.restarts)
	require.True(t, l.look([level1]stamp1{stamp(8, 3), stamp(1, 0.5), stamp(6, 1), stamp(7, 2)}))
	require.Equal(t, uint32(1), l.last.id)
	require.Equal(t, uint64(1), l.restarts)
	require.True(t, l.look([level1]stamp1{stamp(8, 3), stamp(1, 0.5), stamp(2, 1), stamp(7, 2)}))
	require.Equal(t, uint32(2), l.last.id)
	require.Equal(t, uint64(1), l.restarts)
	require.False(t, l.look([level1]stamp1{stamp(8, 3), stamp(1, 0.5), stamp(2, 1), stamp(6, 9)}), "7 does not lie in frame 2")
}
