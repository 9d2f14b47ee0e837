package haproxy

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	logtest "github.com/sirupsen/logrus/hooks/test"
	"github.com/stretchr/testify/require"

	"fairlb/env/testbed"
)

// fake is an HAProxy that answers as a test wants it to. It knows one backend, web.
type fake struct {
	t        *testing.T
	folder   string
	listener net.Listener
	group    sync.WaitGroup

	mu       sync.Mutex
	pid      int
	names    []string
	weight   map[string]int
	total    map[string]int
	current  map[string]int
	written  [][]string                // the commands of each line that set something
	ignore   bool                      // weights are not set
	answer   func(reply string) string // what becomes of a reply; nil: nothing
	silent   bool                      // nothing is answered until the other side hangs up
	answered int                       // lines
}

func newFake(t *testing.T, names ...string) *fake {
	f := &fake{t: t, folder: t.TempDir(), pid: 7, names: names, weight: map[string]int{}, total: map[string]int{}, current: map[string]int{}}
	for _, name := range names {
		f.weight[name] = 100
	}
	var err error
	f.listener, err = net.Listen("unix", filepath.Join(f.folder, "rt"))
	require.NoError(t, err)
	f.group.Go(func() {
		for {
			conn, err := f.listener.Accept()
			if err != nil {
				return
			}
			f.group.Go(func() { f.serve(conn) })
		}
	})
	t.Cleanup(func() {
		f.listener.Close()
		f.group.Wait()
	})
	return f
}

func (f *fake) set(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

func (f *fake) serve(conn net.Conn) {
	defer conn.Close()
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		return
	}
	f.mu.Lock()
	reply := f.reply(strings.Split(strings.TrimSpace(line), ";"))
	if f.answer != nil {
		reply = f.answer(reply)
	}
	silent := f.silent
	f.answered++
	f.mu.Unlock()
	if silent {
		_, _ = conn.Read(make([]byte, 1)) // until the other side hangs up
		return
	}
	_, _ = conn.Write([]byte(reply)) // the other side may have hung up
}

func (f *fake) reply(commands []string) string {
	var b strings.Builder
	var sets []string
	for _, command := range commands {
		var name string
		var weight int
		switch _, err := fmt.Sscanf(strings.Replace(command, "web/", "", 1), "set server %s weight %d", &name, &weight); {
		case err == nil:
			sets = append(sets, command)
			if !f.ignore {
				f.weight[name] = weight
			}
		case command == "show info":
			fmt.Fprintf(&b, "Name: HAProxy\nVersion: 2.6.12\nPid: %d\nUptime_sec: 5\nStart_time_sec: 1000\ndescription: \n", f.pid)
		case command == "show servers state web":
			b.WriteString("1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight srv_port\n")
			for k, name := range f.names {
				fmt.Fprintf(&b, "3 web %d %s 127.0.0.1 2 0 %d 100 %d\n", k+1, name, f.weight[name], int(name[0]))
			}
		case command == "show stat web 6 -1":
			b.WriteString("# pxname,svname,qcur,scur,stot,wredis,act,bck,type,algo,\n")
			for _, name := range f.names {
				fmt.Fprintf(&b, "web,%s,0,%d,%d,0,1,0,2,,\n", name, f.current[name], f.total[name])
			}
			fmt.Fprintf(&b, "web,BACKEND,0,0,0,0,%d,0,1,roundrobin,\n", len(f.names))
		default:
			fmt.Fprintf(&b, "Unknown command: '%s'\n", command)
		}
		b.WriteString("\n")
	}
	if sets != nil {
		f.written = append(f.written, sets)
	}
	return b.String()
}

