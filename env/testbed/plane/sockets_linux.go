package plane

import (
	"net/netip"
	"unsafe"

	"golang.org/x/sys/unix"

	"fairlb/env/testbed/epoll"
)

// What follows is what a balancer needs beyond package epoll: both families of addresses,
// splicing, and how a connection ends. Nothing blocks, so that the Go scheduler need not
// be told.

// spliceBytes moves at most so many bytes from one file descriptor to another, one of
// which is a pipe.
func spliceBytes(from, to, most int) (int, unix.Errno) {
	n, _, errno := unix.RawSyscall6(unix.SYS_SPLICE, uintptr(from), 0, uintptr(to), 0, uintptr(most), unix.SPLICE_F_NONBLOCK|unix.SPLICE_F_MOVE)
	return int(n), errno
}

func shutdownWriting(fd int) {
	unix.RawSyscall(unix.SYS_SHUTDOWN, uintptr(fd), unix.SHUT_WR, 0)
}

func setOption(fd, level, option int, value unsafe.Pointer, size uintptr) {
	unix.RawSyscall6(unix.SYS_SETSOCKOPT, uintptr(fd), uintptr(level), uintptr(option), uintptr(value), size, 0)
}

// sendAtOnce has short writes go out without waiting for what was sent before to be
// acknowledged.
func sendAtOnce(fd int) {
	on := int32(1)
	setOption(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, unsafe.Pointer(&on), unsafe.Sizeof(on))
}

// resetOnClose has the close of a socket reset the connection, so that the peer does not
// take what it got for all that there was.
func resetOnClose(fd int) {
	linger := unix.Linger{Onoff: 1}
	setOption(fd, unix.SOL_SOCKET, unix.SO_LINGER, unsafe.Pointer(&linger), unsafe.Sizeof(linger))
}

// socketError returns and clears the error that a socket has met.
func socketError(fd int) unix.Errno {
	value, size := int32(0), uint32(4)
	_, _, errno := unix.RawSyscall6(unix.SYS_GETSOCKOPT, uintptr(fd), unix.SOL_SOCKET, unix.SO_ERROR, uintptr(unsafe.Pointer(&value)), uintptr(unsafe.Pointer(&size)), 0)
	if errno != 0 {
		return errno
	}
	return unix.Errno(value)
}

// rawAddress is an address as the kernel has it.
type rawAddress struct {
	bytes unix.RawSockaddrInet6 // long enough for an IPv4 address, too
	size  uint32
}

func newRawAddress(a netip.AddrPort) rawAddress {
	port := a.Port()<<8 | a.Port()>>8
	var r rawAddress
	if a.Addr().Is4() {
		four := (*unix.RawSockaddrInet4)(unsafe.Pointer(&r.bytes))
		*four = unix.RawSockaddrInet4{Family: unix.AF_INET, Port: port, Addr: a.Addr().As4()}
		r.size = unix.SizeofSockaddrInet4
		return r
	}
	r.bytes = unix.RawSockaddrInet6{Family: unix.AF_INET6, Port: port, Addr: a.Addr().As16()}
	r.size = unix.SizeofSockaddrInet6
	return r
}

// address returns the address, the zero AddrPort if it is none of the internet.
func (r *rawAddress) address() netip.AddrPort {
	switch r.bytes.Family {
	case unix.AF_INET:
		four := (*unix.RawSockaddrInet4)(unsafe.Pointer(&r.bytes))
		return netip.AddrPortFrom(netip.AddrFrom4(four.Addr), four.Port<<8|four.Port>>8)
	case unix.AF_INET6:
		return netip.AddrPortFrom(netip.AddrFrom16(r.bytes.Addr).Unmap(), r.bytes.Port<<8|r.bytes.Port>>8)
	}
	return netip.AddrPort{}
}

