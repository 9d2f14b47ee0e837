package loopback

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"fairlb/env/station"
	"fairlb/env/testbed/epoll"
)

// externalBalancers are load balancers that are another program, a process each.
type externalBalancers struct {
	env       *Env
	listening []netip.AddrPort
	ports     []int // sockets that keep the ports
}

var _ balancers = (*externalBalancers)(nil)

// newExternals starts the program that is the target once for each load balancer. It ends
// with the episode's context and, should this process be killed, with it.
func (e *Env) newExternals(running context.Context, ep *episode) (*externalBalancers, error) {
	b := &externalBalancers{env: e}
	x, balance := findExternal(e.cfg.Heuristic)
	program, err := exec.LookPath(x.name)
	if err != nil {
		return b, fmt.Errorf("%w: %w", ErrNotLive, err)
	}
	for i := range e.sim.LBs {
		what := fmt.Sprintf("load balancer %d, %s", i, x.name)
		port, at, err := epoll.Bind(netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), 0))
		if err != nil {
			return b, fmt.Errorf("%s: %w", what, err)
		}
		b.ports, b.listening = append(b.ports, port), append(b.listening, at)
		file := filepath.Join(e.folder, fmt.Sprintf("episode%d-%s%d.conf", e.begun, x.name, i))
		settings := x.settings(program, balance, at, e.weightedServers(), int(2e3*e.sim.Timeout), e.cfg.Checked)
		if err := os.WriteFile(file, []byte(settings), 0o600); err != nil {
			return b, fmt.Errorf("%s: %w", what, err)
		}
		c := &child{what: what, program: program, args: x.args(file)}
		ep.group.Go(func() error { return c.run(running) })
		if err := awaitListener(running, at); err != nil {
			return b, fmt.Errorf("%s: %w", what, err)
		}
	}
	return b, nil
}

// awaitListener waits until somebody listens at an address.
func awaitListener(ctx context.Context, at netip.AddrPort) error {
	for deadline := time.Now().Add(patience * time.Second); ; {
		c, err := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "tcp", at.String())
		if err == nil {
			return c.Close()
		}
		if time.Now().After(deadline) || ctx.Err() != nil {
			return err
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func (b *externalBalancers) addresses() []netip.AddrPort { return b.listening }

func (b *externalBalancers) tell(context.Context, station.Change) error { return nil } // Check refuses what there is to tell

func (b *externalBalancers) weights() [][]float64 { return nil }

func (b *externalBalancers) report(context.Context) (doubts, notes []string, err error) {
	return nil, nil, nil
}

func (b *externalBalancers) close() error {
	for _, port := range b.ports {
		epoll.Close(port)
	}
	return nil
}

func (b *externalBalancers) steps(_ context.Context, begin func() error) (steps, error) {
	return &unobserved{spec: b.env.spec, begin: begin}, nil
}
