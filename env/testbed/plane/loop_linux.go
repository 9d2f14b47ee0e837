package plane

import (
	"math"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"fairlb/env/testbed/epoll"
	"fairlb/env/testbed/plane/proxyprotocol"
	"fairlb/env/testbed/plane/replica"
)

// loop is one event loop, of which there is one a core: it has a listener for each address, and the connections that it
// accepted, from their beginning to their end. Everything in it belongs to its goroutine,
// but for what says otherwise; others have it do things by engine.ask.
type loop struct {
	engine     *engine
	index      int
	epoll      int
	replica    *replica.Replica
	parameters *parameters // those that hold in this turn
	listeners  []*listener
	now        int64 // ns since the engine was made, of what is handled now

	events      []occurrence
	connections []*connection
	free        []int32 // numbers of connections that are unused
	moving      []int32 // numbers of connections that have more to pass on
	continued   []int32 // those of the turn that runs
	queue       []ticket
	admitting   bool // a flow has ended, so that one that is queued may have its turn
	timers      wheel
	paused      bool  // it accepts nothing, because too many connections are under way
	pausedUntil int64 // nor before this moment, because files ran out
	spare       int   // a file descriptor that is given up to shed a connection where there is no other
	accepting   bool
	cut         bool // all connections end, and then the loop
	slept       bool // the last wait was the scheduler's: there is little to do

	scratch     []byte // what is read, of one side after the other
	buffers     []*buffer
	pipes       []*pipe // that are empty and not in use
	buffersUsed int
	pipesUsed   int
	noPipeUntil int64

	wake     int // an eventfd, by which others wake it
	mu       sync.Mutex
	commands []func() // guarded by mu, what others want it to do
	exited   chan struct{}

	duties  func()        // what loop 0 alone does every tick; nil for the others
	reports *reportSocket // loop 0's, where servers tell of their requests; nil: nowhere
	records recordRing

	// What is counted, since New.
	open, queued                                       int
	accepted, retried, received, sent, spliced, pauses uint64
	turns, waits                                       uint64
	ended                                              [Outcomes]uint64
	faults                                             [FaultKinds]uint64
	durations, connects, queueWaits                    Histogram
	servers                                            []serverBytes // by slot
}

// serverBytes is what one loop counts of a server.
type serverBytes struct {
	underWay       int // connections
	received, sent uint64
}

// ticket is a place in the queue.
type ticket struct {
	number     int32
	generation uint32
}

const (
	// tick is the resolution of timeouts.
	tick = int64(10e6) // ns
	// shortWait is for how long a loop waits for events with its thread kept to itself,
	// which spares the Go scheduler's part of a wait that soon ends.
	shortWait = 5 // ms
	// queueTick is how long a loop with connections that are queued waits for others to
	// tell that a server is no longer full.
	queueTick = 1 // ms
	// longWait is how long it waits where there is nothing to look after.
	longWait = 500 // ms

	acceptBatch = 64
	shedPause   = int64(20e6) // ns, for which nothing is accepted after files ran out

	wakeKey      = math.MinInt32
	reportsKey   = math.MinInt32 + 1
	listenerKeys = -1 // and below: -1-k is the key of listener k
)

// run handles events until cut, and everything has ended.
func (l *loop) run() error {
	defer close(l.exited)
	for !l.cut || l.open > 0 {
		n, err := l.wait()
		if err != nil {
			return err
		}
		l.parameters = l.engine.parameters.Load()
		l.turns++
		if n == 0 {
			l.waits++
		}
		for k := range n {
			l.handle(&l.events[k])
		}
		l.goOn()
		l.now = l.engine.now()
		if l.admitting || l.queued > 0 {
			l.admit()
		}
		if l.now/tick != l.timers.now {
			l.everyTick()
		}
		l.replica.Flush()
	}
	return nil
}

