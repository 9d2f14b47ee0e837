package probing

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"fairlb/env/testbed"
	"fairlb/env/testbed/remote"
	"fairlb/env/testbed/shm"
)

// patience is how long an answer is waited for.
const patience = 10 * time.Second

// probeSize is the number of bytes of a probe over a stream socket.
const probeSize = 8

// reader is one way of getting features, from a responder.
type reader interface {
	// read fills dst, which has room for all features, with a frame.
	read(dst *Frame) error
	// moved is the number of bytes that have gone through sockets so far, both ways.
	moved() uint64
	close() error
}

// newReader connects, where the way keeps a connection.
func newReader(ctx context.Context, k Kind, at *places, cfg Config) (reader, error) {
	switch k {
	case SharedV2:
		return openShared(at.V2)
	case SharedV1:
		return openShared(at.V1)
	case SharedV2Flood:
		return openShared(at.Flood)
	case UnixSocket:
		return newStreamReader(ctx, "unix", at.Unix, cfg, true)
	case TCP:
		return newStreamReader(ctx, "tcp", at.TCP, cfg, true)
	case TCPConnection:
		return newStreamReader(ctx, "tcp", at.Connection, cfg, false)
	case HTTP:
		return newHTTPReader(ctx, false, at.HTTP), nil
	case GRPC:
		return newHTTPReader(ctx, true, at.GRPC), nil
	case Lent:
		p, err := remote.Dial(ctx, "tcp", at.Lent, at.Key, patience)
		if err != nil {
			return nil, err
		}
		return &planeReader{plane: p, count: func() uint64 { c := p.Counts(); return c.Sent + c.Received }}, nil
	}
	return nil, fmt.Errorf("%w: way %d", ErrConfig, k)
}

// planeReader reads by a testbed.Plane.
type planeReader struct {
	plane   testbed.Plane
	reading testbed.Reading
	count   func() uint64
}

func openShared(path string) (reader, error) {
	p, err := shm.Open(path)
	if err != nil {
		return nil, err
	}
	return &planeReader{plane: p, count: func() uint64 { return 0 }}, nil
}

func (r *planeReader) read(dst *Frame) error {
	if err := r.plane.Read(&r.reading); err != nil {
		return err
	}
	dst.Sequence = r.reading.Sequence
	if n := copy(dst.Values, r.reading.Obs); n < len(dst.Values) {
		return fmt.Errorf("%w: %d features", errAnswer, n)
	}
	return nil
}

func (r *planeReader) moved() uint64 { return r.count() }
func (r *planeReader) close() error  { return r.plane.Close() }

// countedConn counts the bytes of a connection.
type countedConn struct {
	net.Conn
	count *atomic.Uint64
}

func (c countedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.count.Add(uint64(n))
	return n, err
}

func (c countedConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.count.Add(uint64(n))
	return n, err
}

// streamReader asks over a stream socket.
type streamReader struct {
	network, address string
	keep             bool     // the connection, or else each probe has one of its own
	conn             net.Conn // nil: not connected
	number           uint64   // of the probe
	buffer           []byte
	count            atomic.Uint64
}

func newStreamReader(ctx context.Context, network, address string, cfg Config, keep bool) (reader, error) {
	r := &streamReader{network: network, address: address, keep: keep, buffer: make([]byte, probeSize+cfg.answerSize())}
	if !keep {
		return r, nil
	}
	return r, r.connect(ctx)
}

func (r *streamReader) connect(ctx context.Context) error {
	conn, err := (&net.Dialer{Timeout: patience}).DialContext(ctx, r.network, r.address)
	if err != nil {
		return fmt.Errorf("probing: %w", err)
	}
	r.conn = countedConn{conn, &r.count}
	return nil
}

func (r *streamReader) read(dst *Frame) error {
	if !r.keep {
		if err := r.connect(context.Background()); err != nil {
			return err
		}
	}
	err := r.ask(dst)
	if !r.keep {
		err = errors.Join(err, r.close())
	}
	return err
}

