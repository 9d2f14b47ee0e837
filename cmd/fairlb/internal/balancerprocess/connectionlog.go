package balancerprocess

import (
	"context"
	"io"
	"net/netip"
	"strconv"
	"time"

	"github.com/sirupsen/logrus"

	"fairlb/cmd/fairlb/internal/invalid"
	"fairlb/cmd/fairlb/internal/linelog"
	"fairlb/env/testbed/plane"
)

// connectionLog writes the records of ended connections, one JSON object a line. While the
// file or the reader is slow, records wait in the balancer, which counts those that it has
// no room for (plane.Snapshot.Lost).
type connectionLog struct {
	name   string // of the balancer
	source interface{ ReadRecords([]plane.Record) int }
	lines  *linelog.Lines

	records []plane.Record
	block   []byte
}

const (
	// recordsInterval is how often records are fetched.
	recordsInterval = 20 * time.Millisecond
	// recordsAtOnce is how many lines are written by one system call.
	recordsAtOnce = 256
)

func newConnectionLog(name string, log logrus.FieldLogger) *connectionLog {
	return &connectionLog{name: name, lines: linelog.New("connections", log), records: make([]plane.Record, recordsAtOnce)}
}

// openLog opens what the settings name as the log of connections; nil: there is none.
func openLog(path string, stdout io.Writer) (io.WriteCloser, error) {
	switch path {
	case "":
		return nil, nil
	case "-":
		return linelog.Shared(stdout), nil
	}
	out, err := linelog.Open(path)
	if err != nil {
		return nil, invalid.Errorf("log.connections: %w", err)
	}
	return out, nil
}

// run writes records until ctx is done, and then those that are left.
func (l *connectionLog) run(ctx context.Context) {
	ticker := time.NewTicker(recordsInterval)
	defer ticker.Stop()
	for ctx.Err() == nil {
		l.drain()
		select {
		case <-ctx.Done():
		case <-ticker.C:
		}
	}
	l.drain()
	l.lines.Close()
}

// drain writes the records that there are.
func (l *connectionLog) drain() {
	for {
		n := l.source.ReadRecords(l.records)
		if n == 0 {
			l.lines.Write(nil) // a file that was exchanged is closed, though nothing comes
			return
		}
		l.block = l.block[:0]
		for k := range l.records[:n] {
			l.block = appendRecord(l.block, l.name, &l.records[k])
		}
		l.lines.Write(l.block)
	}
}

// appendRecord appends the line of a connection. Fields keep their names, order and
// meaning; what there was not is null.
func appendRecord(b []byte, name string, r *plane.Record) []byte {
	b = append(b, `{"time":`...)
	b = linelog.AppendTime(b, r.Accepted)
	b = append(b, `,"lb":`...)
	b = linelog.AppendString(b, name)
	b = append(b, `,"client":`...)
	b = appendAddress(b, r.Client)
	b = append(b, `,"peer":`...)
	b = appendAddress(b, r.Peer)
	b = append(b, `,"listener":`...)
	b = linelog.AppendString(b, r.Listener)
	b = append(b, `,"server":`...)
	if r.Server == "" {
		b = append(b, "null"...)
	} else {
		b = linelog.AppendString(b, r.Server)
	}
	b = append(b, `,"tries":`...)
	b = strconv.AppendInt(b, int64(r.Tries), 10)
	b = append(b, `,"outcome":"`...)
	b = append(b, r.Outcome.String()...)
	b = append(b, `","queue_s":`...)
	b = linelog.AppendNumber(b, r.Wait.Seconds())
	b = append(b, `,"connect_s":`...)
	b = appendMoment(b, r.Connect)
	b = append(b, `,"first_byte_s":`...)
	b = appendMoment(b, r.First)
	b = append(b, `,"duration_s":`...)
	b = linelog.AppendNumber(b, r.Duration.Seconds())
	b = append(b, `,"received_bytes":`...)
	b = strconv.AppendUint(b, r.Received, 10)
	b = append(b, `,"sent_bytes":`...)
	b = strconv.AppendUint(b, r.Sent, 10)
	b = append(b, `,"loop":`...)
	b = strconv.AppendInt(b, int64(r.Loop), 10)
	return append(b, "}\n"...)
}

// appendMoment appends a time that there was not if it is 0.
func appendMoment(b []byte, d time.Duration) []byte {
	if d == 0 {
		return append(b, "null"...)
	}
	return linelog.AppendNumber(b, d.Seconds())
}

// appendAddress appends an address, which may be unknown.
func appendAddress(b []byte, a netip.AddrPort) []byte {
	if !a.IsValid() {
		return append(b, "null"...)
	}
	b = append(b, '"')
	b = a.AppendTo(b)
	return append(b, '"')
}
