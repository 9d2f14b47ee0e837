package health

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"time"

	"fairlb/env/parallel"
	"fairlb/env/testbed/plane/proxyprotocol"
)

// ErrStatus reports an HTTP status that is not from 200 to 399.
var ErrStatus = errors.New("health: the server answered with status")

// maxHead is the most bytes of an HTTP answer's head.
const maxHead = 16 << 10

// probe checks a server once, and returns what is wrong with it. It takes no longer than
// the timeout.
func probe(ctx context.Context, cfg Config, server Server) (err error) {
	defer parallel.Catch(&err)
	ctx, cancel := context.WithTimeout(ctx, cfg.Timeout)
	defer cancel()
	if cfg.Kind == HTTP {
		return ask(ctx, cfg, server)
	}
	conn, err := connect(ctx, server)
	if err != nil {
		return err
	}
	return conn.Close()
}

// connect opens a connection to a server, and tells one that wants the PROXY protocol
// that the balancer speaks for itself.
func connect(ctx context.Context, server Server) (net.Conn, error) {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", server.Address.String())
	if err != nil || server.ProxyProtocol == 0 {
		return conn, err
	}
	if deadline, ok := ctx.Deadline(); ok {
		err = conn.SetWriteDeadline(deadline)
	}
	if err == nil {
		_, err = conn.Write(proxyprotocol.Append(nil, server.ProxyProtocol, netip.AddrPort{}, netip.AddrPort{}))
	}
	if err != nil {
		conn.Close() // the first error says what went wrong
		return nil, err
	}
	return conn, nil
}

// ask asks a server for a page by HTTP, on a connection of its own.
func ask(ctx context.Context, cfg Config, server Server) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+server.Address.String()+cfg.Path, nil)
	if err != nil {
		return fmt.Errorf("health: %w", err)
	}
	request.Header.Set("User-Agent", "fairlb-health")
	request.Close = true
	transport := &http.Transport{
		DialContext:            func(ctx context.Context, _, _ string) (net.Conn, error) { return connect(ctx, server) },
		DisableKeepAlives:      true,
		DisableCompression:     true,
		MaxResponseHeaderBytes: maxHead,
	}
	defer transport.CloseIdleConnections()
	response, err := transport.RoundTrip(request) // which follows no redirection
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode < 200 || response.StatusCode > 399 {
		return fmt.Errorf("%w %d", ErrStatus, response.StatusCode)
	}
	_, err = io.CopyN(io.Discard, response.Body, 1)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}

// Kind is what a check does.
type Kind int

// The kinds of checks.
const (
	None Kind = iota // nothing: every server is up
	TCP              // connect
	HTTP             // connect and ask for a page; a status of 200 to 399 is good
)

// Config is how servers are checked.
type Config struct {
	Kind     Kind
	Path     string        // of HTTP
	Interval time.Duration // between the beginnings of two checks of a server
	Timeout  time.Duration // of one check
	Rise     int           // good checks in a row that bring a server in
	Fall     int           // bad ones that put it out
}

// Server is one that is checked.
type Server struct {
	Name          string
	Address       netip.AddrPort
	ProxyProtocol int // the version of the header that it wants, 0: none
}
