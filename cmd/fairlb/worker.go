package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"fairlb/agents/checkpoint"
	"fairlb/env/dispatch"
	"fairlb/env/scenario"
	"fairlb/env/settings"
	"fairlb/eval/episodes"
	"fairlb/train"
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
				return usage("--queue: must be the URL of a queue")
			}
			if err := queue.CheckURL(url); err != nil {
				return usage("--queue: %w", err)
			}
			if slots < 1 {
				return usage("--workers %d: must be at least 1", slots)
			}
			ctx := c.Context()
			a.log.Info("looking for the queue")
			q, err := queue.Open(ctx, queue.Config{URL: url, Name: name, Waiting: a.waiting()})
			if err != nil {
				return err
			}
			defer q.Close()
			a.log.WithFields(map[string]any{"workers": slots, "build": jobVersion()}).Info("joined the queue")
			if err := a.newWorker(q, name, slots).Run(ctx); err != nil {
				return err
			}
			return ctx.Err()
		},
	}
	c.Flags().StringVar(&url, "queue", "", "the queue's URL, or several of a cluster with commas (required)")
	c.Flags().IntVar(&slots, "workers", runtime.GOMAXPROCS(0), "jobs at a time")
	c.Flags().StringVar(&name, "name", workerName(), "what the queue calls this worker")
	return c
}

// waitingLine is the time between two lines about waiting for a queue.
const waitingLine = 30 * time.Second

// waiting returns what logs every so often why a queue is waited for.
func (a *app) waiting() func(why error) {
	var last time.Time
	return func(why error) {
		if now := time.Now(); now.Sub(last) >= waitingLine {
			last = now
			a.log.WithField("reason", why).Info("no queue there yet; waiting (Ctrl-C ends it)")
		}
	}
}

// workerName is this machine and process.
func workerName() string {
	host, err := os.Hostname()
	if err != nil {
		host = "worker"
	}
	return fmt.Sprintf("%s-%d", host, os.Getpid())
}

// newWorker returns what does the jobs of a queue.
func (a *app) newWorker(q *queue.Queue, name string, slots int) *queue.Worker {
	l := labour{a, q}
	return &queue.Worker{
		Queue: q, Handle: l.handle, Name: name, Version: jobVersion(), Slots: slots, Log: a.log,
	}
}

// labour does jobs.
type labour struct {
	app   *app
	queue *queue.Queue
}

// handle is a queue.Handler. A job that the user must mend is not tried again.
func (l labour) handle(ctx context.Context, job queue.Job, progress func(done, of int)) (result []byte, err error) {
	scratch, err := os.MkdirTemp("", "fairlb-job-*")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(scratch)
	begun := time.Now()
	switch job.Kind {
	case trainKind:
		result, err = l.train(ctx, job, scratch, progress)
	case evalKind:
		result, err = l.evaluate(ctx, job, scratch, progress)
	case searchKind:
		result, err = l.search(ctx, job, scratch, progress)
	default:
		err = usage("a job of kind %q: must be %s, %s or %s", job.Kind, trainKind, evalKind, searchKind)
	}
	if err != nil {
		if exitCode(err) == exitUsage {
			err = queue.Permanent(err)
		}
		return nil, err
	}
	l.app.log.Debugf("%s %s: %.1f s", job.Kind, job.Title, time.Since(begun).Seconds())
	return result, nil
}

// quiet is the app for a job, whose progress goes to the queue.
func (l labour) quiet(progress func(done, of int)) *app {
	a := l.app.silent()
	a.progress = progress
	return a
}

// decode reads a job's payload.
func decode(job queue.Job, into any) error {
	if err := json.Unmarshal(job.Payload, into); err != nil {
		return usage("the payload of %s: %w", job.Title, err)
	}
	return nil
}

func payloadText(payload any) (json.RawMessage, error) { return json.Marshal(payload) }

// scenarioOf reads a scenario that was written as text.
func scenarioOf(text, scratch string) (scenario.Scenario, error) {
	path := filepath.Join(scratch, scenarioName)
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		return scenario.Scenario{}, err
	}
	return scenario.Load(path, nil)
}

// sameKey compares a job's key with that of what its payload came to.
func sameKey(job queue.Job, hash string) error {
	if key := job.Kind + "-" + hash; key != job.Key {
		return usage("%s: its settings are those of key %s, not of %s", job.Title, key, job.Key)
	}
	return nil
}

func (l labour) train(ctx context.Context, job queue.Job, scratch string, progress func(done, of int)) ([]byte, error) {
	var p trainPayload
	if err := decode(job, &p); err != nil {
		return nil, err
	}
	s, err := scenarioOf(p.Scenario, scratch)
	if err != nil {
		return nil, err
	}
	h, err := train.LoadHyperparameters(hyperName, []byte(p.Hyper), nil)
	if err != nil {
		return nil, err
	}
	hash, err := trainingHash(&h, s)
	if err == nil {
		err = sameKey(job, hash)
	}
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(scratch, "run")
	if err := l.quiet(progress).trainRun(ctx, trainJob{hyper: h, scenario: s, dir: dir, command: p.Command, workers: 1}); err != nil {
		return nil, err
	}
	return bundle(dir)
}

func (l labour) evaluate(ctx context.Context, job queue.Job, scratch string, progress func(done, of int)) ([]byte, error) {
	var p evalPayload
	if err := decode(job, &p); err != nil {
		return nil, err
	}
	s, err := scenarioOf(p.Scenario, scratch)
	if err != nil {
		return nil, err
	}
	var what episodes.Target
	switch {
	case p.Run != "":
		what, err = l.policy(ctx, s, &p, scratch)
		if err != nil {
			return nil, err
		}
	case len(p.Weights) > 0:
		what = episodes.Target{Name: p.Name, Env: fixedEnv(s, p.Weights).plain()}
	case slices.Contains(dispatch.Names(), p.Name):
		what = heuristicTarget(s, p.Name)
	default:
		return nil, usage("%s: there is no heuristic %q", job.Title, p.Name)
	}
	report, err := evaluated(ctx, s, p.Seeds, what, progress)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = report.WriteJSON(&out)
	return out.Bytes(), err
}

// policy returns the policy of a run that the queue keeps.
func (l labour) policy(ctx context.Context, s scenario.Scenario, p *evalPayload, scratch string) (episodes.Target, error) {
	data, err := l.queue.Result(ctx, p.Run)
	if err != nil {
		return episodes.Target{}, err
	}
	if err := unbundle(data, scratch, train.CheckpointName); err != nil {
		return episodes.Target{}, err
	}
	path := filepath.Join(scratch, train.CheckpointName)
	t, err := checkpointTarget(s, p.Title, path)
	if err != nil {
		return episodes.Target{}, err
	}
	if t.hash != p.Policy {
		return episodes.Target{}, fmt.Errorf("%w: the queue's run %s has the policy %.12s, wanted is %.12s", checkpoint.ErrMismatch, p.Run, t.hash, p.Policy)
	}
	return t.Target, nil
}

func (l labour) search(ctx context.Context, job queue.Job, scratch string, progress func(done, of int)) ([]byte, error) {
	var p searchPayload
	if err := decode(job, &p); err != nil {
		return nil, err
	}
	s, err := scenarioOf(p.Scenario, scratch)
	if err != nil {
		return nil, err
	}
	var search searchSettings
	if err := settings.Load("search", []byte(p.Search), nil, &search); err != nil {
		return nil, err
	}
	found, err := l.quiet(progress).searchWeights(ctx, s, search)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = found.write(&out)
	return out.Bytes(), err
}
