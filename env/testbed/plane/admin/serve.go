package admin

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"fairlb/env/parallel"
)

const (
	readTimeout  = 5 * time.Second  // for a request to come in full
	writeTimeout = 10 * time.Second // for an answer; profiles have their own duration more
	idleTimeout  = 15 * time.Second // of a connection between two requests
	maxHeader    = 16 << 10         // bytes of a request's head
)

// Connections is how many connections of one listener are served at a time; others wait
// in the kernel.
const Connections = 32

// Serve answers requests until ctx is done, and then waits a moment for those that are
// under way.
func Serve(ctx context.Context, l net.Listener, h http.Handler, log logrus.FieldLogger) error {
	server := &http.Server{
		Handler: recovered(h, log), ReadHeaderTimeout: readTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout, IdleTimeout: idleTimeout,
		MaxHeaderBytes: maxHeader,
	}
	group, ctx := parallel.NewGroup(ctx)
	group.Go(func() error {
		if err := server.Serve(bound(l, Connections)); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("admin: %s: %w", l.Addr(), err)
		}
		return nil
	})
	group.Go(func() error {
		<-ctx.Done()
		limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		if err := server.Shutdown(limited); err != nil {
			return server.Close()
		}
		return nil
	})
	return group.Wait()
}

// recovered makes of a panic an answer, and a line of the log.
func recovered(h http.Handler, log logrus.FieldLogger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := func() (err error) {
			defer parallel.Catch(&err)
			h.ServeHTTP(w, r)
			return nil
		}()
		if err != nil {
			log.WithError(err).WithField("path", r.URL.Path).Error("a request could not be answered")
			http.Error(w, "an error of the program, which its log has", http.StatusInternalServerError)
		}
	})
}

// bounded is a listener of which no more than some connections are open at a time.
type bounded struct {
	net.Listener
	slots  chan struct{}
	closed chan struct{}
	once   sync.Once
}

func bound(l net.Listener, connections int) net.Listener {
	return &bounded{Listener: l, slots: make(chan struct{}, connections), closed: make(chan struct{})}
}

// Accept implements net.Listener.
func (b *bounded) Accept() (net.Conn, error) {
	select {
	case b.slots <- struct{}{}:
	case <-b.closed:
		return nil, net.ErrClosed
	}
	conn, err := b.Listener.Accept()
	if err != nil {
		<-b.slots
		return nil, err
	}
	return &boundedConn{Conn: conn, free: sync.OnceFunc(func() { <-b.slots })}, nil
}

// Close implements net.Listener.
func (b *bounded) Close() error {
	b.once.Do(func() { close(b.closed) })
	return b.Listener.Close()
}

// boundedConn is a connection that frees its place when it is closed.
type boundedConn struct {
	net.Conn
	free func()
}

// Close implements net.Conn.
func (c *boundedConn) Close() error {
	defer c.free()
	return c.Conn.Close()
}
