package edge

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strings"

	"fairlb/env/testbed/epoll"
	"fairlb/env/testbed/lab"
)

// port is that of the virtual address.
const port = 8080

// Edge is the namespaces and routes before load balancers.
type Edge struct{ lab *lab.Lab }

// New makes the edge before so many load balancers.
func New(lbs int) (*Edge, error) {
	if err := Check(lbs); err != nil {
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
	e := &Edge{l}
	if err := e.make(lbs); err != nil {
		return nil, errors.Join(fmt.Errorf("edge: %w", err), e.Close())
	}
	return e, nil
}

// make makes namespaces, links and routes.
func (e *Edge) make(lbs int) error {
	l, virtual := e.lab, e.lab.Virtual(0)
	if err := l.Batch("", fmt.Sprintf("netns add %s\n", l.Namespace(routerPart))); err != nil {
		return err
	}
	_, err := e.join(clientPart, MaxBalancers, "")
	if err != nil {
		return err
	}
	var hops strings.Builder
	for i := range lbs {
		balancer, err := e.join(balancerPart(i), i, fmt.Sprintf("addr add %s/32 dev lo\n", virtual))
		if err != nil {
			return err
		}
		fmt.Fprintf(&hops, " nexthop via %s", balancer)
	}
	if err := l.Batch(l.Namespace(routerPart), fmt.Sprintf("route add %s/32%s\n", virtual, &hops)); err != nil {
		return err
	}
	return epoll.Within(l.Path(routerPart), func() error {
		return errors.Join(
			os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0),
			os.WriteFile("/proc/sys/net/ipv4/fib_multipath_hash_policy", []byte("1"), 0), // ports are hashed, too
		)
	})
}

// join makes a namespace, with what else it is to have, and the k-th link between it and
// the router. It returns the address there.
func (e *Edge) join(part string, k int, more string) (netip.Addr, error) {
	l := e.lab
	space, link, router := l.Namespace(part), l.Link(part), l.Namespace(routerPart)
	here, there := l.Pair(lab.EdgeBlock, k)
	return there, errors.Join(
		l.Batch("", fmt.Sprintf("netns add %[1]s\nlink add %[2]s netns %[3]s type veth peer name eth0 netns %[1]s\n", space, link, router)),
		l.Batch(router, fmt.Sprintf("addr add %s/30 dev %s\nlink set %[2]s up\n", here, link)),
		l.Batch(space, fmt.Sprintf("link set lo up\n%saddr add %s/30 dev eth0\nlink set eth0 up\nroute add default via %s\n", more, there, here)),
	)
}

const (
	routerPart = "router"
	clientPart = "clients"
)

func balancerPart(i int) string { return fmt.Sprintf("lb%d", i) }

// Clients is the namespace that clients connect from.
func (e *Edge) Clients() string { return e.lab.Path(clientPart) }

// Balancer is the namespace in which a load balancer listens.
func (e *Edge) Balancer(i int) string { return e.lab.Path(balancerPart(i)) }

// Address is the virtual address, at which all load balancers listen.
func (e *Edge) Address() netip.AddrPort { return netip.AddrPortFrom(e.lab.Virtual(0), port) }

// Close removes the edge.
func (e *Edge) Close() error { return e.lab.Close() }
