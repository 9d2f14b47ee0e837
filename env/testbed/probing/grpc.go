package probing

import (
	"encoding/binary"
	"fmt"
	"io"
	"slices"
)

// What gRPC adds to HTTP/2: a path of service and method, a type of content, a status behind
// the content, and a prefix before each message: whether it is compressed, and its length.
// Here the message is a frame's bytes, and no protocol buffer.
const (
	grpcPath   = "/fairlb.Features/Read"
	grpcType   = "application/grpc"
	grpcStatus = "Grpc-Status"
	prefixSize = 5
)

// httpPath is where features are by HTTP/1.1.
const httpPath = "/features"

// maxAnswer is more than any answer has, in bytes.
const maxAnswer = 1 << 14

// putPrefix fills in the prefix of a message behind it.
func putPrefix(message []byte) {
	message[0] = 0 // it is not compressed
	binary.BigEndian.PutUint32(message[1:], uint32(len(message)-prefixSize))
}

// readMessage reads a message, into the memory of buffer if it has room.
func readMessage(r io.Reader, buffer []byte) ([]byte, error) {
	var prefix [prefixSize]byte
	if _, err := io.ReadFull(r, prefix[:]); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(prefix[1:])
	if prefix[0] != 0 || n > maxAnswer {
		return nil, fmt.Errorf("%w: a message with the prefix %x", errAnswer, prefix)
	}
	buffer = slices.Grow(buffer[:0], int(n))[:n]
	_, err := io.ReadFull(r, buffer)
	return buffer, err
}
