package admin

import (
	"math"
	"strconv"

	"fairlb/env/testbed/plane"
	"fairlb/env/testbed/plane/health"
)

// State is what GET /state answers. Fields keep their names and meanings; there may come
// more.
type State struct {
	Name        string            `json:"name"`
	Uptime      float64           `json:"uptime_s"`
	Ready       bool              `json:"ready"`
	Unready     string            `json:"unready_reason,omitempty"`
	Unhealthy   string            `json:"unhealthy_reason,omitempty"`
	Draining    bool              `json:"draining"`
	Decider     string            `json:"decider"` // the heuristic that chooses servers now, or weights
	Listen      []string          `json:"listen"`  // the addresses, with the ports that the system chose
	Connections ConnectionsState  `json:"connections"`
	Ended       map[string]uint64 `json:"ended"`  // connections, by outcome
	Faults      map[string]uint64 `json:"faults"` // by kind
	Received    uint64            `json:"client_received_bytes"`
	Sent        uint64            `json:"client_sent_bytes"`
	Spliced     uint64            `json:"spliced_bytes"`
	Lost        uint64            `json:"records_lost"`
	Reports     *ReportsState     `json:"reports,omitempty"` // what servers tell of their requests; none: nothing
	Duration    DurationState     `json:"duration"`
	Connect     DurationState     `json:"connect"`
	Wait        DurationState     `json:"queue_wait"`
	Servers     []ServerState     `json:"servers"`
	Loops       []LoopState       `json:"loops"`
}

// ConnectionsState counts connections.
type ConnectionsState struct {
	Active   int    `json:"active"`
	Queued   int    `json:"queued"`
	Accepted uint64 `json:"accepted"`
	Retried  uint64 `json:"retries"`
	Paused   uint64 `json:"accept_pauses"`
}

// ReportsState is what servers tell of their requests.
type ReportsState struct {
	Listen  string            `json:"listen"`  // where it is heard, with the port that the system chose
	Heard   uint64            `json:"heard"`   // reports that were taken
	Refused map[string]uint64 `json:"refused"` // datagrams that were not, by reason
}

// DurationState is a histogram in short. Quantiles are upper bounds of buckets, at most 9 %
// too much; they are 0 while nothing was counted.
type DurationState struct {
	Count uint64  `json:"count"`
	Mean  float64 `json:"mean_s"`
	P50   float64 `json:"p50_s"`
	P90   float64 `json:"p90_s"`
	P99   float64 `json:"p99_s"`
	// Buckets are those that have counted something: the upper bound (s) of each and how many
	// are in it. Two states differ by what came between, of which they give the quantiles.
	Buckets []Bucket `json:"buckets"`
}

// Bucket is one of a histogram, written as [upper bound, count].
type Bucket [2]float64

// ServerState is the state of a server.
type ServerState struct {
	Name      string `json:"name"`
	Address   string `json:"address"`
	Slot      int    `json:"slot"`
	In        bool   `json:"in"` // it gets new connections
	Up        bool   `json:"up"`
	Drained   bool   `json:"drained"`
	Penalised bool   `json:"penalised"`
	Leaving   bool   `json:"leaving"`

	Weight      float64     `json:"weight"`
	Active      int32       `json:"connections_active"`
	Dispatched  uint64      `json:"connections"`
	Completed   uint64      `json:"connections_completed"`
	Failed      uint64      `json:"connections_failed"`
	DurationSum float64     `json:"completed_duration_s"`
	CountSum    float64     `json:"completed_load"`
	Received    uint64      `json:"received_bytes"`
	Sent        uint64      `json:"sent_bytes"`
	Check       *CheckState `json:"check,omitempty"` // absent without health checks
	Told        *ToldState  `json:"told,omitempty"`  // absent where the server has told nothing of its requests
}

// ToldState is what a server told of its requests.
type ToldState struct {
	Reports  uint64  `json:"reports"`  // that were taken
	Requests int32   `json:"requests"` // that it had by the newest of them
	Age      float64 `json:"age_s"`    // of that
}

// CheckState is what health checks have found of a server.
type CheckState struct {
	Up       bool    `json:"up"`
	Checks   uint64  `json:"checks"`
	Failures uint64  `json:"failures"`
	Changes  uint64  `json:"changes"`
	Last     string  `json:"last_failure,omitempty"` // what the last check found wrong
	Took     float64 `json:"took_s"`
}

// LoopState is the state of an event loop.
type LoopState struct {
	Active   int    `json:"connections_active"`
	Accepted uint64 `json:"connections"`
	Turns    uint64 `json:"turns"`
	Waits    uint64 `json:"waits"`
	Overflow uint64 `json:"overflows"`
	Buffers  int    `json:"buffers"`
	Pipes    int    `json:"pipes"`
}

