package observe

import (
	"math/rand/v2"
	"testing"
)

// BenchmarkSlotted is what a live reading does with one full reservoir: to take in a
// sample, and to compute the figures.
func BenchmarkSlotted(b *testing.B) {
	rng, now := rand.New(rand.NewPCG(1, 2)), 0.0
	var slots [1024]int
	var values [1024]float64
	for i := range slots {
		slots[i], values[i] = rng.IntN(Slots), rng.ExpFloat64()
	}
	s, i := NewSlotted(Slots), 0
	put := func() {
		now += 0.01
		s.Put(slots[i%1024], now, values[i*5%1024])
		i++
	}
	for range 20 * Slots {
		put()
	}
	b.Run("put", func(b *testing.B) {
		for b.Loop() {
			put()
		}
	})
	b.Run("statistics", func(b *testing.B) {
		for b.Loop() {
			s.Statistics()
		}
	})
}
