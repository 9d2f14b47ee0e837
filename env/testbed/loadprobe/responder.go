package loadprobe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"
	"time"

	"fairlb/env"
	"fairlb/env/parallel"
)

// Responders answer probes, one beside each server.
type Responders struct {
	truth     env.GroundTruth // its Truth may be called at any time, by several at once
	listeners []net.Listener
	begin     time.Time // of their clock

	mu   sync.Mutex
	open map[net.Conn]struct{}
	over bool
}

// maxConnections is how many connections there may be at once; one more is closed.
const maxConnections = 4096

// Listen returns the responders of so many servers, each on a free port of loopback. They
// answer while Run runs. What they say is from truth, whose methods may be called at any
// time and by several at once, as those of emulated servers.
func Listen(servers int, truth env.GroundTruth) (*Responders, error) {
	r := &Responders{truth: truth, begin: time.Now(), open: map[net.Conn]struct{}{}}
	for range servers {
		l, err := net.Listen("tcp4", "127.0.0.1:0")
		if err != nil {
			return nil, errors.Join(fmt.Errorf("loadprobe: %w", err), r.Close())
		}
		r.listeners = append(r.listeners, l)
	}
	return r, nil
}

// Addresses are where they listen, by server.
func (r *Responders) Addresses() []netip.AddrPort {
	var list []netip.AddrPort
	for _, l := range r.listeners {
		list = append(list, l.Addr().(*net.TCPAddr).AddrPort())
	}
	return list
}

// Run answers until ctx is done, and then closes everything.
func (r *Responders) Run(ctx context.Context) error {
	group, ctx := parallel.NewGroup(ctx)
	defer context.AfterFunc(ctx, func() { _ = r.Close() })()
	for j, l := range r.listeners {
		group.Go(func() error { return r.accept(ctx, group, j, l) })
	}
	err := group.Wait()
	if errors.Is(err, context.Canceled) {
		err = nil
	}
	return errors.Join(err, r.Close())
}

// accept takes the connections of one server.
func (r *Responders) accept(ctx context.Context, group *parallel.Group, server int, l net.Listener) error {
	for {
		conn, err := l.Accept()
		switch {
		case err == nil:
		case ctx.Err() != nil, errors.Is(err, net.ErrClosed):
			return context.Cause(ctx)
		default:
			return fmt.Errorf("loadprobe: server %d: %w", server, err)
		}
		if r.keep(conn) {
			group.Go(func() error { return r.answer(conn, server) })
		}
	}
}

// keep notes that a connection is open; false: it is closed, since there are too many or
// all is over.
func (r *Responders) keep(conn net.Conn) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.over || len(r.open) >= maxConnections {
		_ = conn.Close()
		return false
	}
	r.open[conn] = struct{}{}
	return true
}

// patience is how long a connection may be silent.
const patience = time.Minute

// answer answers the probes of one connection until it ends.
func (r *Responders) answer(conn net.Conn, server int) error {
	defer func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.open, conn)
		_ = conn.Close()
	}()
	var truth env.Truth
	request, answer := make([]byte, RequestSize), make([]byte, 0, AnswerSize)
	for {
		if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
			return nil // closed
		}
		if _, err := io.ReadFull(conn, request); err != nil {
			return nil // who probes has gone, or is silent
		}
		if err := r.truth.Truth(&truth); err != nil {
			return fmt.Errorf("loadprobe: server %d: %w", server, err)
		}
		s := Status{
			Server: server, Processors: truth.CPUs[server], Busy: truth.Busy[server], Requests: truth.Running[server] + truth.Backlog[server],
			CPUTime: time.Duration(truth.CPUTime[server] * float64(time.Second)), Clock: time.Since(r.begin),
		}
		if _, err := conn.Write(s.append(answer)); err != nil {
			return nil
		}
	}
}

// Close closes everything. It may be called twice.
func (r *Responders) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.over {
		return nil
	}
	r.over = true
	var errs []error
	for _, l := range r.listeners {
		errs = append(errs, l.Close())
	}
	for conn := range r.open {
		_ = conn.Close() // whose goroutine ends by it
	}
	return errors.Join(errs...)
}
