package plane

import "time"

// Snapshot is the state of a balancer at one moment. It belongs to the caller.
type Snapshot struct {
	Name    string
	Uptime  time.Duration // since New
	Ready   bool          // as SetReady left it
	Drain   bool          // it no longer accepts connections
	Decider string        // the heuristic that chooses servers now, or weights
	Servers []ServerState // in the order of the settings
	Loops   []LoopState

	Open   int    // connections under way, those that wait in the queue included
	Queued int    // connections that wait because every server is full
	Paused uint64 // times that a loop stopped accepting, because Limits.Connections were under way

	Accepted uint64             // connections, since New
	Ended    [Outcomes]uint64   // connections that have ended, by how
	Faults   [FaultKinds]uint64 // by kind; a connection may have several
	Retried  uint64             // attempts at another server
	Received uint64             // bytes from clients
	Sent     uint64             // bytes to clients
	Spliced  uint64             // bytes of both that were passed on within the kernel
	Lost     uint64             // records of connections that nobody read in time
	Reports  *ReportsState      // what servers tell of their requests; nil: nothing
	Duration Histogram          // s, from accept to the end
	Connect  Histogram          // s, until a server accepted
	Wait     Histogram          // s, in the queue
}

// ServerState is what a balancer knows of one server.
type ServerState struct {
	Name    string
	Address string
	Slot    int // by which shared memory names it

	In        bool // it gets new connections: it is up, neither drained nor penalised
	Up        bool // as the health check found it
	Drained   bool // by the administrator
	Penalised bool // out for a time because connections failed
	Leaving   bool // it has left the settings; its connections go on until they end

	Weight  float64 // the agent's; 0 where the rule takes none
	Ongoing int32   // connections under way

	Dispatched  uint64  // connections that were sent there, tries that failed included
	Completed   uint64  // connections that ended well
	Failed      uint64  // connections that were refused, reset, or timed out
	Abandoned   uint64  // connections that ended for reasons that are not the server's, such as a client that went away
	DurationSum float64 // s, of completed connections
	CountSum    float64 // of Ongoing just before each completion, the connection itself included
	Received    uint64  // bytes from the server
	Sent        uint64  // bytes to the server

	Reports   uint64  // in which the server told how many requests it has, and that were taken
	Reported  int32   // how many requests it had by the newest of them
	ReportAge float64 // s, since that came; 0 if there was none
}

// ReportsState is what servers tell of their requests.
type ReportsState struct {
	Address string           // where it is heard
	Heard   uint64           // reports that were taken, since New
	Refused [Refusals]uint64 // datagrams that were not, by reason
}

// Refusal is why a report was not taken.
type Refusal uint8

// The reasons.
const (
	MalformedReport Refusal = iota // the datagram is no report
	OtherVersion                   // a report of another version than 1
	UnknownReporter                // no server of the settings has this name or address
	ForeignReporter                // it comes neither from the server's address nor from one of Reports.From
	LateReport                     // a later one of the server had come before
	Refusals                       // their number
)

// String returns the reason's name, as metrics have it.
func (r Refusal) String() string {
	return [Refusals + 1]string{"malformed", "version", "unknown_server", "foreign_address", "late", "unknown"}[min(r, Refusals)]
}

// LoopState is what is known of one event loop.
type LoopState struct {
	Open     int    // connections under way
	Turns    uint64 // times that it looked for events
	Waits    uint64 // times that it had none and slept
	Accepted uint64
	Overflow uint64 // events for the other loops that found their ring full, and were kept
	Buffers  int    // buffers in use for data that a peer has not taken yet
	Pipes    int    // pipes in use
}

// Outcome is how a connection ended.
type Outcome uint8

// The outcomes.
const (
	Completed        Outcome = iota // both sides ended it
	ClientReset                     // the client reset it
	ServerReset                     // the server reset it after it had answered
	ServerFailed                    // no server that was tried took it and answered
	IdleTimeout                     // no byte came for too long
	HalfCloseTimeout                // one side had ended, the other did not in time
	BadHeader                       // the client's PROXY protocol header was wrong or late
	NoServer                        // no server was in
	QueueFull                       // every server was full, and so was the queue
	QueueTimeout                    // it waited too long in the queue
	NoResource                      // file descriptors, ports or memory of the system ran out
	Cut                             // the balancer ended
	Outcomes                        // their number
)

// String returns the outcome's name, as metrics and logs have it.
func (o Outcome) String() string {
	return [Outcomes + 1]string{
		"completed", "client_reset", "server_reset", "server_failed", "idle_timeout", "half_close_timeout", "bad_header",
		"no_server", "queue_full", "queue_timeout", "no_resource", "cut", "unknown",
	}[min(o, Outcomes)]
}

// Fault is a kind of trouble. One connection may meet several.
type Fault uint8

// The kinds of faults.
const (
	ConnectRefused   Fault = iota // a server refused a connection, or could not be reached
	ConnectTimedOut               // a server did not accept in time
	ResetUnanswered               // a server reset a connection before it sent a byte
	ClosedUnanswered              // a server ended a connection before it sent a byte
	SilentUnanswered              // a server was sent something and sent nothing until the idle timeout
	FilesExhausted                // the process may open no more files; a connection was shed
	PortsExhausted                // no local port was left for a connection to a server
	PipesExhausted                // there was no pipe to splice through, so data were copied
	PutOut                        // a server was put out because its connections failed
	AcceptFailed                  // accept failed in another way
	FaultKinds                    // their number
)

// String returns the fault's name, as metrics have it.
func (f Fault) String() string {
	return [FaultKinds + 1]string{
		"connect_refused", "connect_timeout", "reset_unanswered", "closed_unanswered", "silent_unanswered", "files_exhausted",
		"ports_exhausted", "pipes_exhausted", "put_out", "accept_failed", "unknown",
	}[min(f, FaultKinds)]
}