func (f *fake) settings() Config {
	cfg := DefaultConfig()
	cfg.Socket, cfg.Backend, cfg.Log = filepath.Join(f.folder, "rt"), "web", logUnix+filepath.Join(f.folder, "log")
	cfg.Journal = filepath.Join(f.folder, "journal.json")
	cfg.Interval, cfg.Timeout, cfg.Gone, cfg.Blackout, cfg.Seed = 0.01, 5, 0.05, 0, 1
	return cfg
}

// send sends a log line to the plane.
func (f *fake) send(line string) {
	conn, err := net.Dial("unixgram", filepath.Join(f.folder, "log"))
	require.NoError(f.t, err)
	defer conn.Close()
	_, err = conn.Write([]byte(line))
	require.NoError(f.t, err)
}

// know lets the plane learn of servers.
func (f *fake) know(p *Plane, names ...string) {
	lines := p.Status().Lines
	for _, name := range names {
		f.send("fairlb1 7 web " + name + " -- 200 5 0 0 0 0 1 1000")
	}
	await(f.t, p, func(r *testbed.Reading) bool {
		return p.Status().Lines == lines+uint64(len(names)) && ended(r) >= uint64(len(names))
	})
}

// What HAProxy answers may be anything: the plane says what was wrong, keeps what it
// has, and goes on once the answers are right again.
func TestRepliesThatAreWrong(t *testing.T) {
	cut := func(n int) func(string) string { return func(reply string) string { return reply[:len(reply)-n] } }
	for _, test := range []struct {
		name   string
		answer func(reply string) string
		kind   error
		want   string
	}{
		{"nothing", func(string) string { return "" }, ErrReply, "cut off after 0 bytes"},
		{"an empty line", func(string) string { return "\n" }, ErrRefused, ""},
		{"cut off at the end", cut(1), ErrReply, "cut off"},
		{"cut off in the middle", cut(100), ErrReply, "cut off"},
		{"garbage", func(string) string { return "\x00\xff\xfe garbage\n\n" }, ErrRefused, "garbage"},
		{"huge", func(string) string { return strings.Repeat("x", 8<<20) }, ErrReply, "more than"},
		{"no permission", func(string) string { return "Permission denied\n\n" }, ErrRefused, "level admin"},
		{"no such backend", func(r string) string { return r[:strings.Index(r, "1\n# be")] + "Can't find backend.\n\nx\n\n" }, ErrRefused, "Can't find backend"},
		{"another version", func(r string) string { return strings.Replace(r, "1\n# be_id", "2\n# be_id", 1) }, ErrRefused, "show servers state"},
		{"a column less", func(r string) string { return strings.Replace(r, ",scur,", ",other,", 1) }, ErrReply, "no column scur"},
		{"a column less of states", func(r string) string { return strings.Replace(r, "srv_uweight", "other", 1) }, ErrReply, "no column srv_uweight"},
		{"too few values", func(r string) string { return strings.Replace(r, "web,a,0,", "web,a,", 1) }, ErrReply, "wrong number of fields"},
		{"a count that is none", func(r string) string { return strings.Replace(r, "web,a,0,0", "web,a,0,-3", 1) }, ErrReply, `scur of "a" is "-3"`},
		{"a weight that is none", func(r string) string { return strings.Replace(r, " 100 100 97", " 999 100 97", 1) }, ErrReply, "999"},
		{"a name that is a command", func(r string) string { return strings.Replace(r, " a 127", " a;quit 127", 1) }, ErrReply, "a;quit"},
		{"a server twice", func(r string) string { return strings.Replace(r, "web 2 b ", "web 2 a ", 1) }, ErrReply, "web 2 a"},
		{"another backend", func(r string) string { return strings.Replace(r, "web,a", "db,a", 1) }, ErrReply, "db"},
		{"no process", func(r string) string { return strings.Replace(r, "Pid:", "Dip:", 1) }, ErrReply, "no Pid"},
		{"a process twice", func(r string) string { return strings.Replace(r, "Pid: 7", "Pid: 7\nPid: 8", 1) }, ErrReply, "Pid"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t, "a", "b")
			f.answer = test.answer
			_, err := Open(context.Background(), f.settings())
			require.ErrorIs(t, err, test.kind)
			require.ErrorContains(t, err, test.want)
			f.set(func() { f.answer = nil })
			p := open(t, f.settings()) // nothing is left of the attempt
			f.set(func() { f.answer = test.answer })
			require.Eventually(t, func() bool { var r testbed.Reading; return p.Read(&r) != nil }, 20*time.Second, time.Millisecond)
			r := testbed.Reading{Sequence: 99}
			require.ErrorIs(t, p.Read(&r), testbed.ErrPlaneGone)
			require.ErrorIs(t, p.Read(&r), test.kind)
			require.EqualValues(t, 99, r.Sequence, "a failure leaves the reading as it is")
			f.set(func() { f.answer = nil })
			await(t, p, func(*testbed.Reading) bool { return true })
			require.NoError(t, p.Close())
		})
	}
}

