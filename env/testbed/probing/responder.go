package probing

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"

	"github.com/sirupsen/logrus"

	"fairlb/env/parallel"
	"fairlb/env/testbed/remote"
	"fairlb/env/testbed/shm"
)

// shared is the folder of what is in memory and yet has a name.
const shared = "/dev/shm"

// places say where a responder is to be found. It tells them as one line of JSON.
type places struct {
	Folder     string `json:"folder"` // of all files; it goes when the responder ends
	V2         string `json:"v2"`     // regions that are published on demand
	V1         string `json:"v1"`
	Flood      string `json:"flood"` // a region that is published as fast as it goes, while it is told to
	Unix       string `json:"unix"`  // sockets of probes
	TCP        string `json:"tcp"`
	Connection string `json:"connection"` // of those that come by a connection each
	HTTP       string `json:"http"`
	GRPC       string `json:"grpc"` // HTTP/2 without TLS
	Lent       string `json:"lent"`
	Key        []byte `json:"key"` // of who borrows there
}

// What a responder is told, a byte each. It answers with the number of the publication.
const (
	tellPublish = 'p' // publish once
	tellFlood   = 'f' // publish as fast as it goes, from now on
	tellStop    = 's' // no more so
)

// responder is the side of who has features.
type responder struct {
	cfg      Config
	count    uint64 // publications
	demanded *publisher
	flood    flood
}

// Respond publishes and answers, as what in says has it, until in ends: the process that
// started this one has ended, or wants no more. The first line of in is a Config as JSON;
// what it has to say goes to out.
func Respond(ctx context.Context, in io.Reader, out io.Writer) (err error) {
	told := bufio.NewReader(in)
	line, err := told.ReadSlice('\n')
	if err != nil {
		return fmt.Errorf("%w: no line that says what to publish: %w", ErrConfig, err)
	}
	r := &responder{}
	if err := json.Unmarshal(line, &r.cfg); err != nil {
		return fmt.Errorf("%w: %w", ErrConfig, err)
	}
	if err := r.cfg.Check(); err != nil {
		return err
	}
	folder, err := os.MkdirTemp(shared, "fairlb-probing-")
	if err != nil {
		return fmt.Errorf("probing: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	at := places{
		Folder: folder, V2: filepath.Join(folder, "v2"), V1: filepath.Join(folder, "v1"), Flood: filepath.Join(folder, "flood"),
		Unix: filepath.Join(folder, "socket"), Key: make([]byte, remote.MinKey),
	}
	if _, err := rand.Read(at.Key); err != nil {
		return err
	}
	if r.demanded, err = newPublisher(r.cfg, map[shm.Layout]string{shm.V2: at.V2, shm.V1: at.V1}); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.demanded.close()) }()
	full, err := newPublisher(r.cfg, map[shm.Layout]string{shm.V2: at.Flood})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, full.close()) }()
	r.flood.publish = full.publish
	if err := r.publish(); err != nil {
		return err
	}
	running, stop := context.WithCancel(ctx)
	group, running := parallel.NewGroup(running)
	err = r.listen(running, group, &at)
	if err == nil {
		err = r.obey(running, told, out, &at)
	}
	stop()
	return errors.Join(err, group.Wait())
}

// publish publishes once.
func (r *responder) publish() error {
	r.count++
	return r.demanded.publish()
}

// obey says where things are, and does what it is told until there is no more.
func (r *responder) obey(ctx context.Context, told io.ByteReader, out io.Writer, at *places) error {
	line, err := json.Marshal(at)
	if err == nil {
		_, err = out.Write(append(line, '\n'))
	}
	if err != nil {
		return err
	}
	f := &r.flood
	defer func() { _ = f.stop() }() // told before, if it went wrong
	for {
		what, err := told.ReadByte()
		if err != nil {
			return f.stop() // whoever was to say something has gone
		}
		switch what {
		case tellPublish:
			err = r.publish()
		case tellFlood:
			err = f.start(ctx)
		case tellStop:
			err = f.stop()
		default:
			err = fmt.Errorf("probing: told %q", what)
		}
		if err != nil {
			return err
		}
		if _, err := out.Write(binary.LittleEndian.AppendUint64(nil, r.count)); err != nil {
			return err
		}
	}
}

// flood publishes as fast as it goes.
type flood struct {
	publish func() error
	running *parallel.Group // nil: it does not
	cancel  context.CancelFunc
}

// start begins with one publication.
func (f *flood) start(ctx context.Context) error {
	if err := errors.Join(f.stop(), f.publish()); err != nil {
		return err
	}
	ctx, f.cancel = context.WithCancel(ctx)
	f.running, ctx = parallel.NewGroup(ctx)
	f.running.Go(func() (err error) {
		for err == nil && ctx.Err() == nil {
			err = f.publish()
		}
		return err
	})
	return nil
}

// stop stops it, if it runs.
func (f *flood) stop() error {
	if f.running == nil {
		return nil
	}
	f.cancel()
	err := f.running.Wait()
	f.running = nil
	return err
}

// listen listens at all sockets, says where, and answers until ctx is done. Whatever answers
// has a view of its own of the region, so that none knows a frame for which another was asked.
func (r *responder) listen(ctx context.Context, group *parallel.Group, at *places) error {
	for _, one := range []struct {
		network string
		address *string
		serve   func(net.Listener, *view) error
	}{
		{"unix", &at.Unix, func(l net.Listener, v *view) error { return serveStream(ctx, group, l, v) }},
		{"tcp", &at.TCP, func(l net.Listener, v *view) error { return serveStream(ctx, group, l, v) }},
		{"tcp", &at.Connection, func(l net.Listener, v *view) error { return serveStream(ctx, group, l, v) }},
		{"tcp", &at.HTTP, func(l net.Listener, v *view) error { return serveHTTP(ctx, l, v) }},
		{"tcp", &at.GRPC, func(l net.Listener, v *view) error { return serveHTTP(ctx, l, v) }},
		{"tcp", &at.Lent, func(l net.Listener, v *view) error { return remote.Serve(ctx, l, v.plane, at.Key, silent()) }},
	} {
		v, err := openView(at.V2, r.cfg)
		if err != nil {
			return err
		}
		if one.network == "tcp" {
			*one.address = "127.0.0.1:0"
		}
		l, err := (&net.ListenConfig{}).Listen(ctx, one.network, *one.address)
		if err != nil {
			return errors.Join(fmt.Errorf("probing: %w", err), v.plane.Close())
		}
		*one.address = l.Addr().String()
		group.Go(func() error { return errors.Join(one.serve(l, v), v.close()) })
	}
	return nil
}

// silent is a logger that says nothing.
func silent() *logrus.Logger {
	log := logrus.New()
	log.SetOutput(io.Discard)
	return log
}
