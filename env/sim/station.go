package sim

import "math"

// station serves tasks of one resource of one server under virtual time.
//
// Every task in service advances at the same rate, speed * min(1, p / n) for n
// tasks, so one virtual clock v serves them all: a task of demand d that
// enters at v leaves at v + d. This one form covers the three disciplines:
//
//	FIFO                 at most p tasks in service, each at full speed
//	processor sharing    at most Workers in service (eq. 42)
//	IO                   p = 1, no limit: each of n tasks at 1/n
//
// Background jobs count as tasks that never end.
type station struct {
	v     float64 // virtual time: service (s at nominal speed) that each task got
	t     float64 // the time (s) at which v holds
	rate  float64 // dv/dt
	work  float64 // s of demand left here and still to come here, all tasks
	speed float64
	procs float64 // p
	extra float64 // background jobs, which share the processors
	usage float64 // processors in use now
	used  float64 // s of processor time used so far, background included
	limit int     // tasks in service at once; more wait
	busy  agenda  // tasks in service by the virtual time at which they complete
	queue ring
	order uint32 // tasks that have entered service, to break ties
}

// reset empties the station and sets its speed and processors.
func (s *station) reset(speed float64, procs, limit int) {
	s.v, s.t, s.used, s.extra, s.order = 0, 0, 0, 0, 0
	s.speed, s.procs, s.limit = speed, float64(procs), limit
	s.empty()
}

// empty takes all tasks out.
func (s *station) empty() {
	s.v, s.work = 0, 0
	s.busy.reset()
	s.queue.reset()
	s.setRate()
}

// advance brings the virtual clock and the work left to time now.
func (s *station) advance(now float64) {
	dt := now - s.t
	s.used += dt * s.usage
	if n := s.busy.len(); n > 0 {
		dv := dt * s.rate
		s.v += dv
		s.work -= dv * float64(n)
	}
	s.t = now
}

// usedAt returns the processor time used by time now.
func (s *station) usedAt(now float64) float64 { return s.used + (now-s.t)*s.usage }

// workAt returns the work left at time now, without moving the clock.
func (s *station) workAt(now float64) float64 {
	return max(0, s.work-(now-s.t)*s.rate*float64(s.busy.len()))
}

// setRate follows a change of the number of tasks, of the speed or of the
// processors.
func (s *station) setRate() {
	n := float64(s.busy.len()) + s.extra
	if n <= s.procs {
		s.rate, s.usage = s.speed, n
	} else {
		s.rate, s.usage = s.speed*s.procs/n, s.procs
	}
}

// next returns the time of the next completion, +Inf if none is due.
func (s *station) next() float64 {
	if s.busy.len() == 0 {
		return math.Inf(1)
	}
	return s.t + max(0, s.busy.first().time-s.v)/s.rate
}

// full says whether a task that came now would have to wait.
func (s *station) full() bool { return s.busy.len() >= s.limit }

// enter puts a task of the given demand into service; the station has been
// advanced and is not full.
func (s *station) enter(request uint32, demand float64) {
	s.busy.push(entry{time: s.v + demand, order: s.order, id: request})
	s.order++
	s.setRate()
}

// leave takes the task out whose completion is due; the station has been
// advanced to that time.
func (s *station) leave() uint32 {
	first := s.busy.pop()
	s.v = first.time // exactly, whatever rounding did to the way there
	if s.busy.len() == 0 {
		s.v = 0 // nothing refers to it any more: keep its precision
	}
	s.setRate()
	return first.id
}

// ring is a FIFO queue of requests that grows as needed.
type ring struct {
	buf  []uint32 // length 0 or a power of two
	head int
	n    int
}

func (r *ring) reset() { r.head, r.n = 0, 0 }

func (r *ring) push(x uint32) {
	if r.n == len(r.buf) {
		bigger := make([]uint32, max(8, 2*len(r.buf)))
		for i := range r.n {
			bigger[i] = r.buf[(r.head+i)&(len(r.buf)-1)]
		}
		r.buf, r.head = bigger, 0
	}
	r.buf[(r.head+r.n)&(len(r.buf)-1)] = x
	r.n++
}

func (r *ring) pop() uint32 {
	x := r.buf[r.head]
	r.head = (r.head + 1) & (len(r.buf) - 1)
	r.n--
	return x
}
