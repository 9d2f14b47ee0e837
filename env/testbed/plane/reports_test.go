//go:build linux

package plane

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"

	"fairlb/env/testbed/plane/report"
)

// teller sends reports to a balancer.
func teller(t *testing.T, r *running) func(format string, args ...any) {
	t.Helper()
	conn, err := net.Dial("udp", r.Snapshot().Reports.Address)
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close() })
	return func(format string, args ...any) {
		_, err := fmt.Fprintf(conn, format, args...)
		require.NoError(t, err)
	}
}

// carriedConfig returns settings of a balancer that hears reports and goes by carried.
func carriedConfig(servers ...Server) Config {
	cfg := testConfig(servers...)
	cfg.Rule.Name = "carried"
	cfg.Reports.Listen = "127.0.0.1:0"
	return cfg
}

// TestReports: what servers tell is counted and known by server, whatever they call
// themselves; what is no report, of no server, from elsewhere or overtaken is counted by
// its reason and has no effect.
func TestReports(t *testing.T) {
	t.Parallel()
	a, b := newServer(t, echo).config("a"), newServer(t, echo).config("b")
	elsewhere := Server{Name: "c", Address: "127.0.0.9:9"}
	cfg := carriedConfig(a, b, elsewhere)
	cfg.Reports.From = []string{"192.0.2.0/24"}
	r := start(t, cfg)
	tell := teller(t, r)
	tell("fairlb-report 1 a 5 10\n")
	tell("fairlb-report 1 %s 7", b.Address)
	tell("fairlb-report 1 a 9 10")          // again
	tell("fairlb-report 1 a 9 9")           // overtaken
	tell("fairlb-report 2 a 9 11")          // of another version
	tell("fairlb-report 1 nobody 9 11")     // of no server
	tell("fairlb-report 1 c 9 11")          // whose address is another
	tell("fairlb-report 1 a 9 11 and more") // no report
	tell("fairlb-report 1 a 9%s", strings.Repeat("9", report.MaxBytes))
	tell("")
	tell("fairlb-report 1 a 6 11")
	s := r.eventually("the last was heard", func(s Snapshot) bool { return s.Reports.Heard == 3 })
	require.Equal(t, [Refusals]uint64{MalformedReport: 3, OtherVersion: 1, UnknownReporter: 1, ForeignReporter: 1, LateReport: 2}, s.Reports.Refused)
	require.Equal(t, []int32{6, 7, 0}, []int32{s.Servers[0].Reported, s.Servers[1].Reported, s.Servers[2].Reported})
	require.Equal(t, []uint64{2, 1, 0}, []uint64{s.Servers[0].Reports, s.Servers[1].Reports, s.Servers[2].Reports})
	require.Positive(t, s.Servers[0].ReportAge)
	require.Less(t, s.Servers[0].ReportAge, soon.Seconds())
}

// TestReportsFrom: an address that the settings list may speak for any server, and a
// server that begins anew is heard again after a while.
func TestReportsFrom(t *testing.T) {
	t.Parallel()
	cfg := carriedConfig(newServer(t, echo).config("a"), Server{Name: "c", Address: "127.0.0.9:9"})
	cfg.Reports.From = []string{"10.0.0.0/8", "127.0.0.1"}
	r := start(t, cfg)
	tell := teller(t, r)
	tell("fairlb-report 1 c 3 100")
	tell("fairlb-report 1 c 4 1")
	s := r.eventually("both have come", func(s Snapshot) bool { return s.Reports.Heard+s.Reports.Refused[LateReport] == 2 })
	require.EqualValues(t, 1, s.Reports.Refused[LateReport])
	r.eventually("it is heard again", func(Snapshot) bool {
		tell("fairlb-report 1 c 4 1")
		return r.Snapshot().Servers[1].Reported == 4
	})
}

