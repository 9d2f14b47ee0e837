package apache

import (
	"encoding/binary"
	"fmt"
)

// The scoreboard of Apache 2.4, as mod_mpm_prefork has it in shared memory: a part of all,
// a record for each process and one for each worker, which is a process of one worker. How
// long the records are is not the same in every release, so it is found out: the record
// of the i-th worker has i at threadNumber.
const (
	sizeField    = 8  // the shared memory begins with its size
	globalRecord = 56 // before the records of processes
	threadNumber = 8  // int32, in a worker's record
	statusOffset = 20 // uint8, in a worker's record
)

// Status of a worker: it has a request if it is one of these.
const (
	statusBusyRead = 3
	statusGraceful = 9
)

// scoreboard knows where the workers are in the shared memory of an Apache.
type scoreboard struct{ workers, first, stride int }

// newScoreboard finds the records of so many workers.
func newScoreboard(b []byte, workers int) (scoreboard, error) {
	if len(b) >= sizeField {
		if size := binary.LittleEndian.Uint64(b); size <= uint64(len(b)) {
			b = b[:size]
		}
	}
	const usual = 40 // of a process, first tried
	for _, process := range []int{usual, 36, 44, 48, 52, 56, 32} {
		s := scoreboard{workers: workers, first: sizeField + globalRecord + process*workers}
		if s.stride = (len(b) - s.first) / workers; s.stride < statusOffset+1 || s.stride%8 != 0 || s.first+s.stride*workers != len(b) {
			continue
		}
		matches := true
		for i := range workers {
			at := s.first + i*s.stride
			matches = matches && int(binary.LittleEndian.Uint32(b[at+threadNumber:])) == i && b[at+statusOffset] <= statusGraceful+1
		}
		if matches {
			return s, nil
		}
	}
	return scoreboard{}, fmt.Errorf("apache: %d bytes of scoreboard are not those of %d workers of Apache 2.4", len(b), workers)
}

// busy counts the workers that have a request.
func (s *scoreboard) busy(b []byte) (n int) {
	for i := range s.workers {
		if at := s.first + i*s.stride + statusOffset; at < len(b) && b[at] >= statusBusyRead && b[at] <= statusGraceful {
			n++
		}
	}
	return n
}
