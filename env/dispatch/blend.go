package dispatch

import (
	"math"

	"fairlb/env/snapshot"
)

// blend weighs the capacities that an LB is told against those that it has estimated.
// All of it is in logarithms, less their mean over the pool. With l_j the told capacity
// and a_j the estimated one of server j, its weight is
//
//	exp(slope l_j + b_j (a_j - slope l_j)).
//
// slope, in [0, 1], is how far the estimates of the pool follow what is told: that of the
// regression of a on l, in which the mean noise of the estimates counts as a square that
// speaks for 1. b_j is how far the LB believes the estimate of a server where the two
// disagree: exponent * spread / (spread + noise_j), where spread is the variance of
// a - slope l over servers, less what the noise explains of it. So where all disagreement
// may well be noise the servers weigh what the LB is told, and where what it is told says
// nothing they weigh what it has measured.
type blend struct {
	exponent float64
	told     []float64 // by server
	servers  []blended

	mean, slope, spread float64 // of the pool, as last summed up
}

// blended is what is known of one server.
type blended struct {
	estimate float64 // logarithm of the capacity relative to the pool's, as last estimated
	noise    float64 // its variance
	weight   float64 // as last computed
}

// newBlend returns the blend of the told capacities, which must be positive, with
// estimates of which there is none yet.
func newBlend(capacity []float64, exponent float64) blend {
	b := blend{exponent: exponent, told: make([]float64, len(capacity)), servers: make([]blended, len(capacity))}
	mean := 0.0
	for j, c := range capacity {
		b.told[j] = math.Log(c)
		mean += b.told[j] / float64(len(capacity))
	}
	for j := range b.told {
		b.told[j] -= mean
	}
	b.reset()
	return b
}

// reset forgets all estimates.
func (b *blend) reset() {
	for j := range b.servers {
		b.servers[j] = blended{noise: 1, weight: math.Exp(b.told[j])}
	}
	b.mean, b.slope, b.spread = 0, 1, 0
}

// set takes the estimate of a server, the logarithm of its capacity, which stands on so
// many completions, and computes its weight. Completion times are taken to be exponential:
// the logarithm of the mean of n of them has a variance of about 1/n.
func (b *blend) set(server int, completions, estimate float64) {
	x := &b.servers[server]
	x.estimate, x.noise = estimate, 1/(completions+1)
	told := b.slope * b.told[server]
	belief := 0.0
	if b.spread > 0 {
		belief = b.exponent * b.spread / (b.spread + x.noise)
	}
	x.weight = math.Exp(told + belief*(x.estimate-b.mean-told))
}

// sum sums up the estimates of the pool. It is O(servers), and weights follow it only as
// they are computed anew.
func (b *blend) sum() {
	n := float64(len(b.servers))
	b.mean = 0
	noise, square := 0.0, 0.0 // means, of the noise and of the squares of l
	for j := range b.servers {
		b.mean += b.servers[j].estimate / n
		noise += b.servers[j].noise / n
		square += b.told[j] * b.told[j] / n
	}
	product := 0.0 // mean of a l
	for j := range b.servers {
		product += (b.servers[j].estimate - b.mean) * b.told[j] / n
	}
	b.slope = min(max((product+noise)/(square+noise), 0), 1)
	variance := 0.0
	for j := range b.servers {
		d := b.servers[j].estimate - b.mean - b.slope*b.told[j]
		variance += d * d / n
	}
	b.spread = max(variance-noise, 0)
}

// inherit takes over the estimates of the servers that old had, by its indices (Heir).
func (b *blend) inherit(old *blend, from []int) {
	for j, k := range from {
		if k >= 0 {
			b.servers[j] = old.servers[k]
		}
	}
	b.sum()
}

// state saves or restores the estimates.
func (b *blend) state(c *snapshot.Codec) {
	snapshot.Fixed(c, b.servers, func(x *blended) {
		c.Float64(&x.estimate)
		c.Float64(&x.noise)
		c.Float64(&x.weight)
		if !(math.Abs(x.estimate) <= 100) || !(x.noise > 0 && x.noise <= 1) || !(x.weight >= 1e-18 && x.weight <= 1e18) {
			c.Fail("an estimate of e^%g, noise %g, a weight of %g", x.estimate, x.noise, x.weight)
		}
	})
	for _, x := range []*float64{&b.mean, &b.slope, &b.spread} {
		c.Float64(x)
		if !(math.Abs(*x) <= 1e4) {
			c.Fail("%g of a pool", *x)
		}
	}
}
