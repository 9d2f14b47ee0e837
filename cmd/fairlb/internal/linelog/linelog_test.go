package linelog

import (
	"bytes"
	"encoding/json"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	_ "fairlb/env/propertytest"
)

// disk takes bytes as long as it has room, and may be given more.
type disk struct {
	bytes.Buffer
	room   int
	closed bool
}

func (d *disk) Write(p []byte) (int, error) {
	n := min(d.room, len(p))
	d.room -= n
	d.Buffer.Write(p[:n])
	if n < len(p) {
		return n, syscall.ENOSPC
	}
	return n, nil
}

func (d *disk) Close() error { d.closed = true; return nil }

func quiet() (*logrus.Logger, *bytes.Buffer) {
	said := new(bytes.Buffer)
	log := logrus.New()
	log.SetOutput(said)
	return log, said
}

// TestFullDisk: whatever room there is, and whenever, what is in the file are lines that
// were written, whole and in order, and the others are counted.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		log, _ := quiet()
		l, d := New("lines", log), &disk{}
		l.Take(d)
		var all []string
		for k := range rapid.IntRange(1, 20).Draw(t, "writes") {
			d.room += rapid.SampledFrom([]int{0, 0, 1, 5, 30, 1000}).Draw(t, "room")
			var block []byte
			for j := range rapid.IntRange(1, 3).Draw(t, "lines") {
				line := strings.Repeat(string(rune('a'+k)), 1+j*7) + "\n"
				block = append(block, line...)
				all = append(all, line)
			}
			l.Write(block)
		}
		d.room += 1000
		l.Close()
		require.True(t, d.closed)
		rest := all
		kept := 0
		for line := range strings.Lines(d.String()) {
			for len(rest) > 0 && rest[0] != line {
				rest = rest[1:]
			}
			require.NotEmpty(t, rest, "%q was never written, or not then", line)
			rest = rest[1:]
			kept++
		}
		require.EqualValues(t, len(all)-kept, l.Lost())
	})
}

// TestFailureIsToldOnce: and so is the return.
func TestFailureIsToldOnce(t *testing.T) {
	t.Parallel()
	log, said := quiet()
	l, d := New("decisions", log), &disk{}
	l.Take(d)
	for range 3 {
		l.Write([]byte("x\n"))
	}
	d.room = 100
	for range 3 {
		l.Write([]byte("x\n"))
	}
	require.Equal(t, 1, strings.Count(said.String(), "decisions are lost: the log cannot be written"))
	require.Equal(t, 1, strings.Count(said.String(), "the log of decisions can be written again"))
	require.EqualValues(t, 3, l.Lost())
}

// TestTake: lines go to the file that was given last, and files are closed.
func TestTake(t *testing.T) {
	t.Parallel()
	log, _ := quiet()
	l := New("lines", log)
	l.Write([]byte("nowhere\n"))
	first, unused, last := &disk{room: 9}, &disk{room: 9}, &disk{room: 9}
	l.Take(first)
	l.Write([]byte("a\n"))
	l.Take(unused)
	l.Take(last)
	require.True(t, unused.closed)
	require.False(t, first.closed)
	l.Write([]byte("b\n"))
	require.True(t, first.closed)
	l.Take(nil)
	l.Write([]byte("nowhere\n"))
	require.True(t, last.closed)
	l.Close()
	require.Equal(t, []string{"a\n", "", "b\n"}, []string{first.String(), unused.String(), last.String()})
	require.Zero(t, l.Lost())
}

// TestOpen: what is there stays, and an unfinished line is ended.
func TestOpen(t *testing.T) {
	t.Parallel()
	for before, want := range map[string]string{"": "x\n", "a\n": "a\nx\n", "a\n{\"ti": "a\n{\"ti\nx\n"} {
		path := filepath.Join(t.TempDir(), "log")
		if before != "" {
			require.NoError(t, os.WriteFile(path, []byte(before), 0o600))
		}
		f, err := Open(path)
		require.NoError(t, err)
		_, err = io.WriteString(f, "x\n")
		require.NoError(t, err)
		require.NoError(t, f.Close())
		got, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, want, string(got))
	}
	_, err := Open(t.TempDir())
	require.ErrorIs(t, err, syscall.EISDIR)
	_, err = Open(filepath.Join(t.TempDir(), "none", "log"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

// TestJSON: what is appended is what a decoder reads.
func TestJSON(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text")
		var got string
		require.NoError(t, json.Unmarshal(AppendString(nil, text), &got))
		require.Equal(t, strings.ToValidUTF8(text, "\ufffd"), got)
		x := rapid.Float64().Draw(t, "x")
		var y float64
		require.NoError(t, json.Unmarshal(AppendNumber(nil, x), &y))
		require.InEpsilon(t, 1+math.Abs(x), 1+math.Abs(y), 1e-5)
	})
	require.Equal(t, "null", string(AppendNumber(nil, math.NaN())))
	require.Equal(t, `"2026-01-02T03:04:05.5Z"`, string(AppendTime(nil, time.Date(2026, 1, 2, 3, 4, 5, 5e8, time.UTC))))
}

// TestQueue: lines are written in their order, nobody waits for a writer that hangs, and
// what there is no room for is counted.
func TestQueue(t *testing.T) {
	t.Parallel()
	log, _ := quiet()
	l := New("lines", log)
	reader, writer := io.Pipe()
	l.Take(writer)
	q := NewQueue(l, 4)
	for k := range 10 { // nothing is written yet
		n, err := q.Write([]byte{byte('a' + k), '\n'})
		require.NoError(t, err)
		require.Equal(t, 2, n)
	}
	require.EqualValues(t, 6, l.Lost())
	done := make(chan struct{})
	go func() { defer close(done); q.Run() }()
	q.Close()
	q.Close()
	text, err := io.ReadAll(reader)
	require.NoError(t, err)
	<-done
	require.Equal(t, "a\nb\nc\nd\n", string(text))
	q.Put([]byte("late\n"))
	require.EqualValues(t, 7, l.Lost())
}
