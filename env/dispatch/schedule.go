package dispatch

import (
	"math"
	"math/rand/v2"

	"fairlb/env/snapshot"
)

// schedule is a weighted round robin by earliest deadline first: each server has
// a turn once in an interval of its own, and the server with the earliest
// deadline, of several the one of lowest index, has the next turn. Over time a
// server has turns in inverse proportion to its interval.
type schedule struct {
	tree scoreTree // by server, its deadline; +Inf for a server that has no turns
	now  float64   // the deadline of the latest turn, in the schedule's own time
}

func newSchedule(servers int) schedule {
	s := schedule{tree: newScoreTree(servers)}
	s.reset()
	return s
}

// reset removes all servers.
func (s *schedule) reset() {
	s.now = 0
	s.tree.fill(func(int) float64 { return math.Inf(1) }, s.tree.servers)
}

// deadlines returns the deadlines by server.
func (s *schedule) deadlines() []float64 {
	list := make([]float64, s.tree.servers)
	for j := range list {
		list[j] = s.tree.get(j)
	}
	return list
}

// scheduled says whether a server has turns.
func (s *schedule) scheduled(server int) bool { return !math.IsInf(s.tree.get(server), 1) }

// start gives a server its first turn at a random moment of its interval, so
// that LBs which start together do not choose the same servers at the same time.
func (s *schedule) start(server int, interval float64, rng *rand.Rand) {
	s.tree.set(server, s.deadline(interval*rng.Float64()))
}

// next returns the server whose turn it is. The caller must then give it its
// next turn by put.
func (s *schedule) next() int {
	server := s.tree.first()
	s.now = s.tree.get(server)
	return server
}

// take lets a server have its turn although it may not be the next. It says whether the
// server has turns. The caller must then give it its next turn by postpone.
func (s *schedule) take(server int) bool {
	if !s.scheduled(server) {
		return false
	}
	if s.tree.least() == s.tree.get(server) {
		s.now = s.tree.get(server)
	}
	return true
}

// postpone gives a server its next turn an interval after its present one.
func (s *schedule) postpone(server int, interval float64) {
	s.tree.set(server, min(s.tree.get(server)+interval, math.MaxFloat64))
}

// put gives a server its next turn an interval after the latest turn.
func (s *schedule) put(server int, interval float64) { s.tree.set(server, s.deadline(interval)) }

// remove takes a server's turns away.
func (s *schedule) remove(server int) { s.tree.set(server, math.Inf(1)) }

// deadline returns the time that is an interval after the latest turn.
func (s *schedule) deadline(interval float64) float64 { return min(s.now+interval, math.MaxFloat64) }

// state walks over the deadlines.
func (s *schedule) state(c *snapshot.Codec) {
	c.Float64(&s.now)
	deadlines := s.deadlines()
	snapshot.Fixed(c, deadlines, func(t *float64) {
		c.Float64(t)
		if !(*t >= s.now) {
			c.Fail("a turn at %g, which is before %g", *t, s.now)
		}
	})
	if c.Reading() {
		s.tree.fill(func(j int) float64 { return deadlines[j] }, len(deadlines))
	}
}
