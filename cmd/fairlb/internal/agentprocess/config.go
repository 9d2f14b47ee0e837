package agentprocess

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/netip"
	"time"

	"github.com/sirupsen/logrus"

	"fairlb/agents/guard"
	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/env/dispatch"
	"fairlb/env/testbed"
)

// Config describes a process that steers planes. Times are in s.
type Config struct {
	Policy *Policy          // nil: self-tuning alone, or Rule
	Rule   *dispatch.Policy // of universal, which takes any number of servers; nil: none
	Planes []Source
	LB     int // of the policy's LBs, the one that the first plane is; the next is the next

	Interval float64                                   // between two actions; 0: the policy's own, 0.25 without one
	Shadow   bool                                      // decide and tell, and write nothing
	Guard    func(servers int, p *Policy) guard.Config // nil: the policy decides, whatever comes of it
	Seed     uint64                                    // of the guards' windows, and of the policy's episode

	Listen string    // host:port of /metrics, /healthz and /readyz; empty: nowhere
	Log    io.Writer // takes the decisions, one JSON object a line; nil: nothing does
	Logger logrus.FieldLogger
	Clock  testbed.Clock // nil: the system's
}

// Source is where a plane comes from.
type Source struct {
	Name string // in metrics and logs
	// Open opens the plane. It fails with an error that the user must mend (package
	// invalid), or with one that may pass.
	Open func(ctx context.Context) (testbed.Plane, error)
}

const (
	defaultInterval = 0.25
	minInterval     = 0.001
	maxInterval     = 3600
)

// complete fills what is left out and reports everything that is wrong.
func (c *Config) complete() error {
	var faults []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			faults = append(faults, invalid.Errorf(format, args...))
		}
	}
	if c.Interval == 0 {
		c.Interval = defaultInterval
		if c.Policy != nil {
			c.Interval = c.Policy.Interval
		}
	}
	if c.Clock == nil {
		c.Clock = testbed.SystemClock{}
	}
	check(len(c.Planes) > 0, "--plane: at least one is needed")
	names := map[string]bool{}
	for _, p := range c.Planes {
		check(!names[p.Name], "--plane %s is given twice", p.Name)
		names[p.Name] = true
	}
	check(c.Interval >= minInterval && c.Interval <= maxInterval, "--interval %g: must be in [%g, %d] s", c.Interval, minInterval, maxInterval)
	if c.Policy != nil {
		check(c.Interval == c.Policy.Interval, "--interval %g: the policy was trained for steps of %g s", c.Interval, c.Policy.Interval)
		check(c.LB >= 0 && c.LB+len(c.Planes) <= c.Policy.LBs, "--lb %d with %d planes: the policy has %d LBs, from 0 on", c.LB, len(c.Planes), c.Policy.LBs)
	}
	if c.Listen != "" {
		if err := checkLoopback(c.Listen); err != nil {
			faults = append(faults, err)
		}
	}
	return errors.Join(faults...)
}

// checkLoopback reports an address that is not host:port of this machine alone.
func checkLoopback(address string) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return invalid.Errorf("--listen %s: must be HOST:PORT", address)
	}
	if ip, err := netip.ParseAddr(host); host != "localhost" && (err != nil || !ip.IsLoopback()) {
		return invalid.Errorf("--listen %s: must be a loopback address, such as 127.0.0.1:0", address)
	}
	return nil
}

// duration is a number of seconds as a time.Duration.
func duration(seconds float64) time.Duration {
	return time.Duration(math.Round(seconds * float64(time.Second)))
}

// GuardConfig is the guard that a policy has unless told otherwise.
func GuardConfig(servers int, p *Policy) guard.Config {
	return guard.DefaultConfig(servers, p.Bounds)
}

// name is that of the policy, as the log has it.
func (c *Config) name() string {
	switch {
	case c.Rule != nil:
		return dispatch.UniversalName
	case c.Policy == nil:
		return SelfTuning
	}
	return "policy"
}

// errStopped says that a plane's steerer has an error that waiting does not mend.
func errStopped(name string, err error) error { return fmt.Errorf("%s: %w", name, err) }
