package servicecurve

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"gonum.org/v1/gonum/stat"

	"fairlb/env"
	"fairlb/env/parallel"
	"fairlb/env/station"
	"fairlb/env/testbed/apache"
	"fairlb/env/testbed/emulated"
	"fairlb/eval/figure"
)

// Config says what is measured.
type Config struct {
	Apache      bool // else an emulated server
	Server      station.Config
	Period      time.Duration // of Apache's quota; 0: as package apache has it
	Mixes       [][2]float64  // s, CPU and IO of a request
	Concurrency []int         // requests at a time
	Seconds     float64       // that a point is measured at least
	Timeout     time.Duration // of a request
	Progress    func(mix figure.ServiceMix, p figure.ServicePoint)
}

// server is the one that is measured.
type server interface {
	Addresses() []netip.AddrPort
	Restart([]station.Change) error
	env.GroundTruth
}

// Measure measures all points, one after another.
func Measure(ctx context.Context, cfg Config) (curve []figure.ServiceMix, err error) {
	running, stop := context.WithCancel(ctx)
	group, running := parallel.NewGroup(running)
	var s server
	var quota func() (periods, throttled int64, err error)
	var dropped func() (int, error)
	if cfg.Apache {
		a, err := apache.Listen(ctx, apache.Config{Config: cfg.Server, Period: cfg.Period})
		if err != nil {
			stop()
			return nil, err
		}
		s, quota, dropped = a, func() (int64, int64, error) { return a.Throttled(0) }, func() (int, error) { return a.Overflows(0) }
		group.Go(func() error { return errors.Join(a.Run(running), a.Close()) })
	} else {
		e, err := emulated.Listen(emulated.Config{Config: cfg.Server})
		if err != nil {
			stop()
			return nil, err
		}
		s, quota, dropped = e, func() (int64, int64, error) { return 0, 0, nil }, func() (int, error) { return 0, nil }
		group.Go(func() error { return errors.Join(e.Run(running), e.Close()) })
	}
	defer func() {
		stop()
		if failed := group.Wait(); err == nil {
			err = failed
		}
	}()
	for _, mix := range cfg.Mixes {
		m := figure.ServiceMix{CPU: mix[0], IO: mix[1]}
		for _, n := range cfg.Concurrency {
			p, err := measurePoint(running, &cfg, s, mix, n, quota, dropped)
			if err != nil {
				return nil, fmt.Errorf("%s, %d at a time: %w", m.Name(), n, err)
			}
			p.Model, p.ModelMean = model(cfg.Server, mix, n, cfg.Seconds)
			m.Points = append(m.Points, p)
			if cfg.Progress != nil {
				cfg.Progress(m, p)
			}
		}
		curve = append(curve, m)
	}
	return curve, nil
}

// tally is what has become of the requests of a point since its measurement began.
type tally struct {
	mu      sync.Mutex
	demands *demands  // of those to come
	times   []float64 // s, of completed requests
	failed  int
}

// request returns the next request.
func (t *tally) request() []byte {
	t.mu.Lock()
	defer t.mu.Unlock()
	cpu, io := t.demands.next()
	b := fmt.Appendf(nil, "GET /?cpu=%.9f", cpu)
	if io > 0 {
		b = fmt.Appendf(b, "&io=%.9f", io)
	}
	return append(b, " HTTP/1.1\r\nHost: fairlb\r\nConnection: close\r\n\r\n"...)
}

func (t *tally) add(seconds float64, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err != nil {
		t.failed++
		return
	}
	t.times = append(t.times, seconds)
}

// count returns how many requests have ended.
func (t *tally) count() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.times) + t.failed
}

// reset begins anew.
func (t *tally) reset() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.times, t.failed = nil, 0
}

const (
	lookInterval = 20 * time.Millisecond // between two looks at the server's state
	afterFailure = 50 * time.Millisecond // until a client tries again
)

// measurePoint measures so many requests at a time: after as many have ended, for the
// time that is configured, and until twice as many have ended.
func measurePoint(ctx context.Context, cfg *Config, s server, mix [2]float64, n int, quota func() (int64, int64, error), dropped func() (int, error)) (p figure.ServicePoint, err error) {
	if err := s.Restart(nil); err != nil {
		return p, err
	}
	clients, stop := context.WithCancel(ctx)
	defer stop()
	group, clients := parallel.NewGroup(clients)
	t := tally{demands: newDemands(mix)}
	at := s.Addresses()[0].String()
	for range n {
		group.Go(func() error {
			for clients.Err() == nil {
				request := t.request()
				begun := time.Now()
				err := ask(clients, at, request, cfg.Timeout)
				if clients.Err() != nil {
					break
				}
				t.add(time.Since(begun).Seconds(), err)
				if err != nil {
					time.Sleep(afterFailure)
				}
			}
			return nil
		})
	}
	wait := func(until func() bool) error {
		for !until() {
			select {
			case <-ctx.Done():
				return context.Cause(ctx)
			case <-time.After(lookInterval):
			}
		}
		return nil
	}
	if err := wait(func() bool { return t.count() >= n }); err != nil {
		return p, err
	}
	var before, now env.Truth
	periods0, throttled0, err1 := quota()
	dropped0, err2 := dropped()
	if err := errors.Join(err1, err2, s.Truth(&before)); err != nil {
		return p, err
	}
	begun := time.Now()
	t.reset()
	looks := 0
	err = wait(func() bool {
		if err = s.Truth(&now); err != nil {
			return true
		}
		looks++
		p.Busy += float64(now.Busy[0])
		p.Waiting += float64(now.Backlog[0])
		return time.Since(begun).Seconds() >= cfg.Seconds && t.count() >= 2*n
	})
	p.Seconds = time.Since(begun).Seconds()
	t.mu.Lock()
	times, failed := t.times, t.failed
	t.mu.Unlock()
	periods, throttled, err1 := quota()
	overflows, err2 := dropped()
	stop()
	if err := errors.Join(err, err1, err2, group.Wait()); err != nil {
		return p, err
	}
	p.Concurrency, p.Completed, p.Failed = n, len(times), failed
	p.Busy, p.Waiting = p.Busy/float64(looks), p.Waiting/float64(looks)
	p.Throughput = float64(len(times)) / p.Seconds
	p.Dropped = overflows - dropped0
	if periods > periods0 {
		p.Throttled = float64(throttled-throttled0) / float64(periods-periods0)
	}
	if len(times) > 1 {
		p.Mean, p.SD = stat.MeanStdDev(times, nil)
		slices.Sort(times)
		p.P50, p.P99 = stat.Quantile(0.5, stat.Empirical, times, nil), stat.Quantile(0.99, stat.Empirical, times, nil)
		p.CPU = (now.CPUTime[0] - before.CPUTime[0]) / float64(len(times))
	}
	return p, nil
}

// ask sends a request by a connection of its own and reads the answer to its end.
func ask(ctx context.Context, at string, request []byte, timeout time.Duration) error {
	deadline := time.Now().Add(timeout)
	c, err := (&net.Dialer{Deadline: deadline}).DialContext(ctx, "tcp", at)
	if err != nil {
		return err
	}
	defer c.Close()
	defer context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Now()) })()
	if err := c.SetDeadline(deadline); err != nil {
		return err
	}
	if _, err := c.Write(request); err != nil {
		return err
	}
	answer, err := io.ReadAll(io.LimitReader(c, 64<<10))
	if err != nil {
		return err
	}
	if len(answer) < 12 || string(answer[8:12]) != " 200" {
		return fmt.Errorf("answer %q", answer[:min(len(answer), 40)])
	}
	return nil
}