// acceptFrom accepts a connection and writes the peer's address to from.
func acceptFrom(fd int, from *rawAddress) (int, unix.Errno) {
	from.size = uint32(unsafe.Sizeof(from.bytes))
	n, _, errno := unix.RawSyscall6(unix.SYS_ACCEPT4, uintptr(fd), uintptr(unsafe.Pointer(&from.bytes)), uintptr(unsafe.Pointer(&from.size)),
		unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0, 0)
	return int(n), errno
}

// connectTo begins a connection on a new socket.
func connectTo(to *rawAddress) (fd int, errno unix.Errno) {
	n, _, errno := unix.RawSyscall(unix.SYS_SOCKET, uintptr(to.bytes.Family), unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if errno != 0 {
		return -1, errno
	}
	_, _, errno = unix.RawSyscall(unix.SYS_CONNECT, n, uintptr(unsafe.Pointer(&to.bytes)), uintptr(to.size))
	return int(n), errno
}

// localAddress returns the address of a socket's own end.
func localAddress(fd int) netip.AddrPort {
	var a rawAddress
	a.size = uint32(unsafe.Sizeof(a.bytes))
	unix.RawSyscall(unix.SYS_GETSOCKNAME, uintptr(fd), uintptr(unsafe.Pointer(&a.bytes)), uintptr(unsafe.Pointer(&a.size)))
	return a.address()
}

// socketAddress returns an address as package unix has it.
func socketAddress(a netip.AddrPort) unix.Sockaddr {
	if a.Addr().Is4() {
		return &unix.SockaddrInet4{Port: int(a.Port()), Addr: a.Addr().As4()}
	}
	return &unix.SockaddrInet6{Port: int(a.Port()), Addr: a.Addr().As16()}
}

// newListener returns a socket that listens at an address, which may be shared with
// the other loops' sockets alone.
func newListener(a netip.AddrPort, backlog int, shared bool) (int, error) {
	raw := newRawAddress(a)
	fd, err := unix.Socket(int(raw.bytes.Family), unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	err = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
	if err == nil && shared {
		err = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1)
	}
	if err == nil && a.Addr().Is6() {
		err = unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, 1)
	}
	if err == nil { // accepted sockets inherit it
		err = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	}
	if err == nil {
		err = unix.Bind(fd, socketAddress(a))
	}
	if err == nil && shared {
		err = unix.Listen(fd, backlog)
	}
	if err != nil {
		epoll.Close(fd)
		return -1, err
	}
	return fd, nil
}

// occurrence is what a loop is told of: unix.EpollEvent with all 64 bits of its data.
type occurrence = unix.EpollEvent

// watched is what the sockets of connections are watched for: each change of what can be
// read and written, once.
const watched = unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLRDHUP | unix.EPOLLET

// control changes what a loop's epoll is told of a file descriptor.
func control(of, operation, fd int, events uint32, key int32, generation uint32) unix.Errno {
	e := occurrence{Events: events, Fd: key, Pad: int32(generation)}
	_, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_CTL, uintptr(of), uintptr(operation), uintptr(fd), uintptr(unsafe.Pointer(&e)), 0, 0)
	return errno
}

// poll waits for at most so many ms, without telling the Go scheduler.
func poll(of int, events []occurrence, ms int) (int, unix.Errno) {
	n, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(of), uintptr(unsafe.Pointer(unsafe.SliceData(events))), uintptr(len(events)), uintptr(ms), 0, 0)
	return int(n), errno
}

// newPipe returns the ends of a pipe, which holds more than the usual 64 KB if the system
// lets it.
func newPipe() (reading, writing int, err error) {
	var ends [2]int
	if err := unix.Pipe2(ends[:], unix.O_NONBLOCK|unix.O_CLOEXEC); err != nil {
		return -1, -1, err
	}
	_, _ = unix.FcntlInt(uintptr(ends[1]), unix.F_SETPIPE_SZ, pipeBytes)
	return ends[0], ends[1], nil
}
