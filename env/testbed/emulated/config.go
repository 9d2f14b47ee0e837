package emulated

import (
	"errors"
	"fmt"
	"math"
	"net/netip"
	"time"

	"fairlb/env/station"
)

// ErrConfig reports a configuration that describes no servers.
var ErrConfig = errors.New("emulated: not servers")

// ErrUnsupported reports that the operating system is not one that emulated servers run
// on.
var ErrUnsupported = errors.New("emulated: servers run on Linux only")

// Config describes emulated servers.
type Config struct {
	station.Config

	// Changes are made of servers after Run begins, in order of time. Those of LBs, and
	// that a server is drained, are not the servers' to make and are passed over.
	Changes []station.Change

	// Retries are the times (s) after which a request that a server did not take reaches
	// it again: after the first time, after the second, and so on. None: its connection is
	// broken off.
	Retries []float64
	// Timeout is how long (s) a request may stay that no server takes; 0: 40 s.
	Timeout float64

	// TellEvery is the time (s) after which a server tells each load balancer (Tell) anew how
	// many requests it has; 0: never.
	TellEvery float64
	// TellResponses says that a server tells so just before it answers a request, to the load
	// balancer that the request came by. Connections then begin with a header of the PROXY
	// protocol, whose destination says which one that is.
	TellResponses bool

	// CountHeader says that each answer has a header X-Fairlb-Requests: how many requests the
	// server has left. It is what HAProxy can log (package haproxy, LogFormatTold).
	CountHeader bool

	Address netip.Addr // IPv4, on which servers listen; none: 127.0.0.1
	Ports   []uint16   // one a server; none: any that are free

	Patience       time.Duration // for a connection to send a whole request, or the next; 0: 10 s
	MaxConnections int           // open at once, of all servers; one more is broken off; 0: 20000
}

// withDefaults returns the configuration with what is left out filled in.
func (c Config) withDefaults() Config {
	if !c.Address.IsValid() {
		c.Address = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	if c.Timeout == 0 {
		c.Timeout = 40
	}
	if c.Patience == 0 {
		c.Patience = 10 * time.Second
	}
	if c.MaxConnections == 0 {
		c.MaxConnections = 20000
	}
	return c
}

// validate reports every fault of a configuration with defaults.
func (c *Config) validate() error {
	var faults []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			faults = append(faults, fmt.Errorf("%w: "+format, append([]any{ErrConfig}, args...)...))
		}
	}
	if err := c.Config.Validate(); err != nil {
		check(false, "%w", err)
	}
	check(c.TellEvery >= 0 && c.TellEvery <= 1e6, "messages every %g s: must be in [0, 1e6]", c.TellEvery)
	check(c.Address.Is4(), "address %s: must be IPv4", c.Address)
	check(len(c.Ports) == 0 || len(c.Ports) == len(c.Servers), "%d ports for %d servers", len(c.Ports), len(c.Servers))
	check(c.Timeout > 0 && c.Timeout <= 1e6, "timeout = %g s: must be in (0, 1e6]", c.Timeout)
	check(len(c.Retries) <= math.MaxUint8, "%d retries: at most 255", len(c.Retries))
	for k, gap := range c.Retries {
		check(gap > 0 && !math.IsInf(gap, 0), "retry %d after %g s: must be positive and finite", k, gap)
	}
	check(c.Patience > 0, "patience %s: must be positive", c.Patience)
	check(c.MaxConnections > 0, "%d connections: must be positive", c.MaxConnections)
	for k, x := range c.Changes {
		if err := x.Validate(len(c.Servers), math.MaxInt); err != nil {
			check(false, "change %d: %w", k, err)
		}
		check(x.At >= 0 && (k == 0 || x.At >= c.Changes[k-1].At), "change %d at %g s: times must not be negative or decrease", k, x.At)
	}
	return errors.Join(faults...)
}
