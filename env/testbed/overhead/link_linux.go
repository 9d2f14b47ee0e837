package overhead

import (
	"errors"
	"fmt"
	"net/netip"

	"fairlb/env/testbed/lab"
)

// The ends of a link.
const (
	controllerPart = "control"
	agentsPart     = "agents"
	device         = "eth0" // in either namespace
)

// link is two network namespaces and what joins them.
type link struct {
	lab                *lab.Lab
	controller, agents netip.Addr
}

// newLink makes a link.
func newLink(c *Config) (*link, error) {
	if err := Available(); err != nil {
		return nil, err
	}
	tools, err := lab.Find(false)
	if err != nil {
		return nil, err
	}
	l, err := lab.Take(tools)
	if err != nil {
		return nil, err
	}
	x := &link{lab: l}
	x.controller, x.agents = l.Pair(lab.ServerBlock, 0)
	if err := x.make(c); err != nil {
		return nil, errors.Join(fmt.Errorf("overhead: %w", err), l.Close())
	}
	return x, nil
}

// make makes namespaces and interfaces, and limits both directions.
func (x *link) make(c *Config) error {
	here, there := x.lab.Namespace(controllerPart), x.lab.Namespace(agentsPart)
	err := x.lab.Batch("", fmt.Sprintf("netns add %[1]s\nnetns add %[2]s\nlink add %[3]s netns %[1]s type veth peer name %[3]s netns %[2]s\n", here, there, device))
	if err != nil {
		return err
	}
	for _, end := range []struct {
		space   string
		address netip.Addr
	}{{here, x.controller}, {there, x.agents}} {
		err := x.lab.Batch(end.space, fmt.Sprintf("link set lo up\naddr add %s/30 dev %s\nlink set %[2]s up\n", end.address, device))
		if err != nil {
			return err
		}
		limit := fmt.Sprintf("qdisc add dev %s root tbf rate %.0fbit burst %d limit %d\n", device, c.Rate, burst, c.Queue)
		if err := x.lab.Traffic(end.space, limit); err != nil {
			return fmt.Errorf("%w: the kernel limits no rate (tbf): %w", lab.ErrUnsupported, err)
		}
	}
	return nil
}

func (x *link) close() error { return x.lab.Close() }
