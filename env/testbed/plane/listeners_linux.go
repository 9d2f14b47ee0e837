package plane

import (
	"fmt"
	"net/netip"
	"slices"

	"golang.org/x/sys/unix"

	"fairlb/env/testbed/epoll"
)

// opened is an address with a socket for each loop.
type opened struct {
	Listen
	address netip.AddrPort // where it really is
	sockets []int
}

// listen makes the sockets of addresses.
func (e *engine) listen(addresses []Listen) (made []opened, err error) {
	defer func() {
		if err != nil {
			for _, o := range made {
				closeAll(o.sockets)
			}
			made = nil
		}
	}()
	for _, a := range addresses {
		var o opened
		err := epoll.Within(a.Namespace, func() (err error) {
			o, err = e.openAt(a)
			return err
		})
		if err != nil {
			return made, fmt.Errorf("plane: cannot listen at %s: %w", a.Address, err)
		}
		made = append(made, o)
	}
	return made, nil
}

func closeAll(files []int) {
	for _, fd := range files {
		epoll.Close(fd)
	}
}

// openAt makes the sockets of one address. That nobody else listens there is found out
// by a socket that does not share it, since those of the loops would share it with anybody of
// this user's.
func (e *engine) openAt(a Listen) (opened, error) {
	address, err := ParseAddress(a.Address)
	if err != nil {
		return opened{}, err
	}
	o := opened{Listen: a, address: address}
	first, err := newListener(address, a.Backlog, false)
	if err != nil {
		return opened{}, err
	}
	o.address = localAddress(first)
	epoll.Close(first)
	for range e.loops {
		fd, err := newListener(o.address, a.Backlog, true)
		if err != nil {
			closeAll(o.sockets)
			return opened{}, err
		}
		o.sockets = append(o.sockets, fd)
	}
	return o, nil
}

// adopt takes over the sockets of a loop.
func (l *loop) adopt(made []opened, k int) {
	for _, o := range made {
		from := &listener{fd: o.sockets[k], text: o.Address, address: o.address, proxy: o.ProxyProtocol}
		l.listeners = append(l.listeners, from)
		events := uint32(unix.EPOLLIN)
		if l.paused {
			events = 0
		}
		if errno := control(l.epoll, unix.EPOLL_CTL_ADD, from.fd, events, int32(listenerKeys-(len(l.listeners)-1)), 0); errno != 0 {
			l.fault(AcceptFailed)
		}
	}
}

// drop accepts what waits at a listener and closes it.
func (l *loop) drop(from *listener) {
	for !from.removed {
		before := l.accepted
		l.accept(from)
		if l.accepted == before {
			from.removed = true
		}
	}
	epoll.Close(from.fd)
}

// stopAccepting accepts what waits in the kernel, and nothing more.
func (l *loop) stopAccepting() {
	for _, from := range l.listeners {
		if !from.removed {
			l.drop(from)
		}
	}
	l.accepting = false
}

func addressesOf(made []opened) (list []listening) {
	for _, o := range made {
		list = append(list, listening{o.Address, o.address})
	}
	return list
}

func listens(list []Listen, text string) bool {
	return slices.ContainsFunc(list, func(a Listen) bool { return a.Address == text })
}

// listener is a loop's socket at an address that clients connect to.
type listener struct {
	fd      int
	text    string         // the address as the settings have it
	address netip.AddrPort // where it really is
	proxy   bool           // Listen.ProxyProtocol
	removed bool           // it is accepted from no longer
	turn    uint64         // in which something was accepted last
}

// accept accepts what waits at a listener: one connection, or, if more had been waiting in the
// turn before, as many as there are. Where connections come one by one this spares the
// call that finds nothing; epoll tells of those that are left.
func (l *loop) accept(from *listener) {
	most := 1
	if from.turn+1 >= l.turns {
		most = acceptBatch
	}
	from.turn = l.turns
	for range most {
		if from.removed || !l.accepting || l.pauseIfFull() {
			return
		}
		var peer rawAddress
		fd, errno := acceptFrom(from.fd, &peer)
		switch errno {
		case 0:
			l.now = l.engine.now()
			l.take(fd, from, &peer)
		case unix.EAGAIN:
			return
		case unix.EINTR, unix.ECONNABORTED:
		case unix.EMFILE, unix.ENFILE:
			l.fault(FilesExhausted)
			l.shed(from)
			return
		default:
			l.fault(AcceptFailed)
			l.pause(shedPause)
			return
		}
	}
}

// shed resets a connection for which there is no file descriptor, so that its client
// knows, and stops accepting for a moment.
func (l *loop) shed(from *listener) {
	if l.spare >= 0 {
		epoll.Close(l.spare)
		l.spare = -1
		var peer rawAddress
		if fd, errno := acceptFrom(from.fd, &peer); errno == 0 {
			resetOnClose(fd)
			epoll.Close(fd)
			l.accepted++
			l.ended[NoResource]++
		}
		l.spare = spareFile() // at once, before another loop takes it
	}
	l.pause(shedPause)
}

// pauseIfFull stops accepting if as many connections are under way as there may be.
func (l *loop) pauseIfFull() bool {
	if int(l.engine.open.Load()) < l.parameters.config.Limits.Connections {
		return false
	}
	l.pause(0)
	return true
}

// pause stops accepting, for at least some ns: what clients want waits in the kernel.
func (l *loop) pause(ns int64) {
	l.pausedUntil = max(l.pausedUntil, l.now+ns)
	if l.paused {
		return
	}
	l.paused = true
	l.pauses++
	for k, from := range l.listeners {
		if !from.removed {
			control(l.epoll, unix.EPOLL_CTL_MOD, from.fd, 0, int32(listenerKeys-k), 0)
		}
	}
}

// resume accepts again if it may.
func (l *loop) resume() {
	if l.now < l.pausedUntil || int(l.engine.open.Load()) >= l.parameters.config.Limits.Connections {
		return
	}
	if l.spare < 0 {
		l.spare = spareFile()
	}
	l.paused = false
	for k, from := range l.listeners {
		if !from.removed {
			control(l.epoll, unix.EPOLL_CTL_MOD, from.fd, unix.EPOLLIN, int32(listenerKeys-k), 0)
		}
	}
}

// spareFile returns a file descriptor that is of no use but to be closed; -1: there is
// none.
func spareFile() int {
	fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return -1
	}
	return fd
}
