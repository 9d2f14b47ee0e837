package probing

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"

	"fairlb/env/observe"
	"fairlb/env/parallel"
	"fairlb/env/testbed"
	"fairlb/env/testbed/shm"
)

// view is what one socket's responder knows of the region: it takes in what is new, and
// computes the features, as it is asked for them.
type view struct {
	values int // features

	mu      sync.Mutex
	plane   *shm.Plane
	reading testbed.Reading
}

func openView(path string, cfg Config) (*view, error) {
	p, err := shm.Open(path)
	return &view{plane: p, values: cfg.Servers * len(observe.Features())}, err
}

// append appends the newest frame as probes are answered.
func (v *view) append(dst []byte) ([]byte, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if err := v.plane.Read(&v.reading); err != nil {
		return dst, err
	}
	f := Frame{Sequence: v.reading.Sequence, Values: v.reading.Obs[:v.values]}
	return f.appendAnswer(dst), nil
}

func (v *view) close() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.plane.Close()
}

// serveStream answers the probes of a stream socket: each is a number of 8 bytes, and its
// answer the same number and the frame.
func serveStream(ctx context.Context, group *parallel.Group, l net.Listener, v *view) error {
	defer context.AfterFunc(ctx, func() { l.Close() })()
	for {
		conn, err := l.Accept()
		if ctx.Err() != nil {
			if err == nil {
				conn.Close()
			}
			return nil
		}
		if err != nil {
			return fmt.Errorf("probing: %w", err)
		}
		group.Go(func() error {
			defer conn.Close()
			defer context.AfterFunc(ctx, func() { conn.Close() })()
			buffer := make([]byte, probeSize)
			for {
				if _, err := io.ReadFull(conn, buffer[:probeSize]); err != nil {
					return nil // who asks has gone
				}
				if buffer, err = v.append(buffer[:probeSize]); err != nil {
					return err
				}
				if _, err := conn.Write(buffer); err != nil {
					return nil
				}
			}
		})
	}
}

// serveHTTP answers a GET of HTTP/1.1, and a call in the frames of gRPC by HTTP/2.
func serveHTTP(ctx context.Context, l net.Listener, v *view) error {
	handler := http.NewServeMux()
	handler.HandleFunc("GET "+httpPath, func(w http.ResponseWriter, _ *http.Request) {
		answer, err := v.append(nil)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/octet-stream")
		_, _ = w.Write(answer) // who asks may have gone
	})
	handler.HandleFunc("POST "+grpcPath, func(w http.ResponseWriter, ask *http.Request) {
		w.Header().Set("Content-Type", grpcType)
		w.Header().Set("Trailer", grpcStatus)
		answer := make([]byte, prefixSize, maxAnswer)
		_, err := readMessage(ask.Body, nil)
		if err == nil {
			answer, err = v.append(answer)
		}
		if err != nil {
			w.Header().Set(grpcStatus, "13") // an internal error
			return
		}
		putPrefix(answer)
		_, _ = w.Write(answer) // as above
		w.Header().Set(grpcStatus, "0")
	})
	server := &http.Server{Handler: handler, Protocols: new(http.Protocols), ReadHeaderTimeout: patience}
	server.Protocols.SetHTTP1(true)
	server.Protocols.SetUnencryptedHTTP2(true)
	defer context.AfterFunc(ctx, func() { server.Close() })()
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("probing: %w", err)
	}
	return nil
}
