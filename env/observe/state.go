package observe

import "fairlb/env/snapshot"

var _ snapshot.Stater = (*Observer)(nil)

// State implements snapshot.Stater. The random stream is not part of it: whoever
// passed it to Reset saves it.
func (o *Observer) State(c *snapshot.Codec) {
	for _, list := range [][]Reservoir{o.completion, o.elapsed} {
		snapshot.Fixed(c, list, func(r *Reservoir) { r.state(c) })
	}
	snapshot.Int(c, &o.moments.interval)
	c.Float64(&o.moments.next)
	if from := float64(o.moments.interval) * SampleInterval; !(o.moments.interval >= 0 && o.moments.next >= from && o.moments.next <= from+SampleInterval) {
		c.Fail("elapsed times are sampled at %g s in interval %d", o.moments.next, o.moments.interval)
	}
}

// state walks over the samples of one reservoir.
func (r *Reservoir) state(c *snapshot.Codec) {
	snapshot.Int(c, &r.n)
	if r.n < 0 || r.n > Slots {
		c.Fail("%d samples in %d slots", r.n, Slots)
		r.n = 0
	}
	c.Float64(&r.base)
	for i := range r.n {
		c.Float64(&r.value[i])
		c.Float64(&r.weight[i])
	}
}
