package observe

import "math"

// Slotted is a Reservoir whose samples someone else assigns to slots, such as another
// process that keeps them in shared memory. It computes the same figures: the slots are
// exchangeable, so that a Reservoir that drew the same slots has the same samples.
//
// The same but for rounding. A Reservoir's figures are those of recorded studies to the
// last bit, and stay as they are; a Slotted is read by the live side in the time that a
// load balancer's agent has, and computes faster: it has its weights from the exponential
// function instead of a power, and sums in one pass, in two parts at once. The means and
// the standard deviation differ by less than 1e-12 of the largest value
// (TestSlottedIsAReservoir).
type Slotted struct {
	base   float64    // s, the time that weights are relative to
	latest float64    // s, the latest time of a sample
	sorted []weighted // the samples, rising by value
	at     []weighted // by slot: the sample there, the same as in sorted
	used   []bool     // by slot: there is one
}

// weighted is a sample and its weight, Discount^(base - time of the sample).
type weighted struct{ value, weight float64 }

// NewSlotted returns an empty reservoir of k slots.
func NewSlotted(k int) *Slotted {
	return &Slotted{sorted: make([]weighted, 0, k), at: make([]weighted, k), used: make([]bool, k)}
}

// Len returns the number of slots in use.
func (s *Slotted) Len() int { return len(s.sorted) }

// Reset empties the reservoir.
func (s *Slotted) Reset() {
	s.base, s.latest, s.sorted = 0, 0, s.sorted[:0]
	clear(s.used)
}

// Put replaces the sample in a slot, if there is one, by a value that was sampled at
// time t (s). Times must not decrease; one that does counts as the latest.
func (s *Slotted) Put(slot int, t, value float64) {
	s.latest = max(s.latest, t)
	if s.latest-s.base > rebaseAfter {
		s.rebase(s.latest)
	}
	to := s.rank(value)
	if s.used[slot] {
		to = s.move(s.position(s.at[slot]), to)
	} else {
		to = s.insert(to)
	}
	x := weighted{value, weightAt(s.latest - s.base)}
	s.sorted[to], s.at[slot], s.used[slot] = x, x, true
}

// rebase makes the weights relative to time t.
func (s *Slotted) rebase(t float64) {
	scale := weightAt(s.base - t)
	for _, list := range [][]weighted{s.sorted, s.at} {
		for i := range list {
			list[i].weight *= scale
		}
	}
	s.base = t
}

// forgetting is -ln Discount, the rate (1/s) at which a sample's weight falls.
const forgetting = 0.105360515657826301227500980839

// weightAt returns Discount^-t, the weight of a sample of time t (s) relative to base.
func weightAt(t float64) float64 { return math.Exp(forgetting * t) }

// rank returns how many samples are below a value.
func (s *Slotted) rank(value float64) int {
	from, n := 0, len(s.sorted)
	for n > 0 {
		half := n / 2
		if s.sorted[from+half].value < value {
			from += n - half
		}
		n = half
	}
	return from
}

// position returns where one of the samples is. Among those of equal value and weight
// any is as good.
func (s *Slotted) position(x weighted) int {
	i := s.rank(x.value)
	for s.sorted[i].weight != x.weight {
		i++
	}
	return i
}

// insert makes room for a sample before a position, and returns it.
func (s *Slotted) insert(position int) int {
	n := len(s.sorted)
	s.sorted = s.sorted[:n+1]
	copy(s.sorted[position+1:], s.sorted[position:n])
	return position
}

// move takes out the sample at a position and makes room for one before another
// position, to, and returns where that is.
func (s *Slotted) move(from, to int) int {
	if to > from {
		to--
		copy(s.sorted[from:to], s.sorted[from+1:to+1])
	} else {
		copy(s.sorted[to+1:from+1], s.sorted[to:from])
	}
	return to
}

// Statistics computes the figures, as a Reservoir does.
func (s *Slotted) Statistics() Statistics {
	n := len(s.sorted)
	if n == 0 {
		return Statistics{}
	}
	sums := sumsOf(s.sorted)
	mean := sums.value / float64(n)
	figures := Statistics{
		Mean:           sums.middle + mean,
		SD:             math.Sqrt(max(0, sums.square/float64(n)-mean*mean)),
		P90:            s.sorted[(9*n+9)/10-1].value,
		DiscountedMean: sums.middle + sums.weighted/sums.weight,
	}
	above := 0.1 * sums.weight // the weight that may lie above the percentile
	i := n - 1
	for rest := s.sorted[i].weight; rest <= above && i > 0; rest += s.sorted[i].weight {
		i--
	}
	figures.DiscountedP90 = s.sorted[i].value
	return figures
}

// sums are what the means are made of. Values count from the middle one, the median: it
// is at most one standard deviation from the mean, so that the mean square about it is at
// most twice the variance, and their difference keeps its digits. (One pass about 0 would
// lose them all where values are large and alike.)
type sums struct {
	middle   float64
	value    float64 // of value - middle
	square   float64 // of (value - middle)^2
	weight   float64
	weighted float64 // of weight (value - middle)
}

// sumsOf computes them, from at least one sample. Each sum has two parts, of the samples
// with even and with odd numbers, because an addition waits for the one before it.
func sumsOf(samples []weighted) sums {
	middle := samples[len(samples)/2].value
	var v0, v1, q0, q1, w0, w1, p0, p1 float64
	for ; len(samples) >= 2; samples = samples[2:] {
		d0, d1 := samples[0].value-middle, samples[1].value-middle
		a0, a1 := samples[0].weight, samples[1].weight
		v0, v1 = v0+d0, v1+d1
		q0, q1 = q0+d0*d0, q1+d1*d1
		w0, w1 = w0+a0, w1+a1
		p0, p1 = p0+a0*d0, p1+a1*d1
	}
	if len(samples) > 0 {
		d, a := samples[0].value-middle, samples[0].weight
		v0, q0, w0, p0 = v0+d, q0+d*d, w0+a, p0+a*d
	}
	return sums{middle: middle, value: v0 + v1, square: q0 + q1, weight: w0 + w1, weighted: p0 + p1}
}
