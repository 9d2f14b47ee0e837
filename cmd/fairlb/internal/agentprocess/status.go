package agentprocess

import (
	"math"
	"slices"
	"sync"
	"time"

	"fairlb/agents/guard"
)

// status is what a steerer tells the outside. Its goroutine publishes it at the end of an
// interval; others read what was published.
type status struct {
	step        int64  // of the interval
	writeErrors uint64 // that the plane answered weights with
	refusal     string // why it does not take weights, as last logged

	mu     sync.Mutex
	public snapshot
}

// snapshot is a steerer's status at the end of an interval.
type snapshot struct {
	guarded     bool // there is a policy
	up, ready   bool // the plane can be read; it has news, and has taken the weights
	fallback    bool
	reason      guard.Reason
	intervals   uint64
	late        uint64
	missed      uint64
	stale       uint64
	writeErrors uint64
	faults      int
	ratio       float64
	evidence    float64
	changes     []uint64 // by guard.Reason
	lastServed  time.Time
	lastNews    time.Time
	lastWritten time.Time
	flowRate    float64
	duration    float64
	estimate    guard.Estimate
	servers     []serverStatus
}

// serverStatus is what there is to tell of a server.
type serverStatus struct {
	name      string
	weight    float64 // over the mean of all
	ongoing   int
	probation bool
	told      float64 // testbed.Told.Last; NaN: nothing was told
}

func (s *status) init(guarded bool) {
	s.public = snapshot{guarded: guarded, changes: make([]uint64, len(guard.Reasons()))}
}

// publish publishes the status of a steerer that has served an interval.
func (s *status) publish(x *steerer, now time.Time, wrote bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := &s.public
	p.lastServed = now
	p.intervals++
	p.writeErrors = s.writeErrors
	p.up = x.begun && x.waiting == ""
	stale := x.step.Stale[0]
	p.ready = p.up && !stale && (wrote || x.cfg.Shadow)
	if stale {
		p.stale++
	} else {
		p.lastNews = now
	}
	if wrote {
		p.lastWritten = now
	}
	if !x.begun {
		return
	}
	d := x.decision()
	p.fallback, p.reason, p.faults, p.ratio, p.evidence = d.Fallback, d.Reason, d.Faults, d.Ratio, d.Evidence
	if x.guard != nil {
		for r := range p.changes {
			p.changes[r] = x.guard.Changes(guard.Reason(r))
		}
	}
	p.flowRate, p.duration, p.estimate = x.traffic.Rate(), x.traffic.Duration(), x.estimate
	mean := x.meanWeight()
	p.servers = p.servers[:0]
	for j, slot := range x.order.slots {
		if slot >= 0 {
			told := math.NaN()
			if t := &x.reading.Servers[slot].Told; t.Flows > 0 {
				told = float64(t.Last)
			}
			p.servers = append(p.servers, serverStatus{
				told: told, name: x.reading.Servers[slot].Name, weight: x.dst[0][j] / mean, ongoing: x.step.Counts[0][j].Ongoing, probation: x.tuner.OnProbation(0, j),
			})
		}
	}
}

// punctuality counts intervals that were late or missed.
func (s *status) punctuality(late bool, missed uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.public.missed += missed
	if late {
		s.public.late++
	}
}

// read returns what was published last.
func (s *status) read() snapshot {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.public
	p.changes, p.servers = slices.Clone(p.changes), slices.Clone(p.servers)
	return p
}
