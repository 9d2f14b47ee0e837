package observe

import "math/rand/v2"

const (
	// SampleInterval (s) is the length of the intervals in each of which elapsed
	// times are sampled once. The samples of a full reservoir of 128 slots are then
	// 12.8 s old on average, and the discount halves a sample's weight in 6.6 s.
	SampleInterval = 0.1

	// maxMissed is how many of the moments that passed between two calls of
	// Observer.Sample are sampled at most, the latest ones. Had the others been
	// sampled, a reservoir would still hold less than 1e-4 of one sample of theirs
	// on average.
	maxMissed = 16 * Slots
)

// moments are the times at which elapsed times are sampled: one in each
// SampleInterval, at random in it, so that a workload whose requests come at
// regular times is seen as one whose requests do not. They depend neither on the
// length of a step nor on how many requests come.
type moments struct {
	interval int64   // the index of the interval that next lies in
	next     float64 // s, the moment to sample next
}

// reset begins at time 0.
func (m *moments) reset(rng *rand.Rand) { m.draw(0, rng) }

// due says whether the next moment has come by now (s).
func (m *moments) due(now float64, rng *rand.Rand) bool {
	if m.next > now {
		return false
	}
	if first := int64(now/SampleInterval) - maxMissed; m.interval < first {
		m.draw(first, rng)
	}
	return true
}

// advance goes on to the moment of the next interval.
func (m *moments) advance(rng *rand.Rand) { m.draw(m.interval+1, rng) }

// draw draws the moment of an interval.
func (m *moments) draw(interval int64, rng *rand.Rand) {
	m.interval = interval
	m.next = (float64(interval) + rng.Float64()) * SampleInterval
}
