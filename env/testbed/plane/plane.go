package plane

import (
	"context"
	"net/netip"

	"github.com/sirupsen/logrus"
)

// Plane is a load balancer. Its methods may be called from any goroutine, from New on;
// after Run has returned, those that change something fail with ErrEnded.
type Plane struct {
	engine *engine
}

// New returns a balancer that has its listening sockets, so that clients may connect
// already, and accepts nothing until Run. It takes for granted that the settings are
// valid. It fails where a socket cannot be had, a server's address cannot be resolved,
// or the system is not Linux. What it logs are events that no caller learns of.
func New(cfg Config, log logrus.FieldLogger) (*Plane, error) {
	e, err := newEngine(cfg, log)
	if err != nil {
		return nil, err
	}
	return &Plane{engine: e}, nil
}

// Run balances until ctx is done, when connections that are under way are cut, or
// until Drain has ended. It returns nil then, and an error if a loop cannot go on. It is
// called once.
func (p *Plane) Run(ctx context.Context) error { return p.engine.run(ctx) }

// Close frees the sockets of a balancer whose Run was not called; after Run it does
// nothing.
func (p *Plane) Close() error { return p.engine.close() }

// Reload takes over new settings without losing a connection. Listeners that stay keep
// their sockets; what waits in the backlog of one that goes is accepted first. Servers
// are the same if name and address are; connections to one that goes stay until they
// end. What rules have learned of the servers that stay is kept if the rule stays. Loops,
// Name and Shared cannot change: ErrFixed. On an error everything stays as it was.
func (p *Plane) Reload(cfg Config) error { return p.engine.reload(cfg) }

// SetReady says whether the balancer wants to get connections. It is what Ready and a
// Snapshot answer to whoever asks; connections are accepted either way. A balancer is
// not ready at first.
func (p *Plane) SetReady(ready bool) { p.engine.ready.Store(ready) }

// Ready says what SetReady was told last.
func (p *Plane) Ready() bool { return p.engine.ready.Load() }

// Drain stops accepting, waits until no connection is under way, or until ctx is done,
// and cuts those that are left; then Run returns. The connections that were cut are
// counted in the Snapshot. It is an error if Run was not called.
func (p *Plane) Drain(ctx context.Context) error { return p.engine.drain(ctx) }

// SetUp says whether a server works, as a health check has found. Every server is up at
// first. A server that comes up is not penalised any more.
func (p *Plane) SetUp(server string, up bool) error { return p.engine.setUp(server, up) }

// SetDrained says whether the administrator wants a server to get no new connections.
func (p *Plane) SetDrained(server string, drained bool) error {
	return p.engine.setDrained(server, drained)
}

// SetWeights gives servers the weights by which the rule weights chooses for the
// connections to come. Servers that are not named keep theirs. Weights must be positive
// and finite. It counts as a sign of life of an agent.
func (p *Plane) SetWeights(weights map[string]float64) error { return p.engine.setWeights(weights) }

// Snapshot returns the present state, also after Run has returned.
func (p *Plane) Snapshot() Snapshot { return p.engine.snapshot() }

// ReadRecords fills dst with records of connections that have ended, each once, and
// returns their number. Records are kept only where Config.Log asks for them, and only
// so many (recordRoom a loop) until they are read: those that come then are lost and
// counted. They come in the order of their ends within a loop. It is used by one goroutine
// at a time.
func (p *Plane) ReadRecords(dst []Record) int { return p.engine.readRecords(dst) }

// Addresses returns the address of each listener, in the order of the settings, with the
// port that the system chose where the settings say 0.
func (p *Plane) Addresses() []netip.AddrPort { return p.engine.addresses() }
