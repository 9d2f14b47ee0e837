package watch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"fairlb/env/testbed"
	"fairlb/env/testbed/plane/admin"
	"fairlb/results/runtrace"
)

// ErrBalancer reports a load balancer that does not say what it does.
var ErrBalancer = errors.New("the load balancer cannot be watched")

const (
	asking     = 500 * time.Millisecond // between two answers
	patience   = 2 * time.Second        // for one
	allWeights = "weights"              // what decides if weights do
)

// Balancer is a load balancer that runs (`fairlb lb`), as its administration tells of it: a
// step every half second, without end. Queues are the connections that it has open to servers.
type Balancer struct {
	ctx    context.Context // of all requests
	client *admin.Client
	socket string
	clock  testbed.Clock

	first, last *admin.State // nil: it has not been asked
	asked       time.Time
}

var _ Source = (*Balancer)(nil)

// NewBalancer returns the load balancer whose administration answers at a Unix socket.
func NewBalancer(ctx context.Context, socket string, clock testbed.Clock) *Balancer {
	return &Balancer{ctx: ctx, socket: socket, clock: clock, client: admin.NewClient(socket, patience)}
}

// Header implements Source.
func (b *Balancer) Header() (runtrace.Header, error) {
	if b.first == nil {
		s, err := b.state()
		if err != nil {
			return runtrace.Header{}, err
		}
		b.first = s
	}
	h := runtrace.Header{Scenario: b.first.Name, Target: b.first.Decider, Live: true, Interval: asking.Seconds(), LBs: 1}
	for _, s := range b.first.Servers {
		h.Servers = append(h.Servers, runtrace.Server{Name: s.Name})
	}
	if len(h.Servers) == 0 {
		return h, fmt.Errorf("%s: %w: it has no servers", b.socket, ErrBalancer)
	}
	return h, nil
}

// Next implements Source. The first step has what was there as the watching began.
func (b *Balancer) Next() (runtrace.Step, error) {
	if _, err := b.Header(); err != nil {
		return runtrace.Step{}, err
	}
	if b.last == nil {
		b.last, b.asked = b.first, b.clock.Now()
		return stepOf(b.first, b.first, 0), nil
	}
	if b.clock.Now().Sub(b.asked) < asking {
		return runtrace.Step{}, io.EOF
	}
	s, err := b.state()
	if err != nil {
		return runtrace.Step{}, err
	}
	b.asked = b.clock.Now()
	names := func(s *admin.State) (list []string) {
		for _, x := range s.Servers {
			list = append(list, x.Name)
		}
		return list
	}
	switch {
	case !slices.Equal(names(s), names(b.first)):
		return runtrace.Step{}, fmt.Errorf("%s: %w any longer: it has other servers now; begin again", b.socket, ErrBalancer)
	case s.Uptime <= b.last.Uptime:
		return runtrace.Step{}, fmt.Errorf("%s: %w any longer: another process answers; begin again", b.socket, ErrBalancer)
	}
	step := stepOf(b.last, s, s.Uptime-b.first.Uptime)
	b.last = s
	return step, nil
}

// state asks the load balancer for its state.
func (b *Balancer) state() (*admin.State, error) {
	s, err := b.client.State(b.ctx)
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %w", b.socket, ErrBalancer, err)
	}
	return s, nil
}

// stepOf is what happened between two states of the same load balancer.
func stepOf(before, now *admin.State, time float64) runtrace.Step {
	step := runtrace.Step{
		Time: time, Arrived: since(before.Connections.Accepted, now.Connections.Accepted),
		Sent: [][]int{nil}, Completed: [][]int{nil}, Failed: [][]int{nil}, Weights: [][]float64{nil},
	}
	for j, s := range now.Servers {
		old := before.Servers[j]
		step.Queue = append(step.Queue, int(s.Active))
		step.Weights[0] = append(step.Weights[0], s.Weight)
		step.Sent[0] = append(step.Sent[0], since(old.Dispatched, s.Dispatched))
		step.Completed[0] = append(step.Completed[0], since(old.Completed, s.Completed))
		step.Failed[0] = append(step.Failed[0], since(old.Failed, s.Failed))
		if !s.In {
			step.Out = append(step.Out, j)
		}
	}
	if now.Decider != allWeights || slices.Min(step.Weights[0]) <= 0 {
		step.Weights = nil
	}
	step.Ended = endedBetween(before, now)
	return step
}

// endedBetween is of the connections that ended between two states.
func endedBetween(before, now *admin.State) runtrace.Ended {
	var e runtrace.Ended
	for outcome, n := range now.Ended {
		ended := since(before.Ended[outcome], n)
		e.Count += ended
		if outcome != "completed" {
			e.Failed += ended
		}
	}
	counted := map[float64]float64{}
	for _, x := range before.Duration.Buckets {
		counted[x[0]] = x[1]
	}
	for _, x := range now.Duration.Buckets {
		if n := int(x[1] - counted[x[0]]); n > 0 {
			e.Times = e.Times.Add(x[0], n)
		}
	}
	if n := since(before.Duration.Count, now.Duration.Count); n > 0 {
		e.Mean = max(0, (now.Duration.Mean*float64(now.Duration.Count)-before.Duration.Mean*float64(before.Duration.Count))/float64(n))
	}
	return e
}

// since is by how much a counter has grown.
func since(before, now uint64) int { return int(now - min(before, now)) }
