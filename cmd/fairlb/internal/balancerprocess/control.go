package balancerprocess

import (
	"context"
	"errors"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/sirupsen/logrus"

	"fairlb/env/testbed/plane"
)

// control decides about the life of the process: it is ready when its servers have been
// checked, reads its settings again at SIGHUP, and ends at any other signal. When it
// returns, the balancer ends.
func (p *process) control(ctx context.Context, checked, ended <-chan struct{}) error {
	p.log.WithFields(p.addresses()).Info("the balancer listens")
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ended:
			return nil
		case <-checked:
			checked, p.started = nil, true
			p.condition.start()
			p.service.ready()
			p.log.Infof("the servers have been checked: %s", p.condition.summary())
		case s := <-p.cfg.Signals:
			if s != syscall.SIGHUP {
				return p.end(ctx, s, ended)
			}
			p.reload()
		}
	}
}

// addresses are the addresses at which the process really listens.
func (p *process) addresses() logrus.Fields {
	fields := logrus.Fields{"listen": p.listening()}
	if reports := p.balancer.Snapshot().Reports; reports != nil {
		fields["reports"] = reports.Address
	}
	if p.socket != nil {
		fields["admin"] = p.socket.Addr().String()
	}
	if p.watching != nil {
		fields["metrics"] = p.watching.Addr().String()
	}
	return fields
}

// listening lists the addresses at which clients connect.
func (p *process) listening() string {
	var list []string
	for _, a := range p.balancer.Addresses() {
		list = append(list, a.String())
	}
	return strings.Join(list, " ")
}

// end ends the balancer: it says that it is not ready while it still accepts, so that
// nobody sends clients any more; then it accepts none and waits for connections to end;
// then it cuts those that are left. A signal ends either wait.
func (p *process) end(ctx context.Context, s os.Signal, ended <-chan struct{}) error {
	p.condition.end()
	p.service.stopping()
	drain := p.settings.Drain
	p.log.Infof("%s: the balancer accepts connections for %g s, and waits for those under way for %g s; a second signal cuts them", s, drain.Announce, drain.Wait)
	wait := seconds(drain.Wait)
	if p.signalled(ctx, ended, seconds(drain.Announce)) {
		wait = 0
	}
	limited, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	cutBefore := p.balancer.Snapshot().Ended[plane.Cut]
	drained := make(chan error, 1)
	p.group.Go(func() error {
		drained <- p.balancer.Drain(limited)
		return nil
	})
	for {
		select {
		case err := <-drained:
			if cut := p.balancer.Snapshot().Ended[plane.Cut] - cutBefore; cut > 0 {
				p.log.WithField("connections", cut).Warn("connections were cut")
			}
			if errors.Is(err, plane.ErrEnded) { // before it had begun, or by itself
				return nil
			}
			return err
		case s := <-p.cfg.Signals:
			if s != syscall.SIGHUP {
				cancel()
			}
		}
	}
}

// signalled waits for a time, and says whether a signal has cut it short. It returns
// early, too, if the balancer has ended by itself.
func (p *process) signalled(ctx context.Context, ended <-chan struct{}, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
			return false
		case <-ctx.Done():
			return true
		case <-ended:
			return true
		case s := <-p.cfg.Signals:
			if s != syscall.SIGHUP {
				return true
			}
		}
	}
}