func TestHAProxyStalls(t *testing.T) {
	t.Parallel()
	f := newFake(t, "a", "b")
	cfg := f.settings()
	cfg.Timeout = 0.05
	f.silent = true
	_, err := Open(context.Background(), cfg)
	require.ErrorIs(t, err, ErrRuntime)
	require.ErrorContains(t, err, "timeout")
	_, err = Open(context.Background(), Config{})
	require.ErrorIs(t, err, ErrConfig)
	cfg.Socket = filepath.Join(f.folder, "nothing")
	_, err = Open(context.Background(), cfg)
	require.ErrorIs(t, err, ErrRuntime)
}

func TestOnlyChangesAreWrittenInOneLine(t *testing.T) {
	t.Parallel()
	f := newFake(t, "a", "b", "c")
	p := open(t, f.settings())
	f.know(p, "a", "b", "c")
	require.NoError(t, p.Write([]float64{1, 2, 4}))
	require.NoError(t, p.Write([]float64{2, 4, 8}), "the same ratios")
	require.NoError(t, p.Write([]float64{1, 1, 4}))
	f.set(func() {
		require.Equal(t, [][]string{
			{"set server web/a weight 64", "set server web/b weight 128", "set server web/c weight 256"},
			{"set server web/b weight 64"},
		}, f.written)
	})
	for _, weights := range [][]float64{{0, 1, 1}, {1, -1, 1}, {1, 1, nan()}} {
		require.ErrorIs(t, p.Write(weights), ErrWeights)
	}
	require.NoError(t, p.Close())
	require.Equal(t, map[string]int{"a": 100, "b": 100, "c": 100}, f.weight)
	_, err := os.Stat(f.settings().Journal)
	require.ErrorIs(t, err, os.ErrNotExist, "nothing is left to bring back")
}

func nan() float64 { z := 0.0; return z / z }

func TestWeightsThatAreNotTaken(t *testing.T) {
	t.Parallel()
	f := newFake(t, "a", "b")
	p := open(t, f.settings())
	f.know(p, "a", "b")
	f.set(func() { f.ignore = true })
	err := p.Write([]float64{1, 2})
	require.ErrorIs(t, err, ErrRefused)
	require.ErrorContains(t, err, "a, b")
	f.set(func() { f.ignore = false })
	require.Eventually(t, func() bool {
		f.mu.Lock()
		defer f.mu.Unlock()
		return f.weight["a"] == 128 && f.weight["b"] == 256
	}, 20*time.Second, time.Millisecond, "the next reading leads to the next try")
	require.Zero(t, p.Status().Conflicts)
}