// read returns the present state.
func (a *steering) read() State {
	s := a.Balancer.Snapshot()
	state := State{
		Name: s.Name, Uptime: s.Uptime.Seconds(), Unready: a.Condition.Unready(), Unhealthy: a.Condition.Unhealthy(), Draining: s.Drain, Decider: s.Decider,
		Connections: ConnectionsState{Active: s.Open, Queued: s.Queued, Accepted: s.Accepted, Retried: s.Retried, Paused: s.Paused},
		Received:    s.Received, Sent: s.Sent, Spliced: s.Spliced, Lost: s.Lost,
		Ended: map[string]uint64{}, Faults: map[string]uint64{},
		Duration: durationState(&s.Duration), Connect: durationState(&s.Connect), Wait: durationState(&s.Wait),
		Listen: []string{}, Servers: []ServerState{}, Loops: []LoopState{},
	}
	state.Ready = state.Unready == ""
	for _, address := range a.Balancer.Addresses() {
		state.Listen = append(state.Listen, address.String())
	}
	for o, n := range s.Ended {
		state.Ended[plane.Outcome(o).String()] = n
	}
	for f, n := range s.Faults {
		state.Faults[plane.Fault(f).String()] = n
	}
	if s.Reports != nil {
		state.Reports = &ReportsState{Listen: s.Reports.Address, Heard: s.Reports.Heard, Refused: map[string]uint64{}}
		for k, n := range s.Reports.Refused {
			state.Reports.Refused[plane.Refusal(k).String()] = n
		}
	}
	checks := map[string]*CheckState{}
	if a.Checks != nil {
		for _, status := range a.Checks.Status() {
			checks[status.Name] = checkState(status)
		}
	}
	for k := range s.Servers {
		server := serverState(&s.Servers[k])
		if !server.Leaving {
			server.Check = checks[server.Name]
		}
		state.Servers = append(state.Servers, server)
	}
	for k := range s.Loops {
		l := &s.Loops[k]
		state.Loops = append(state.Loops, LoopState{Active: l.Open, Accepted: l.Accepted, Turns: l.Turns, Waits: l.Waits, Overflow: l.Overflow, Buffers: l.Buffers, Pipes: l.Pipes})
	}
	return state
}

func serverState(s *plane.ServerState) ServerState {
	var told *ToldState
	if s.Reports > 0 {
		told = &ToldState{Reports: s.Reports, Requests: s.Reported, Age: finite(s.ReportAge)}
	}
	return ServerState{
		Told: told,
		Name: s.Name, Address: s.Address, Slot: s.Slot, In: s.In, Up: s.Up, Drained: s.Drained, Penalised: s.Penalised, Leaving: s.Leaving,
		Weight: finite(s.Weight), Active: s.Ongoing, Dispatched: s.Dispatched, Completed: s.Completed, Failed: s.Failed,
		DurationSum: finite(s.DurationSum), CountSum: finite(s.CountSum), Received: s.Received, Sent: s.Sent,
	}
}

func checkState(s health.Status) *CheckState {
	c := &CheckState{Up: s.Up, Checks: s.Checks, Failures: s.Failures, Changes: s.Changes, Took: s.Took.Seconds()}
	if s.Last != nil {
		c.Last = s.Last.Error()
	}
	return c
}

// finite is a number that JSON has.
func finite(x float64) float64 {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return 0
	}
	return x
}

func durationState(h *plane.Histogram) DurationState {
	d := DurationState{Count: h.Count, P50: quantile(h, 0.5), P90: quantile(h, 0.9), P99: quantile(h, 0.99), Buckets: []Bucket{}}
	for k, n := range h.Buckets {
		if n > 0 {
			d.Buckets = append(d.Buckets, Bucket{upperBound(k), float64(n)})
		}
	}
	if h.Count > 0 {
		d.Mean = finite(h.Sum / float64(h.Count))
	}
	return d
}

// quantile returns the upper bound of the bucket that the quantile is in, rounded to four
// digits; 0 if nothing was counted.
func quantile(h *plane.Histogram, q float64) float64 {
	var all, below uint64
	for _, n := range h.Buckets {
		all += n
	}
	rank := uint64(math.Ceil(q * float64(all)))
	for k, n := range h.Buckets {
		if below += n; n > 0 && below >= rank {
			return upperBound(k)
		}
	}
	return 0
}

// upperBound is that of the k-th bucket of a histogram, to four digits.
func upperBound(k int) float64 {
	return rounded(math.Exp2(float64(plane.BucketIndex(k)) / (1 << plane.HistogramSchema)))
}

// rounded is a number to four digits.
func rounded(x float64) float64 {
	short, err := strconv.ParseFloat(strconv.FormatFloat(x, 'g', 4, 64), 64)
	if err != nil {
		return x
	}
	return short
}
