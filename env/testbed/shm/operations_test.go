//go:build linux

package shm

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"fairlb/env/testbed"
)

// operationsOf returns the operations on a region, and its file.
func operationsOf(t *testing.T, s Shape, servers int) (*Operations, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "region")
	o, err := NewOperations(path, s, servers)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, o.Close()) })
	return o, path
}

func (o *Operations) named(t *testing.T, name string) Operation {
	t.Helper()
	list := o.List()
	k := slices.IndexFunc(list, func(x Operation) bool { return x.Name == name })
	require.GreaterOrEqual(t, k, 0, name)
	return list[k]
}

// TestOperationsDoWhatTheySay: each operation is what its name says, by what is found
// afterwards.
func TestOperationsDoWhatTheySay(t *testing.T) {
	t.Parallel()
	o, path := operationsOf(t, Shape{Slots: 14, Samples: 4, Level: 3}, 12)
	do := func(name string) {
		t.Helper()
		x := o.named(t, name)
		require.NoError(t, x.Prepare())
		for range x.Times {
			require.NoError(t, x.Do())
		}
	}
	used := func() (n int) {
		for _, r := range o.plane.cache.rows {
			if r.used {
				n++
			}
		}
		return n
	}
	do(MakeRegion)
	info, err := os.Stat(path + ".made")
	require.NoError(t, err)
	require.EqualValues(t, o.named(t, MakeRegion).Bytes, info.Size(), "memory is that of the file")
	do(RemoveRegion)
	require.NoFileExists(t, path+".made")

	do(RemoveServer)
	require.Equal(t, 12-visited, used(), "those that are visited have gone")
	do(AddServer)
	require.Equal(t, 12, used())

	before := o.plane.cache.rows[o.slots[0]].samples[completions].last
	do(RegisterSample)
	require.Equal(t, before+64, o.plane.cache.rows[o.slots[0]].samples[completions].last)
	ongoing := o.plane.Server(o.slots[1]).Ongoing
	do(UpdateCounter)
	require.Equal(t, ongoing+64, o.plane.Server(o.slots[1]).Ongoing)

	sequence := o.side().out.newest()
	do(PublishCounters)
	require.Equal(t, sequence+64, o.side().out.newest())

	do(WriteWeights)
	require.True(t, o.plane.Weights(o.taken))
	require.Equal(t, o.weights[:12], o.taken[:12])
	do(UpdateWeights)
	require.Equal(t, o.weights[:12], o.taken[:12])
	one := slices.Clone(o.taken)
	require.NoError(t, o.updateOne())
	changed := 0
	for j := range 12 {
		if o.taken[j] != one[j] {
			changed++
		}
	}
	require.Equal(t, 1, changed)

	do(FindServer)
	require.Equal(t, o.plane.Server(o.slots[o.turn]).Dispatched, o.row.server.Dispatched)
	taken := func(slot int) uint64 { return o.side().slots[slot].samples[completions].taken }
	last := func(slot int) uint64 { return o.plane.cache.rows[slot].samples[completions].last }
	x := o.named(t, ReadServer)
	require.NoError(t, x.Prepare())
	require.NoError(t, x.Do())
	slot := o.slots[o.turn]
	require.Equal(t, last(slot), taken(slot))
	other := o.slots[(o.turn+1)%len(o.slots)]
	require.Equal(t, last(other)-3, taken(other), "three of its five new samples are completions")
	figures := o.side().slots[slot].samples[completions].figures
	do(ReadAllSamples)
	require.Equal(t, last(other), taken(other))
	require.NotEqual(t, figures, o.side().slots[slot].samples[completions].figures)
	require.Equal(t, o.plane.Server(other).Dispatched, o.reading.Servers[other].Dispatched)
	do(ReadAll)
	require.Equal(t, o.plane.Server(other).Dispatched, o.reading.Servers[other].Dispatched)
}

