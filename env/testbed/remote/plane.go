package remote

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"fairlb/env/observe"
	"fairlb/env/snapshot"
	"fairlb/env/testbed"
)

// Plane is a plane on another machine. What fails on the way is testbed.ErrPlaneGone, and
// the next call connects again.
type Plane struct {
	network, address string
	key              []byte
	timeout          time.Duration
	count            counter
	session          *session // nil: not connected
	names            names
	reading          testbed.Reading
}

var _ testbed.Plane = (*Plane)(nil)

// Dial returns the plane that Serve lends at an address of a network ("tcp", "unix"), to who
// has the key. timeout is for a connection and for each answer. A key that is wrong is
// ErrKey; a machine that does not answer yet is no error: the plane is gone until it does.
func Dial(ctx context.Context, network, address string, key []byte, timeout time.Duration) (*Plane, error) {
	if len(key) < MinKey {
		return nil, fmt.Errorf("%w: %d bytes: must be at least %d", ErrKey, len(key), MinKey)
	}
	p := &Plane{network: network, address: address, key: key, timeout: timeout}
	if err := p.connect(ctx); err != nil && !errors.Is(err, testbed.ErrPlaneGone) {
		return nil, err
	}
	return p, nil
}

// connect connects unless there is a connection.
func (p *Plane) connect(ctx context.Context) error {
	if p.session != nil {
		return nil
	}
	conn, err := (&net.Dialer{Timeout: p.timeout}).DialContext(ctx, p.network, p.address)
	if err != nil {
		return fmt.Errorf("%w: %w", testbed.ErrPlaneGone, err)
	}
	p.names = names{}
	if p.session, err = greet(conn, p.key, true, p.timeout, &p.count); err == nil {
		return nil
	}
	p.session = nil
	err = errors.Join(err, conn.Close())
	if errors.Is(err, ErrKey) || errors.Is(err, ErrProtocol) {
		return fmt.Errorf("%s: %w", p.address, err)
	}
	return fmt.Errorf("%w: %s hung up at the greeting, as it does when it has another key: %w", testbed.ErrPlaneGone, p.address, err)
}

// ask sends a frame and returns the answer.
func (p *Plane) ask(kind byte, said []byte) (answer byte, says []byte, err error) {
	if err := p.connect(context.Background()); err != nil {
		return 0, nil, err
	}
	err = p.session.conn.SetDeadline(time.Now().Add(p.timeout))
	if err == nil {
		err = p.session.send(kind, said)
	}
	if err == nil {
		answer, says, err = p.session.receive()
	}
	if err != nil {
		p.hangUp()
		return 0, nil, fmt.Errorf("%w: %s: %w", testbed.ErrPlaneGone, p.address, err)
	}
	if answer == kindFault {
		return 0, nil, fault(says)
	}
	return answer, says, nil
}

// hangUp ends the session.
func (p *Plane) hangUp() {
	if p.session != nil {
		p.session.conn.Close()
		p.session = nil
	}
}

// wrong is an answer that is none, after which the session ends.
func (p *Plane) wrong(format string, args ...any) error {
	p.hangUp()
	return fmt.Errorf("%w: %s: %w: "+format, append([]any{testbed.ErrPlaneGone, p.address, ErrProtocol}, args...)...)
}

// Read implements testbed.Plane.
func (p *Plane) Read(r *testbed.Reading) error {
	asked := time.Now()
	kind, said, err := p.ask(kindRead, nil)
	switch {
	case err != nil:
		return err
	case kind != kindReading:
		return p.wrong("kind %q in answer to %q", kind, kindRead)
	}
	c := snapshot.Reader(said)
	if p.names.walk(c, &p.reading, len(observe.Features())); c.Err() != nil {
		return p.wrong("%w", c.Err())
	}
	older(&p.reading, asked)
	*r, p.reading = p.reading, *r // whose memory the next one may use
	return nil
}

// Write implements testbed.Plane.
func (p *Plane) Write(weights []float64) error {
	c := snapshot.Writer()
	snapshot.Slice(c, &weights, c.Float64)
	return p.do(kindWrite, c.Bytes())
}

// Beat implements testbed.Plane.
func (p *Plane) Beat() error { return p.do(kindBeat, nil) }

// do has something done that is answered in one word.
func (p *Plane) do(kind byte, said []byte) error {
	answer, _, err := p.ask(kind, said)
	if err == nil && answer != kindDone {
		return p.wrong("kind %q in answer to %q", answer, kind)
	}
	return err
}

// Counts returns the bytes of all sessions so far. It may be called from any goroutine.
func (p *Plane) Counts() Counts { return p.count.counts() }

// Close implements testbed.Plane.
func (p *Plane) Close() error {
	p.hangUp()
	return nil
}
