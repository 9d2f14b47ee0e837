package plane

// Config is a load balancer's settings file (`fairlb lb FILE`). Times are in s. The
// comment of a field is also its description in the JSON schema (train/schema), so each
// must make sense alone.
type Config struct {
	Name     string   `yaml:"name"`     // in metrics and logs, and the name of its shared memory
	Listen   []Listen `yaml:"listen"`   // where clients connect
	Servers  []Server `yaml:"servers"`  // where their connections go
	Rule     Rule     `yaml:"rule"`     // how a server is chosen
	Loops    int      `yaml:"loops"`    // event loops, each with a listener of its own; 0: one a core
	Public   bool     `yaml:"public"`   // allow listen and metrics addresses that other machines reach; without it only loopback ones
	Limits   Limits   `yaml:"limits"`   // what it takes at once
	Timeouts Timeouts `yaml:"timeouts"` // how long it waits
	Retry    Retry    `yaml:"retry"`    // what becomes of a connection whose server does not answer
	Health   Health   `yaml:"health"`   // how it is found out whether a server works
	Reports  Reports  `yaml:"reports"`  // how servers tell how many requests they have, for the rules carried and universal-carried
	Shared   Shared   `yaml:"shared"`   // shared memory, by which an agent reads features and writes weights
	Admin    Admin    `yaml:"admin"`    // how it is watched and steered
	Log      Log      `yaml:"log"`      // of connections
	Drain    Drain    `yaml:"drain"`    // how it stops
}

// Listen is an address that clients connect to.
type Listen struct {
	Address       string `yaml:"address"`        // an IP address or localhost, a colon and a port; port 0: one that is free, which the log and the state name
	ProxyProtocol bool   `yaml:"proxy_protocol"` // clients are proxies that say whom they speak for (PROXY protocol v1 or v2); others are refused
	Namespace     string `yaml:"namespace"`      // path of a network namespace in which to listen, such as /run/netns/edge (Linux, root); none: where the balancer is
	Backlog       int    `yaml:"backlog"`        // connections that the kernel keeps for a loop that is busy; 0: 4096, of which the kernel may allow fewer
}

// Server is one of the pool.
type Server struct {
	Name           string  `yaml:"name"`            // in metrics and logs; no two are equal; none: its address
	Address        string  `yaml:"address"`         // an IP address or localhost, a colon and a port
	Capacity       float64 `yaml:"capacity"`        // what rules such as sed and wcmp take it to be able to do, as compared with the others; 0: 1
	MaxConnections int     `yaml:"max_connections"` // at once; more wait in the queue; 0: no limit
	ProxyProtocol  string  `yaml:"proxy_protocol"`  // v1 or v2: tell the server who the client is by the PROXY protocol; none, or left out: do not
}

// Rule is how a server is chosen for a connection.
type Rule struct {
	Name     string  `yaml:"name"`     // a heuristic (ecmp, wcmp, lsq, sed, p2c, wlr, peak-ewma, least-time, d2, p2c-accrual, self-tuning, universal, carried, universal-carried, lsq-ordered, sed-ordered), or weights: by those that an agent writes
	Policy   string  `yaml:"policy"`   // with universal and universal-carried: a file of coefficients (fairlb export --out NAME.csv); none: the shipped ones
	Ties     string  `yaml:"ties"`     // how lsq, sed and weights choose among servers of the same score
	Index    int     `yaml:"index"`    // which of several balancers of the same servers this is, from 0
	Of       int     `yaml:"of"`       // how many balancers share the servers
	Fallback string  `yaml:"fallback"` // with weights: the heuristic that decides while no agent is alive
	Patience float64 `yaml:"patience"` // with weights: how long an agent may be silent before the fallback decides
	Seed     uint64  `yaml:"seed"`     // of random choices; 0: from the clock
}

// Limits is what the balancer takes at once.
type Limits struct {
	Connections int     `yaml:"connections"` // under way at once; more wait in the kernel's backlog
	Queue       int     `yaml:"queue"`       // connections that wait because every server is full; more are refused
	QueueWait   float64 `yaml:"queue_wait"`  // how long one waits there before it is refused
	Buffer      int     `yaml:"buffer"`      // bytes that a connection may hold in one direction before its sender must wait
	Splice      int     `yaml:"splice"`      // bytes in one direction after which a connection is spliced in the kernel; 0: never
}

// Timeouts is how long the balancer waits.
type Timeouts struct {
	Connect   float64 `yaml:"connect"`    // for a server to accept
	Idle      float64 `yaml:"idle"`       // for a byte in either direction
	HalfClose float64 `yaml:"half_close"` // for the rest, once one side has ended
	Handshake float64 `yaml:"handshake"`  // for a client's PROXY protocol header
}

// Retry is what becomes of a connection whose server refuses it or does not answer
// before anything was sent.
type Retry struct {
	Attempts int `yaml:"attempts"` // servers that are tried in all, each another one while there is one
}

// Health is how it is found out whether a server works.
type Health struct {
	Check    string  `yaml:"check"`    // what a check does: nothing, connect (tcp), or connect and ask (http)
	Path     string  `yaml:"path"`     // http: what is asked for; a status of 200 to 399 is good
	Interval float64 `yaml:"interval"` // between two checks of a server
	Timeout  float64 `yaml:"timeout"`  // of one check
	Rise     int     `yaml:"rise"`     // good checks in a row that bring a server in
	Fall     int     `yaml:"fall"`     // bad ones that put it out
	Passive  int     `yaml:"passive"`  // connections in a row that fail and put a server out for a time; 0: never
	Penalty  float64 `yaml:"penalty"`  // that time, doubled at each return that fails
}

// Reports is how servers tell how many requests they have, of all balancers: in datagrams
// of one line, fairlb-report 1 SERVER REQUESTS [SEQUENCE] (package report).
type Reports struct {
	Listen string   `yaml:"listen"` // where their datagrams (UDP) are heard: an IP address or localhost, a colon and a port; port 0: one that is free; none: servers tell nothing
	From   []string `yaml:"from"`   // addresses and prefixes, such as 10.0.0.0/8, from which reports are taken beside each server's own address
}

// Shared is the shared memory of the balancer.
type Shared struct {
	Layout   string  `yaml:"layout"`   // v2; v1, that of the published plugin; or none
	Path     string  `yaml:"path"`     // its file; none: /dev/shm/fairlb-NAME, for v1 /dev/shm/shm_vip_INDEX
	Interval float64 `yaml:"interval"` // between two publications, whether connections come or not
}

// Admin is how the balancer is watched and steered.
type Admin struct {
	Socket  string `yaml:"socket"`  // Unix socket of the HTTP interface, mode 0600; none: no interface
	Metrics string `yaml:"metrics"` // an IP address or localhost, a colon and a port, of /metrics, /healthz and /readyz alone; none: on the socket only
}

// Log is of connections, one JSON object a line.
type Log struct {
	Connections string `yaml:"connections"` // the file, or - for stdout; none: no log
}

// Drain is how the balancer stops at SIGTERM.
type Drain struct {
	Announce float64 `yaml:"announce"` // for how long it says that it is not ready while it still accepts
	Wait     float64 `yaml:"wait"`     // for connections to end before they are cut
}
