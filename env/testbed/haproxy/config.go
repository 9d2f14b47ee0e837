package haproxy

import (
	"fmt"
	"net"
	"net/netip"
	"strings"

	"github.com/sirupsen/logrus"

	"fairlb/env/settings"
)

var _ settings.Ruled = (*Config)(nil)

// Config says which backend is steered and how. Times are in s.
type Config struct {
	Socket  string `yaml:"socket"`   // HAProxy's runtime API, a stats socket of level admin: a path, or host:port
	Backend string `yaml:"backend"`  // the backend that is steered
	Log     string `yaml:"log"`      // where HAProxy's log lines are received: udp:HOST:PORT or unix:PATH
	LogMode string `yaml:"log_mode"` // permissions of a log socket that is a path, octal
	Public  bool   `yaml:"public"`   // allow addresses that are not loopback ones

	Balance string `yaml:"balance"` // how the backend balances: leastconn, roundrobin or random; auto: as HAProxy tells, which 2.6 does not of random
	Scale   int    `yaml:"scale"`   // the largest weight that is written; 0: by balance

	Interval float64 `yaml:"interval"` // between two readings
	Timeout  float64 `yaml:"timeout"`  // for HAProxy to answer
	Gone     float64 `yaml:"gone"`     // for how long HAProxy may be silent before it counts as gone
	Servers  int     `yaml:"servers"`  // most servers that the backend may have

	Conflict string  `yaml:"conflict"`  // what is done when another writer has changed a weight: yield or reassert
	YieldFor float64 `yaml:"yield_for"` // for how long a server is left to another writer after its last change; 0: until it is released
	Patience float64 `yaml:"patience"`  // how long whoever steers may be silent before the first weights come back; 0: for ever

	Blackout float64 `yaml:"blackout"` // for how long a server that has just come gets the mean weight of the others
	Expiry   float64 `yaml:"expiry"`   // after how long without a completed flow it does again; 0: never

	ServerErrors string `yaml:"server_errors"` // what an answer with status 500 to 599 counts as: failed or completed
	Journal      string `yaml:"journal"`       // file of the first weights, by which they come back after a crash; auto: one in the user's cache folder, named by socket and backend; none: no file
	Seed         uint64 `yaml:"seed"`          // of what is sampled; 0: from the clock

	Logger logrus.FieldLogger `yaml:"-"` // takes what a user should know of; nil: nobody is told
}

// DefaultConfig returns the defaults. Socket, Backend and Log have none and must be
// given.
func DefaultConfig() Config {
	return Config{
		LogMode:      "0600",
		Balance:      auto,
		Interval:     0.1,
		Timeout:      1,
		Gone:         3,
		Servers:      1024,
		Conflict:     conflictYield,
		YieldFor:     300,
		Patience:     10,
		Blackout:     10,
		Expiry:       180,
		ServerErrors: errorsFailed,
		Journal:      auto,
	}
}

const (
	auto = "auto"
	none = "none"

	balanceLeastConn  = "leastconn"
	balanceRoundRobin = "roundrobin"
	balanceRandom     = "random"

	conflictYield    = "yield"
	conflictReassert = "reassert"

	errorsFailed    = "failed"
	errorsCompleted = "completed"

	logUDP  = "udp:"
	logUnix = "unix:"
)

// Bounds of the settings.
const (
	maxWeight  = 256  // HAProxy's own
	maxServers = 4096 // of a backend
	maxName    = 128  // bytes of the name of a backend or server
)

// Rules implements settings.Ruled.
func (c *Config) Rules(r *settings.Rules) {
	r.Check("socket", c.Socket, settings.NotEmpty())
	if c.Socket != "" && !isPath(c.Socket) {
		requireAddress(r, "socket", c.Socket, c.Socket, c.Public)
	}
	r.Require(validName(c.Backend), "backend", c.Backend, fmt.Sprintf("must be a backend's name: 1 to %d letters, digits and any of - _ . :", maxName))
	c.logRules(r)
	r.Check("balance", c.Balance, settings.OneOf(auto, balanceLeastConn, balanceRoundRobin, balanceRandom))
	r.Check("scale", c.Scale, settings.Closed(0, maxWeight))
	r.Check("interval", c.Interval, settings.Closed(0.01, 10))
	r.Check("timeout", c.Timeout, settings.Closed(0.01, 60))
	r.Check("gone", c.Gone, settings.Closed(0.01, 3600))
	r.Require(!(c.Gone < 2*c.Interval), "gone", c.Gone, "must be at least two intervals")
	r.Check("servers", c.Servers, settings.Closed(1, maxServers))
	r.Check("conflict", c.Conflict, settings.OneOf(conflictYield, conflictReassert))
	r.Check("yield_for", c.YieldFor, settings.NotNegative())
	r.Check("patience", c.Patience, settings.NotNegative())
	r.Check("blackout", c.Blackout, settings.NotNegative())
	r.Check("expiry", c.Expiry, settings.NotNegative())
	r.Check("server_errors", c.ServerErrors, settings.OneOf(errorsFailed, errorsCompleted))
	r.Check("journal", c.Journal, settings.NotEmpty().Saying("must be a file's name, auto or none"))
}

// logRules states the rules of where log lines are received.
func (c *Config) logRules(r *settings.Rules) {
	if address, ok := strings.CutPrefix(c.Log, logUDP); ok {
		requireAddress(r, "log", c.Log, address, c.Public)
	} else {
		path, ok := strings.CutPrefix(c.Log, logUnix)
		r.Require(ok && path != "" && len(path) <= maxSocketPath, "log", c.Log, fmt.Sprintf("must be udp:HOST:PORT or unix:PATH, a path of at most %d bytes", maxSocketPath))
	}
	_, err := parseMode(c.LogMode)
	r.Require(err == nil, "log_mode", c.LogMode, "must be permissions in octal, such as 0600 or 0660")
}

// maxSocketPath is the length of a socket's path that every system takes.
const maxSocketPath = 100

// isPath says whether an address is that of a Unix socket.
func isPath(address string) bool { return strings.Contains(address, "/") }

// requireAddress states that address, which the field has as value, is host:port, and a
// loopback one unless public.
func requireAddress(r *settings.Rules, field, value, address string, public bool) {
	host, port, err := net.SplitHostPort(address)
	r.Require(err == nil && host != "" && port != "" && strings.Trim(port, "0123456789") == "" && len(port) <= 5, field, value, "must have the form HOST:PORT")
	if err == nil && !public {
		r.Require(isLoopback(host), field, value, "must be a loopback address, such as 127.0.0.1, unless public is set")
	}
}

// isLoopback says whether a host names this machine alone.
func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// validName says whether HAProxy would take a name for a backend or server. It is what
// keeps a name from being a second command.
func validName(name string) bool {
	if name == "" || len(name) > maxName {
		return false
	}
	for i := range len(name) {
		switch c := name[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("-_.:", c) >= 0:
		default:
			return false
		}
	}
	return true
}
