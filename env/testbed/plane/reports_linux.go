package plane

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"unsafe"

	"golang.org/x/sys/unix"

	"fairlb/env/testbed/epoll"
	"fairlb/env/testbed/plane/report"
)

// reportSocket is where servers tell how many requests they have, and what came of what they
// told. It belongs to loop 0, whose replica passes on to the others what it hears.
type reportSocket struct {
	fd      int
	address netip.AddrPort // where it really is
	buffer  [report.MaxBytes + 1]byte

	heard   uint64
	refused [Refusals]uint64
	servers []reportedServer // by slot
}

// reportedServer is what is known of the reports of one server.
type reportedServer struct {
	reports  uint64
	requests int32
	at       int64  // ns, when the newest one came; 0: none has
	sequence uint64 // of the newest one that had a sequence
}

const (
	// reportsAtOnce is how many datagrams are read before connections get their turn; epoll
	// tells of those that are left.
	reportsAtOnce = 64
	// beganAnew is for how long a server is silent before any sequence of it is taken: it
	// may have been started anew, and no datagram is overtaken by so much.
	beganAnew = int64(1e9) // ns
)

// newReportSocket listens for reports at an address of the settings, of which a loop's epoll
// tells.
func newReportSocket(text string, of int) (*reportSocket, error) {
	address, err := ParseAddress(text)
	if err != nil {
		return nil, err
	}
	raw := newRawAddress(address)
	fd, err := unix.Socket(int(raw.bytes.Family), unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("plane: cannot hear reports at %s: %w", text, err)
	}
	if address.Addr().Is6() {
		err = unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, 1)
	}
	if err == nil {
		err = unix.Bind(fd, socketAddress(address))
	}
	if err == nil {
		if errno := control(of, unix.EPOLL_CTL_ADD, fd, unix.EPOLLIN, reportsKey, 0); errno != 0 {
			err = errno
		}
	}
	if err != nil {
		epoll.Close(fd)
		return nil, fmt.Errorf("plane: cannot hear reports at %s: %w", text, err)
	}
	return &reportSocket{fd: fd, address: localAddress(fd)}, nil
}

// close closes the socket; one that is nil is none.
func (h *reportSocket) close() {
	if h != nil && h.fd >= 0 {
		epoll.Close(h.fd)
		h.fd = -1
	}
}

// setReports has the loop hear reports there from now on, or nowhere: nil. What was counted
// elsewhere stays.
func (l *loop) setReports(h *reportSocket) {
	if h != nil && l.reports != nil {
		h.heard, h.refused, h.servers = l.reports.heard, l.reports.refused, l.reports.servers
	}
	l.reports.close()
	l.reports = h
}

// readReports reads what servers tell.
func (l *loop) readReports() {
	h := l.reports
	if h == nil {
		return // it ended in this turn
	}
	l.replica.Catch()
	for range reportsAtOnce {
		var from rawAddress
		n, errno := receiveFrom(h.fd, h.buffer[:], &from)
		switch {
		case errno == unix.EINTR:
			continue
		case errno != 0:
			return // EAGAIN: there is no more
		}
		l.takeReport(h.buffer[:n], from.address().Addr())
	}
}

// takeReport takes a datagram for what it is worth.
func (l *loop) takeReport(datagram []byte, from netip.Addr) {
	h := l.reports
	m, err := report.Parse(datagram)
	s := l.parameters.reporters[string(m.Server)]
	switch {
	case errors.Is(err, report.ErrVersion):
		h.refused[OtherVersion]++
		return
	case err != nil:
		h.refused[MalformedReport]++
		return
	case s == nil:
		h.refused[UnknownReporter]++
		return
	case from != s.address.Addr() && !slices.ContainsFunc(l.parameters.from, func(p netip.Prefix) bool { return p.Contains(from) }):
		h.refused[ForeignReporter]++
		return
	}
	for int(s.slot) >= len(h.servers) {
		h.servers = append(h.servers, reportedServer{})
	}
	x := &h.servers[s.slot]
	if m.Sequence != 0 && m.Sequence <= x.sequence && l.now-x.at < beganAnew {
		h.refused[LateReport]++
		return
	}
	if m.Sequence != 0 {
		x.sequence = m.Sequence
	}
	h.heard++
	x.reports++
	x.requests, x.at = m.Requests, l.now
	l.replica.Hear(l.seconds(), s.slot, m.Requests)
}

// forget forgets what was heard of servers that are not in the settings any more.
func (h *reportSocket) forget(p *parameters) {
	if h == nil {
		return
	}
	for slot := range h.servers {
		if slot >= len(p.servers) || p.servers[slot] == nil || p.servers[slot].leaving {
			h.servers[slot] = reportedServer{}
		}
	}
}

// addTo adds what was heard.
func (h *reportSocket) addTo(s *Snapshot, now int64) {
	if h == nil {
		return
	}
	s.Reports = &ReportsState{Address: h.address.String(), Heard: h.heard, Refused: h.refused}
	for k := range s.Servers {
		one := &s.Servers[k]
		if one.Leaving || one.Slot >= len(h.servers) || h.servers[one.Slot].reports == 0 {
			continue
		}
		x := &h.servers[one.Slot]
		one.Reports, one.Reported, one.ReportAge = x.reports, x.requests, float64(now-x.at)*1e-9
	}
}

// receiveFrom reads a datagram, of which it drops what is beyond b, and writes the sender's
// address to from.
func receiveFrom(fd int, b []byte, from *rawAddress) (int, unix.Errno) {
	from.size = uint32(unsafe.Sizeof(from.bytes))
	n, _, errno := unix.RawSyscall6(unix.SYS_RECVFROM, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)), 0,
		uintptr(unsafe.Pointer(&from.bytes)), uintptr(unsafe.Pointer(&from.size)))
	return int(n), errno
}
