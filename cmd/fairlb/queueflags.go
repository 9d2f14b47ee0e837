package main

import (
	"context"
	"errors"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"fairlb/cmd/fairlb/internal/executor"
	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/cmd/fairlb/internal/jobqueue"
	"fairlb/cmd/fairlb/internal/store"
	"fairlb/train/queue"
)

// ownQueue is the value of --queue for a queue of this process's own.
const ownQueue = "here"

const queueHelp = `--queue has the work done through a queue of jobs, which others may join with
fairlb worker: alone, one in the folder, served by this process, which also works
(--workers); with a URL, that of another server, where this process does not work
unless told to. A worker that dies loses nothing, and a job that fails three times
is set aside while the others go on.

` + tokenHelp

const tokenHelp = `Whoever joins a queue needs its token. That of a process's own queue is in the
file queue/token of its folder; it is given by --token-file, or by the environment
variable ` + jobqueue.TokenVariable + `, and never on the command line, which others see.`

// queueFlags are the flags of commands that may use a queue.
type queueFlags struct {
	url, listen string
	tokenFile   string
	replicas    int
}

func (f *queueFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&f.url, "queue", "", "do the work through a queue of jobs: this process's own, or that of a URL")
	c.Flags().Lookup("queue").NoOptDefVal = ownQueue
	c.Flags().StringVar(&f.tokenFile, "token-file", "", "the file of the token of a URL's queue; without it, "+jobqueue.TokenVariable+" in the environment")
	c.Flags().StringVar(&f.listen, "listen", "127.0.0.1:0", "where this process's own queue listens (port 0: that of the last time, if it is free, or any); beyond loopback for networks that you trust")
	c.Flags().IntVar(&f.replicas, "replicas", 1, "servers that keep everything, of a URL's cluster")
}

// isURL tells a queue's URL among the arguments: a flag whose value may be left
// out cannot have it behind a space.
func isURL(arg string) bool { return strings.Contains(arg, "://") }

// take moves the URL behind a bare --queue from the arguments into the flag.
func (f *queueFlags) take(args []string) []string {
	k := slices.IndexFunc(args, isURL)
	if f.url != ownQueue || k < 0 {
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
	remote := f.url != "" && f.url != ownQueue
	if remote && !c.Flags().Changed("workers") {
		*workers = 0
	}
	switch {
	case *workers < 0 || *workers == 0 && f.url == "":
		return invalid.Errorf("--workers %d: must be at least 1", *workers)
	case f.url != ownQueue && c.Flags().Changed("listen"):
		return invalid.Errorf("--listen: goes with a queue of this process's own: --queue without a URL")
	case !remote && c.Flags().Changed("token-file"):
		return invalid.Errorf("--token-file: goes with the URL of a queue: this process's own makes its token")
	case !remote && c.Flags().Changed("replicas"):
		return invalid.Errorf("--replicas: goes with the URL of a cluster: --queue URL")
	case remote:
		if err := queue.CheckURL(f.url); err != nil {
			return invalid.Errorf("--queue: %w; or have no value", err)
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
		return "", 0, invalid.Errorf("--listen %q: must be HOST:PORT", f.listen)
	}
	if host == "" {
		host = "0.0.0.0"
	}
	return host, port, nil
}

// withExecutor calls work with the executor that the flags mean: this process,
// or a queue, with so many workers of this process.
func (f *queueFlags) withExecutor(ctx context.Context, a *app, dir string, workers int, work func(context.Context, store.Executor) error) error {
	if f.url == "" {
		return work(ctx, executor.Local{Workers: workers, Log: a.log, Progress: a.progress})
	}
	cfg := jobqueue.Config{Replicas: f.replicas, Workers: workers, Dir: dir}
	if f.url == ownQueue {
		var err error
		if cfg.Host, cfg.Port, err = f.address(); err != nil {
			return err
		}
	} else {
		cfg.URL = f.url
		var err error
		if cfg.Token, err = jobqueue.Token(f.tokenFile); err != nil {
			return invalid.Errorf("--token-file: %w", err)
		}
	}
	c, err := jobqueue.Connect(ctx, cfg, jobqueue.Terminal{Out: a.stderr, Interactive: drawable(a.stderr), Log: a.log})
	if err != nil {
		return err
	}
	return errors.Join(work(ctx, c.Executor), c.Close())
}
