package emulated

import (
	"fmt"
	"math"
	"net/netip"

	"golang.org/x/sys/unix"

	"fairlb/env/testbed/epoll"
	"fairlb/env/testbed/plane/report"
)

// tellings is what servers tell load balancers of how many requests they have: each in
// turn, as in the simulator (Config.TellEvery), or before an answer
// (Config.TellResponses).
type tellings struct {
	socket    int // -1: servers tell nothing
	names     [][]byte
	balancers []unix.RawSockaddrInet4 // where they hear
	byClients map[netip.AddrPort]int  // their places, by where their clients connect

	turns    uint64  // messages to all of them since the schedule began, each server's in turn
	next     float64 // s, when the next server tells; +Inf: never
	sequence uint64  // of the last message
	sent     int64   // messages, since Run or Restart began
	text     []byte
}

// openTellings makes the socket, if there is something to tell.
func (s *Servers) openTellings() (err error) {
	t := &s.tellings
	t.socket, t.next = -1, math.Inf(1)
	if s.cfg.TellEvery == 0 && !s.cfg.TellResponses {
		return nil
	}
	for _, a := range s.addresses {
		t.names = append(t.names, []byte(a.String()))
	}
	t.socket, err = epoll.NewDatagram(s.cfg.Address)
	return err
}

// Tell has servers tell these load balancers how many requests they have, and no others.
// Servers are named by their addresses.
func (s *Servers) Tell(balancers []Balancer) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := &s.tellings
	if t.socket < 0 && len(balancers) > 0 {
		return fmt.Errorf("%w: servers that tell nothing have %d load balancers to tell", ErrConfig, len(balancers))
	}
	t.balancers, t.byClients = nil, map[netip.AddrPort]int{}
	for k, b := range balancers {
		if !b.Reports.Addr().Is4() {
			return fmt.Errorf("%w: reports to %s: must be IPv4", ErrConfig, b.Reports)
		}
		if _, again := t.byClients[b.Clients]; again && s.cfg.TellResponses {
			return fmt.Errorf("%w: the clients of two load balancers connect to %s", ErrConfig, b.Clients)
		}
		t.balancers = append(t.balancers, epoll.RawAddress(b.Reports))
		t.byClients[b.Clients] = k
	}
	return nil
}

// scheduleTelling finds the time at which the next server tells.
func (s *Servers) scheduleTelling() {
	t := &s.tellings
	t.next = math.Inf(1)
	if every := s.cfg.TellEvery; every > 0 {
		t.next = every * (float64(t.turns+1) / float64(len(s.cfg.Servers)))
	}
}

// tellInTurn has the server whose turn it is tell all load balancers, unless it has failed.
// Turns that are more than a round late are passed over.
func (s *Servers) tellInTurn(now float64) {
	t := &s.tellings
	server := int(t.turns % uint64(len(s.cfg.Servers)))
	t.turns++
	s.scheduleTelling()
	if s.failed[server] || now > t.next+s.cfg.TellEvery {
		return
	}
	for k := range t.balancers {
		s.tell(k, server, s.requests[server])
	}
}

// tell tells a load balancer that a server has so many requests. A message for which there
// is no room is lost, as on a network.
func (s *Servers) tell(balancer, server int, requests int32) {
	t := &s.tellings
	t.sequence++
	t.text = report.Append(t.text[:0], report.Message{Server: t.names[server], Requests: requests, Sequence: t.sequence})
	if epoll.SendTo(t.socket, t.text, &t.balancers[balancer]) == 0 {
		t.sent++
	}
}

// close closes the socket.
func (t *tellings) close() {
	if t.socket >= 0 {
		epoll.Close(t.socket)
		t.socket = -1
	}
}
