package inference

import (
	"math"
	"math/rand/v2"
)

// Filter is one LB's belief about the queue of one server. It is a particle filter,
// whose particles are possible queues that agree with what the LB has seen. Times
// never decrease.
type Filter struct {
	processors int
	speed      float64   // completions/s of a busy processor
	arrivals   []float64 // requests/s that the others send while they have n there, by n; the last one holds for more, too
	rng        *rand.Rand

	now       float64
	particles []particle
	spare     []particle // the array for the next resampling
}

// particle is a possible queue, and how likely it is.
type particle struct {
	weight float64
	owners []bool // by place in order of arrival, whether the request is the LB's own; the first ones, as many as there are processors, are in service
}

// NewFilter returns the belief at time 0, when the server is known to be empty.
func NewFilter(processors int, speed float64, arrivals []float64, particles int, rng *rand.Rand) *Filter {
	f := &Filter{processors: processors, speed: speed, arrivals: arrivals, rng: rng,
		particles: make([]particle, particles), spare: make([]particle, particles)}
	for k := range f.particles {
		f.particles[k].weight = 1 / float64(particles)
	}
	return f
}

// Others returns the expected number of the other LBs' requests at the server.
func (f *Filter) Others() float64 {
	sum, weights := 0.0, 0.0
	for _, q := range f.particles {
		sum += q.weight * float64(q.others(len(q.owners)))
		weights += q.weight
	}
	return sum / weights
}

// others counts the other LBs' requests in the first places.
func (q *particle) others(places int) int {
	n := 0
	for _, own := range q.owners[:min(places, len(q.owners))] {
		if !own {
			n++
		}
	}
	return n
}

// remove takes out the request at a place.
func (q *particle) remove(place int) { q.owners = append(q.owners[:place], q.owners[place+1:]...) }

// Advance lets time pass in which none of the LB's own requests came back. The other
// LBs' requests come and go at random. That the LB's own requests did not complete
// makes those queues more likely in which few of them are in service.
func (f *Filter) Advance(now float64) {
	if now <= f.now {
		return
	}
	for k := range f.particles {
		f.advance(&f.particles[k], now-f.now)
	}
	f.now = now
	f.resample()
}

func (f *Filter) advance(q *particle, left float64) {
	for {
		theirs := q.others(f.processors)
		mine := min(f.processors, len(q.owners)) - theirs
		arrival := f.arrivals[min(q.others(len(q.owners)), len(f.arrivals)-1)]
		rate := arrival + float64(theirs)*f.speed
		wait := f.rng.ExpFloat64() / rate // +Inf if nothing can happen
		passed := min(wait, left)
		q.weight *= math.Exp(-float64(mine) * f.speed * passed)
		if left -= passed; left <= 0 {
			return
		}
		u := f.rng.Float64() * rate
		if u < arrival {
			q.owners = append(q.owners, false)
			continue
		}
		q.remove(q.placeOf(false, min(int((u-arrival)/f.speed), theirs-1)))
	}
}

// placeOf returns the place of the n-th request of the LB, or of the others.
func (q *particle) placeOf(own bool, n int) int {
	for k, x := range q.owners {
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
	for k := range f.particles {
		f.particles[k].owners = append(f.particles[k].owners, true)
	}
}

// Returned notes that the n-th of the LB's own requests at the server, in the order
// in which they were sent, has come back now. It must have been in service, so that
// queues in which it was not are impossible. If all queues are, because the others
// do not act as the filter was told, requests before it are dropped until it is in
// service.
func (f *Filter) Returned(n int) {
	possible := false
	for k := range f.particles {
		q := &f.particles[k]
		possible = possible || q.weight > 0 && q.placeOf(true, n) < f.processors
	}
	for k := range f.particles {
		q := &f.particles[k]
		place := q.placeOf(true, n)
		for ; !possible && place >= f.processors && q.others(place) > 0; place-- {
			q.remove(q.placeOf(false, 0))
		}
		if possible && place >= f.processors {
			q.weight = 0
		}
		q.remove(place)
	}
	f.resample()
}

// resample draws the particles anew by their weights once their effective number is
// less than half of them. Otherwise it only normalises the weights.
func (f *Filter) resample() {
	sum, squares := 0.0, 0.0
	for _, q := range f.particles {
		sum += q.weight
		squares += q.weight * q.weight
	}
	n := float64(len(f.particles))
	if sum*sum >= squares*n/2 {
		for k := range f.particles {
			f.particles[k].weight /= sum
		}
		return
	}
	offset, k, passed := f.rng.Float64(), 0, f.particles[0].weight // systematic resampling: one draw, then even steps
	for i := range f.spare {
		for passed < (offset+float64(i))*sum/n && k < len(f.particles)-1 {
			k++
			passed += f.particles[k].weight
		}
		f.spare[i].weight = 1 / n
		f.spare[i].owners = append(f.spare[i].owners[:0], f.particles[k].owners...)
	}
	f.particles, f.spare = f.spare, f.particles
}
