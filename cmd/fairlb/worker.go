package main

import (
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/cmd/fairlb/internal/jobqueue"
	"fairlb/train/queue"
)

func (a *app) workerCommand() *cobra.Command {
	var url, name string
	var slots int
	c := &cobra.Command{
		Use:   "worker --queue URL",
		Short: "Do the jobs of a queue: trainings and evaluations of tables and studies",
		Long: `Do the jobs of the queue that "fairlb tables --queue" or "fairlb study --queue"
made, which say the URL, on any machine that reaches it. A worker needs no files,
and must be the same executable. It waits for the queue to be there. Interrupted, it hands its jobs back; if it dies,
they go to others.`,
		Example: "  fairlb worker --queue nats://127.0.0.1:4222 --workers 8",
		Args:    checked(cobra.NoArgs),
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
			ctx := c.Context()
			a.log.Info("looking for the queue")
			q, err := queue.Open(ctx, queue.Config{URL: url, Name: name, Waiting: a.waiting()})
			if err != nil {
				return err
			}
			defer q.Close()
			a.log.WithFields(map[string]any{"workers": slots, "build": jobqueue.Version()}).Info("joined the queue")
			if err := jobqueue.NewWorker(q, name, slots, a.log).Run(ctx); err != nil {
				return err
			}
			return ctx.Err()
		},
	}
	c.Flags().StringVar(&url, "queue", "", "the queue's URL, or several of a cluster with commas (required)")
	c.Flags().IntVar(&slots, "workers", runtime.GOMAXPROCS(0), "jobs at a time")
	c.Flags().StringVar(&name, "name", jobqueue.WorkerName(), "what the queue calls this worker")
	return c
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
