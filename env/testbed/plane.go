package testbed

import (
	"errors"
	"time"
)

var (
	// ErrNoReading reports that a plane has published nothing (since it started) that
	// could be read.
	ErrNoReading = errors.New("testbed: the data plane has published nothing yet")
	// ErrPlaneGone reports that a plane is not there: its region or socket is missing,
	// or is no longer the one that was opened.
	ErrPlaneGone = errors.New("testbed: the data plane is gone")
)

// Plane is a data plane, one live load balancer, as what steers it knows it: features
// to read, weights to write, a sign of life to give. Its implementations are the
// shared memory of package shm, layouts v2 and v1, and package haproxy. A Plane is used
// by one goroutine at a time.
//
// A server keeps its slot, the index by which everything here names it, from when it
// joins until it leaves; a slot may then be another server's.
type Plane interface {
	// Read replaces r by the newest reading and reuses the memory of r's slices. It
	// fails with ErrNoReading or ErrPlaneGone, and leaves r as it is; a later Read may
	// succeed. It does not wait for news: a reading that has been read before comes
	// again, and its Sequence says so.
	Read(r *Reading) error

	// Write gives the server in slot j the weight weights[j] for the flows to come.
	// Weights must be positive and finite; only their ratios count. Those of slots
	// without a server are ignored. weights may be shorter than a server table that
	// has just grown: the servers beyond get the mean weight of the others.
	Write(weights []float64) error

	// Beat tells the plane that what steers it is alive and content with the weights
	// that the plane has. A plane whose steersman is silent may fall back to a rule of
	// its own.
	Beat() error

	// Close frees what the Plane holds here; the data plane itself goes on. It may be
	// called twice.
	Close() error
}

// Reading is what a plane published at one moment.
type Reading struct {
	Sequence uint64        // rises with each publication; it may begin anew when the plane restarts
	Epoch    uint64        // differs whenever the plane has restarted and forgotten its counters
	Time     time.Duration // the moment of publication on the plane's monotonic clock
	Age      time.Duration // how long before Read returned that was, as far as the plane's clock can be compared; else the time since a Sequence was first read

	// Servers[j] is the server in slot j.
	Servers []Server
	// Obs is a row of observe.Features for each slot, zeros for a slot without a
	// server, and Load the estimate l_j of each server's load (s).
	Obs  []float32
	Load []float64
}

// Server is what a plane says of one server. Its counters only rise until the plane
// restarts or the slot changes hands.
type Server struct {
	Name    string // empty: the slot has no server
	In      bool   // it gets new flows: not drained and not found to have failed
	Ongoing int32  // q_j, flows under way

	Dispatched uint64 // flows that were sent there, tries that failed included
	Completed  uint64 // flows that ended well
	Failed     uint64 // flows that were refused, reset before any answer, or timed out

	// DurationSum is the sum of the completion times of completed flows (s), and
	// CountSum that of q_j just before each of them ended, the flow itself included:
	// by Little's law CountSum / DurationSum estimates the rate at which the server
	// gets through this LB's flows. A plane that cannot know CountSum leaves it 0
	// and its reader estimates it from Ongoing.
	DurationSum float64
	CountSum    float64

	// Told is what responses say of how many requests the server has, of all LBs; zero where
	// they say nothing. Only package haproxy has it, where LogFormatTold is logged.
	Told Told
}

// Told sums up completed flows whose response says how many requests the server had, n of
// all LBs and q of them the LB's own, the completed one included in both.
type Told struct {
	Flows     uint64  // that there were
	Squares   float64 // sum of n^2
	Durations float64 // s, sum of n times the completion time: Squares / Durations is the rate at which the server gets through requests (Little's law)
	Others    float64 // sum of n - q, what other LBs had there, at least 0 each
	Last      int32   // n of the newest of them
}

// Add adds a flow of a completion time (s).
func (t *Told) Add(n, q int32, duration float64) {
	t.Flows++
	t.Squares += float64(n) * float64(n)
	t.Durations += float64(n) * duration
	t.Others += float64(max(0, n-q))
	t.Last = n
}
