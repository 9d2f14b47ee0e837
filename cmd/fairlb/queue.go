package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"fairlb/agents/checkpoint"
	"fairlb/train/queue"
)

// queueHere is the value of --queue for a queue of this process's own.
const queueHere = "here"

const queueHelp = `--queue has the work done through a queue of jobs, which others may join with
fairlb worker: alone, one in the folder, served by this process, which also works
(--workers); with a URL, that of another server, where this process does not work
unless told to. A worker that dies loses nothing, and a job that fails three times
is set aside while the others go on.`

// queueFlags are the flags of commands that may use a queue.
type queueFlags struct {
	url, listen string
	replicas    int
}

func (f *queueFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&f.url, "queue", "", "do the work through a queue of jobs: this process's own, or that of a URL")
	c.Flags().Lookup("queue").NoOptDefVal = queueHere
	c.Flags().StringVar(&f.listen, "listen", "127.0.0.1:0", "where this process's own queue listens (port 0: that of the last time, if it is free, or any); beyond loopback for networks that you trust")
	c.Flags().IntVar(&f.replicas, "replicas", 1, "servers that keep everything, of a URL's cluster")
}

// isURL tells a queue's URL among the arguments: a flag whose value may be left
// out cannot have it behind a space.
func isURL(arg string) bool { return strings.Contains(arg, "://") }

// take moves the URL behind a bare --queue from the arguments into the flag.
func (f *queueFlags) take(args []string) []string {
	k := slices.IndexFunc(args, isURL)
	if f.url != queueHere || k < 0 {
		return args
	}
	f.url = args[k]
	return slices.Delete(slices.Clone(args), k, k+1)
}

// checked wraps cobra's check of the number of arguments.
func (f *queueFlags) checked(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		given := *f
		return checked(check)(c, given.take(args))
	}
}

// validate checks the flags, and sets workers where it was not given.
func (f *queueFlags) validate(c *cobra.Command, workers *int) error {
	remote := f.url != "" && f.url != queueHere
	if remote && !c.Flags().Changed("workers") {
		*workers = 0
	}
	switch {
	case *workers < 0 || *workers == 0 && f.url == "":
		return usage("--workers %d: must be at least 1", *workers)
	case f.url != queueHere && c.Flags().Changed("listen"):
		return usage("--listen: goes with a queue of this process's own: --queue without a URL")
	case !remote && c.Flags().Changed("replicas"):
		return usage("--replicas: goes with the URL of a cluster: --queue URL")
	case remote:
		if err := queue.CheckURL(f.url); err != nil {
			return usage("--queue: %w; or have no value", err)
		}
	}
	if _, _, err := f.address(); err != nil {
		return err
	}
	return nil
}

// address is where an own queue listens.
func (f *queueFlags) address() (host string, port int, err error) {
	host, text, err := net.SplitHostPort(f.listen)
	if err == nil {
		port, err = strconv.Atoi(text)
	}
	if err != nil || port < 0 || port > 65535 {
		return "", 0, usage("--listen %q: must be HOST:PORT", f.listen)
	}
	if host == "" {
		host = "0.0.0.0"
	}
	return host, port, nil
}

// with calls work with the farm that the flags mean, or without one.
func (f *queueFlags) with(ctx context.Context, a *app, dir string, workers int, work func(context.Context, *farm) error) error {
	if f.url == "" {
		return work(ctx, nil)
	}
	farm, err := f.open(ctx, a, dir, workers)
	if err != nil {
		return err
	}
	return errors.Join(work(ctx, farm), farm.end())
}

// open connects to a queue, after starting it if it is this process's own, and
// puts so many workers of this process to it.
func (f *queueFlags) open(ctx context.Context, a *app, dir string, workers int) (_ *farm, err error) {
	var ends []func() error
	end := func() error {
		var errs []error
		for _, last := range slices.Backward(ends) {
			errs = append(errs, last())
		}
		return errors.Join(errs...)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, end())
		}
	}()
	address := f.url
	if address == queueHere {
		server, err := f.serve(a, filepath.Join(dir, "queue"))
		if err != nil {
			return nil, err
		}
		ends = append(ends, server.Close)
		address = server.URL()
		a.log.Infof("a queue; join it with: fairlb worker --queue %s", reachable(address))
	}
	q, err := queue.Open(ctx, queue.Config{URL: address, Name: workerName(), Create: true, Replicas: f.replicas})
	if err != nil {
		return nil, err
	}
	ends = append(ends, func() error { q.Close(); return nil })
	ctx, cancel := context.WithCancel(ctx)
	board := newJobBoard(a)
	if workers > 0 {
		board.own = workerName()
	}
	farm := &farm{queue: q, board: board, end: end, watch: q.Watch(ctx, board.note)}
	board.show(farm.watch)
	var working sync.WaitGroup
	var failed error
	if workers > 0 {
		w := a.newWorker(q, workerName(), workers)
		w.Watched = true // by the board
		working.Go(func() { failed = w.Run(ctx) })
	}
	ends = append(ends, func() error {
		cancel()
		working.Wait()
		board.close()
		return failed
	})
	farm.end = end
	return farm, nil
}

// serve starts an own queue. One that others can reach wants a token, which is
// kept with it, as is the port, so that workers that wait find it again.
func (f *queueFlags) serve(a *app, dir string) (*queue.Server, error) {
	host, port, err := f.address()
	if err != nil {
		return nil, err
	}
	cfg := queue.ServerConfig{Dir: dir, Host: host, Port: port, Log: a.log}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		if cfg.Token, err = keptToken(dir); err != nil {
			return nil, err
		}
	}
	if cfg.Port == 0 {
		cfg.Port = keptPort(a, dir, cfg.Host)
	}
	server, err := queue.Serve(cfg)
	if err != nil {
		return nil, err
	}
	if err := keepPort(dir, server.URL()); err != nil {
		return nil, errors.Join(err, server.Close())
	}
	return server, nil
}

// portName is the file that keeps the port of a queue's last server.
const portName = "port"

// keptPort returns the port in the folder if nobody listens there, or 0.
func keptPort(a *app, dir, host string) int {
	data, err := os.ReadFile(filepath.Join(dir, portName))
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
		a.log.WithError(err).Warnf("port %d, the queue's last, cannot be had: workers that wait there do not find it", port)
		return 0
	}
	_ = l.Close() // it never accepted
	return port
}

// keepPort writes the port of a server's URL into the folder.
func keepPort(dir, address string) error {
	u, err := url.Parse(address)
	if err != nil {
		return err
	}
	return writeFile(filepath.Join(dir, portName), func(w io.Writer) error {
		_, err := fmt.Fprintln(w, u.Port())
		return err
	})
}

// keptToken returns the token in the folder, after making one if there is none.
func keptToken(dir string) (string, error) {
	path := filepath.Join(dir, "token")
	data, err := os.ReadFile(path)
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return strings.TrimSpace(string(data)), err
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return "", err
	}
	token := rand.Text()
	return token, checkpoint.Replace(path, 0o600, func(w io.Writer) error {
		_, err := fmt.Fprintln(w, token)
		return err
	})
}

// reachable is a URL with this machine's name in place of all its addresses.
func reachable(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return text
	}
	name, err := os.Hostname()
	if ip := net.ParseIP(u.Hostname()); err == nil && ip != nil && ip.IsUnspecified() {
		u.Host = net.JoinHostPort(name, u.Port())
	}
	return u.String()
}
