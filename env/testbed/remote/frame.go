package remote

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"sync/atomic"
	"time"
)

var (
	// ErrKey reports a key that is too short, or another than the other side's.
	ErrKey = errors.New("remote: wrong key")
	// ErrProtocol reports bytes that are no frames of this protocol.
	ErrProtocol = errors.New("remote: not the protocol")
)

// MinKey is the number of bytes of a key, at least.
const MinKey = 16

// Counts are bytes on the network, those of frames and greetings, without those of TCP.
type Counts struct{ Sent, Received uint64 }

// counter counts bytes; others may read it meanwhile.
type counter struct{ sent, received atomic.Uint64 }

func (c *counter) counts() Counts { return Counts{c.sent.Load(), c.received.Load()} }

// The sizes of what is sent.
const (
	nonceSize  = 16
	macSize    = 16
	headerSize = 5       // the length of what is said, and its kind
	maxGreeted = 1 << 10 // what may be said by who has not shown that it has the key
	maxFrame   = 1 << 24
)

// magic begins a greeting, and names the protocol's version.
const magic = "fairlb-plane-1\r\n"

// session is a connection whose ends have proved to each other that they have the key. It is
// used by one goroutine at a time.
type session struct {
	conn      net.Conn
	count     *counter
	out, in   []byte // keys of the two directions
	sent, got uint64 // frames so far: a frame that comes again, or not at all, has a wrong code
	limit     int
	buffer    []byte
}

// greet begins a session. dialled says which end this is.
func greet(conn net.Conn, key []byte, dialled bool, timeout time.Duration, count *counter) (*session, error) {
	if err := conn.SetDeadline(time.Now().Add(timeout)); err != nil {
		return nil, err
	}
	mine := make([]byte, nonceSize)
	if _, err := rand.Read(mine); err != nil {
		return nil, err
	}
	s := &session{conn: conn, count: count, limit: maxGreeted}
	if err := s.put(append([]byte(magic), mine...)); err != nil {
		return nil, err
	}
	theirs := make([]byte, len(magic)+nonceSize)
	if err := s.take(theirs); err != nil {
		return nil, err
	}
	if string(theirs[:len(magic)]) != magic {
		return nil, fmt.Errorf("%w: %q in place of a greeting", ErrProtocol, theirs[:len(magic)])
	}
	theirs = theirs[len(magic):]
	dialler, listener := mine, theirs
	if !dialled {
		dialler, listener = theirs, mine
	}
	both := slices.Concat(dialler, listener)
	s.out, s.in = code(key, []byte("dialler"), both), code(key, []byte("listener"), both)
	if !dialled {
		s.out, s.in = s.in, s.out
	}
	// The one who has dialled shows first that it has the key.
	if dialled {
		if err := s.send(kindHello, nil); err != nil {
			return nil, err
		}
	}
	switch kind, _, err := s.receive(); {
	case err != nil:
		return nil, err
	case kind != kindHello:
		return nil, fmt.Errorf("%w: kind %q in place of %q", ErrProtocol, kind, kindHello)
	}
	if !dialled {
		if err := s.send(kindHello, nil); err != nil {
			return nil, err
		}
	}
	s.limit = maxFrame
	return s, conn.SetDeadline(time.Time{})
}

// code is the authentication code of a sequence of bytes.
func code(key []byte, parts ...[]byte) []byte {
	h := hmac.New(sha256.New, key)
	for _, p := range parts {
		h.Write(p)
	}
	return h.Sum(nil)
}

// number is a frame's number, as its code has it.
func number(n uint64) []byte { return binary.LittleEndian.AppendUint64(nil, n) }

// send sends a frame.
func (s *session) send(kind byte, said []byte) error {
	frame := binary.LittleEndian.AppendUint32(s.buffer[:0], uint32(len(said)))
	frame = append(append(frame, kind), said...)
	frame = append(frame, code(s.out, number(s.sent), frame)[:macSize]...)
	s.buffer = frame
	s.sent++
	return s.put(frame)
}

// receive receives a frame. What it says holds until the next call of send or receive.
func (s *session) receive() (kind byte, said []byte, err error) {
	s.buffer = slices.Grow(s.buffer[:0], headerSize)[:headerSize]
	if err := s.take(s.buffer); err != nil {
		return 0, nil, err
	}
	n := int(binary.LittleEndian.Uint32(s.buffer))
	if n > s.limit {
		return 0, nil, fmt.Errorf("%w: a frame of %d bytes, and %d are allowed", ErrProtocol, n, s.limit)
	}
	s.buffer = slices.Grow(s.buffer, n+macSize)[:headerSize+n+macSize]
	if err := s.take(s.buffer[headerSize:]); err != nil {
		return 0, nil, err
	}
	frame, mac := s.buffer[:headerSize+n], s.buffer[headerSize+n:]
	if !hmac.Equal(mac, code(s.in, number(s.got), frame)[:macSize]) {
		return 0, nil, ErrKey
	}
	s.got++
	return frame[headerSize-1], frame[headerSize:], nil
}

// put writes all of p.
func (s *session) put(p []byte) error {
	n, err := s.conn.Write(p)
	s.count.sent.Add(uint64(n))
	return err
}

// take fills p.
func (s *session) take(p []byte) error {
	n, err := io.ReadFull(s.conn, p)
	s.count.received.Add(uint64(n))
	return err
}
