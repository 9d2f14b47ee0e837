package station

import (
	"math"

	"fairlb/env/eventqueue"
)

// Station is one resource of one server, which serves tasks under virtual time.
//
// Every task in service advances at the same rate, speed * min(1, p / n) for n
// tasks on processors that share nothing, so one virtual clock v serves them all:
// a task of demand d that enters at v leaves at v + d. This one form covers the
// three disciplines:
//
//	FIFO                 at most p tasks in service
//	processor sharing    at most Workers in service (eq. 42)
//	IO                   p = 1, no limit: each of n tasks at 1/n
//
// Where processors share cores, or tasks contend, the law says what n tasks get.
// Background jobs count as tasks that never end.
type Station struct {
	v          float64          // virtual time: the service (s at nominal speed) that a task would have had since the station was empty
	t          float64          // s, the time at which v holds
	rate       float64          // dv/dt
	work       float64          // s, the demand of all tasks that is left here or still to come here
	speed      float64          // of a processor; 1 is nominal
	procs      float64          // the number of processors, p
	cores      float64          // the number of cores that these are threads of; p where each has its own
	law        Processors       // how tasks share the processors
	background float64          // the number of background jobs, which share the processors
	procsUsed  float64          // processors in use now
	cpuTime    float64          // s, the processor time used until t, background jobs included
	limit      int              // the largest number of tasks in service at once; more wait
	busy       eventqueue.Queue // tasks in service, by the virtual time at which they complete
	queue      ring             // tasks that wait
	order      uint32           // the number of tasks that have entered service so far, to break ties
}

// reset empties the station and sets its speed and processors.
func (s *Station) reset(speed float64, procs, limit int, law Processors) {
	s.v, s.t, s.cpuTime, s.background, s.order = 0, 0, 0, 0, 0
	s.speed, s.limit, s.law = speed, limit, law
	s.setProcessors(float64(procs))
	s.clear()
}

// setProcessors sets the number of processors; setRate must follow.
func (s *Station) setProcessors(procs float64) {
	s.procs, s.cores = procs, s.law.cores(procs)
}

// clear takes all tasks out.
func (s *Station) clear() {
	s.v, s.work = 0, 0
	s.busy.Reset()
	s.queue.reset()
	s.setRate()
}

// advance brings the virtual clock and the work left to time now.
func (s *Station) advance(now float64) {
	dt := now - s.t
	s.cpuTime += dt * s.procsUsed
	if n := s.busy.Len(); n > 0 {
		dv := dt * s.rate
		s.v += dv
		s.work -= dv * float64(n)
	}
	s.t = now
}

// CPUTime returns the processor time (s) used by time now, background jobs included.
func (s *Station) CPUTime(now float64) float64 { return s.cpuTime + (now-s.t)*s.procsUsed }

// Work returns the demand (s) that is left here or still to come here at time now.
func (s *Station) Work(now float64) float64 {
	return max(0, s.work-(now-s.t)*s.rate*float64(s.busy.Len()))
}

// setRate follows a change of the number of tasks, of the speed or of the
// processors.
func (s *Station) setRate() {
	n := float64(s.busy.Len()) + s.background
	if n <= s.cores {
		s.rate, s.procsUsed = s.speed, n
	} else {
		s.rate, s.procsUsed = s.speed*s.law.beyondCores(n, s.procs, s.cores)/n, min(n, s.procs)
	}
}

// nextCompletion returns the time (s) of the next completion, +Inf if no task is
// in service.
func (s *Station) nextCompletion() float64 {
	if s.busy.Len() == 0 {
		return math.Inf(1)
	}
	return s.t + max(0, s.busy.First().Time-s.v)/s.rate
}

// full says whether a task that came now would have to wait.
func (s *Station) full() bool { return s.busy.Len() >= s.limit }

// enter puts a task of the given demand (s) into service. The station must have
// been advanced, and not be full.
func (s *Station) enter(task uint32, demand float64) {
	s.busy.Push(eventqueue.Entry{Time: s.v + demand, Order: s.order, ID: task})
	s.order++
	s.setRate()
}

// leave takes out the task that completes now, and returns its number. The
// station must have been advanced to this time.
func (s *Station) leave() uint32 {
	first := s.busy.Pop()
	s.v = first.Time // exactly, whatever the rounding errors of advance
	if s.busy.Len() == 0 {
		s.v = 0 // no task refers to it any more, and a small number is more precise
	}
	s.setRate()
	return first.ID
}

// Busy returns the number of tasks in service.
func (s *Station) Busy() int { return s.busy.Len() }

// Speed returns the speed of a processor; 1 is nominal.
func (s *Station) Speed() float64 { return s.speed }

// Capacity returns what the station does, in cores at nominal speed, with all its
// processors busy, for so many requests that the server has. Of it, background jobs
// take their part, and contention takes what tasks cost each other.
func (s *Station) Capacity(requests int) float64 {
	tasks, part := s.procs, 1.0
	if s.background > 0 || s.law.Contention > 0 {
		n := float64(min(requests, s.limit))
		tasks, part = max(n+s.background, s.procs), n/(n+s.background)
	}
	return s.law.beyondCores(tasks, s.procs, s.cores) * part * s.speed
}

// ring is a FIFO queue of tasks that grows as needed.
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
