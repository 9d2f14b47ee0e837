package workload

import (
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"fairlb/env/snapshot"
)

// stateful is a source whose state is saved.
type stateful interface {
	Source
	snapshot.Stater
}

// longTrace writes a trace of 60 requests, some with n and some without, plain
// or packed, and returns its path.
func longTrace(t *testing.T, packed, everyN bool) string {
	t.Helper()
	name := "t.tsv"
	if packed {
		name += ".gz"
	}
	path := filepath.Join(t.TempDir(), name)
	f, err := os.Create(path)
	require.NoError(t, err)
	var w io.Writer = f
	if packed {
		w = gzip.NewWriter(f)
	}
	fmt.Fprint(w, traceHeader+"\n")
	for i := range 60 {
		query := fmt.Sprintf("/wiki/%d?n=%d", i, 100*i)
		if !everyN && i%3 == 0 {
			query = "/x.css"
		}
		fmt.Fprintf(w, "%d.5\t%s\n", i, query)
	}
	if c, ok := w.(*gzip.Writer); ok {
		require.NoError(t, c.Close())
	}
	require.NoError(t, f.Close())
	return path
}

// workloads opens sources of every kind by a seed.
func workloads(t *testing.T) map[string]func(seed uint64) (stateful, error) {
	t.Helper()
	chain, err := NewChain([]float64{1, 4, 9}, []float64{0.5, 0.1, 0.05}, [][]float64{{0, 0.5, 0.5}, {1, 0, 0}, {0.5, 0.5, 0}})
	require.NoError(t, err)
	profile, err := NewProfile(3, []float64{1, 4, 0}, 0, true)
	require.NoError(t, err)
	half := []float64{0.5, 0.5}
	open := map[string]func(seed uint64) (stateful, error){}
	for name, a := range map[string]Arrivals{
		"poisson": {Rate: 10, RateMax: 20},
		"bursts":  {Rate: 10, BurstFactor: 2, BurstMean: 0.3, CalmMean: 0.5},
		"chain":   {Rate: 10, Chain: chain, Profile: profile},
		"renewal": {Rate: 10, GapCV: 2},
	} {
		classes := mix(t, "log-normal", 1, 0.3, 0.7)
		open[name] = func(seed uint64) (stateful, error) { return NewSynthetic(a, classes, half, seed), nil }
	}
	plain, packed, classed := longTrace(t, false, true), longTrace(t, true, true), longTrace(t, false, false)
	for name, rec := range map[string]Recording{
		"trace":        {Path: plain, SecondsPerN: 1, Shares: half},
		"random trace": {Path: plain, SecondsPerN: 1, Shares: half, Random: true},
		"late trace":   {Path: plain, SecondsPerN: 1, Shares: half, Duration: 0.1},
		"gzip trace":   {Path: packed, SecondsPerN: 1, Shares: half},
		"classes":      {Path: classed, SecondsPerN: 1, Shares: half, Classes: wikiAndStatic(t)},
	} {
		open[name] = func(seed uint64) (stateful, error) { return OpenRecorded(rec, seed) }
	}
	return open
}

// take returns the next n requests, or those up to the end.
func take(t require.TestingT, s Source, n int) []Request {
	var list []Request
	for range n {
		r := Request{Demand: make([]float64, 4)}
		err := s.Next(&r)
		if err == io.EOF {
			break
		}
		require.NoError(t, err)
		list = append(list, r)
	}
	return list
}

func saved(s snapshot.Stater) []byte {
	c := snapshot.Writer()
	s.State(c)
	return c.Bytes()
}

// TestRestoredGoesOn: wherever a source is saved, another that is restored
// yields the same requests, up to the end and behind it.
func TestRestoredGoesOn(t *testing.T) {
	t.Parallel()
	for name, open := range workloads(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(rt *rapid.T) {
				seed := rapid.Uint64().Draw(rt, "seed")
				first, err := open(seed)
				require.NoError(rt, err)
				defer first.Close()
				take(rt, first, rapid.IntRange(0, 130).Draw(rt, "requests"))
				data := saved(first)
				want := take(rt, first, 130)

				second, err := open(seed)
				require.NoError(rt, err)
				defer second.Close()
				take(rt, second, rapid.IntRange(0, 70).Draw(rt, "before"))
				c := snapshot.Reader(data)
				second.State(c)
				c.End()
				require.NoError(rt, c.Err())
				require.Equal(rt, data, saved(second), "what is restored is saved the same")
				require.Equal(rt, want, take(rt, second, 130))
			})
		})
	}
}

// TestDamagedState: cut or changed bytes are refused or mean something else,
// and nothing panics.
func TestDamagedState(t *testing.T) {
	t.Parallel()
	for name, open := range workloads(t) {
		s, err := open(5)
		require.NoError(t, err)
		take(t, s, 20)
		data := saved(s)
		for n := range data {
			c := snapshot.Reader(data[:n])
			s.State(c)
			require.ErrorIs(t, c.Err(), snapshot.ErrDamaged, "%s cut at %d", name, n)
		}
		for n := range data {
			for _, flip := range []byte{1, 0x80, 0xff} {
				spoilt := append([]byte(nil), data...)
				spoilt[n] ^= flip
				c := snapshot.Reader(spoilt)
				s.State(c)
				if c.Err() == nil {
					r := Request{Demand: make([]float64, 4)}
					for i := 0; i < 3 && s.Next(&r) == nil; i++ {
						r.Demand = r.Demand[:4]
					}
				}
			}
		}
		require.NoError(t, s.Close())
	}
}

// TestTraceStateNeedsALine: the place of a trace must be where a line begins,
// and a trace that stopped at a fault is not saved.
func TestTraceStateNeedsALine(t *testing.T) {
	t.Parallel()
	trace, err := openText("time\tquery\n1\t?n=1\n2\t?n=2\n")
	require.NoError(t, err)
	for _, test := range []struct {
		offset int64
		ok     bool
	}{{11, true}, {18, true}, {25, true}, {0, false}, {10, false}, {17, false}, {19, false}, {26, false}, {1 << 40, false}, {-1, false}} {
		c := snapshot.Writer()
		line, last, ended := 2, 1.0, false
		snapshot.Int(c, &test.offset)
		snapshot.Int(c, &line)
		c.Float64(&last)
		c.Bool(&ended)
		reader := snapshot.Reader(c.Bytes())
		trace.State(reader)
		require.Equal(t, test.ok, reader.Err() == nil, "byte %d: %v", test.offset, reader.Err())
	}
	bad, err := openText("time\tquery\nx\n")
	require.NoError(t, err)
	_, _, err = bad.Next()
	require.Error(t, err)
	c := snapshot.Writer()
	bad.State(c)
	require.ErrorContains(t, c.Err(), "a trace that stopped at a fault")
}
