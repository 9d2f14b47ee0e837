package apache

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fairlb/env/station"
)

// boardOf makes shared memory as Apache has it, with records of so many bytes.
func boardOf(process, worker int, status ...byte) []byte {
	b := make([]byte, sizeField+globalRecord+len(status)*(process+worker), 4096)
	binary.LittleEndian.PutUint64(b, uint64(len(b)))
	for i, x := range status {
		at := sizeField + globalRecord + process*len(status) + i*worker
		binary.LittleEndian.PutUint32(b[at+threadNumber:], uint32(i))
		b[at+statusOffset] = x
	}
	return b[:4096] // the memory is whole pages
}

// TestScoreboard: the workers are found whatever the length of their records, and those
// that have a request are counted.
func TestScoreboard(t *testing.T) {
	t.Parallel()
	for _, lengths := range [][2]int{{40, 336}, {36, 336}, {48, 264}} {
		b := boardOf(lengths[0], lengths[1], 2, 3, 4, 5, 2, 8, 0, 4)
		s, err := newScoreboard(b, 8)
		require.NoError(t, err)
		require.Equal(t, scoreboard{8, 64 + 8*lengths[0], lengths[1]}, s)
		require.Equal(t, 5, s.busy(b))
		require.LessOrEqual(t, s.busy(b[:900]), 5) // of a memory that has been cut
	}
	wrong := boardOf(40, 336, 2, 3, 4, 5)
	wrong[sizeField+globalRecord+160+336+threadNumber] = 7
	for _, b := range [][]byte{nil, make([]byte, 7), make([]byte, 4096), wrong} {
		_, err := newScoreboard(b, 4)
		require.ErrorContains(t, err, "are not those of 4 workers")
	}
}

// FuzzScoreboard: no memory makes the reader read beyond it.
func FuzzScoreboard(f *testing.F) {
	f.Add(boardOf(40, 336, 2, 3), 2)
	f.Fuzz(func(_ *testing.T, b []byte, workers int) {
		if workers < 1 || workers > 1000 {
			return
		}
		if s, err := newScoreboard(b, workers); err == nil {
			s.busy(b)
		}
	})
}

// TestValidate: each fault is named, all at once.
func TestValidate(t *testing.T) {
	t.Parallel()
	good := Config{Cores: 2, Config: station.Config{
		Servers: []station.Server{{CPUs: 2, Speed: 0.5}, {CPUs: 1, Speed: 1}}, CPU: station.ProcessorSharing, Workers: 32, Backlog: 128,
	}}
	require.NoError(t, good.Validate([]station.Change{{Kind: station.SetSpeed, Index: 1, Value: 0.2}, {Kind: station.Drain}}))
	for _, test := range []struct {
		change func(c *Config)
		want   string
	}{
		{func(c *Config) { c.Servers = nil }, "no servers"},
		{func(c *Config) { c.CPU = station.FIFO }, "first in, first out"},
		{func(c *Config) { c.Backlog = 0 }, "backlog = 0"},
		{func(c *Config) { c.Workers = 2000 }, "2000 workers"},
		{func(c *Config) { c.Servers[0].Speed = 1.5 }, "server 0: speed = 1.5: a processor is at most a core"},
		{func(c *Config) { c.Period, c.Servers[0].Speed = 5*time.Millisecond, 0.1 }, "server 0: speed = 0.1 is 500µs of a period of 5ms"},
		{func(c *Config) { c.Period = time.Microsecond }, "period = 1µs"},
		{func(c *Config) { c.Cores = 1.5 }, "the work of 2 cores, and may use 1.5"},
		{func(c *Config) { c.Cores = 1.5 }, "scale their speeds by 0.75 or less"},
	} {
		c := good
		c.Servers = append([]station.Server(nil), good.Servers...)
		test.change(&c)
		err := c.Validate(nil)
		require.ErrorIs(t, err, ErrConfig)
		require.ErrorContains(t, err, test.want)
	}
	err := good.Validate([]station.Change{{Kind: station.SetSpeed, Value: 2}, {Kind: station.Fail}, {Kind: station.SetBackground, Value: 1}})
	for _, want := range []string{"change 0: speed = 2", "change 1", "change 2"} {
		require.ErrorContains(t, err, want)
	}
	// Slow processors lengthen the period, where none is said.
	slow := Config{Config: station.Config{Servers: []station.Server{{CPUs: 1, Speed: 0.01}}}}.WithDefaults()
	require.Equal(t, 100*time.Millisecond, slow.Period)
}
