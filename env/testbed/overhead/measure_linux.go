package overhead

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"fairlb/env/testbed/epoll"
)

// Measure makes a link, measures all loads on it, and removes it.
func Measure(ctx context.Context, c Config) (list []Result, err error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	x, err := newLink(&c)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, x.close()) }()
	list = make([]Result, len(c.Loads))
	for k, load := range c.Loads {
		list[k].Load = load
	}
	seconds := make([]float64, len(list))
	for range c.Rounds {
		for k := range list {
			took, err := x.round(ctx, &c, &list[k])
			if err != nil {
				return nil, fmt.Errorf("%d bytes to each of %d agents: %w", list[k].Bytes, list[k].Agents, err)
			}
			seconds[k] += took
			if c.Progress != nil {
				c.Progress()
			}
		}
	}
	for k := range list {
		list[k].Sent /= seconds[k]
	}
	return list, nil
}

// round measures a load once, adds to its result, the bits that were received to Sent, and
// returns for how long (s).
func (x *link) round(ctx context.Context, c *Config, r *Result) (seconds float64, err error) {
	var listener net.Listener
	err = epoll.Within(x.lab.Path(agentsPart), func() (err error) {
		listener, err = net.Listen("tcp4", netip.AddrPortFrom(x.agents, 0).String())
		return err
	})
	if err != nil {
		return 0, err
	}
	defer listener.Close()
	var e *echoes
	var t *traffic
	err = epoll.Within(x.lab.Path(controllerPart), func() (err error) {
		if e, err = newEchoes(x.agents, c.Echoes); err != nil {
			return err
		}
		dial := func() (net.Conn, error) {
			return (&net.Dialer{Timeout: patience}).DialContext(ctx, "tcp4", listener.Addr().String())
		}
		t, err = begin(ctx, listener, dial, r.Load, c.Period)
		return err
	})
	if e != nil {
		defer func() { err = errors.Join(err, e.close()) }()
	}
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, t.end()) }()
	if err := sleep(ctx, settling); err != nil {
		return 0, err
	}
	begun, before := time.Now(), t.received.Load()
	if err := e.run(ctx, c.Interval); err != nil {
		return 0, err
	}
	seconds = time.Since(begun).Seconds()
	r.Sent += 8 * float64(t.received.Load()-before)
	r.Times = append(r.Times, e.received...)
	r.Lost += c.Echoes - len(e.received)
	return seconds, nil
}