// TestFoundServerIsARead: what FindServer and ReadServer find is what a second reader
// finds that reads all.
func TestFoundServerIsARead(t *testing.T) {
	t.Parallel()
	o, path := operationsOf(t, Shape{Slots: 70, Samples: 8, Level: 2}, 70)
	for j := range 70 {
		o.plane.Server(j).Ongoing = int32(j)
	}
	x := o.named(t, ReadServer)
	require.NoError(t, x.Prepare())
	twin := openPlane(t, path)
	var r testbed.Reading
	require.NoError(t, twin.Read(&r))
	all := twin.side.(*agentSide2)
	for range x.Times {
		require.NoError(t, x.Do())
		slot := o.slots[o.turn]
		require.Equal(t, all.seen.rows[slot], o.row)
		require.EqualValues(t, slot, o.row.server.Ongoing)
		for k := range kinds {
			require.Equal(t, all.slots[slot].samples[k].figures, o.side().slots[slot].samples[k].figures)
		}
	}
}

// TestOperationsInAnyOrder: each can follow each.
func TestOperationsInAnyOrder(t *testing.T) {
	t.Parallel()
	o, _ := operationsOf(t, Shape{Slots: 3, Samples: 2, Level: 2}, 2)
	list := o.List()
	for _, first := range list {
		for _, second := range list {
			for _, x := range []Operation{first, second} {
				require.NoError(t, x.Prepare(), x.Name)
				for range x.Times {
					require.NoError(t, x.Do(), "%s after %s", x.Name, first.Name)
				}
			}
		}
	}
}

// TestOperationBytes: an operation writes no more of the region than the memory that it
// is said to be about, and a sign of life; and that memory adds up to the region.
func TestOperationBytes(t *testing.T) {
	t.Parallel()
	for _, s := range []Shape{{1, 1, 2}, {5, 7, 3}, {64, 16, 4}, {130, 3, 9}} {
		o, path := operationsOf(t, s, s.Slots)
		for j := range o.names { // names that fill an entry
			o.names[j] = strings.Repeat("x", MaxName)
			require.NoError(t, o.plane.Set(j, o.names[j]))
		}
		for _, x := range o.List() {
			require.NoError(t, x.Prepare())
			before, err := os.ReadFile(path)
			require.NoError(t, err)
			require.NoError(t, x.Do())
			after, err := os.ReadFile(path)
			require.NoError(t, err)
			written := 0
			for at := 0; at < len(before); at += wordBytes {
				if !bytes.Equal(before[at:at+wordBytes], after[at:at+wordBytes]) {
					written += wordBytes
				}
			}
			name := fmt.Sprintf("%s of %+v: %d bytes", x.Name, s, written)
			require.LessOrEqual(t, written, x.Bytes+wordBytes, name)
			switch x.Name {
			case PublishCounters: // each row's counters, and the lock, at least
				require.GreaterOrEqual(t, written, wordBytes*s.Slots, name)
			case AddServer, RemoveServer:
				require.Equal(t, entryWords*wordBytes, written, name)
			case RegisterSample:
				require.GreaterOrEqual(t, written, 2*wordBytes, name)
			}
		}
		l := newLayout(s)
		padding := o.named(t, MakeRegion).Bytes - s.Slots*o.named(t, AddServer).Bytes - headerWords*wordBytes
		heads := s.Level * (2*stampWords + l.bitWords) * wordBytes
		require.GreaterOrEqual(t, padding, heads)
		require.Less(t, padding, heads+2*s.Level*lineWords*wordBytes, "frames end at whole lines")
	}
}

func TestNewOperationsRefuses(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "region")
	for _, servers := range []int{0, 3} {
		_, err := NewOperations(path, Shape{Slots: 2, Samples: 2, Level: 2}, servers)
		require.ErrorIs(t, err, ErrConfig)
	}
	_, err := NewOperations(path, Shape{Slots: 2, Samples: 2, Level: 1}, 1)
	require.ErrorIs(t, err, ErrConfig)
	require.NoFileExists(t, path)
}
