package progress

import (
	"fmt"
	"math"
	"sync"
	"time"
)

// estimate is how much time is left of work that has equal parts, by the pace since
// left was first called: parts that were done before, as of a run that goes on from
// where another process stopped, say nothing of the pace.
type estimate struct {
	total int // less than 1: nobody knows
	now   func() time.Time

	begun bool
	first int       // parts that were done when left was first called
	since time.Time // when that was
}

func newEstimate(total int, now func() time.Time) estimate {
	return estimate{total: total, now: now}
}

// left is the time left when so many parts are done; -1 if nobody knows.
func (e *estimate) left(done int) time.Duration {
	now := e.now()
	if !e.begun {
		e.begun, e.first, e.since = true, done, now
	}
	if e.total < 1 || done <= e.first {
		return -1
	}
	return time.Duration(float64(now.Sub(e.since)) / float64(done-e.first) * float64(max(0, e.total-done)))
}

// Pace learns how long jobs of several kinds take, and says how much time those
// that are not done leave. Its methods may be called by several goroutines.
type Pace struct {
	mu       sync.Mutex
	parallel int
	left     map[string]int
	done     map[string]int
	took     map[string]time.Duration // by those done together
}

// NewPace is the pace of as many jobs a kind as left says, of which so many run
// at a time.
func NewPace(left map[string]int, parallel int) *Pace {
	p := &Pace{parallel: max(1, parallel), left: map[string]int{}, done: map[string]int{}, took: map[string]time.Duration{}}
	for kind, n := range left {
		p.left[kind] = n
	}
	return p
}

// Done notes a job that took so long.
func (p *Pace) Done(kind string, took time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.left[kind]--
	p.done[kind]++
	p.took[kind] += took
}

// Left is the time that is left: of each kind, by the mean of its jobs that are
// done; of a kind without any, by that of the slowest other, so that the time is
// rather too long than too short. It is -1 while no job is done.
func (p *Pace) Left() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	slowest := time.Duration(0)
	mean := func(kind string) time.Duration { return p.took[kind] / time.Duration(p.done[kind]) }
	for kind := range p.done {
		slowest = max(slowest, mean(kind))
	}
	if len(p.done) == 0 {
		return -1
	}
	total, most := time.Duration(0), time.Duration(0)
	jobs := 0
	for kind, n := range p.left {
		if n < 1 {
			continue
		}
		each := slowest
		if p.done[kind] > 0 {
			each = mean(kind)
		}
		jobs += n
		total += time.Duration(n) * each
		most = max(most, each)
	}
	if jobs == 0 {
		return 0
	}
	return max(most, total/time.Duration(min(p.parallel, jobs))) // no job is shorter than itself
}

// withLeft adds to a text how much time is left.
func withLeft(text string, left time.Duration) string {
	if left < 0 {
		return text
	}
	return text + ", about " + Roughly(left.Seconds()) + " left"
}

// Roughly writes a time in s as what an estimate is worth.
func Roughly(seconds float64) string {
	switch {
	case seconds < 90:
		return fmt.Sprintf("%.0f s", math.Ceil(seconds))
	case seconds < 5400:
		return fmt.Sprintf("%.0f min", seconds/60)
	case seconds < 36*3600:
		return fmt.Sprintf("%.1f h", seconds/3600)
	}
	return fmt.Sprintf("%.1f days", seconds/86400)
}