// wait waits for events, and returns their number.
func (l *loop) wait() (int, error) {
	ms := longWait
	switch {
	case len(l.moving) > 0 || l.cut:
		ms = 0
	case l.queued > 0:
		ms = queueTick
	case l.timers.waiting > 0 || len(l.engine.loops) > 1 || l.duties != nil || l.paused:
		ms = int(tick / 1e6)
	}
	if !l.slept || ms <= shortWait {
		n, errno := poll(l.epoll, l.events, min(ms, shortWait))
		switch {
		case errno != 0 && errno != unix.EINTR:
			return 0, &unixError{"epoll_wait", errno}
		case errno == unix.EINTR:
			return 0, nil
		case n > 0 || ms <= shortWait:
			l.slept = n == 0
			return n, nil
		}
		l.slept = true
	}
	n, err := unix.EpollWait(l.epoll, l.events, ms)
	if err != nil && err != unix.EINTR {
		return 0, &unixError{"epoll_wait", err.(unix.Errno)}
	}
	l.slept = n <= 0
	return max(n, 0), nil
}

// handle handles one event.
func (l *loop) handle(e *occurrence) {
	l.now = l.engine.now()
	switch {
	case e.Fd == wakeKey:
		l.obey()
	case e.Fd == reportsKey:
		l.readReports()
	case e.Fd < 0:
		if k := int(listenerKeys - e.Fd); k < len(l.listeners) {
			l.accept(l.listeners[k])
		}
	default:
		if c := l.connections[e.Fd>>1]; c.generation == uint32(e.Pad) && c.stage != unused {
			l.happened(c, e.Fd&1, e.Events)
		}
	}
}

// goOn has those connections go on that had more to pass on than one turn.
func (l *loop) goOn() {
	l.continued, l.moving = l.moving, l.continued[:0]
	for _, number := range l.continued {
		if c := l.connections[number]; c.moving && c.stage == relaying {
			c.moving = false
			l.now = l.engine.now()
			l.relay(c)
		}
	}
}

// everyTick does what time brings.
func (l *loop) everyTick() {
	l.replica.Catch()
	l.timers.expire(l.now/tick, func(number int32) { l.expired(l.connections[number]) })
	if l.paused {
		l.resume()
	}
	if l.duties != nil {
		l.duties()
	}
}

// setTimer has a connection's timer go off at a moment, in ns, or up to a tick later.
func (l *loop) setTimer(c *connection, at int64) { l.timers.set(c.number, at/tick+1) }

// seconds is the present moment as the replicas have it.
func (l *loop) seconds() float64 { return float64(l.now) * 1e-9 }

// obey does what others want it to do.
func (l *loop) obey() {
	var count [8]byte
	epoll.Receive(l.wake, count[:])
	l.mu.Lock()
	commands := l.commands
	l.commands = nil
	l.mu.Unlock()
	for _, do := range commands {
		do()
	}
}

// post has the loop's goroutine do something soon. It may be called from any goroutine.
func (l *loop) post(do func()) {
	l.mu.Lock()
	l.commands = append(l.commands, do)
	l.mu.Unlock()
	one := [8]byte{1}
	_, _ = unix.Write(l.wake, one[:])
}

// enqueue has a connection wait until a server is no longer full.
func (l *loop) enqueue(c *connection) {
	if int(l.engine.queued.Load()) >= l.parameters.config.Limits.Queue {
		l.end(c, QueueFull)
		return
	}
	c.stage, c.staged = queued, l.now
	l.queued++
	l.engine.queued.Add(1)
	l.queue = append(l.queue, ticket{c.number, c.generation})
	l.setTimer(c, l.now+l.parameters.queueWait)
}

// admit chooses servers for those that are queued, the first first, as long as there are
// servers that are not full.
func (l *loop) admit() {
	l.admitting = false
	l.replica.Catch()
	k := 0
	for ; k < len(l.queue) && (l.replica.Available() > 0 || l.replica.In() == 0); k++ {
		t := l.queue[k]
		c := l.connections[t.number]
		if c.generation != t.generation || c.stage != queued {
			continue // it ended while it waited
		}
		l.queued--
		l.engine.queued.Add(-1)
		l.queueWaits.add(float64(l.now-c.staged) * 1e-9)
		c.waited += l.now - c.staged
		c.stage = unused
		l.timers.remove(c.number)
		l.choose(c)
	}
	l.queue = l.queue[:copy(l.queue, l.queue[k:])]
}

