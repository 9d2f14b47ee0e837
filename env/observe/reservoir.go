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

	// rebaseAfter is the time (s) after which weights are made relative to a
	// new time, so that Discount^-t stays far from overflow.
	rebaseAfter = 2000
)

// Reservoir is Algorithm 3, sampling with no rejection: each new sample goes to one
// of k slots, chosen at random, whether it is empty or not. (The paper prints the
// index as rand % N; it must be rand % k.) The samples that remain are thinned
// exponentially with their age.
//
// The slots are exchangeable. The samples are therefore kept sorted by value, where
// a random slot is either a random one of them or an empty one, and statistics need
// one pass. The zero Reservoir is empty and ready for use.
type Reservoir struct {
	n      int     // the number of slots in use
	base   float64 // s, the time that weights are relative to
	value  [Slots]float64
	weight [Slots]float64 // Discount^(base - time of the sample)
}

// Len returns the number of slots in use.
func (r *Reservoir) Len() int { return r.n }

// Reset empties the reservoir.
func (r *Reservoir) Reset() { r.n, r.base = 0, 0 }

// Insert adds a value that was sampled at time t (s). Times never decrease.
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
	position := sort.SearchFloat64s(r.value[:n], value)
	copy(r.value[position+1:n+1], r.value[position:n])
	copy(r.weight[position+1:n+1], r.weight[position:n])
	r.value[position] = value
	r.weight[position] = math.Pow(Discount, r.base-t)
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

// Statistics are the five figures of a reservoir, in the unit of its values (s). All
// are 0 for an empty reservoir. Empty slots never count.
type Statistics struct {
	Mean, SD, P90  float64
	DiscountedMean float64 // weighted by Discount^age, divided by the sum of the weights
	DiscountedP90  float64
}

// Statistics computes the figures. They do not depend on the present time, because
// another present would multiply all weights by the same factor, which cancels: what
// is to fade while nothing happens must go on being sampled (Observer.Sample). The
// 90th percentile is the least value at or below which at least nine tenths of the
// samples lie, or of their weight.
func (r *Reservoir) Statistics() Statistics {
	return statistics(r.value[:r.n], r.weight[:r.n])
}

// statistics computes the figures of values, which rise, and their weights.
func statistics(value, weight []float64) Statistics {
	n := len(value)
	if n == 0 {
		return Statistics{}
	}
	weight = weight[:n]
	var sum, weights, weighted float64
	for i, v := range value {
		w := weight[i]
		sum += v
		weights += w
		weighted += w * v
	}
	s := Statistics{Mean: sum / float64(n), P90: value[(9*n+9)/10-1]}
	var squares float64
	for _, v := range value {
		squares += (v - s.Mean) * (v - s.Mean)
	}
	s.SD = math.Sqrt(squares / float64(n))

	// The newest sample's weight is at least 1, so their sum is not 0.
	s.DiscountedMean = weighted / weights
	above := 0.1 * weights // the weight that may lie above the percentile
	i := n - 1
	for rest := weight[i]; rest <= above && i > 0; rest += weight[i] {
		i--
	}
	s.DiscountedP90 = value[i]
	return s
}
