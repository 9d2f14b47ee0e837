package tfevents

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"fairlb/env/file"
)

// ErrMalformed reports a file that is no event file.
var ErrMalformed = errors.New("not an event file")

// Event is the scalars of one step.
type Event struct {
	Wall    time.Time
	Step    int64
	Scalars []Scalar
}

// maxBytes is the largest event file that is read.
const maxBytes = 1 << 32

// Read reads the scalars of an event file. truncated says that after them there is
// something that is not a whole record, cut off or damaged. It fails with ErrMalformed,
// naming the file, if the first record is not that of an event file or a later one is
// not an event.
func Read(path string) (events []Event, truncated bool, err error) {
	data, err := file.Read(path, maxBytes)
	if err != nil {
		return nil, false, fmt.Errorf("tfevents: %w", err)
	}
	events, _, end, err := scan(data)
	if err != nil {
		return nil, false, fmt.Errorf("%s: %w", path, err)
	}
	return events, end < len(data), nil
}

// scan reads the whole records that data begins with, and returns the offsets at which
// each of the events starts and at which the last record ends.
func scan(data []byte) (events []Event, starts []int, end int, err error) {
	for k := 0; ; k++ {
		body := unframe(data[end:])
		if body == nil {
			if k == 0 {
				return nil, nil, 0, fmt.Errorf("%w: no whole record at its beginning", ErrMalformed)
			}
			return events, starts, end, nil
		}
		e, fileVersion, err := parse(body)
		if err != nil {
			return nil, nil, 0, fmt.Errorf("%w: record %d: %w", ErrMalformed, k, err)
		}
		if k == 0 && fileVersion != version {
			return nil, nil, 0, fmt.Errorf("%w: its first record is not of version %s", ErrMalformed, version)
		}
		if e.Scalars != nil {
			events, starts = append(events, e), append(starts, end)
		}
		end += headLength + len(body) + tailLength
	}
}

// unframe returns the data of the record that b begins with; nil if the record is not
// whole.
func unframe(b []byte) []byte {
	if len(b) < headLength || binary.LittleEndian.Uint32(b[8:]) != masked(b[:8]) {
		return nil
	}
	n, rest := binary.LittleEndian.Uint64(b), b[headLength:]
	if n > uint64(len(rest)) || uint64(len(rest))-n < tailLength || binary.LittleEndian.Uint32(rest[n:]) != masked(rest[:n]) {
		return nil
	}
	return rest[:n:n]
}

// parse reads the message of an Event, and the version of the file if the event names
// it.
func parse(body []byte) (e Event, file string, err error) {
	wall := 0.0
	err = fields(body, func(number protowire.Number, value uint64, bytes []byte) error {
		switch number {
		case eventWallTime:
			wall = math.Float64frombits(value)
		case eventStep:
			e.Step = int64(value)
		case eventFileVersion:
			file = string(bytes)
		case eventSummary:
			return fields(bytes, func(number protowire.Number, _ uint64, bytes []byte) error {
				if number != summaryValue {
					return nil
				}
				s, err := parseScalar(bytes)
				e.Scalars = append(e.Scalars, s)
				return err
			})
		}
		return nil
	})
	e.Wall = time.UnixMicro(int64(math.Round(wall * 1e6)))
	return e, file, err
}

// parseScalar reads the message of a Value of a Summary.
func parseScalar(value []byte) (s Scalar, err error) {
	err = fields(value, func(number protowire.Number, value uint64, bytes []byte) error {
		switch number {
		case valueTag:
			s.Tag = string(bytes)
		case valueSimple:
			s.Value = float64(math.Float32frombits(uint32(value)))
		}
		return nil
	})
	return s, err
}

// fields calls visit for each field of a message: a number's value, or the
// bytes of a string or message.
func fields(message []byte, visit func(number protowire.Number, value uint64, bytes []byte) error) error {
	for len(message) > 0 {
		number, kind, n := protowire.ConsumeTag(message)
		if n < 0 {
			return protowire.ParseError(n)
		}
		message = message[n:]
		var value uint64
		var bytes []byte
		switch kind {
		case protowire.VarintType:
			value, n = protowire.ConsumeVarint(message)
		case protowire.Fixed64Type:
			value, n = protowire.ConsumeFixed64(message)
		case protowire.Fixed32Type:
			var short uint32
			short, n = protowire.ConsumeFixed32(message)
			value = uint64(short)
		case protowire.BytesType:
			bytes, n = protowire.ConsumeBytes(message)
		default:
			n = protowire.ConsumeFieldValue(number, kind, message)
		}
		if n < 0 {
			return protowire.ParseError(n)
		}
		message = message[n:]
		if err := visit(number, value, bytes); err != nil {
			return err
		}
	}
	return nil
}
