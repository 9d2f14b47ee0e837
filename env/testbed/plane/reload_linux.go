package plane

import (
	"errors"
	"fmt"
	"slices"
)

// reload takes over settings, in an order in which nothing is lost: first everything that
// can fail, then the listeners that are new, the pool, and last the listeners that go.
func (e *engine) reload(cfg Config) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.ended {
		return ErrEnded
	}
	before := e.parameters.Load()
	if err := fixed(&before.config, &cfg); err != nil {
		return err
	}
	e.freeSlots(before)
	next, err := newParameters(cfg, e.parameters.Load())
	if err != nil {
		return err
	}
	pool, err := next.pool()
	if err != nil {
		return err
	}
	var added []Listen
	for _, a := range next.config.Listen {
		if !slices.ContainsFunc(before.config.Listen, func(b Listen) bool { return a.Address == b.Address }) {
			added = append(added, a)
		}
	}
	made, err := e.listen(added)
	if err != nil {
		return err
	}
	var socket *reportSocket // anew
	elsewhere := next.config.Reports.Listen != before.config.Reports.Listen
	if at := next.config.Reports.Listen; elsewhere && at != "" {
		if socket, err = newReportSocket(at, e.loops[0].epoll); err != nil {
			for _, o := range made {
				closeAll(o.sockets)
			}
			return err
		}
	}
	e.parameters.Store(next)
	first := e.loops[0]
	e.ask(first, func() {
		first.parameters = next
		if err = e.standing.changed(next); err == nil {
			err = first.replica.SetPool(first.seconds(), pool)
		}
		if err == nil {
			e.standing.applyAll(next)
			first.reports.forget(next)
			if elsewhere {
				first.setReports(socket)
			}
		}
	})
	if err != nil {
		socket.close()
		for _, o := range made {
			closeAll(o.sockets)
		}
		e.parameters.Store(before)
		e.ask(first, func() { err = errors.Join(err, e.standing.changed(before)) })
		return err
	}
	for k, l := range e.loops {
		e.ask(l, func() { l.takeOver(next, made, k) })
	}
	e.places = slices.DeleteFunc(e.places, func(t listening) bool { return !listens(next.config.Listen, t.text) })
	e.places = append(e.places, addressesOf(made)...)
	return nil
}

// fixed says what a reload would change that it cannot.
func fixed(before, next *Config) error {
	var errs []error
	for _, f := range []struct {
		field  string
		differ bool
	}{{"name", before.Name != next.Name}, {"loops", before.Loops != next.Loops}, {"shared", before.Shared != next.Shared}} {
		if f.differ {
			errs = append(errs, fmt.Errorf("%w: %s", ErrFixed, f.field))
		}
	}
	return errors.Join(errs...)
}

// takeOver has a loop go by new settings.
func (l *loop) takeOver(next *parameters, made []opened, k int) {
	l.parameters = next
	l.replica.Catch()
	if len(l.scratch) != next.config.Limits.Buffer {
		l.scratch = make([]byte, next.config.Limits.Buffer)
	}
	l.adopt(made, k)
	for _, from := range l.listeners {
		if from.removed {
			continue
		}
		j := slices.IndexFunc(next.config.Listen, func(a Listen) bool { return a.Address == from.text })
		if j < 0 {
			l.drop(from)
			continue
		}
		from.proxy = next.config.Listen[j].ProxyProtocol
	}
	l.admitting = true
}

// freeSlots frees the slots of servers that left and have no connection any more.
func (e *engine) freeSlots(p *parameters) {
	busy := map[uint32]bool{}
	for _, l := range e.loops {
		e.ask(l, func() {
			l.replica.Catch()
			for slot := range l.servers {
				if l.servers[slot].underWay > 0 {
					busy[uint32(slot)] = true
				}
			}
		})
	}
	e.parameters.Store(p.without(func(slot uint32) bool { return !busy[slot] }))
}
