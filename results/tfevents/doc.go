// Package tfevents writes the event files of training that TensorBoard shows, and
// reads them back. The command writes one beside the record of a run (package
// results/record) while it trains. A file is a sequence of records framed as
// TensorFlow's TFRecord, each an Event message of Protocol Buffers with scalars in its
// summary.
//
// A record is
//
//	uint64 length of the data, little-endian
//	uint32 masked CRC-32C of these 8 bytes
//	the data
//	uint32 masked CRC-32C of the data
//
// where masked is the sum of 0xa282ead8 and the CRC rotated right by 15 bits
// (tensorflow/core/lib/io/record_writer.h, hash/crc32c.h). The messages are
// those of tensorflow/core/util/event.proto and framework/summary.proto; the
// few fields that are written are numbered in event.go.
//
// A record is written by one call, so that a crash can cut off the last one
// only; Append removes it. The package reads no clock: times are values.
package tfevents