// fault counts a fault.
func (l *loop) fault(f Fault) { l.faults[f]++ }

// server returns the server in a slot.
func (l *loop) server(slot uint32) *server {
	if int(slot) >= len(l.parameters.servers) || l.parameters.servers[slot] == nil {
		l.parameters = l.engine.parameters.Load() // it has joined in this turn
	}
	return l.parameters.servers[slot]
}

// serverBytes returns what is counted of the server in a slot.
func (l *loop) serverBytes(slot uint32) *serverBytes {
	for int(slot) >= len(l.servers) {
		l.servers = append(l.servers, serverBytes{})
	}
	return &l.servers[slot]
}

// newConnection returns a connection of which everything is new but its memory.
func (l *loop) newConnection() *connection {
	if n := len(l.free); n > 0 {
		number := l.free[n-1]
		l.free = l.free[:n-1]
		return l.connections[number]
	}
	c := &connection{number: int32(len(l.connections)), generation: 1}
	l.connections = append(l.connections, c)
	return c
}

// freeConnection keeps a connection for another use.
func (l *loop) freeConnection(c *connection) {
	*c = connection{number: c.number, generation: c.generation + 1, tried: c.tried[:0]}
	l.free = append(l.free, c.number)
}

// bufferBytes is how long buffers are: what may be held in one direction, and at least
// what a client's and a server's header need.
func (l *loop) bufferBytes() int {
	return max(l.parameters.config.Limits.Buffer, proxyprotocol.MaxHeader+proxyprotocol.MaxWritten)
}

func (l *loop) newBuffer() *buffer {
	l.buffersUsed++
	if n := len(l.buffers); n > 0 {
		b := l.buffers[n-1]
		l.buffers = l.buffers[:n-1]
		if len(b.bytes) == l.bufferBytes() {
			return b
		}
	}
	return &buffer{bytes: make([]byte, l.bufferBytes())}
}

// maxKept bounds the buffers and pipes that are kept for another use.
const maxKept = 256

func (l *loop) freeBuffer(b *buffer) {
	l.buffersUsed--
	b.begin, b.end = 0, 0
	if len(l.buffers) < maxKept {
		l.buffers = append(l.buffers, b)
	}
}

// recycle frees what a side holds.
func (l *loop) recycle(s *side) {
	if s.pending != nil {
		l.freeBuffer(s.pending)
		s.pending = nil
	}
	if s.pipe == nil {
		return
	}
	l.pipesUsed--
	if s.pipe.held == 0 && len(l.pipes) < maxKept {
		l.pipes = append(l.pipes, s.pipe)
	} else {
		s.pipe.close()
	}
	s.pipe = nil
}

func (p *pipe) close() {
	epoll.Close(p.reading)
	epoll.Close(p.writing)
}

// record notes how a connection ended.
func (l *loop) record(c *connection, outcome Outcome) {
	l.ended[outcome]++
	l.durations.add(float64(l.now-c.accepted) * 1e-9)
	if l.parameters.config.Log.Connections == "" {
		return
	}
	r := l.records.next()
	if r == nil {
		return
	}
	peer := c.peer.address()
	*r = Record{
		Accepted: l.engine.began.Add(time.Duration(c.accepted)), Client: peer, Peer: peer, Listener: c.listener.text, Tries: c.tries, Outcome: outcome,
		Wait: time.Duration(c.waited), Connect: time.Duration(c.connected), First: time.Duration(c.first), Duration: time.Duration(l.now - c.accepted),
		Received: c.client.read, Sent: c.server.read, Loop: l.index,
	}
	if c.listener.proxy && c.origin.IsValid() {
		r.Client = c.origin
	}
	if c.target != nil {
		r.Server = c.target.name
	}
	l.records.publish()
}