// The answer to a batch is lost after HAProxy has taken it. What was written must not be
// taken for another writer's, to which the server would be left.
func TestAnAnswerIsLostAfterWeightsWereTaken(t *testing.T) {
	t.Parallel()
	f := newFake(t, "a", "b")
	p := open(t, f.settings())
	f.know(p, "a", "b")
	f.set(func() {
		f.answer = func(reply string) string {
			if strings.HasPrefix(reply, "Name") { // a reading
				return reply
			}
			return ""
		}
	})
	require.ErrorIs(t, p.Write([]float64{1, 2}), ErrReply)
	f.set(func() { f.answer = nil })
	require.NoError(t, p.Write([]float64{1, 2}))
	require.Zero(t, p.Status().Conflicts)
	require.Empty(t, p.Status().Yielded)
	require.NoError(t, p.Close())
	require.Equal(t, map[string]int{"a": 100, "b": 100}, f.weight)
}

func TestLogLinesThatAreOther(t *testing.T) {
	t.Parallel()
	f := newFake(t, "a", "b")
	cfg := f.settings()
	logger, hook := logtest.NewNullLogger()
	logger.SetLevel(logrus.WarnLevel)
	cfg.Logger = logger
	p := open(t, cfg)
	for _, line := range []string{
		"Server web/a is DOWN.", "", "\x00\x01",
		"fairlb1 7 web a -- 200 5 0 0 0 0 +1 1000", "fairlb1 7 web", "fairlb1 " + strings.Repeat("x", 3000),
		"fairlb1 7 other a -- 200 5 0 0 0 0 1 1000", "fairlb1 7 web nobody -- 200 5 0 0 0 0 1 1000",
		"fairlb1 99 web a -- 200 5 0 0 0 0 1 1000", "<134>Nov 29 02:46:13 host haproxy[7]: fairlb1 7 web a SC 503 5 2 0 0 0 1 1000\n",
		"fairlb1 7 web a CD 200 5 2 0 0 0 1 1000",
		"fairlb1 7 web b -- 200 5 2 +1 100 200 1000 1000000\n",
	} {
		f.send(line)
	}
	r := await(t, p, func(r *testbed.Reading) bool { return r.Servers[1].Completed == 1 })
	require.EqualValues(t, 0, r.Servers[0].Completed)
	require.EqualValues(t, 1, r.Servers[0].Failed)
	require.InDelta(t, 0.7, r.Servers[1].DurationSum, 1e-9, "without what tries at another server took")
	require.EqualValues(t, 3, r.Servers[1].CountSum)
	s := p.Status()
	require.Equal(t, []uint64{4, 3, 4, 2}, []uint64{s.Lines, s.LinesMalformed, s.LinesOther, s.LinesDropped})
	require.Len(t, hook.AllEntries(), 1, "a user is told once")
}

// TestTold: what responses say of their servers' requests is summed up beside what HAProxy
// itself counts, of flows that completed and say it alone.
func TestTold(t *testing.T) {
	t.Parallel()
	f := newFake(t, "a", "b")
	cfg := f.settings()
	logger, hook := logtest.NewNullLogger()
	logger.SetLevel(logrus.WarnLevel)
	cfg.Logger = logger
	p := open(t, cfg)
	for _, line := range []string{
		"fairlb2 7 web a -- 200 5 2 0 0 0 1 1000000 4", // five requests with this one, three of them HAProxy's
		"fairlb2 7 web a -- 200 5 1 0 0 0 1 500000 1",
		"fairlb2 7 web a -- 200 5 1 0 0 0 1 500000 0", // fewer than HAProxy itself has: on their way
		"fairlb2 7 web a -- 200 5 0 0 0 0 1 1000000 -", "fairlb2 7 web a -- 200 5 0 0 0 0 1 1000000 none", "fairlb2 7 web a -- 200 5 0 0 0 0 1 1000000 no 1",
		"fairlb2 7 web a SC 503 5 0 0 0 0 1 1000000 9", "fairlb1 7 web b -- 200 5 0 0 0 0 1 1000",
	} {
		f.send(line)
	}
	r := await(t, p, func(r *testbed.Reading) bool { return r.Servers[0].Completed == 6 && r.Servers[1].Completed == 1 })
	require.Equal(t, testbed.Told{Flows: 3, Squares: 25 + 4 + 1, Durations: 5 + 1 + 0.5, Others: 2, Last: 1}, r.Servers[0].Told)
	require.Zero(t, r.Servers[1].Told)
	require.EqualValues(t, 8, p.Status().Lines)
	require.EqualValues(t, 2, p.Status().ToldMalformed)
	require.Len(t, hook.AllEntries(), 1, "a user is told once")
}

