package main

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/cmd/fairlb/internal/jobqueue"
	"fairlb/train/queue"
)

// defaultIdle is how long a worker is idle until it ends, with --until-idle alone.
const defaultIdle = 30 * time.Second

func (a *app) workerCommand() *cobra.Command {
	var url, tokenFile, name string
	var slots int
	var untilIdle time.Duration
	c := &cobra.Command{
		Use:         "worker --queue URL",
		Annotations: finishing("giving the jobs back"),
		Short:       "Do the jobs of a queue: trainings and evaluations of tables and studies",
		Long: `Do the jobs of the queue that "fairlb tables --queue" or "fairlb study --queue"
made, which say the URL and the file of the token, on any machine that reaches it.
A worker needs no other files, and must be the same executable. It waits for the
queue to be there. Interrupted, it hands its jobs back; if it dies, they go to
others. With --until-idle it ends by itself, with exit code 0, when for so long no
job has been queued or running, or the queue was gone.

` + tokenHelp,
		Example: "  fairlb worker --queue nats://127.0.0.1:4222 --token-file runs/study/queue/token --workers 8",
		Args: func(c *cobra.Command, args []string) error {
			return checked(cobra.NoArgs)(c, takeDuration(c, args, &untilIdle))
		},
		RunE: func(c *cobra.Command, _ []string) error {
			if url == "" {
				return invalid.Errorf("--queue: must be the URL of a queue")
			}
			if err := queue.CheckURL(url); err != nil {
				return invalid.Errorf("--queue: %w", err)
			}
			if slots < 1 {
				return invalid.Errorf("--workers %d: must be at least 1", slots)
			}
			if c.Flags().Changed("until-idle") && untilIdle <= 0 {
				return invalid.Errorf("--until-idle %v: must be a time such as 30s", untilIdle)
			}
			token, err := jobqueue.Token(tokenFile)
			if err != nil {
				return invalid.Errorf("--token-file: %w", err)
			}
			ctx := c.Context()
			a.log.Info("looking for the queue")
			q, err := a.openQueue(ctx, queue.Config{URL: url, Token: token, Name: name}, untilIdle)
			if err != nil {
				return err
			}
			defer q.Close()
			a.log.WithFields(map[string]any{"workers": slots, "build": jobqueue.Version()}).Info("joined the queue")
			worker := jobqueue.NewWorker(q, name, slots, a.log)
			worker.UntilIdle = untilIdle
			if err := worker.Run(ctx); err != nil {
				return err
			}
			return ctx.Err()
		},
	}
	c.Flags().StringVar(&url, "queue", "", "the queue's URL, or several of a cluster with commas (required)")
	c.Flags().StringVar(&tokenFile, "token-file", "", "the file of the queue's token; without it, "+jobqueue.TokenVariable+" in the environment")
	c.Flags().IntVar(&slots, "workers", runtime.GOMAXPROCS(0), "jobs at a time")
	c.Flags().StringVar(&name, "name", jobqueue.WorkerName(), "what the queue calls this worker")
	c.Flags().DurationVar(&untilIdle, "until-idle", 0, "end when there has been nothing to do for so long, such as 5m")
	c.Flags().Lookup("until-idle").NoOptDefVal = defaultIdle.String()
	return c
}

// takeDuration moves a time behind a bare --until-idle from the arguments into the
// flag: a flag whose value may be left out cannot have it behind a space.
func takeDuration(c *cobra.Command, args []string, untilIdle *time.Duration) []string {
	if len(args) == 1 && c.Flags().Changed("until-idle") {
		if d, err := time.ParseDuration(args[0]); err == nil {
			*untilIdle = d
			return nil
		}
	}
	return args
}

// openQueue opens a queue, for which it waits, but no longer than a worker may be
// idle.
func (a *app) openQueue(ctx context.Context, cfg queue.Config, untilIdle time.Duration) (*queue.Queue, error) {
	tell := a.waiting()
	if untilIdle == 0 {
		cfg.Waiting = tell
		return queue.Open(ctx, cfg)
	}
	limited, cancel := context.WithTimeout(ctx, untilIdle)
	defer cancel()
	var reason error
	cfg.Waiting = func(why error) {
		reason = why
		tell(why)
	}
	q, err := queue.Open(limited, cfg)
	if err != nil && ctx.Err() == nil && limited.Err() != nil {
		return nil, fmt.Errorf("no queue at %s for %v: %w", cfg.URL, untilIdle, cmp.Or(reason, err))
	}
	return q, err
}

// waitingInterval is the time between two lines about waiting for a queue.
const waitingInterval = 30 * time.Second

// waiting returns a function that logs every so often why a queue is waited for.
func (a *app) waiting() func(why error) {
	var last time.Time
	return func(why error) {
		if now := time.Now(); now.Sub(last) >= waitingInterval {
			last = now
			a.log.WithField("reason", why).Info("no queue there yet; waiting (Ctrl-C ends it)")
		}
	}
}
