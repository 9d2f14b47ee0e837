package loadprobe

import (
	"net"

	"golang.org/x/sys/unix"
)

// segments says what segments a connection has sent and received so far.
func segments(conn net.Conn) (t Traffic) {
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return t
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return t
	}
	_ = raw.Control(func(fd uintptr) {
		if info, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO); err == nil {
			t.SegmentsSent, t.SegmentsReceived = int(info.Segs_out), int(info.Segs_in)
		}
	})
	return t
}
