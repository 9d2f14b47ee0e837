package shm

import (
	"bytes"
	"os"
	"strconv"
	"sync/atomic"
	"time"
)

// Words of an identity in the header: who has the plane's part, and who that of what
// steers it.
const (
	epochOfIdentity = iota // differs each time a process takes the part; 0: none ever has
	pidOfIdentity
	startOfIdentity // when the process started, in the kernel's ticks
	beatOfIdentity  // ns on CLOCK_MONOTONIC, its last sign of life
)

// identity is one of the two in a header.
type identity struct{ words []atomic.Uint64 }

// nextEpoch returns an epoch that differs from those before: the wall time in ns, or more.
func (i identity) nextEpoch(wall time.Time) uint64 {
	return max(uint64(wall.UnixNano()), i.epoch()+1)
}

// take writes that this process has the part from now on, under an epoch.
func (i identity) take(epoch uint64) {
	i.words[pidOfIdentity].Store(uint64(os.Getpid()))
	i.words[startOfIdentity].Store(startOf())
	i.words[epochOfIdentity].Store(epoch)
}

func (i identity) epoch() uint64 { return i.words[epochOfIdentity].Load() }

// beat gives a sign of life.
func (i identity) beat(now time.Duration) { i.words[beatOfIdentity].Store(nanoseconds(now)) }

// futureBeat is how far ahead of now a beat may be: two processes read the clock one
// after the other. More is of another clock, as after a restart of the machine.
const futureBeat = time.Second

// age returns how long ago the last sign of life was, and false if there was none, or
// none by this clock.
func (i identity) age(now time.Duration) (time.Duration, bool) {
	beat := i.words[beatOfIdentity].Load()
	age := now - duration(beat)
	if beat == 0 || age < -futureBeat {
		return 0, false
	}
	return max(age, 0), true
}

// processStart reads a process's start time, in ticks since the machine started, from
// its stat file of proc(5); 0 if there is none. The name of the program, field 2, may
// have blanks and brackets in it, so that fields are counted from the last bracket.
func processStart(path string) uint64 {
	data, err := os.ReadFile(path)
	if err != nil {
		return 0
	}
	fields := bytes.Fields(data[bytes.LastIndexByte(data, ')')+1:])
	const startField = 22 - 3 // fields begins with field 3
	if len(fields) <= startField {
		return 0
	}
	ticks, err := strconv.ParseUint(string(fields[startField]), 10, 64)
	if err != nil {
		return 0
	}
	return ticks
}
