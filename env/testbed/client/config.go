package client

import (
	"errors"
	"fmt"
	"math"
	"net/netip"

	"fairlb/env"
	"fairlb/env/workload"
)

// ErrConfig reports a configuration by which no requests can be sent.
var ErrConfig = errors.New("client: not a run")

// ErrUnsupported reports that the operating system is not one that the client runs on.
var ErrUnsupported = errors.New("client: it runs on Linux only")

const (
	// maxDemand (s) of a stage is the most that servers take.
	maxDemand = 1e4
	// defaultConnections is about as many as have ports to come from, to one address.
	defaultConnections = 28000
)

// Config is how requests are sent.
type Config struct {
	// Targets are the load balancers (IPv4). A request of the workload's LB i goes to the
	// i-th; more LBs begin with the first again.
	Targets []netip.AddrPort
	Classes []workload.Class // those that requests refer to
	// Duration (s) is how long requests are sent: those that are due by then, or all of a
	// source that ends before.
	Duration float64

	KeepAlive bool      // connections stay for the requests that follow
	Retries   []float64 // s from a refusal to the next try, one a try; none: a request that is refused has failed
	Timeout   float64   // s from when a request is due; it has failed then. 0: 40 s

	Namespace string // file of the network namespace to connect from; none: where the process is

	Connections int // open at once, at most; a request for which there is none has failed. 0: 28000

	Recorder env.Recorder // receives every request's outcome, timed from when it was due; may be nil
}

func (c Config) withDefaults() Config {
	if c.Timeout == 0 {
		c.Timeout = 40
	}
	if c.Connections == 0 {
		c.Connections = defaultConnections
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
	check(len(c.Targets) > 0, "no load balancer")
	for i, target := range c.Targets {
		check(target.Addr().Is4() && target.Port() > 0, "load balancer %d: %s must be an IPv4 address with a port", i, target)
	}
	check(len(c.Classes) > 0 && len(c.Classes) <= math.MaxUint8, "%d classes: must be 1 to 255", len(c.Classes))
	for k, class := range c.Classes {
		check(len(class.Stages) > 0, "class %d (%s) has no stages", k, class.Name)
	}
	check(c.Duration > 0 && c.Duration <= 1e6, "duration = %g s: must be in (0, 1e6]", c.Duration)
	check(c.Timeout > 0 && c.Timeout <= 1e4, "timeout = %g s: must be in (0, 1e4]", c.Timeout)
	check(len(c.Retries) <= math.MaxUint8, "%d retries: at most 255", len(c.Retries))
	for k, gap := range c.Retries {
		check(gap > 0 && !math.IsInf(gap, 0), "retry %d after %g s: must be positive and finite", k, gap)
	}
	check(c.Connections > 0, "%d connections: must be positive", c.Connections)
	return errors.Join(faults...)
}
