package observe

import (
	"math"
	"math/rand/v2"
	"sort"
)

const (
	// Slots is k, the number of slots of a reservoir.
	Slots = 128
	// Discount weighs a sample of age s seconds by Discount^s.
	Discount = 0.9

	rebaseAfter = 2000 // s; keeps Discount^-t far from overflow
)

// Reservoir is Algorithm 3, sampling with no rejection: each new sample goes
// to one of k slots, chosen at random, empty or not. (The paper prints the
// index as rand % N; it is % k.) What remains is an exponentially thinned
// sample of the past.
//
// The slots are exchangeable, so the samples are kept sorted by value and a
// random slot is a random sample or an empty place; statistics are then one
// pass. The zero Reservoir is empty and ready.
type Reservoir struct {
	n      int
	base   float64 // s; weights are relative to it
	value  [Slots]float64
	weight [Slots]float64 // Discount^(base - time of the sample)
}

// Len returns the number of slots in use.
func (r *Reservoir) Len() int { return r.n }

// Reset empties the reservoir.
func (r *Reservoir) Reset() { r.n, r.base = 0, 0 }

// Insert adds value, sampled at time t (s); times never decrease.
func (r *Reservoir) Insert(t, value float64, rng *rand.Rand) {
	if t-r.base > rebaseAfter {
		r.rebase(t)
	}
	n := r.n
	if slot := rng.IntN(Slots); slot < n {
		copy(r.value[slot:n-1], r.value[slot+1:n])
		copy(r.weight[slot:n-1], r.weight[slot+1:n])
		n--
	}
	at := sort.SearchFloat64s(r.value[:n], value)
	copy(r.value[at+1:n+1], r.value[at:n])
	copy(r.weight[at+1:n+1], r.weight[at:n])
	r.value[at] = value
	r.weight[at] = math.Pow(Discount, r.base-t)
	r.n = n + 1
}

// rebase makes the weights relative to time t.
func (r *Reservoir) rebase(t float64) {
	scale := math.Pow(Discount, t-r.base)
	for i := range r.weight[:r.n] {
		r.weight[i] *= scale
	}
	r.base = t
}

// Statistics are the five figures of one reservoir, in the unit of its values
// (s). All are 0 for an empty reservoir; empty slots never count.
type Statistics struct {
	Mean, SD, P90  float64
	DiscountedMean float64 // weighed by Discount^age, normalised by the weights
	DiscountedP90  float64
}

// Statistics computes the figures. Ages are relative, so that they do not
// depend on the present time: discounting more by a common factor cancels.
// The 90th percentile is the least value at which nine tenths of the samples,
// or of their weight, are reached.
func (r *Reservoir) Statistics() Statistics {
	n := r.n
	if n == 0 {
		return Statistics{}
	}
	var sum, weights, weighted float64
	for i, v := range r.value[:n] {
		w := r.weight[i]
		sum += v
		weights += w
		weighted += w * v
	}
	s := Statistics{Mean: sum / float64(n), P90: r.value[(9*n+9)/10-1]}
	var squares float64
	for _, v := range r.value[:n] {
		squares += (v - s.Mean) * (v - s.Mean)
	}
	s.SD = math.Sqrt(squares / float64(n))

	// The newest sample's weight is at least 1, so their sum is not 0.
	s.DiscountedMean = weighted / weights
	above := 0.1 * weights // the weight that may lie above the percentile
	i := n - 1
	for rest := r.weight[i]; rest <= above && i > 0; rest += r.weight[i] {
		i--
	}
	s.DiscountedP90 = r.value[i]
	return s
}
