package loadprobe

import (
	"encoding/binary"
	"math"
	"time"
)

// The sizes of a probe and of its answer, in bytes.
const (
	RequestSize = 4
	AnswerSize  = 24
)

// Status is what a server says of itself.
type Status struct {
	Server     int
	Processors int
	Busy       int           // workers
	Requests   int           // in service or waiting
	CPUTime    time.Duration // used so far, in whole microseconds
	Clock      time.Duration // when this was so, since the responders began, in whole microseconds
}

// append appends the status as it is sent.
func (s *Status) append(b []byte) []byte {
	for _, x := range []int{s.Server, s.Processors, s.Busy, s.Requests} {
		b = binary.BigEndian.AppendUint16(b, uint16(min(x, math.MaxUint16)))
	}
	b = binary.BigEndian.AppendUint64(b, uint64(s.CPUTime.Microseconds()))
	return binary.BigEndian.AppendUint64(b, uint64(s.Clock.Microseconds()))
}

// parseStatus reads a status from as many bytes as it has. What it says is another's word:
// a time beyond what can be is the longest one.
func parseStatus(b [AnswerSize]byte) Status {
	count := func(k int) int { return int(binary.BigEndian.Uint16(b[2*k:])) }
	span := func(at int) time.Duration {
		const longest = math.MaxInt64 / uint64(time.Microsecond)
		return time.Duration(min(binary.BigEndian.Uint64(b[at:]), longest)) * time.Microsecond
	}
	return Status{Server: count(0), Processors: count(1), Busy: count(2), Requests: count(3), CPUTime: span(8), Clock: span(16)}
}
