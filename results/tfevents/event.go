package tfevents

import (
	"encoding/binary"
	"hash/crc32"
	"math"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

// version is the format of a file, which its first event names.
const version = "brain.Event:2"

// The numbers of the fields that are written.
const (
	eventWallTime    = 1 // double, s since 1970
	eventStep        = 2 // int64
	eventFileVersion = 3 // string
	eventSummary     = 5 // Summary

	summaryValue = 1 // repeated Value
	valueTag     = 1 // string
	valueSimple  = 2 // float
)

// Scalar is a named number of a step.
type Scalar struct {
	Tag   string // such as "train/critic_loss_0"; tags with the same text before the slash are shown together
	Value float64
}

// event returns the message of an Event of that time and step with one more field,
// given by its number and contents.
func event(wall time.Time, step int64, number protowire.Number, field []byte) []byte {
	b := protowire.AppendTag(nil, eventWallTime, protowire.Fixed64Type)
	b = protowire.AppendFixed64(b, math.Float64bits(float64(wall.UnixMicro())/1e6))
	if step != 0 {
		b = protowire.AppendTag(b, eventStep, protowire.VarintType)
		b = protowire.AppendVarint(b, uint64(step))
	}
	b = protowire.AppendTag(b, number, protowire.BytesType)
	return protowire.AppendBytes(b, field)
}

// summary returns the message of a Summary of scalars, whose values it rounds to
// float32.
func summary(scalars []Scalar) []byte {
	var b []byte
	for _, s := range scalars {
		value := protowire.AppendTag(nil, valueTag, protowire.BytesType)
		value = protowire.AppendString(value, s.Tag)
		value = protowire.AppendTag(value, valueSimple, protowire.Fixed32Type)
		value = protowire.AppendFixed32(value, math.Float32bits(float32(s.Value)))
		b = protowire.AppendTag(b, summaryValue, protowire.BytesType)
		b = protowire.AppendBytes(b, value)
	}
	return b
}

const (
	headLength = 8 + 4 // bytes before a record's data
	tailLength = 4     // bytes after it
)

// frame returns the record that holds data.
func frame(data []byte) []byte {
	b := binary.LittleEndian.AppendUint64(make([]byte, 0, headLength+len(data)+tailLength), uint64(len(data)))
	b = binary.LittleEndian.AppendUint32(b, masked(b))
	b = append(b, data...)
	return binary.LittleEndian.AppendUint32(b, masked(data))
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// masked is the masked CRC-32C of b.
func masked(b []byte) uint32 {
	crc := crc32.Checksum(b, castagnoli)
	return crc>>15 + crc<<17 + 0xa282ead8
}
