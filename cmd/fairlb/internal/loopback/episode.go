package loopback

import (
	"context"
	"errors"
	"sync"
	"time"

	"fairlb/env"
	"fairlb/env/parallel"
	"fairlb/env/station"
	"fairlb/env/testbed"
	"fairlb/env/testbed/client"
)

// episode is the load balancers and the clients of one episode.
type episode struct {
	seed      uint64
	balancers balancers
	steps     steps
	stop      context.CancelFunc
	group     *parallel.Group // load balancers, agents, the schedule, and the clients
	cause     func() error    // why these have ended before their time; nil: they have not
	told      bool            // somebody has been told the cause

	outcomes outcomes
	result   *client.Result // from done on
	failure  error          // of the clients
	done     chan struct{}  // closed as the clients end; nil: they have not begun
}

// outcomes keeps outcomes, which the clients' goroutine records, until the goroutine that
// the episode is for hands them on.
type outcomes struct {
	mu           sync.Mutex
	kept, handed []env.Outcome
}

// Record implements env.Recorder.
func (o *outcomes) Record(x env.Outcome) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.kept = append(o.kept, x)
}

// hand records with to, which may be nil, what has been recorded since it did so before.
func (o *outcomes) hand(to env.Recorder) {
	o.mu.Lock()
	o.kept, o.handed = o.handed[:0], o.kept
	o.mu.Unlock()
	if to == nil {
		return
	}
	for _, x := range o.handed {
		to.Record(x)
	}
}

// begin makes the load balancers of an episode, whose clients begin as it is reset.
func (e *Env) begin(ctx context.Context, seed uint64) (*episode, error) {
	running, stop := context.WithCancel(context.Background())
	ep := &episode{seed: seed, stop: stop}
	e.begun++
	ep.group, running = parallel.NewGroup(running)
	var err error
	ep.cause = func() error { return context.Cause(running) }
	if isExternal(e.cfg.Heuristic) {
		ep.balancers, err = e.newExternals(running, ep)
	} else {
		ep.balancers, err = e.newProcesses(running, ep)
	}
	if err == nil {
		ep.steps, err = ep.balancers.steps(ctx, func() error { return e.beginClients(running, ep) })
	}
	if err != nil {
		if cause := ep.cause(); cause != nil { // what was waited for will not come
			err, ep.told = cause, true
		}
		return nil, errors.Join(err, ep.close())
	}
	return ep, nil
}

// beginClients begins the traffic, and with it the schedule of what changes.
func (e *Env) beginClients(running context.Context, ep *episode) error {
	source, err := e.sim.Workload(ep.seed)
	if err != nil {
		return err
	}
	changes := e.sim.ChangesOf(ep.seed)
	if err := e.servers.Restart(changes); err != nil {
		return errors.Join(err, source.Close())
	}
	begun := time.Now()
	ep.group.Go(func() error { return ep.follow(running, begun, changes) })
	cfg := client.Config{
		Targets: ep.balancers.addresses(), Classes: e.sim.Classes, Duration: e.sim.Duration, Timeout: e.sim.Timeout, Recorder: &ep.outcomes,
		Namespace: e.clients(),
	}
	ep.done = make(chan struct{})
	ep.group.Go(func() error {
		defer close(ep.done)
		ep.result, ep.failure = client.Run(running, cfg, source)
		return nil // whoever waits gets the failure
	})
	return nil
}

// follow tells the load balancers which servers are out, when the schedule says so.
func (ep *episode) follow(running context.Context, begun time.Time, changes []station.Change) error {
	for _, x := range changes {
		switch x.Kind {
		case station.Drain, station.Detect, station.Return:
		default:
			continue
		}
		if err := (testbed.SystemClock{}).WaitUntil(running, begun.Add(time.Duration(x.At*float64(time.Second)))); err != nil {
			return nil // the episode has ended
		}
		if err := ep.balancers.tell(running, x); err != nil {
			return err
		}
	}
	return nil
}

// wait waits until all requests have ended.
func (ep *episode) wait(ctx context.Context) error {
	if ep.done == nil {
		return env.ErrNotReset
	}
	select {
	case <-ep.done:
		if ep.failure != nil && ep.cause() != nil {
			ep.told = true
			return ep.cause() // the clients were stopped because something else had failed
		}
		return ep.failure
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// close ends the load balancers and the clients, and waits for them.
func (ep *episode) close() error {
	ep.stop()
	err := ep.group.Wait()
	if errors.Is(err, context.Canceled) || ep.told {
		err = nil
	}
	if ep.balancers == nil {
		return err
	}
	return errors.Join(err, ep.balancers.close())
}
