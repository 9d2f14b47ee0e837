//go:build linux

package epoll

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The calls below never block, for every socket is non-blocking, so that they need not
// tell the Go scheduler, which costs a good part of a short call.

// Receive reads what has come: 0 and no error is the end of the other side, EAGAIN that
// nothing has come.
func Receive(socket int, b []byte) (int, unix.Errno) {
	n, _, errno := unix.RawSyscall(unix.SYS_READ, uintptr(socket), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)))
	return int(n), errno
}

// Send sends as much as there is room for; EAGAIN: there is none.
func Send(socket int, b []byte) (int, unix.Errno) {
	n, _, errno := unix.RawSyscall6(unix.SYS_SENDTO, uintptr(socket), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)), unix.MSG_NOSIGNAL, 0, 0)
	return int(n), errno
}

// NewDatagram returns a socket for datagrams (UDP), that is bound to an address of this
// machine and any free port.
func NewDatagram(a netip.Addr) (int, error) {
	n, _, errno := unix.RawSyscall(unix.SYS_SOCKET, unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if errno != 0 {
		return -1, errno
	}
	if err := unix.Bind(int(n), &unix.SockaddrInet4{Addr: a.As4()}); err != nil {
		Close(int(n))
		return -1, err
	}
	return int(n), nil
}

// SendTo sends a datagram; EAGAIN: there is no room for it.
func SendTo(socket int, b []byte, to *unix.RawSockaddrInet4) unix.Errno {
	_, _, errno := unix.RawSyscall6(unix.SYS_SENDTO, uintptr(socket), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)), unix.MSG_NOSIGNAL,
		uintptr(unsafe.Pointer(to)), unix.SizeofSockaddrInet4)
	return errno
}

// Accept takes a connection that waits at a listening socket.
func Accept(listener int) (int, unix.Errno) {
	n, _, errno := unix.RawSyscall6(unix.SYS_ACCEPT4, uintptr(listener), 0, 0, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0, 0)
	return int(n), errno
}

// Close closes a socket. What was sent is still delivered.
func Close(socket int) { unix.RawSyscall(unix.SYS_CLOSE, uintptr(socket), 0, 0) }

// Reset closes a connection so that the other side is told that it was broken off.
func Reset(socket int) {
	linger := unix.Linger{Onoff: 1}
	unix.RawSyscall6(unix.SYS_SETSOCKOPT, uintptr(socket), unix.SOL_SOCKET, unix.SO_LINGER, uintptr(unsafe.Pointer(&linger)), unix.SizeofLinger, 0)
	Close(socket)
}

// New returns a socket that is neither bound nor connected.
func New() (int, unix.Errno) {
	n, _, errno := unix.RawSyscall(unix.SYS_SOCKET, unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	return int(n), errno
}

// Connect begins to connect a socket: EINPROGRESS is no failure. On loopback the
// connection is there before Connect returns, although it says EINPROGRESS, unless the
// other side's backlog is full.
func Connect(socket int, to *unix.RawSockaddrInet4) unix.Errno {
	_, _, errno := unix.RawSyscall(unix.SYS_CONNECT, uintptr(socket), uintptr(unsafe.Pointer(to)), unix.SizeofSockaddrInet4)
	return errno
}

// Failure returns why a socket failed, 0 if it has not, and forgets it.
func Failure(socket int) unix.Errno {
	n, err := unix.GetsockoptInt(socket, unix.SOL_SOCKET, unix.SO_ERROR)
	if err != nil {
		return unix.EBADF
	}
	return unix.Errno(n)
}

// RawAddress is an IPv4 address as Connect takes it.
func RawAddress(a netip.AddrPort) unix.RawSockaddrInet4 {
	port := binary.NativeEndian.Uint16(binary.BigEndian.AppendUint16(nil, a.Port()))
	return unix.RawSockaddrInet4{Family: unix.AF_INET, Port: port, Addr: a.Addr().As4()}
}

// Bind returns a socket that has the address, whose port is any free one if it is 0, and
// the address that it has. It does not listen, so that others may have the address beside
// it: it keeps the port for them. They must be bound while none of them listens.
func Bind(a netip.AddrPort) (int, netip.AddrPort, error) {
	socket, errno := New()
	if errno != 0 {
		return -1, a, errno
	}
	reuse := unix.SetsockoptInt(socket, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
	bind := unix.Bind(socket, &unix.SockaddrInet4{Addr: a.Addr().As4(), Port: int(a.Port())})
	name, nameErr := unix.Getsockname(socket)
	if err := errors.Join(reuse, bind, nameErr); err != nil {
		Close(socket)
		return -1, a, err
	}
	at := name.(*unix.SockaddrInet4)
	return socket, netip.AddrPortFrom(netip.AddrFrom4(at.Addr), uint16(at.Port)), nil
}

// Listen returns a socket that listens at an address, and the address that it has.
// backlog is how many connections the kernel holds until they are accepted.
func Listen(a netip.AddrPort, backlog int) (int, netip.AddrPort, error) {
	socket, at, err := Bind(a)
	if err != nil {
		return -1, at, err
	}
	if err := unix.Listen(socket, backlog); err != nil {
		Close(socket)
		return -1, at, err
	}
	return socket, at, nil
}
