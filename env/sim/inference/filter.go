package inference

import (
	"math"
	"math/rand/v2"
)

// Filter is one LB's belief about the queue of one server: a particle filter,
// whose particles are queues that agree with what the LB has seen. Times never
// decrease.
type Filter struct {
	processors int
	speed      float64   // completions/s of a busy processor
	arrivals   []float64 // the others' requests/s while they have n there, by n; the last: and more
	rng        *rand.Rand

	now    float64
	queues []particle
	spare  []particle // of resampling
}

// particle is a queue that may be, in order of arrival, and how likely it is.
type particle struct {
	weight float64
	own    []bool // by place: the LB's own request; the first ones, as many as processors, are in service
}

// NewFilter returns the belief at time 0, when the server is empty.
func NewFilter(processors int, speed float64, arrivals []float64, particles int, rng *rand.Rand) *Filter {
	f := &Filter{processors: processors, speed: speed, arrivals: arrivals, rng: rng,
		queues: make([]particle, particles), spare: make([]particle, particles)}
	for k := range f.queues {
		f.queues[k].weight = 1 / float64(particles)
	}
	return f
}

// Others returns the expected number of the others' requests at the server.
func (f *Filter) Others() float64 {
	sum, weights := 0.0, 0.0
	for _, q := range f.queues {
		sum += q.weight * float64(q.others(len(q.own)))
		weights += q.weight
	}
	return sum / weights
}

// others counts the others' requests in the first places.
func (q *particle) others(places int) int {
	n := 0
	for _, own := range q.own[:min(places, len(q.own))] {
		if !own {
			n++
		}
	}
	return n
}

// remove takes the request at a place out.
func (q *particle) remove(place int) { q.own = append(q.own[:place], q.own[place+1:]...) }

// Advance lets time pass in which none of the LB's own requests came back. The
// others' come and go at random; that one's own did not go makes queues in
// which few of them are in service likelier.
func (f *Filter) Advance(now float64) {
	if now <= f.now {
		return
	}
	for k := range f.queues {
		f.advance(&f.queues[k], now-f.now)
	}
	f.now = now
	f.resample()
}

func (f *Filter) advance(q *particle, left float64) {
	for {
		theirs := q.others(f.processors)
		mine := min(f.processors, len(q.own)) - theirs
		arrival := f.arrivals[min(q.others(len(q.own)), len(f.arrivals)-1)]
		rate := arrival + float64(theirs)*f.speed
		wait := f.rng.ExpFloat64() / rate // +Inf if nothing can happen
		passed := min(wait, left)
		q.weight *= math.Exp(-float64(mine) * f.speed * passed)
		if left -= passed; left <= 0 {
			return
		}
		u := f.rng.Float64() * rate
		if u < arrival {
			q.own = append(q.own, false)
			continue
		}
		q.remove(q.place(false, min(int((u-arrival)/f.speed), theirs-1)))
	}
}

// place returns where the n-th request of the LB, or of the others, is.
func (q *particle) place(own bool, n int) int {
	for k, x := range q.own {
		if x == own {
			if n == 0 {
				return k
			}
			n--
		}
	}
	panic("inference: no such request")
}

// Sent notes that the LB has sent a request to the server.
func (f *Filter) Sent() {
	for k := range f.queues {
		f.queues[k].own = append(f.queues[k].own, true)
	}
}

// Returned notes that the n-th of the LB's own requests at the server, in the
// order in which they were sent, has come back now. It was in service then:
// queues in which it was not are impossible. Where all are, because the others
// do not do what the filter was told, what stands before it is dropped.
func (f *Filter) Returned(n int) {
	possible := false
	for k := range f.queues {
		q := &f.queues[k]
		possible = possible || q.weight > 0 && q.place(true, n) < f.processors
	}
	for k := range f.queues {
		q := &f.queues[k]
		place := q.place(true, n)
		for ; !possible && place >= f.processors && q.others(place) > 0; place-- {
			q.remove(q.place(false, 0))
		}
		if possible && place >= f.processors {
			q.weight = 0
		}
		q.remove(place)
	}
	f.resample()
}

// resample draws the queues anew, by their weights, once half of them count for
// little; else it only keeps the weights from fading.
func (f *Filter) resample() {
	sum, squares := 0.0, 0.0
	for _, q := range f.queues {
		sum += q.weight
		squares += q.weight * q.weight
	}
	n := float64(len(f.queues))
	if sum*sum >= squares*n/2 {
		for k := range f.queues {
			f.queues[k].weight /= sum
		}
		return
	}
	at, k, passed := f.rng.Float64(), 0, f.queues[0].weight // systematic: one draw, even steps
	for i := range f.spare {
		for passed < (at+float64(i))*sum/n && k < len(f.queues)-1 {
			k++
			passed += f.queues[k].weight
		}
		f.spare[i].weight = 1 / n
		f.spare[i].own = append(f.spare[i].own[:0], f.queues[k].own...)
	}
	f.queues, f.spare = f.spare, f.queues
}
