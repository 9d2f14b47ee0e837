package jobqueue

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"github.com/sirupsen/logrus"

	"fairlb/cmd/fairlb/internal/files"
	"fairlb/env/file"
	"fairlb/train/queue"
)

// Config is how a command has its jobs done.
type Config struct {
	URL      string // of a queue that another process serves; empty: this process serves one
	Token    string // of the server of URL; empty: it wants none
	Host     string // where this process's own queue listens
	Port     int    // 0: that of the last time if it is free, or any
	Replicas int    // servers that keep everything, of a URL's cluster
	Workers  int    // jobs at a time that this process does itself
	Dir      string // the folder of results, which keeps this process's own queue
}

// Connect connects to a queue, after serving it if it is this process's own,
// and gives the queue a worker of this process. Close ends all of it.
func Connect(ctx context.Context, cfg Config, terminal Terminal) (_ *Connection, err error) {
	c := &Connection{}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.Close())
		}
	}()
	address, token := cfg.URL, cfg.Token
	if address == "" {
		dir := filepath.Join(cfg.Dir, "queue")
		if token, err = ownToken(dir); err != nil {
			return nil, err
		}
		server, err := serve(dir, token, cfg.Host, cfg.Port, terminal.Log)
		if err != nil {
			return nil, err
		}
		c.onClose(server.Close)
		address = server.URL()
		terminal.Log.Info(invitation(address, dir, cfg.Host))
	}
	q, err := queue.Open(ctx, queue.Config{URL: address, Token: token, Name: WorkerName(), Create: true, Replicas: cfg.Replicas})
	if err != nil {
		return nil, err
	}
	c.onClose(func() error { q.Close(); return nil })
	ctx, cancel := context.WithCancel(ctx)
	shown := newDisplay(terminal)
	if cfg.Workers > 0 {
		shown.ownWorker = WorkerName()
	}
	c.Executor = &Executor{queue: q, watch: q.Watch(ctx, shown.update), display: shown}
	shown.show(c.Executor.watch)
	var working sync.WaitGroup
	var failed error
	if cfg.Workers > 0 {
		w := NewWorker(q, WorkerName(), cfg.Workers, terminal.Log)
		w.Watched = true // the display tells of its jobs
		working.Go(func() { failed = w.Run(ctx) })
	}
	c.onClose(func() error {
		cancel()
		working.Wait()
		c.Executor.watch.Join()
		shown.close()
		return failed
	})
	return c, nil
}

// Connection is an executor whose jobs a queue's workers do, and what must be
// ended with it.
type Connection struct {
	Executor *Executor
	closers  []func() error // the last one goes first
}

func (c *Connection) onClose(end func() error) { c.closers = append(c.closers, end) }

// Close ends this process's worker, the connection, and this process's server.
func (c *Connection) Close() error {
	var errs []error
	for k := len(c.closers) - 1; k >= 0; k-- {
		errs = append(errs, c.closers[k]())
	}
	c.closers = nil
	return errors.Join(errs...)
}

// WorkerName is this machine and process.
func WorkerName() string {
	return fmt.Sprintf("%s-%d", machineName(), os.Getpid())
}

// machineName names this machine.
func machineName() string {
	host, err := os.Hostname()
	if err != nil {
		return "worker"
	}
	return host
}

// serve starts a queue of this process's own in a folder, which keeps its port,
// so that workers that wait find the queue again.
func serve(dir, token, host string, port int, log logrus.FieldLogger) (*queue.Server, error) {
	cfg := queue.ServerConfig{Dir: dir, Host: host, Port: port, Token: token, Log: log}
	if cfg.Port == 0 {
		cfg.Port = lastPort(dir, cfg.Host, log)
	}
	server, err := queue.Serve(cfg)
	if err != nil {
		return nil, err
	}
	if err := savePort(dir, server.URL()); err != nil {
		return nil, errors.Join(err, server.Close())
	}
	return server, nil
}

// invitation says how to join the queue of a folder that listens at a host,
// without its token, which others may see on the screen.
func invitation(address, dir, host string) string {
	path := filepath.Join(dir, tokenName)
	if absolute, err := filepath.Abs(path); err == nil {
		path = absolute
	}
	text := fmt.Sprintf("a queue; join it with: fairlb worker --queue %s --token-file %s", reachable(address), path)
	if !isLoopback(host) {
		text += " (on another machine, with a copy of that file)"
	}
	return text
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// portName is the file that keeps the port of a queue's last server.
const portName = "port"

// lastPort returns the port in the folder if nobody listens there, or 0.
func lastPort(dir, host string, log logrus.FieldLogger) int {
	data, err := file.Read(filepath.Join(dir, portName), 64)
	if err != nil {
		return 0 // the first time
	}
	text := strings.TrimSpace(string(data))
	port, err := strconv.Atoi(text)
	if err != nil || port < 1 || port > 65535 {
		return 0 // another takes its place
	}
	l, err := net.Listen("tcp", net.JoinHostPort(host, text))
	if err != nil {
		log.WithError(err).Warnf("port %d, the queue's last, cannot be had: workers that wait there do not find it", port)
		return 0
	}
	_ = l.Close() // it never accepted
	return port
}

// savePort writes the port of a server's URL into the folder.
func savePort(dir, address string) error {
	u, err := url.Parse(address)
	if err != nil {
		return err
	}
	return files.WriteBytes(filepath.Join(dir, portName), []byte(u.Port()+"\n"))
}

// reachable is a URL with this machine's name in place of all its addresses.
func reachable(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	name, err := os.Hostname()
	if ip := net.ParseIP(u.Hostname()); err == nil && ip != nil && ip.IsUnspecified() {
		u.Host = net.JoinHostPort(name, u.Port())
	}
	return u.String()
}