func TestALogSocketIsTakenOverOrNot(t *testing.T) {
	t.Parallel()
	f := newFake(t, "a")
	cfg := f.settings()
	path := filepath.Join(f.folder, "log")
	stale, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	require.NoError(t, err)
	_, err = Open(context.Background(), cfg)
	require.ErrorContains(t, err, "is read by another process")
	require.NoError(t, stale.Close()) // leaves the file
	p := open(t, cfg)
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.EqualValues(t, 0o600, info.Mode().Perm())
	require.NoError(t, p.Close())
	require.NoError(t, os.WriteFile(path, nil, 0o600))
	_, err = Open(context.Background(), cfg)
	require.ErrorContains(t, err, "is no socket")
}

func TestAnUnreadableJournal(t *testing.T) {
	t.Parallel()
	f := newFake(t, "a")
	cfg := f.settings()
	for _, test := range []struct{ text, want string }{
		{"", "unexpected end"},
		{`{"version":2}`, "version = 2: must be 1"},
		{`{"version":1,"socket":"x","backend":"web"}`, `it is of backend "web" of "x"`},
		{`{"version":1,"servers":[{"name":"a","first":999}]}`, "weight 999"},
	} {
		require.NoError(t, os.WriteFile(cfg.Journal, []byte(test.text), 0o600))
		_, err := Open(context.Background(), cfg)
		require.ErrorIs(t, err, ErrJournal)
		require.ErrorContains(t, err, test.want)
	}
}

// After a crash, a weight that the killed process did not write is another's, and stays.
func TestACrashAndAnotherWriter(t *testing.T) {
	t.Parallel()
	f := newFake(t, "a", "b")
	cfg := f.settings()
	p := open(t, cfg)
	f.know(p, "a", "b")
	require.NoError(t, p.Write([]float64{1, 2}))
	crashed := p.journalCopy(t)
	require.NoError(t, p.Close())
	crashed()
	f.set(func() { f.weight["a"], f.weight["b"] = 33, 256 })
	p = open(t, cfg)
	require.NoError(t, p.Close())
	require.Equal(t, map[string]int{"a": 33, "b": 100}, f.weight)
}

func TestSlotsOfServersThatComeAndGo(t *testing.T) {
	t.Parallel()
	f := newFake(t, "a", "b")
	p := open(t, f.settings())
	f.know(p, "a", "b")
	f.set(func() { f.names = []string{"b"} })
	await(t, p, func(r *testbed.Reading) bool { return r.Servers[0].Name == "" })
	f.set(func() { f.names = []string{"c", "b"}; f.weight["c"] = 50; f.total["c"] = 5 })
	r := await(t, p, func(r *testbed.Reading) bool { return r.Servers[0].Name == "c" })
	require.Equal(t, testbed.Server{Name: "c", In: true}, r.Servers[0], "nothing of the server before is left")
	require.Equal(t, "b", r.Servers[1].Name)
	require.EqualValues(t, 1, r.Servers[1].Completed)
	require.Equal(t, make([]float32, 11), r.Obs[:11])
	f.set(func() { f.total["c"] = 9 })
	await(t, p, func(r *testbed.Reading) bool { return r.Servers[0].Dispatched == 4 })
	f.set(func() { f.total["c"] = 2 }) // an operator has cleared counters
	await(t, p, func(r *testbed.Reading) bool { return r.Servers[0].Dispatched == 6 })
}
