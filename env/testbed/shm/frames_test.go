package shm

import (
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	_ "fairlb/env/propertytest"
)

// stores is the writer's protocol as a list, independent of frames.write: each element
// is one store into a word of the frames, in order.
type stores []struct {
	at    int
	value uint64
}

// publication returns the stores of a publication whose content words all are its
// sequence number.
func publication(f frames, sequence uint64) (s stores) {
	at := int(sequence%f.level) * f.size
	add := func(i int, value uint64) {
		s = append(s, struct {
			at    int
			value uint64
		}{at + i, value})
	}
	add(0, 2*sequence-1)
	for i := 1; i < f.size; i++ {
		value := sequence
		if i == rowsWord {
			value = uint64((f.size - f.fixed) / f.row)
		}
		add(i, value)
	}
	add(0, 2*sequence)
	return s
}

func newFrames(level uint64) frames {
	const size = stampWords + 3*weightWords
	return frames{words: make([]atomic.Uint64, size*int(level)), size: size, level: level, fixed: stampWords, row: weightWords}
}

// whole says whether copied words are those of one publication.
func whole(sequence uint64, used []byte) bool {
	for i := 1; i < len(used)/wordBytes; i++ {
		if i != rowsWord && word(used, i) != sequence {
			return false
		}
	}
	return len(used) > 0
}

// TestWriterStopsAnywhere stops a writer after each of its stores: what is read then is
// the newest publication that was ended, whole, and a writer that begins again is read
// in turn.
func TestWriterStopsAnywhere(t *testing.T) {
	t.Parallel()
	for level := uint64(2); level <= 5; level++ {
		steps := len(publication(newFrames(level), 1))
		for stop := range steps + 1 {
			f := newFrames(level)
			buffer := make([]byte, f.size*wordBytes)
			for ended := uint64(1); ended < 3*level; ended++ {
				made := publication(f, f.last()+1)
				for _, s := range made {
					f.words[s.at].Store(s.value)
				}
				before := f.last()
				for _, s := range publication(f, before+1)[:stop] {
					f.words[s.at].Store(s.value)
				}
				want := before
				if stop == steps {
					want++
				}
				got, used := f.read(buffer)
				require.Equal(t, want, got, "level %d, %d stores", level, stop)
				require.True(t, whole(got, used), "level %d, %d stores", level, stop)
			}
			// A writer that goes on by write is read next.
			payload := make([]byte, f.size*wordBytes)
			next := f.last() + 1
			for i := range f.size {
				putWord(payload, i, next)
			}
			putWord(payload, rowsWord, 3)
			f.write(next, payload)
			got, used := f.read(buffer)
			require.Equal(t, next, got)
			require.True(t, whole(got, used))
		}
	}
}

// TestInterleaving lets a writer make any number of stores between any two loads of a
// reader that copies word by word by the rule of frames.copy: no copy that the lock lets
// pass is torn, and without the second look at the lock some would be. It is a test of the
// protocol; that copy and write follow it is for TestKills to show.
func TestInterleaving(t *testing.T) {
	t.Parallel()
	torn := 0
	rapid.Check(t, func(t *rapid.T) {
		f := newFrames(rapid.Uint64Range(2, 4).Draw(t, "level"))
		sequence, pending := uint64(0), stores(nil)
		step := func(n int) {
			for range n {
				if len(pending) == 0 {
					sequence++
					pending = publication(f, sequence)
				}
				f.words[pending[0].at].Store(pending[0].value)
				pending = pending[1:]
			}
		}
		step(rapid.IntRange(f.size+1, 6*f.size).Draw(t, "before"))
		wanted := f.newest()
		require.NotZero(t, wanted, "an ended publication is always there")
		frame := f.frame(wanted)
		copied := make([]byte, f.size*wordBytes)
		for i := range f.size {
			step(rapid.SampledFrom([]int{0, 0, 1, 3, f.size, 4 * f.size}).Draw(t, "stores"))
			putWord(copied, i, frame[i].Load())
		}
		unchanged := word(copied, 0) == 2*wanted && frame[0].Load() == 2*wanted
		if !whole(wanted, copied) {
			torn++
			require.False(t, unchanged, "a torn frame is accepted")
		}
	})
	require.Positive(t, torn, "the writer never disturbed the reader")
}

// TestWriteLeavesThePublication: write leaves the words that the list of stores does.
func TestWriteLeavesThePublication(t *testing.T) {
	t.Parallel()
	byList, byWrite := newFrames(3), newFrames(3)
	payload := make([]byte, byWrite.size*wordBytes)
	for sequence := uint64(1); sequence < 9; sequence++ {
		for _, s := range publication(byList, sequence) {
			byList.words[s.at].Store(s.value)
		}
		for i := range byWrite.size {
			putWord(payload, i, sequence)
		}
		putWord(payload, rowsWord, 3)
		byWrite.write(sequence, payload)
		for i := range byList.words {
			require.Equal(t, byList.words[i].Load(), byWrite.words[i].Load(), "word %d", i)
		}
	}
}
