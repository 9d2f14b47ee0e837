package dispatch

import (
	"math"
	"math/rand/v2"

	"fairlb/env/snapshot"
)

// schedule is a weighted round robin by earliest deadline first: each server
// is a job that falls due once an interval of its own, and the one due first
// has its turn, the first by number of several. Over time a server has turns
// in inverse proportion to its interval.
type schedule struct {
	due bracket // +Inf of a server that has no turns
	now float64 // the deadline of the latest turn, in the schedule's own time
}

func newSchedule(servers int) schedule {
	s := schedule{due: newBracket(servers)}
	s.reset()
	return s
}

// reset forgets all servers.
func (s *schedule) reset() {
	s.now = 0
	s.due.fill(func(int) float64 { return math.Inf(1) }, s.due.servers)
}

// servers returns the deadlines by server.
func (s *schedule) servers() []float64 {
	due := make([]float64, s.due.servers)
	for j := range due {
		due[j] = s.due.get(j)
	}
	return due
}

// has says whether a server has turns.
func (s *schedule) has(server int) bool { return !math.IsInf(s.due.get(server), 1) }

// start gives a server its first turn at a random moment of its interval, so
// that LBs which start together do not go in step.
func (s *schedule) start(server int, interval float64, rng *rand.Rand) {
	s.due.set(server, s.later(interval*rng.Float64()))
}

// turn returns the server whose turn it is; put gives it the next.
func (s *schedule) turn() int {
	server := s.due.first()
	s.now = s.due.get(server)
	return server
}

// put gives a server its next turn an interval after the latest turn.
func (s *schedule) put(server int, interval float64) { s.due.set(server, s.later(interval)) }

// drop takes a server's turns away.
func (s *schedule) drop(server int) { s.due.set(server, math.Inf(1)) }

func (s *schedule) later(interval float64) float64 { return min(s.now+interval, math.MaxFloat64) }

// state walks over what the schedule must remember.
func (s *schedule) state(c *snapshot.Codec) {
	c.Float64(&s.now)
	due := s.servers()
	snapshot.Fixed(c, due, func(t *float64) {
		c.Float64(t)
		if !(*t >= s.now) {
			c.Fail("a turn at %g, which is before %g", *t, s.now)
		}
	})
	if c.Reading() {
		s.due.fill(func(j int) float64 { return due[j] }, len(due))
	}
}
