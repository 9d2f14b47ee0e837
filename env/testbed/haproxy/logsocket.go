package haproxy

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
)

// logBuffer is the size (bytes) that is asked for of the kernel's buffer of lines that
// have not been read yet; the kernel may give less.
const logBuffer = 4 << 20

// listenLog opens the datagram socket that cfg names for HAProxy's log lines.
func listenLog(cfg *Config) (net.PacketConn, error) {
	network, address := "udp", strings.TrimPrefix(cfg.Log, logUDP)
	path, isFile := strings.CutPrefix(cfg.Log, logUnix)
	if isFile {
		network, address = "unixgram", path
		if err := removeStale(path); err != nil {
			return nil, fmt.Errorf("haproxy: log socket: %w", err)
		}
	}
	conn, err := net.ListenPacket(network, address)
	if err != nil {
		return nil, fmt.Errorf("haproxy: log socket: %w", err)
	}
	if b, ok := conn.(interface{ SetReadBuffer(bytes int) error }); ok {
		_ = b.SetReadBuffer(logBuffer) // less is no fault
	}
	if isFile {
		mode, err := parseMode(cfg.LogMode)
		if err == nil {
			err = os.Chmod(path, mode)
		}
		if err != nil {
			conn.Close() // the first error says what went wrong
			return nil, fmt.Errorf("haproxy: log socket: %w", err)
		}
	}
	return conn, nil
}

// removeStale removes a socket that nobody reads any more, which a process that was
// killed has left.
func removeStale(path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if info.Mode()&os.ModeSocket == 0 {
		return fmt.Errorf("%s is there and is no socket", path)
	}
	conn, err := net.Dial("unixgram", path)
	if err == nil {
		conn.Close()
		return fmt.Errorf("%s is read by another process", path)
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		return err
	}
	return os.Remove(path)
}

// receive reads log lines until the socket is closed.
func (p *Plane) receive(conn net.PacketConn) {
	buffer := make([]byte, 64<<10)
	for {
		n, _, err := conn.ReadFrom(buffer)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue // a datagram that could not be read
		}
		p.line(buffer[:n])
	}
}

// maxPending is the number of flows that may end in an interval; more are dropped.
const maxPending = 1 << 17

// pendingFlow is a flow that has ended and waits for the end of the window.
type pendingFlow struct {
	endedFlow
	pid     uint64
	slot    int32
	others  int32
	told    int32 // ending.told
	outcome outcome
}

// line takes a log line.
func (p *Plane) line(text []byte) {
	e, found, err := parseLine(text)
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	switch {
	case !found:
		p.status.LinesOther++
	case err != nil:
		p.status.LinesMalformed++
		if p.status.LinesMalformed == 1 {
			p.log.WithError(err).Warn("a log line of HAProxy is not of the log-format that is asked for; such lines are counted and left out")
		}
	case string(e.backend) != p.cfg.Backend:
		p.status.LinesOther++
	default:
		slot, ok := p.slots[string(e.server)]
		if !ok || len(p.pending) == maxPending {
			p.status.LinesDropped++
			return
		}
		p.status.Lines++
		if e.told == notRead {
			if p.status.ToldMalformed++; p.status.ToldMalformed == 1 {
				p.log.WithField("server", string(e.server)).Warn("the header x-fairlb-requests of a response is no number of requests; such headers are counted and passed over")
			}
		}
		p.pending = append(p.pending, pendingFlow{
			endedFlow: endedFlow{at: now, duration: e.duration}, pid: e.pid, slot: int32(slot),
			others: int32(min(e.others, maxStarts)), told: e.told, outcome: e.outcome(p.cfg.ServerErrors == errorsFailed),
		})
	}
}
