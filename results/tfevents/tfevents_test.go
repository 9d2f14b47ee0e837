package tfevents

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	_ "fairlb/env/propertytest"
)

// The reader below shares nothing with the writer: it follows the formats'
// descriptions bit by bit.

// castagnoliBits is CRC-32C, a bit at a time (RFC 3720, appendix B.4).
func castagnoliBits(b []byte) uint32 {
	crc := ^uint32(0)
	for _, v := range b {
		crc ^= uint32(v)
		for range 8 {
			if crc&1 != 0 {
				crc = crc>>1 ^ 0x82f63b78
			} else {
				crc >>= 1
			}
		}
	}
	return ^crc
}

// unmasked undoes the mask of a CRC.
func unmasked(m uint32) uint32 {
	rotated := m - 0xa282ead8
	return rotated>>17 | rotated<<15
}

// records returns the data of all records of a file.
func records(t require.TestingT, file []byte) [][]byte {
	var out [][]byte
	for len(file) > 0 {
		require.GreaterOrEqual(t, len(file), 16)
		n := binary.LittleEndian.Uint64(file)
		require.Equal(t, castagnoliBits(file[:8]), unmasked(binary.LittleEndian.Uint32(file[8:])), "the length's CRC")
		require.LessOrEqual(t, n, uint64(len(file)-16))
		data := file[12 : 12+n]
		require.Equal(t, castagnoliBits(data), unmasked(binary.LittleEndian.Uint32(file[12+n:])), "the data's CRC")
		out = append(out, data)
		file = file[16+n:]
	}
	return out
}

// field is a field of a message: its number and its value, a uint64 of a
// varint or a fixed number, or bytes.
type field struct {
	number int
	value  any
}

// message reads a message.
func message(t require.TestingT, b []byte) []field {
	varint := func() uint64 {
		v, n := binary.Uvarint(b)
		require.Positive(t, n)
		b = b[n:]
		return v
	}
	var out []field
	for len(b) > 0 {
		key := varint()
		f := field{number: int(key >> 3)}
		switch key & 7 {
		case 0:
			f.value = varint()
		case 1:
			f.value, b = binary.LittleEndian.Uint64(b), b[8:]
		case 2:
			n := varint()
			f.value, b = b[:n:n], b[n:]
		case 5:
			f.value, b = uint64(binary.LittleEndian.Uint32(b)), b[4:]
		default:
			require.Fail(t, "wire type", "%d", key&7)
		}
		out = append(out, f)
	}
	return out
}

// events reads a file as lines of text: time, step and what happened.
func events(t require.TestingT, file []byte) []string {
	var out []string
	for _, data := range records(t, file) {
		wall, step, what := 0.0, uint64(0), ""
		for _, f := range message(t, data) {
			switch f.number {
			case 1:
				wall = math.Float64frombits(f.value.(uint64))
			case 2:
				step = f.value.(uint64)
			case 3:
				what = "version " + string(f.value.([]byte))
			case 5:
				for _, value := range message(t, f.value.([]byte)) {
					require.Equal(t, 1, value.number)
					for _, part := range message(t, value.value.([]byte)) {
						switch part.number {
						case 1:
							what += " " + string(part.value.([]byte))
						case 2:
							what += fmt.Sprintf("=%g", math.Float32frombits(uint32(part.value.(uint64))))
						}
					}
				}
			}
		}
		out = append(out, fmt.Sprintf("%.3f %d %s", wall, int64(step), what))
	}
	return out
}

// timeOf is a time of a test.
func timeOf(s float64) time.Time { return time.UnixMicro(int64(s * 1e6)) }

func read(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	return data
}

func TestChecksum(t *testing.T) {
	t.Parallel()
	require.Equal(t, uint32(0xe3069283), castagnoliBits([]byte("123456789")), "the check value of CRC-32C")
	require.Equal(t, uint32(0xa282ead8), masked(nil), "the CRC of nothing is 0")
	rapid.Check(t, func(t *rapid.T) {
		b := rapid.SliceOf(rapid.Byte()).Draw(t, "b")
		require.Equal(t, castagnoliBits(b), unmasked(masked(b)))
	})
}

func TestWrite(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), FileName)
	require.NoError(t, os.WriteFile(path, bytes.Repeat([]byte("x"), 1000), 0o666))
	w, err := Create(path, timeOf(1700000000.25))
	require.NoError(t, err)
	require.NoError(t, w.Write(timeOf(1700000001), 8, []Scalar{{"rollout/ep_rew_mean", -1.5}, {"train/loss_0", 0.25}}))
	require.NoError(t, w.Write(timeOf(1700000002), -3, nil))
	require.NoError(t, w.Write(timeOf(1700000003.125), 1<<40, []Scalar{{"nan", math.NaN()}, {"far", 1e300}}))
	require.NoError(t, w.Close())
	require.Equal(t, []string{
		"1700000000.250 0 version brain.Event:2",
		"1700000001.000 8  rollout/ep_rew_mean=-1.5 train/loss_0=0.25",
		"1700000002.000 -3 ",
		"1700000003.125 1099511627776  nan=NaN far=+Inf",
	}, events(t, read(t, path)))
	require.ErrorIs(t, w.Write(timeOf(1), 1, nil), os.ErrClosed)
	require.ErrorIs(t, w.Write(timeOf(1), 1, nil), os.ErrClosed)
	_, err = Create(filepath.Join(path, "x"), timeOf(1))
	require.ErrorContains(t, err, "tfevents: ")
}