// ask sends a probe and reads its answer.
func (r *streamReader) ask(dst *Frame) error {
	r.number++
	binary.LittleEndian.PutUint64(r.buffer, r.number)
	if _, err := r.conn.Write(r.buffer[:probeSize]); err != nil {
		return err
	}
	if _, err := io.ReadFull(r.conn, r.buffer); err != nil {
		return err
	}
	if got := binary.LittleEndian.Uint64(r.buffer); got != r.number {
		return fmt.Errorf("%w: to probe %d in place of %d", errAnswer, got, r.number)
	}
	return dst.decodeAnswer(r.buffer[probeSize:])
}

func (r *streamReader) moved() uint64 { return r.count.Load() }

func (r *streamReader) close() error {
	if r.conn == nil {
		return nil
	}
	conn := r.conn
	r.conn = nil
	return conn.Close()
}

// httpReader asks by HTTP/1.1, or in the frames of gRPC by HTTP/2.
type httpReader struct {
	transport http.Transport
	grpc      bool
	url       string
	empty     []byte // a message without content
	buffer    []byte
	count     atomic.Uint64
}

func newHTTPReader(ctx context.Context, grpc bool, address string) *httpReader {
	r := &httpReader{grpc: grpc, url: "http://" + address + httpPath, empty: make([]byte, prefixSize)}
	r.transport = http.Transport{
		DisableCompression: true, ResponseHeaderTimeout: patience, Protocols: new(http.Protocols),
		DialContext: func(_ context.Context, network, address string) (net.Conn, error) {
			conn, err := (&net.Dialer{Timeout: patience}).DialContext(ctx, network, address)
			if err != nil {
				return nil, err
			}
			return countedConn{conn, &r.count}, nil
		},
	}
	r.transport.Protocols.SetHTTP1(!r.grpc)
	r.transport.Protocols.SetUnencryptedHTTP2(r.grpc)
	if r.grpc {
		r.url = "http://" + address + grpcPath
	}
	return r
}

func (r *httpReader) read(dst *Frame) error {
	method, body := http.MethodGet, io.Reader(nil)
	if r.grpc {
		method, body = http.MethodPost, bytes.NewReader(r.empty)
	}
	ask, err := http.NewRequest(method, r.url, body)
	if err != nil {
		return err
	}
	if r.grpc {
		ask.Header.Set("Content-Type", grpcType)
		ask.Header.Set("Te", "trailers")
	}
	answer, err := r.transport.RoundTrip(ask)
	if err != nil {
		return fmt.Errorf("probing: %w", err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%w: HTTP status %d", errAnswer, answer.StatusCode)
	}
	if err := r.take(answer); err != nil {
		return err
	}
	return dst.decodeAnswer(r.buffer)
}

// take reads the content of an answer to its end.
func (r *httpReader) take(answer *http.Response) error {
	if !r.grpc {
		r.buffer = r.buffer[:0]
		if n := answer.ContentLength; n >= 0 && n <= maxAnswer {
			r.buffer = append(r.buffer, make([]byte, n)...)
			_, err := io.ReadFull(answer.Body, r.buffer)
			return err
		}
		return fmt.Errorf("%w: %d bytes", errAnswer, answer.ContentLength)
	}
	var err error
	if r.buffer, err = readMessage(answer.Body, r.buffer); err != nil {
		return err
	}
	if n, err := io.Copy(io.Discard, answer.Body); err != nil || n > 0 { // up to the trailer
		return fmt.Errorf("%w: %d bytes behind the message: %w", errAnswer, n, err)
	}
	if status := answer.Trailer.Get(grpcStatus); status != "0" {
		return fmt.Errorf("%w: gRPC status %q", errAnswer, status)
	}
	return nil
}

func (r *httpReader) moved() uint64 { return r.count.Load() }

func (r *httpReader) close() error {
	r.transport.CloseIdleConnections()
	return nil
}