// TestCarriedHeeds: connections go where the servers say that there are few, by whichever
// loop they come. What servers say is heeded for some times as long as a connection takes.
func TestCarriedHeeds(t *testing.T) {
	t.Parallel()
	slow := func(name string) func(net.Conn) {
		return func(conn net.Conn) {
			time.Sleep(200 * time.Millisecond)
			named(name)(conn)
		}
	}
	r := start(t, carriedConfig(newServer(t, slow("a")).config("a"), newServer(t, slow("b")).config("b")))
	tell := teller(t, r)
	ask := func() (answers []string) {
		list := make(chan string)
		for range 8 {
			go func() {
				answer, err := r.ask()
				list <- fmt.Sprint(answer, err)
			}()
		}
		for range 8 {
			answers = append(answers, <-list)
		}
		return answers
	}
	require.Subset(t, ask(), []string{"a<nil>", "b<nil>"}, "nothing was told")
	for k, pair := range [][2]string{{"a", "b"}, {"b", "a"}, {"a", "b"}} {
		tell("fairlb-report 1 %s 1000000", pair[0])
		tell("fairlb-report 1 %s 0", pair[1])
		r.eventually("they were heard", func(s Snapshot) bool { return s.Reports.Heard == uint64(2*k+2) })
		time.Sleep(time.Duration(3 * tick)) // every loop has heard it
		require.NotContains(t, ask(), pair[0]+"<nil>")
	}
}

// TestReportAllocatesNothing: once warm, a report costs no allocation.
func TestReportAllocatesNothing(t *testing.T) {
	cfg := carriedConfig(Server{Name: "a", Address: "127.0.0.1:9"})
	cfg.Loops, cfg.Reports.From = 1, []string{"10.0.0.0/8"}
	p, err := New(cfg, logrus.New())
	require.NoError(t, err)
	defer p.Close()
	l, text, n := p.engine.loops[0], []byte(nil), uint64(0)
	require.Zero(t, testing.AllocsPerRun(1000, func() {
		n++
		text = report.Append(text[:0], report.Message{Server: []byte("a"), Requests: 3, Sequence: n})
		l.takeReport(text, netip.AddrFrom4([4]byte{10, 0, 0, 1}))
	}))
	require.Equal(t, n, l.reports.heard)
}

// TestReloadReports: the socket is opened, moved and closed by reloads, which lose nothing
// of what was counted; one that is taken changes nothing.
func TestReloadReports(t *testing.T) {
	t.Parallel()
	cfg := testConfig(newServer(t, echo).config("a"), newServer(t, echo).config("b"))
	r := start(t, cfg)
	require.Nil(t, r.Snapshot().Reports)
	told := cfg
	told.Rule.Name, told.Reports.Listen = "carried", "127.0.0.1:0"
	require.NoError(t, r.Reload(told))
	tell := teller(t, r)
	tell("fairlb-report 1 a 5 1")
	first := r.eventually("it was heard", func(s Snapshot) bool { return s.Reports.Heard == 1 })

	same := told
	same.Servers = told.Servers[:1]
	require.NoError(t, r.Reload(same))
	s := r.Snapshot()
	require.Equal(t, first.Reports.Address, s.Reports.Address, "the socket stays")
	require.EqualValues(t, 5, s.Servers[0].Reported)

	taken, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	moved := told
	moved.Reports.Listen = taken.LocalAddr().String()
	require.ErrorContains(t, r.Reload(moved), "address already in use")
	tell("fairlb-report 1 a 6 2")
	r.eventually("it hears where it did", func(s Snapshot) bool { return s.Reports.Heard == 2 })

	moved.Reports.Listen = "127.0.0.2:0"
	require.NoError(t, r.Reload(moved))
	teller(t, r)("fairlb-report 1 b 7")
	s = r.eventually("it hears elsewhere", func(s Snapshot) bool { return s.Reports.Heard == 3 })
	require.NotEqual(t, first.Reports.Address, s.Reports.Address)

	gone := moved
	gone.Servers = moved.Servers[:1]
	require.NoError(t, r.Reload(gone))
	require.NoError(t, r.Reload(moved))
	require.Zero(t, r.Snapshot().Servers[1].Reports, "b left and came back")
	require.NoError(t, r.Reload(cfg))
	require.Nil(t, r.Snapshot().Reports)
	answer, err := net.Dial("udp", first.Reports.Address)
	require.NoError(t, err)
	answer.Close()
}