// TestReference: lengths and checksums are those that the writer of
// tensorboard_logger 0.1.0 (TensorFlow's messages in Python) gives the same
// events; they are what its own test_serialization expects.
func TestReference(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), FileName)
	w, err := Create(path, timeOf(256.5))
	require.NoError(t, err)
	require.NoError(t, w.Write(timeOf(256.5), 1, []Scalar{{"v/1", 1.5}}))
	require.NoError(t, w.Write(timeOf(256.5), 2, []Scalar{{"v/22", 16}}))
	require.NoError(t, w.Close())
	file := read(t, path)
	for _, want := range []string{
		"length 24, checksums a37f4b22 and bc98212b",
		"length 25, checksums 8bf10828 and 2cecc087",
		"length 26, checksums 129bd82d and 8fa3b688",
	} {
		n := binary.LittleEndian.Uint64(file)
		require.Equal(t, want, fmt.Sprintf("length %d, checksums %x and %x", n, file[8:12], file[12+n:16+n]))
		file = file[16+n:]
	}
	require.Empty(t, file)
}

// TestAppend: wherever a crash cuts a file off, and if its last bytes were not
// written, Append goes on behind the whole records.
func TestAppend(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "whole")
	w, err := Create(path, timeOf(1))
	require.NoError(t, err)
	var ends []int // of the whole records
	for step := range 3 {
		ends = append(ends, len(read(t, path)))
		require.NoError(t, w.Write(timeOf(2), int64(step), []Scalar{{"a", 1}}))
	}
	require.NoError(t, w.Close())
	data := read(t, path)
	ends = append(ends, len(data))

	for cut := range len(data) + 1 {
		for _, zeros := range []int{0, 5, 40} {
			path := filepath.Join(dir, "cut")
			require.NoError(t, os.WriteFile(path, append(data[:cut:cut], make([]byte, zeros)...), 0o666))
			w, err := Append(path, 7)
			if cut < ends[0] {
				require.ErrorIs(t, err, ErrMalformed)
				continue
			}
			require.NoError(t, err)
			require.NoError(t, w.Write(timeOf(4), 7, []Scalar{{"a", 2}}))
			require.NoError(t, w.Close())
			kept := 0
			for kept+1 < len(ends) && ends[kept+1] <= cut {
				kept++
			}
			got := events(t, read(t, path))
			require.Len(t, got, 1+kept+1)
			require.Equal(t, "4.000 7  a=2", got[1+kept])
		}
	}

	// A run that goes on from an earlier step writes the later ones again.
	for step := range 4 {
		w, err := Append(path, int64(step))
		require.NoError(t, err)
		require.Equal(t, data[:ends[step]], read(t, path))
		require.NoError(t, w.Sync())
		for k := step; k < 3; k++ {
			require.NoError(t, w.Write(timeOf(2), int64(k), []Scalar{{"a", 1}}))
		}
		require.NoError(t, w.Close())
		require.Equal(t, data, read(t, path))
		require.ErrorIs(t, w.Sync(), os.ErrClosed)
	}
	_, err = Append(filepath.Join(dir, "none"), 1)
	require.True(t, errors.Is(err, os.ErrNotExist))
	other := filepath.Join(dir, "other")
	require.NoError(t, os.WriteFile(other, frame([]byte("\x1a\x03xyz")), 0o666))
	_, err = Append(other, 1)
	require.ErrorIs(t, err, ErrMalformed, "a record file of something else")
}

// TestRead: what was written comes back, to the microsecond and in float32.
func TestRead(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), FileName)
	rapid.Check(t, func(t *rapid.T) {
		w, err := Create(path, timeOf(1))
		require.NoError(t, err)
		require.Equal(t, path, w.Name())
		var want []Event
		for range rapid.IntRange(0, 5).Draw(t, "events") {
			e := Event{
				Wall: time.UnixMicro(rapid.Int64Range(0, 1<<51).Draw(t, "wall")), Step: rapid.Int64().Draw(t, "step"),
				Scalars: rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Scalar {
					return Scalar{rapid.String().Draw(t, "tag"), float64(rapid.Float32().Draw(t, "value"))}
				}), 1, 4).Draw(t, "scalars"),
			}
			want = append(want, e)
			require.NoError(t, w.Write(e.Wall, e.Step, e.Scalars))
		}
		require.NoError(t, w.Close())
		got, truncated, err := Read(path)
		require.NoError(t, err)
		require.False(t, truncated)
		require.Equal(t, want, got)
	})
	data := read(t, path)
	require.NoError(t, os.WriteFile(path, data[:len(data)-1], 0o666))
	_, truncated, err := Read(path)
	require.True(t, truncated || errors.Is(err, ErrMalformed), "the last may be the first")
	require.NoError(t, os.WriteFile(path, append(data, frame([]byte{0x0a})...), 0o666))
	_, _, err = Read(path)
	require.ErrorIs(t, err, ErrMalformed)
	_, _, err = Read(path + "x")
	require.ErrorIs(t, err, os.ErrNotExist)
}

// FuzzScan: no bytes make the scan fail otherwise than by an error, or reach
// behind the end.
func FuzzScan(f *testing.F) {
	first := frame(event(timeOf(1), 0, eventFileVersion, []byte(version)))
	f.Add([]byte{})
	f.Add(first)
	f.Add(append(first, frame(event(timeOf(1), 2, eventSummary, summary([]Scalar{{"a", 1}})))...))
	f.Add(append(first, frame([]byte{0x2a, 0xff})...))
	f.Fuzz(func(t *testing.T, data []byte) {
		_, _, end, err := scan(data)
		if err != nil {
			require.ErrorIs(t, err, ErrMalformed)
			return
		}
		require.LessOrEqual(t, end, len(data))
		records(t, data[:end])
		parse(data) // whatever a record may hold
	})
}
