package remote

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"fairlb/env/observe"
	"fairlb/env/parallel"
	"fairlb/env/snapshot"
	"fairlb/env/testbed"
)

// greetTimeout is how long who connects has to show that it has the key.
const greetTimeout = 5 * time.Second

// maxGreeting is how many connections may be at their greeting at once.
const maxGreeting = 16

// Serve lends a plane to who connects and has the key, until ctx is done. One that comes
// later takes the place of one before, which may have died without a sign. Serve closes
// the listener, and not the plane.
func Serve(ctx context.Context, l net.Listener, plane testbed.Plane, key []byte, log logrus.FieldLogger) error {
	if len(key) < MinKey {
		return errors.Join(fmt.Errorf("%w: %d bytes: must be at least %d", ErrKey, len(key), MinKey), l.Close())
	}
	s := &server{plane: plane, key: key, log: log}
	group, ctx := parallel.NewGroup(ctx)
	group.Go(func() error {
		<-ctx.Done()
		err := l.Close()
		s.takeOver(nil, math.MaxUint64)
		return err
	})
	room := make(chan struct{}, maxGreeting)
	group.Go(func() error {
		for number := uint64(1); ; number++ {
			conn, err := l.Accept()
			switch {
			case ctx.Err() != nil:
				if err == nil {
					conn.Close()
				}
				return ctx.Err()
			case err != nil:
				return fmt.Errorf("remote: %w", err)
			}
			room <- struct{}{}
			group.Go(func() error {
				s.lend(ctx, conn, number, func() { <-room })
				return nil
			})
		}
	})
	if err := group.Wait(); !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// server lends a plane.
type server struct {
	key []byte
	log logrus.FieldLogger

	mu      sync.Mutex
	lentTo  net.Conn // nil: nobody
	number  uint64   // of lentTo among those that connected
	plane   testbed.Plane
	reading testbed.Reading
}

// lend speaks with one client, the number-th to connect, until it goes. greeted is called
// when it has shown that it has the key, or failed to.
func (s *server) lend(ctx context.Context, conn net.Conn, number uint64, greeted func()) {
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	var count counter
	x, err := greet(conn, s.key, false, greetTimeout, &count)
	greeted()
	if err != nil {
		s.log.WithError(err).WithField("client", conn.RemoteAddr().String()).Warn("a client was refused")
		return
	}
	if !s.takeOver(conn, number) {
		return
	}
	var known names
	for {
		kind, said, err := x.receive()
		if err != nil {
			return
		}
		answer, says := s.answer(conn, &known, kind, said)
		if answer == 0 || x.send(answer, says) != nil {
			return
		}
	}
}

// takeOver hangs up on who has the plane, and gives it to another; nil: to nobody. It does
// not give it to one that connected before who has it and was slower to greet, and says so.
func (s *server) takeOver(conn net.Conn, number uint64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if number < s.number {
		return false
	}
	if s.lentTo != nil {
		s.lentTo.Close()
	}
	s.lentTo, s.number = conn, number
	return true
}

// answer does what a client asks for; kind 0 says that there is no answer to it.
func (s *server) answer(conn net.Conn, known *names, kind byte, said []byte) (answer byte, says []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lentTo != conn {
		return 0, nil
	}
	c := snapshot.Writer()
	answer, err := byte(kindDone), error(nil)
	switch kind {
	case kindRead:
		answer = kindReading
		if err = s.plane.Read(&s.reading); err == nil {
			err = s.reading.Check(len(observe.Features()))
		}
		if err == nil {
			known.walk(c, &s.reading, len(observe.Features()))
		}
	case kindWrite:
		var weights []float64
		r := snapshot.Reader(said)
		snapshot.Slice(r, &weights, r.Float64)
		r.End()
		if err = r.Err(); err == nil {
			err = s.plane.Write(weights)
		}
	case kindBeat:
		err = s.plane.Beat()
	default:
		return 0, nil
	}
	if err != nil {
		return kindFault, sayFault(err)
	}
	return answer, c.Bytes()
}
