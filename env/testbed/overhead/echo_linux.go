package overhead

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"fairlb/env/parallel"
)

// Echo requests and answers (RFC 792).
const (
	echoRequest = 8
	headerBytes = 8
	// payload is what a request has behind its header: 84 bytes with the header of IP, as ping
	// sends them.
	payload = 56
	// wakeups is how often who waits for answers looks whether it may end.
	wakeups = 20 * time.Millisecond
)

// echoes are the requests of a round, and their answers.
type echoes struct {
	socket     int
	to         unix.SockaddrInet4
	identifier uint16
	sent       []atomic.Int64 // by number: when, ns; 0: not yet
	received   []time.Duration
	answered   []bool
	finished   atomic.Bool
}

// newEchoes opens a socket in the present namespace.
func newEchoes(to netip.Addr, n int) (*echoes, error) {
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.IPPROTO_ICMP)
	if err != nil {
		return nil, fmt.Errorf("overhead: a socket of ICMP: %w", err)
	}
	e := &echoes{socket: socket, to: unix.SockaddrInet4{Addr: to.As4()}, identifier: uint16(rand.Uint32()), sent: make([]atomic.Int64, n), answered: make([]bool, n)}
	wait := unix.NsecToTimeval(wakeups.Nanoseconds())
	err = errors.Join(unix.SetsockoptTimeval(socket, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &wait), unix.SetsockoptInt(socket, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("overhead: a socket of ICMP: %w", err), e.close())
	}
	return e, nil
}

func (e *echoes) close() error { return unix.Close(e.socket) }

// run sends all requests, at random intervals of a mean, and takes their answers. One that is
// late, as this program had no processor, is sent at once, and does not delay those after it.
func (e *echoes) run(ctx context.Context, mean time.Duration) error {
	group, ctx := parallel.NewGroup(ctx)
	group.Go(func() error {
		defer e.finished.Store(true)
		for k, due := 0, time.Now(); k < len(e.sent); k++ {
			due = due.Add(time.Duration(rand.ExpFloat64() * float64(mean)))
			if err := sleep(ctx, time.Until(due)); err != nil {
				return err
			}
			if err := e.send(k); err != nil {
				return err
			}
		}
		return sleep(ctx, patience)
	})
	group.Go(func() error {
		left := len(e.sent)
		for left > 0 && !e.finished.Load() {
			ok, err := e.receive()
			if err != nil {
				return err
			}
			if ok {
				left--
			}
		}
		if left == 0 {
			return errAnswered // nothing is to be waited for
		}
		return nil
	})
	if err := group.Wait(); !errors.Is(err, errAnswered) {
		return err
	}
	return nil
}

// errAnswered ends the wait for answers.
var errAnswered = errors.New("overhead: all are answered")

// clock is the time by which the kernel stamps packets, in ns.
func clock() (int64, error) {
	var now unix.Timespec
	err := unix.ClockGettime(unix.CLOCK_REALTIME, &now)
	return now.Nano(), err
}

// send sends a request.
func (e *echoes) send(k int) error {
	packet := make([]byte, headerBytes+payload)
	packet[0] = echoRequest
	binary.BigEndian.PutUint16(packet[4:], e.identifier)
	binary.BigEndian.PutUint16(packet[6:], uint16(k))
	binary.BigEndian.PutUint16(packet[2:], checksum(packet))
	now, err := clock()
	if err != nil {
		return err
	}
	e.sent[k].Store(now)
	if err := unix.Sendto(e.socket, packet, 0, &e.to); err != nil && !errors.Is(err, unix.ENOBUFS) { // the queue was full: it is lost
		return fmt.Errorf("overhead: an echo request: %w", err)
	}
	return nil
}

// receive waits a moment for a packet, and says whether it was an answer to a request of this
// round.
func (e *echoes) receive() (ok bool, err error) {
	var packet [1500]byte
	var control [128]byte
	n, size, _, _, err := unix.Recvmsg(e.socket, packet[:], control[:], 0)
	switch {
	case errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EINTR):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("overhead: an echo: %w", err)
	}
	identifier, k, ok := parseAnswer(packet[:n])
	if !ok || identifier != e.identifier || k >= len(e.sent) || e.answered[k] {
		return false, nil
	}
	at, err := stamp(control[:size])
	if err != nil {
		return false, err
	}
	sent := e.sent[k].Load()
	if sent == 0 {
		return false, nil
	}
	e.answered[k] = true
	e.received = append(e.received, time.Duration(at-sent))
	return true, nil
}

// stamp returns when the kernel took a packet in, in ns, by the messages that came with it.
func stamp(control []byte) (int64, error) {
	messages, err := unix.ParseSocketControlMessage(control)
	if err != nil {
		return 0, fmt.Errorf("overhead: %w", err)
	}
	for _, m := range messages {
		if m.Header.Level == unix.SOL_SOCKET && m.Header.Type == unix.SCM_TIMESTAMPNS && len(m.Data) >= 16 {
			return int64(binary.NativeEndian.Uint64(m.Data))*1e9 + int64(binary.NativeEndian.Uint64(m.Data[8:])), nil
		}
	}
	return 0, errors.New("overhead: a packet without the time of its arrival")
}
